"""The flood breaker's judgement: when plays come as no household watches, they wait for a person.

Decided for each play as it arrives, for each account that is to get it. What came before it is in ``FloodFacts``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from msgspec import Struct

from scrobbled.core.words.outcomes import Hold
from scrobbled.core.words.reasons import Reason

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AFTERWARDS_PER_MINUTE = 20
"""So many plays may be told within a minute long after they were watched: somebody ticks off half a season by hand."""
AFTERWARDS_SHARE = 15
"""Whoever allows more for the hour allows this part of it within a minute, also of those."""
AT_ONCE = 20
"""Fewer plays within a minute are no burst, however low the limit for the hour is."""
KNOWN_HISTORY = 200
"""With fewer plays than this a history says nothing about what is usual."""
SHARE = 0.1
SHARE_LEAST = 50
SHARE_PART = 6
"""Whoever allows more for the hour allows this part of it whatever the history."""
SEEN_SHARE = 5
SEEN_LEAST = 30
"""So many plays within an hour may be exempt because they were seen as they happened; a full house watches fewer."""


MARKS_TOGETHER = 2
"""So many titles may be marked as watched together at one time: the two halves of a file. More were never watched then.
"""
MARKS_WITHIN = timedelta(minutes=1)
"""Marks that come within this of one another were set together."""
MARKS_APART = timedelta(minutes=2)
"""Marks whose times are no farther apart say that all was watched at once."""
MARKS_WAIT = timedelta(seconds=10)
"""So long a mark waits for others that were set with it."""


class WriteLimits(Struct, frozen=True):
    """What the configuration allows an account. A play counts once, however many requests it takes."""

    writes_per_hour: int = 300
    plays_per_item_per_day: int = 3


USUAL = WriteLimits()


class FloodFacts(Struct, frozen=True):
    """One play for one account, and what arrived with it. Every count includes it, and what was held."""

    in_hour: int = 1
    in_minute: int = 1
    afterwards_in_minute: int = 0
    """Of those within the minute, the ones told afterwards."""
    same_minute: int = 0
    """Plays told afterwards that say they were watched in the same minute."""
    seen_in_hour: int = 0
    """Plays within the hour that were seen as they happened."""
    history: int = 0
    """Plays let through more than an hour ago."""
    afterwards: bool = False
    """Told only afterwards: its source states another time than that of receipt, or none at all."""
    witnessed: bool = False
    """It was seen to begin, long enough before it was seen to end."""


class Trip(Struct, frozen=True):
    """A rule that does not let a play through, with the figures in plain words."""

    rule: Hold
    reason: str
    window: timedelta
    """Within which the plays came that the rule counted."""

    @property
    def coded(self) -> Reason:
        return Reason(self.reason, self.rule)


def judge(facts: FloodFacts, limits: WriteLimits) -> Trip | None:
    """``None`` lets the play through. Lower limits never let more through."""
    if is_exempt(facts, limits):
        return None
    return next(_trips(facts, limits), None)


def is_exempt(facts: FloodFacts, limits: WriteLimits) -> bool:
    """A play seen as it happened passes while a flood is held. Only a machine makes many of those within an hour."""
    return facts.witnessed and facts.seen_in_hour <= max(SEEN_LEAST, limits.writes_per_hour // SEEN_SHARE)


def judge_item(plays: int, limits: WriteLimits) -> Trip | None:
    """``plays`` of one item lie within a day of each other, with the one that is to be sent."""
    most = limits.plays_per_item_per_day
    if plays <= most:
        return None
    reason = f"this would be play {plays} of the same title within a day; safety.max_plays_per_item_per_day is {most}"
    return Trip(Hold.PLAYS_PER_ITEM, reason, timedelta(days=1))


def judge_marks(together: int) -> Trip | None:
    """``together`` titles were marked as watched within moments and at one time, with the one that is to be sent."""
    if together <= MARKS_TOGETHER:
        return None
    reason = (
        f"{together:,} titles were marked as watched together, as of one and the same time. Approved, they get that "
        "time; with marks: tick of the source such marks are ticked off without one"
    )
    return Trip(Hold.BURST, reason, MARKS_WITHIN)


def _trips(facts: FloodFacts, limits: WriteLimits) -> Iterator[Trip]:
    if facts.afterwards:
        yield from _told_afterwards(facts, max(AFTERWARDS_PER_MINUTE, limits.writes_per_hour // AFTERWARDS_SHARE))
    at_once = max(AT_ONCE, limits.writes_per_hour // 2)
    if facts.in_minute > at_once:
        yield Trip(Hold.BURST, f"{facts.in_minute:,} plays came within a minute; up to {at_once:,} pass", MINUTE)
    if facts.in_hour > limits.writes_per_hour:
        most = f"safety.max_writes_per_hour is {limits.writes_per_hour:,}"
        yield Trip(Hold.WRITES_PER_HOUR, f"{facts.in_hour:,} plays came within an hour; {most}", HOUR)
    share = max(SHARE_LEAST, int(facts.history * SHARE), limits.writes_per_hour // SHARE_PART)
    if facts.history >= KNOWN_HISTORY and facts.in_hour > share:
        known = f"with {facts.history:,} plays before them up to {share:,} pass"
        yield Trip(Hold.SHARE_OF_HISTORY, f"{facts.in_hour:,} plays came within an hour; {known}", HOUR)


def _told_afterwards(facts: FloodFacts, most: int) -> Iterator[Trip]:
    if facts.afterwards_in_minute > most:
        count = f"{facts.afterwards_in_minute:,} plays were told within a minute, long after they were watched"
        yield Trip(Hold.BURST, f"{count}; up to {most} pass", MINUTE)
    if facts.same_minute > most:
        count = f"{facts.same_minute:,} plays are said to have been watched in the same minute"
        yield Trip(Hold.BURST, f"{count}; up to {most} pass", HOUR)
