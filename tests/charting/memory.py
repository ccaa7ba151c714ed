"""The reference sink: all that a ``ChartSink`` promises, in memory, with what a kind of server cannot by switch."""

from __future__ import annotations

from collections.abc import Sequence

from scrobbled.core.charts.points import Bucket, ChartPoint, Span, Tags
from scrobbled.core.errors import TrackerError
from scrobbled.sinks.base import RefusedPoint, SinkAbilities, SinkCheck, SinkServer, SinkWrite

PointKey = tuple[str, Tags, int]


class MemorySink:
    """``trouble`` is raised by what comes next, each once; ``refuses`` are titles that it does not take, and with
    ``refuses_removals`` no word that a point is gone.
    """

    name = "influx"

    def __init__(self, can: SinkAbilities | None = None) -> None:
        self.can = can or SinkAbilities()
        self.held: dict[PointKey, ChartPoint] = {}
        self.calls: list[str] = []
        self.trouble: list[TrackerError | None] = []
        self.refuses: set[str] = set()
        self.refuses_removals = False
        self.keeps_from: float | None = None

    async def ping(self) -> SinkServer:
        self._called("ping")
        return SinkServer("memory", "1", self.can)

    async def write(self, bucket: Bucket, points: Sequence[ChartPoint]) -> SinkWrite:
        self._called("write")
        assert all(point.bucket == bucket for point in points)
        refused, old = list[RefusedPoint](), list[int]()
        for index, one in enumerate(points):
            if one.fields.get("title") in self.refuses or (self.refuses_removals and one.fields.get("removed")):
                refused.append(RefusedPoint(index, "not this one"))
            elif self.keeps_from is not None and one.at < self.keeps_from * 10**9:
                old.append(index)
            else:
                before = self.held.get((one.measurement, one.tags, one.at))
                fields = {**(before.fields if before else {}), **one.fields}
                self.held[one.measurement, one.tags, one.at] = ChartPoint(one.measurement, one.tags, fields, one.at)
        return SinkWrite(tuple(refused), tuple(old), self.keeps_from)

    async def delete(self, spans: Sequence[Span]) -> None:
        assert self.can.deletes
        self._called("delete")
        for span in spans:
            self._drop(span.measurement, span.tags, span.first, span.last)

    async def clear(self, bucket: Bucket, measurement: str, viewer: str = "") -> None:
        assert self.can.deletes or not self.can.overwrites
        self._called("clear")
        self._drop(measurement, (("viewer", viewer),) if viewer else (), -(10**20), 10**20)

    async def check(self) -> Sequence[SinkCheck]:
        return []

    async def aclose(self) -> None:
        """Nothing is open."""

    def _drop(self, measurement: str, tags: Tags, first: int, last: int) -> None:
        gone = [
            key for key in self.held if key[0] == measurement and first <= key[2] <= last and set(tags) <= set(key[1])
        ]
        for key in gone:
            del self.held[key]

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if self.trouble and (error := self.trouble.pop(0)) is not None:
            raise error

    def events(self) -> list[ChartPoint]:
        return [one for one in self.held.values() if one.measurement == "watch_event" and not one.fields.get("removed")]
