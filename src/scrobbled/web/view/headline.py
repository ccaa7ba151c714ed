"""The first line of the page: a sentence that says whether everything arrived, never a row of lamps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.core.outcomes import PlayOutcome
from scrobbled.summary import AccountStatus
from scrobbled.web.desk import Facts
from scrobbled.web.view import words
from scrobbled.web.view.moments import Moment, moment


class Piece(Struct, frozen=True):
    """Text around a moment, where there is one; ``is_clock`` shows it as "19:40" and not as "4 min ago"."""

    text: str
    when: Moment | None = None
    rest: str = ""
    is_clock: bool = False

    @property
    def plain(self) -> str:
        """All of it as text, for the title of the page."""
        when = (self.when.since if self.is_clock else self.when.ago) if self.when else ""
        return f"{self.text}{when}{self.rest}"


class Headline(Struct, frozen=True):
    tone: str
    icon: str
    sentence: Piece
    details: list[Piece]
    asks: int = 0


def headline(facts: Facts, asks: int, active: Collection[tuple[str, str]], now: datetime) -> Headline:
    """What a person has to do (``asks``) comes first, then what is down, then that all is well."""
    accounts = [row for row in facts.glance.trackers if (row.viewer, row.tracker) in active]
    tone, icon, sentence = _trackers(accounts, now)
    details = _details(facts, now)
    if asks:
        verb = "needs" if asks == 1 else "need"
        asked = Piece(f"{words.plural(asks, 'thing')} {verb} you")
        return Headline("need", "alert", asked, [sentence, *details], asks=asks)
    calm = [Piece("nothing needs you")] if facts.plays else []
    return Headline(tone, icon, sentence, [*details, *calm])


def _trackers(accounts: Sequence[AccountStatus], now: datetime) -> tuple[str, str, Piece]:
    down = [row for row in accounts if row.state == "down"]
    well = [row for row in accounts if row.state == "ok"]
    if not accounts:
        return "calm", "clock", Piece("No tracker is set up yet")
    if down:
        return "down", "cloud", _down(down, now)
    if len(well) == len(accounts):
        return "ok", "check", Piece(_in_step(accounts))
    if not well and all(row.state == "new" for row in accounts):
        return "calm", "clock", Piece(f"Getting to know {words.plural(len(accounts), 'tracker')}")
    return "calm", "clock", Piece(f"{len(well)} of {words.plural(len(accounts), 'tracker')} in step")


def _in_step(accounts: Sequence[AccountStatus]) -> str:
    if any(row.counts.get(PlayOutcome.QUEUED) for row in accounts):
        return "Plays are on the way, everything works"
    names = {1: f"{words.name(accounts[0].tracker)} is in step", 2: "Both trackers in step"}
    return names.get(len(accounts), f"All {len(accounts)} trackers in step")


def _down(accounts: Sequence[AccountStatus], now: datetime) -> Piece:
    names = list(dict.fromkeys(words.name(row.tracker) for row in accounts))
    since = min((when for row in accounts if (when := moment(row.since, now))), key=lambda when: when.at, default=None)
    waiting = sum(row.counts.get(state, 0) for row in accounts for state in (PlayOutcome.QUEUED, PlayOutcome.PARKED))
    kept = f"{words.plural(waiting, 'play')} {'waits' if waiting == 1 else 'wait'}" if waiting else "no play waits"
    verb = "is" if len(names) == 1 else "are"
    start = f"{words.joined(names)} {verb} down"
    rest = f": {kept}, nothing is lost"
    return Piece(f"{start} since ", since, rest, is_clock=True) if since else Piece(start + rest)


def _details(facts: Facts, now: datetime) -> list[Piece]:
    times = [found for play in facts.plays if (found := moment(play.watched_at or play.received_at, now))]
    last = max(times, key=lambda when: when.at, default=None)
    waiting = facts.counts.get(PlayOutcome.QUEUED, 0) + facts.counts.get(PlayOutcome.PARKED, 0)
    pieces = [Piece("last play ", last)] if last else []
    return [*pieces, Piece(f"{waiting:,} waiting")]
