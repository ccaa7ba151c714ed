"""What a server of charts holds: points by measurement, tags and nanosecond, and the rules of taking them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scrobbled.sandbox.influx.lines import LineTags, LineValue, ProtocolLine, type_of

_SECOND = 1_000_000_000
Fields = dict[str, LineValue]


class PointRefused(ValueError):
    """Why a point that is well written is not taken, in the words of the server."""


@dataclass
class HeldTable:
    """One measurement. ``tag_keys`` are those of the first write, which is all that InfluxDB 3 ever takes."""

    rows: dict[int, dict[LineTags, Fields]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    tag_keys: frozenset[str] = frozenset()


@dataclass
class HeldBucket:
    """Also a database of InfluxDB 1.x and 3. ``retention`` is in seconds; 0 keeps everything for ever.

    ``fixed_tags`` is the rule of InfluxDB 3: the tags of a table are those of its first write, and no field has the
    name of one.
    """

    name: str
    retention: int = 0
    fixed_tags: bool = False
    tables: dict[str, HeldTable] = field(default_factory=dict)

    def take(self, line: ProtocolLine, now: int) -> None:
        """Store one point, over the fields of one that is there already. ``now`` is nanoseconds since 1970.

        Raises ``PointRefused``.
        """
        time = now if line.time is None else line.time
        if self.retention and time < now - self.retention * _SECOND:
            raise PointRefused("points beyond retention policy")
        table = self.tables.get(line.measurement) or HeldTable(tag_keys=frozenset(dict(line.tags)))
        for name, value in line.fields.items():
            _fits(table, line.measurement, name, type_of(value))
        if self.fixed_tags:
            _fixed(table, line)
        self.tables[line.measurement] = table
        table.types.update((name, type_of(value)) for name, value in line.fields.items())
        table.rows.setdefault(time, {}).setdefault(line.tags, {}).update(line.fields)

    def delete(self, start: int, stop: int, tags: Mapping[str, str], measurement: str | None = None) -> int:
        """What lies in the closed range, has these tags and is of the measurement (``None``: of any); how many."""
        gone = 0
        for name in [measurement] if measurement is not None else list(self.tables):
            table = self.tables.get(name)
            for time in _times(table, start, stop) if table else ():
                assert table is not None
                gone += _without(table.rows, time, tags)
            if table is not None and not table.rows:
                del self.tables[name]
        return gone

    def points(self, measurement: str, start: int, stop: int) -> Iterator[tuple[int, LineTags, Fields]]:
        """Those of a measurement in the closed range, oldest first."""
        table = self.tables.get(measurement)
        for time in sorted(_times(table, start, stop)) if table else ():
            assert table is not None
            for tags, fields in sorted(table.rows[time].items()):
                yield time, tags, fields

    def state(self) -> dict[str, Any]:
        """All of it, as JSON; times are whole nanoseconds."""
        rows = [
            {"measurement": name, "time": time, "tags": dict(tags), "fields": dict(fields)}
            for name, table in sorted(self.tables.items())
            for time in sorted(table.rows)
            for tags, fields in sorted(table.rows[time].items())
        ]
        return {"retention": self.retention, "points": rows}


def _fits(table: HeldTable, measurement: str, name: str, kind: str) -> None:
    known = table.types.get(name, kind)
    if known != kind:
        raise PointRefused(
            f'field type conflict: input field "{name}" on measurement "{measurement}" is type {kind}, '
            f"already exists as type {known}"
        )


def _fixed(table: HeldTable, line: ProtocolLine) -> None:
    for name in dict(line.tags):
        if name not in table.tag_keys:
            raise PointRefused(
                f"Detected a new tag '{name}' in write. The tag set is immutable on first write to the table."
            )
        if name in line.fields:
            raise PointRefused(f"'{name}' is a tag and a field")
    for name in line.fields:
        if name in table.tag_keys:
            raise PointRefused(f"invalid column type for column '{name}', expected iox::column_type::tag")


def _times(table: HeldTable, start: int, stop: int) -> list[int]:
    if start == stop:
        return [start] if start in table.rows else []
    return [time for time in table.rows if start <= time <= stop]


def _without(rows: dict[int, dict[LineTags, Fields]], time: int, wanted: Mapping[str, str]) -> int:
    there = rows[time]
    gone = [tags for tags in there if wanted.items() <= dict(tags).items()]
    for tags in gone:
        del there[tags]
    if not there:
        del rows[time]
    return len(gone)
