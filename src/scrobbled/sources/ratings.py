"""Ratings, which all servers and players give on a scale to ten."""

from __future__ import annotations

import math
from typing import Any

from msgspec.structs import replace

from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.plumbing.fields import Malformed, decimal

HIGHEST = 10


def rated(event: PlaybackEvent, value: Any) -> PlaybackEvent:
    """``event`` as a rating, or as one taken back, which is 0 or less. Halves round up; raises ``Malformed``."""
    stars = decimal(value)
    if stars is None or stars > HIGHEST:
        raise Malformed("rating")
    if stars <= 0:
        return replace(event, kind=EventKind.UNRATED)
    return replace(event, kind=EventKind.RATED, rating=max(1, math.floor(stars + 0.5)))
