"""Points: what a database of charts keeps. One is known by its measurement, its tags and its time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

SECOND = 1_000_000_000
"""Nanoseconds."""
Bucket = Literal["raw", "daily"]
"""Which of the two databases it belongs to; their names are the sink's own."""
FieldValue = bool | int | float | str
"""Types are fixed for each field: a float is never written as an integer."""
Tags = tuple[tuple[str, str], ...]
"""In order of their names, none empty."""
EVENT, DAY, UTC_DAY = "watch_event", "watch_daily", "watch_daily_utc"
MEASUREMENTS: dict[str, Bucket] = {EVENT: "raw", DAY: "daily", UTC_DAY: "daily"}
REMOVED = "removed"
"""A field that says of a point, in a database that cannot delete, that it is no longer one."""
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class ChartPoint(Struct, frozen=True):
    """``at`` is nanoseconds since 1970, UTC; no type of Python's for times is as exact."""

    measurement: str
    tags: Tags
    fields: Mapping[str, FieldValue]
    at: int

    @property
    def bucket(self) -> Bucket:
        return MEASUREMENTS[self.measurement]


class Span(Struct, frozen=True):
    """Points of a measurement with all of these tags, from ``first`` to ``last``: nanoseconds, both included."""

    measurement: str
    tags: Tags
    first: int
    last: int

    @property
    def bucket(self) -> Bucket:
        return MEASUREMENTS[self.measurement]


def tags_of(**named: str) -> Tags:
    """In order, without those that are empty; no value can break a line."""
    told = ((name, plain(value)) for name, value in sorted(named.items()))
    return tuple((name, value) for name, value in told if value)


def plain(text: str) -> str:
    """In one line, without characters that control anything."""
    return _BREAKS.sub(" ", text).strip()


def tombstone(point: Span) -> ChartPoint:
    """What overwrites the one point of this span where nothing can be deleted."""
    return ChartPoint(point.measurement, point.tags, {REMOVED: True}, point.first)
