"""A play: this viewer watched this item at this time. Immutable; a rewatch is another play."""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from scrobbled.core.naming.items import Item, Media
from scrobbled.core.words.outcomes import PlayOutcome

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before this no media server told of a viewing: such a date is a damaged one."""
OLDEST = datetime(1900, 1, 1, tzinfo=UTC)
"""A person may say that they saw something on the day it came out, however long ago; before this nobody did."""
_NO_DATE = datetime(1969, 12, 31, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC)
"""Services write an unknown date as the epoch, 1970-01-01, some of them in a zone of their own."""
FUTURE_SLACK = timedelta(minutes=15)
"""A media server's clock may be that far ahead of ours and still be believed."""


class Play(Struct, frozen=True):
    """``watched_at`` is aware UTC, or ``None`` where nobody knows; never "now" for want of a date."""

    viewer: str
    source: str
    item: Item
    watched_at: datetime | None
    duration_ms: int | None = None
    since: datetime | None = None
    """Whoever tells of an end between this and ``watched_at`` tells of this viewing."""


def is_dated(watched_at: datetime | None, now: datetime) -> bool:
    """Whether the time can be believed: neither missing, nor the epoch, nor in the future."""
    return watched_at is not None and EARLIEST <= watched_at <= now + FUTURE_SLACK


def is_entered(at: datetime) -> bool:
    """Whether somebody can have entered this as the time of a viewing: neither damaged, nor the epoch."""
    return at >= OLDEST and not _NO_DATE[0] <= at < _NO_DATE[1]


def route(play: Play, takes: Set[Media], now: datetime) -> tuple[PlayOutcome, str]:
    """Where a new play starts its way to a tracker that ``takes`` these media: outcome and reason."""
    if play.item.media not in takes:
        return PlayOutcome.UNWANTED, f"this tracker does not take {play.item.media}s"
    if not is_dated(play.watched_at, now):
        return PlayOutcome.HELD, "no date: nobody said when this was watched"
    return PlayOutcome.QUEUED, ""


def rounded(watched_at: datetime, precision: int) -> datetime:
    """Rounded down to ``precision`` seconds, as trackers keep it."""
    seconds = int(watched_at.timestamp())
    return datetime.fromtimestamp(seconds - seconds % precision, UTC)
