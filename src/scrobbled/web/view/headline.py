"""The first line of the page: a sentence that says whether everything arrived, never a row of lamps."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.desk import NowFacts
from scrobbled.web.view.looks import stands
from scrobbled.web.view.moments import Moment, moment


class HeadlinePart(Struct, frozen=True):
    """Text before a moment, where there is one: "last play 4 min ago"."""

    text: str
    when: Moment | None = None

    @property
    def plain(self) -> str:
        """All of it as text, for the title of the page."""
        return f"{self.text}{self.when.ago}" if self.when else self.text


class Headline(Struct, frozen=True):
    tone: str
    icon: str
    sentence: HeadlinePart
    details: list[HeadlinePart]
    asks: int = 0


def headline(facts: NowFacts, asks: int, now: datetime) -> Headline:
    """What a person has to do (``asks``) comes first, and then how everything else stands."""
    found = facts.stood.house(asks, lambda iso: clock(iso, now))
    details = _details(facts, now)
    if asks:
        details = [HeadlinePart(facts.stood.house(0, lambda iso: clock(iso, now)).text), *details]
    elif facts.plays and found.tone != "need":
        details.append(HeadlinePart("nothing needs you"))
    look = stands(found)
    return Headline(look.tone, look.icon, HeadlinePart(found.text), details, asks=asks)


def clock(iso: str, now: datetime) -> str:
    """An instant (ISO 8601) as people say it: "19:40" today."""
    when = moment(iso, now)
    return when.since if when else ""


def _details(facts: NowFacts, now: datetime) -> list[HeadlinePart]:
    times = [found for play in facts.plays if (found := moment(play.watched_at or play.received_at, now))]
    last = max(times, key=lambda when: when.at, default=None)
    waiting = facts.counts.get(PlayOutcome.QUEUED, 0) + facts.counts.get(PlayOutcome.PARKED, 0)
    pieces = [HeadlinePart("last play ", last)] if last else []
    return [*pieces, HeadlinePart(f"{waiting:,} waiting")]
