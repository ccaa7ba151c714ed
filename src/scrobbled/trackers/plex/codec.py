"""Single values of a Plex server as values of ours. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from scrobbled.clients.plex_lists import JsonScalar
from scrobbled.plumbing.fields import Malformed, decimal, is_blank, text

LAST_SECOND = 253_402_300_799
"""Of the year 9999, beyond which there are no dates."""
HIGHEST = 10


def seconds(value: JsonScalar) -> int | None:
    """Epoch seconds of a time; ``None`` for 0, which stands for none, and for what is no time."""
    told = decimal(value)
    return int(told) if told is not None and 1 <= told <= LAST_SECOND else None


def instant(value: JsonScalar) -> datetime | None:
    """The same as a time (aware UTC). Whether it can be believed is not judged here."""
    told = seconds(value)
    return None if told is None else datetime.fromtimestamp(told, UTC)


def counted(value: JsonScalar) -> int:
    """How often; 0 where nothing is said. Raises ``Malformed`` for what is there and is no number."""
    told = decimal(value)
    if told is None and not is_blank(value):
        raise Malformed(f"{text(value, limit=40) or type(value).__name__} is no number")
    return max(0, int(told or 0))


def rating_of(value: JsonScalar) -> int | None:
    """Halves from 0 to 10 as 1 to 10, rounded half up; ``None`` for 0, which Plex writes for no rating, and for less.

    Raises as ``counted``.
    """
    counted(value)
    told = decimal(value) or 0.0
    return min(HIGHEST, max(1, math.floor(told + 0.5))) if told > 0 else None
