"""From facts to what stands on the page: a sentence, cards, days. Pure; the templates only place it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, pairwise

from scrobbled.core.outcomes import PHASES, PlayOutcome, told
from scrobbled.core.outcomes import STATES as WORDS
from scrobbled.summary import AccountStatus, DeliveryStory, PlayStory, UnclaimedStatus
from scrobbled.web.desk import NEEDS_YOU, Facts
from scrobbled.web.view import poster, words
from scrobbled.web.view.headline import Headline, headline
from scrobbled.web.view.moments import Moment, moment
from scrobbled.web.view.needs import Needs, needs

EVENING = 17
"""From this hour on a day's plays are tonight's."""
Account = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: colour, icon and word, never colour alone."""

    tone: str
    icon: str
    word: str


@dataclass(frozen=True, slots=True)
class AccountCard:
    viewer: str
    tracker: str
    look: Look
    reason: str
    since: Moment | None
    load: str
    """What is not delivered: "2 waiting, 1 needs you"."""


@dataclass(frozen=True, slots=True)
class Way:
    """A play at one tracker. ``reason`` is empty where the word says it all."""

    tracker: str
    look: Look
    reason: str
    next_step: str


@dataclass(frozen=True, slots=True)
class PlayCard:
    id: str
    title: str
    place: str
    subtitle: str
    viewer: str
    source: str
    when: Moment | None
    """``None`` where nobody said when it was watched."""
    poster: str
    ways: list[Way]


@dataclass(frozen=True, slots=True)
class Day:
    label: str
    plays: list[PlayCard]


@dataclass(frozen=True, slots=True)
class UnclaimedCard:
    key: str
    """The source's name in the configuration."""
    source: str
    account: str
    events: str
    last_heard: Moment | None
    yaml: str
    """Empty where the source did not say who it was, so that nobody can claim it."""


@dataclass(frozen=True, slots=True)
class SourceCard:
    key: str
    name: str
    last_heard: Moment | None


@dataclass(frozen=True, slots=True)
class Page:
    """Everything below the header. ``older`` is the id to go on from, where there is more."""

    headline: Headline
    needs: Needs
    accounts: list[AccountCard]
    unclaimed: list[UnclaimedCard]
    sources: list[SourceCard]
    days: list[Day]
    older: str | None
    is_newest: bool


def page(facts: Facts, active: Collection[Account], now: datetime, *, before: str | None, size: int) -> Page:
    """``active`` are the accounts that are delivered to; ``now`` is in the zone of the house."""
    glance = facts.glance
    return Page(
        headline=headline(facts, active, now, is_newest=before is None),
        needs=needs(facts, active),
        accounts=[_account(row, (row.viewer, row.tracker) in active, now) for row in glance.trackers],
        unclaimed=[_unclaimed(row, now) for row in glance.unclaimed],
        sources=[SourceCard(source, words.name(source), moment(heard, now)) for source, heard in glance.heard.items()],
        days=days(facts.plays, now),
        older=facts.plays[-1].id if len(facts.plays) == size else None,
        is_newest=before is None,
    )


def days(plays: Sequence[PlayStory], now: datetime) -> list[Day]:
    """By day in the zone of ``now``, newest first. What has no date stands where it arrived."""
    dated = sorted(((_local(play, now), play) for play in plays), key=lambda pair: pair[0], reverse=True)
    result = []
    for _, group in groupby(dated, key=lambda pair: pair[0].date()):
        rows = list(group)
        evening = all(then.hour >= EVENING for then, _ in rows)
        label = words.day(rows[0][0], now, evening=evening)
        result.append(Day(label, [_card(play, now) for _, play in rows]))
    return result


def _local(play: PlayStory, now: datetime) -> datetime:
    found = moment(play.watched_at, now) or moment(play.received_at, now)
    return found.at.astimezone(now.tzinfo) if found else now


def _card(play: PlayStory, now: datetime) -> PlayCard:
    if play.media == "movie":
        place, subtitle = "Film", str(play.year or "")
    else:
        known = play.season is not None and play.number is not None
        place, subtitle = f"S{play.season} E{play.number}" if known else "", play.episode_title or ""
    return PlayCard(
        id=play.id,
        title=play.title,
        place=place,
        subtitle=subtitle,
        viewer=play.viewer,
        source=words.name(play.source),
        when=moment(play.watched_at, now),
        poster=poster.seed(play.title),
        ways=_said_once([_way(delivery) for delivery in play.deliveries]),
    )


def _way(delivery: DeliveryStory) -> Way:
    reason = told(PHASES.get(delivery.phase) or delivery.reason)
    look = Look(*OUTCOMES[PlayOutcome(delivery.outcome)], delivery.outcome)
    return Way(words.name(delivery.tracker), look, reason, delivery.next_step)


def _said_once(ways: list[Way]) -> list[Way]:
    """A reason that holds for several trackers in a row stands at the last of them."""
    alike = [(one.look, one.reason) == (later.look, later.reason) for one, later in pairwise(ways)]
    return [replace(way, reason="") if same else way for way, same in zip(ways, [*alike, False], strict=False)]


def _account(row: AccountStatus, is_active: bool, now: datetime) -> AccountCard:
    look = STATES[row.state] if is_active else _NOT_USED
    if row.state == "ok" and row.counts.get(PlayOutcome.QUEUED):
        look = _CATCHING_UP
    return AccountCard(
        viewer=row.viewer,
        tracker=words.name(row.tracker),
        look=look,
        reason=row.reason if is_active else "plays are not sent there",
        since=moment(row.since, now) if row.state not in ("ok", "new") else None,
        load=_load(row),
    )


def _load(row: AccountStatus) -> str:
    asks = sum(row.counts.get(state, 0) for state in NEEDS_YOU)
    waits = row.waiting - asks
    verb = "needs" if asks == 1 else "need"
    return ", ".join([f"{waits:,} waiting"] * bool(waits) + [f"{asks:,} {verb} you"] * bool(asks))


def _unclaimed(row: UnclaimedStatus, now: datetime) -> UnclaimedCard:
    return UnclaimedCard(
        key=row.source,
        source=words.name(row.source),
        account=row.account,
        events=words.plural(row.events, "webhook"),
        last_heard=moment(row.last_heard, now),
        yaml=row.yaml,
    )


_NOT_USED = Look("calm", "minus", "not used yet")
_CATCHING_UP = Look("waiting", "clock", "catching up")
STATES = {
    "ok": Look("ok", "check", WORDS["ok"]),
    "new": Look("calm", "clock", WORDS["new"]),
    "down": Look("down", "cloud", WORDS["down"]),
    "sign-in": Look("need", "key", WORDS["sign-in"]),
    "stopped": Look("need", "stop", WORDS["stopped"]),
    "drift": Look("need", "alert", WORDS["drift"]),
}
"""By the state of an account."""
OUTCOMES = {
    PlayOutcome.QUEUED: ("waiting", "clock"),
    PlayOutcome.DELIVERED: ("ok", "check"),
    PlayOutcome.ALREADY_THERE: ("ok", "checks"),
    PlayOutcome.ECHO: ("ok", "checks"),
    PlayOutcome.UNWANTED: ("calm", "minus"),
    PlayOutcome.HELD: ("held", "pause"),
    PlayOutcome.PARKED: ("waiting", "clock"),
    PlayOutcome.UNMATCHED: ("need", "question"),
    PlayOutcome.DEAD: ("dead", "cross"),
    PlayOutcome.UNDONE: ("calm", "undo"),
}
"""Tone and icon; the word is the code itself, the same as everywhere."""
