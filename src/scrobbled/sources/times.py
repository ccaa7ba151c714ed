"""The time a source states for what happened, and how far it can be believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.plumbing.fields import decimal

LATEST = timedelta(days=14)
"""What tells of playing arrives while somebody plays. Longer ago than this, it is no news of it."""
_EPOCH = range(32_503_680_000)
"""Seconds until the year 3000."""


def moment(value: Any) -> datetime | None:
    """Epoch seconds, also as a string; ``None`` for what is no time."""
    seconds = decimal(value)
    if seconds is None or int(seconds) not in _EPOCH or not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def zoned(value: Any) -> datetime | None:
    """A time with its zone, as ISO 8601; ``None`` for what is no time, or could be any zone's."""
    try:
        stated = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if stated is None or stated.tzinfo is None else stated.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def at(event: PlaybackEvent, stated: datetime | None) -> PlaybackEvent:
    """``event``, which bears the time of its receipt, at the time its source states.

    A time in the future is that of a clock that goes wrong, and so says nothing; one too long ago makes it stale.
    """
    if stated is None or stated > event.occurred_at:
        return event
    if event.occurred_at - stated > LATEST:
        return replace(event, stale=True)
    return replace(event, occurred_at=stated, time_from_source=True)
