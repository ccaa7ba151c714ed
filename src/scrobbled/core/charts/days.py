"""What was watched on a day, counted.

Always all three kinds, zeros included, so that a day that became empty says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from scrobbled.core.charts.points import DAY, SECOND, UTC_DAY, ChartPoint, FieldValue, tags_of
from scrobbled.core.naming.items import Media
from scrobbled.core.statistics import DAY as SECONDS
from scrobbled.core.statistics import USUAL_MINUTES

KINDS = ("all", "movie", "episode")


class DayEntry(Struct, frozen=True):
    """What of a play counts on its day. ``title`` is the same for the same film or episode."""

    title: str
    media: Media
    rewatch: bool
    minutes: float | None = None


class ChartDay(Struct, frozen=True, order=True):
    """A day, in days since 1970: ``utc``, or as the viewer's calendar shows it."""

    number: int
    utc: bool = False


def points(day: ChartDay, counted: Iterable[DayEntry], viewer: str = "") -> list[ChartPoint]:
    """The points of one day, at 00:00 UTC of its date, whatever zone that date was in."""
    all_of = list(counted)
    measurement = UTC_DAY if day.utc else DAY
    at = day.number * SECONDS * SECOND
    return [
        ChartPoint(measurement, tags_of(media_type=kind, viewer=viewer), _sums(_of(kind, all_of)), at) for kind in KINDS
    ]


def _of(kind: str, counted: Sequence[DayEntry]) -> list[DayEntry]:
    return [one for one in counted if kind in ("all", one.media)]


def _sums(counted: Sequence[DayEntry]) -> dict[str, FieldValue]:
    again = sum(one.rewatch for one in counted)
    return {
        "events_count": len(counted),
        "unique_titles_count": len({(one.media, one.title) for one in counted}),
        "watch_minutes_total": math.fsum(one.minutes or 0 for one in counted),
        "rewatch_events_count": again,
        "first_watch_events_count": len(counted) - again,
        "unknown_runtime_count": sum(one.minutes is None for one in counted),
        "watch_minutes_estimated": math.fsum(_minutes(one) for one in counted),
    }


def _minutes(one: DayEntry) -> float:
    """An average would change every day with every play."""
    return USUAL_MINUTES[one.media] if one.minutes is None else one.minutes
