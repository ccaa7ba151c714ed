"""What changes between what was written and what is wanted: which points are written, which go, which days differ."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from scrobbled.core.charts.days import ChartDay
from scrobbled.core.charts.placing import ChartEntry, ChartPlace
from scrobbled.core.statistics import DAY


class ChartPlan(Struct, frozen=True):
    """``put`` are entries to be booked, the points of ``written`` among them have to be written; ``gone`` are ids to be
    forgotten. What stood at ``removed`` goes, and ``days`` are counted anew."""

    put: tuple[ChartEntry, ...] = ()
    written: frozenset[str] = frozenset()
    gone: tuple[str, ...] = ()
    removed: tuple[ChartPlace, ...] = ()
    days: frozenset[ChartDay] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.put or self.gone)


def changes(wanted: Mapping[str, ChartEntry], booked: Mapping[str, ChartEntry]) -> ChartPlan:
    """Both of the same titles, by id."""
    put = tuple(entry for id_, entry in wanted.items() if booked.get(id_) != entry)
    gone = tuple(id_ for id_ in booked if id_ not in wanted)
    before = [booked[id_] for id_ in (*gone, *(entry.id for entry in put)) if id_ in booked]
    there = {entry.place for entry in wanted.values()}
    removed = tuple(entry.place for entry in before if entry.place and entry.place not in there)
    days = {day for entry in (*put, *before) for day in days_of(entry)}
    return ChartPlan(put, frozenset(entry.id for entry in put if entry.place), gone, removed, frozenset(days))


def days_of(entry: ChartEntry) -> tuple[ChartDay, ...]:
    """Both days that it counts on."""
    if entry.place is None or entry.at is None:
        return ()
    return ChartDay(entry.day), ChartDay(entry.at // DAY, utc=True)
