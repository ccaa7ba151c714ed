"""How all pairs, and the whole house, stand: one sentence. Well is what nothing in it contradicts."""

from __future__ import annotations

from collections.abc import Sequence

from scrobbled.core.standing import (
    CONNECTED,
    IN_STEP,
    AccountStanding,
    PairStanding,
    Standing,
    account,
    count_of,
    names,
    pair,
)
from scrobbled.core.words.outcomes import ACCOUNTS

_PRESSING = ("plan", "asks", "failed", "sign-in", "stopped", "drift", "down", "refused", "doubted")
"""Codes of a pair that go before what is only on its way."""
Stood = tuple[str, Standing]
"""Whose pair it is, and how that stands."""


def together(stood: Sequence[Stood]) -> Standing:
    """All pairs in one sentence: the first of those that press most, or that all of them are well."""
    return _worst(stood, _PRESSING) or _worst(stood) or _in_step(stood)


def house(accounts: Sequence[AccountStanding], pairs: Sequence[PairStanding], asks: int, paused: str = "") -> Standing:
    """``asks`` is how many questions wait for a person. What somebody has to do comes first, then what is down.

    ``paused`` is the sentence about a pause of all delivery, empty where there is none.
    """
    used = [one for one in accounts if one.used]
    if asks:
        return _house("asks", "need", f"{count_of(asks, 'thing')} {'needs' if asks == 1 else 'need'} you")
    if not used:
        return _house("empty", "calm", "No tracker is set up yet")
    if down := [one for one in used if one.state == "down"]:
        return _house("down", "down", _down(down))
    stood, both = [account(one) for one in used], [(one.viewer, pair(one)) for one in pairs]
    pressing = next((one for one in stood if one.code in ACCOUNTS), None) or _worst(both, _PRESSING)
    pressing = pressing or next((one for one in stood if one.code == "asks"), None)
    if pressing is not None:
        return _house(pressing.code, pressing.tone, pressing.text, pressing.next)
    if paused:
        return _house("paused", "held", paused, "It goes on by itself, or when you say so.")
    return _on_the_way(used) or _worst(both) or _not_yet(stood) or (_in_step(both) if both else _connected(stood))


def _worst(stood: Sequence[Stood], codes: Sequence[str] = ()) -> Standing | None:
    """The first pair that is not well; with ``codes`` the first of those that have the first of these."""
    bad = [found for found in stood if not found[1].is_well and (not codes or found[1].code in codes)]
    if not bad:
        return None
    viewer, its = min(bad, key=lambda found: codes.index(found[1].code)) if codes else bad[0]
    return _house(its.code, its.tone, its.text if len(stood) == 1 else f"{viewer}: {its.text}", its.next)


def _in_step(stood: Sequence[Stood]) -> Standing:
    """Every one of them is."""
    if not stood:
        return _house("empty", "calm", "No pairs yet")
    return _house("in-step", "ok", stood[0][1].text if len(stood) == 1 else f"All {len(stood)} pairs are {IN_STEP}")


def _on_the_way(used: Sequence[AccountStanding]) -> Standing | None:
    total = sum(one.load.queued for one in used)
    verb = "is on its way" if total == 1 else "are on their way"
    return _house("catching-up", "waiting", f"{count_of(total, 'change')} {verb}") if total else None


def _not_yet(stood: Sequence[Standing]) -> Standing | None:
    """Some accounts were never asked, or wait for a catalogue."""
    well = [one for one in stood if one.is_well]
    if len(well) == len(stood):
        return None
    if parked := next((one for one in stood if one.code == "parked"), None):
        return _house("parked", parked.tone, parked.text)
    of = count_of(len(stood), "tracker")
    return _house("new", "calm", f"{len(well)} of {of} {CONNECTED}" if well else f"Getting to know {of}")


def _connected(stood: Sequence[Standing]) -> Standing:
    names = {1: stood[0].text, 2: f"Both trackers are {CONNECTED}"}
    return _house("ok", "ok", names.get(len(stood), f"All {len(stood)} trackers are {CONNECTED}"))


def _down(accounts: Sequence[AccountStanding]) -> str:
    which = names(dict.fromkeys(one.tracker for one in accounts))
    since = next((f" since {one.since}" for one in accounts if one.since), "")
    waiting = sum(one.load.queued + one.load.parked for one in accounts)
    kept = f"{count_of(waiting, 'play')} {'waits' if waiting == 1 else 'wait'}" if waiting else "no play waits"
    verb = "are" if len({one.tracker for one in accounts}) > 1 else "is"
    return f"{which} {verb} down{since}: {kept}, nothing is lost"


def _house(code: str, tone: str, text: str, next_: str = "") -> Standing:
    return Standing(code, tone, text, text, next_)
