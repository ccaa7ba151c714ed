"""The sink for charts: points brought to whichever server there is, and taken away again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog

from scrobbled.core.charts.points import Bucket, ChartPoint, Span, tags_of
from scrobbled.core.errors import TryLater
from scrobbled.plumbing.http import Http
from scrobbled.sinks.base import SinkAbilities, SinkCheck, SinkServer, SinkWrite
from scrobbled.sinks.influx.access import InfluxAccess
from scrobbled.sinks.influx.answers import LinesVerdict
from scrobbled.sinks.influx.batches import Bringer, LinePoint, portions
from scrobbled.sinks.influx.dialect import ChartsDialect
from scrobbled.sinks.influx.finding import DIALECTS, found
from scrobbled.sinks.influx.lines import lines
from scrobbled.sinks.influx.trying import tried

log = structlog.get_logger("sinks.influx")


class InfluxSink:
    """A ``ChartSink``. ``http`` has the server's address as its base, and is closed with the sink.

    ``now`` is Unix seconds. Which server it is is asked once; a request that shows it to be another forgets that.
    """

    name = "influx"

    def __init__(self, http: Http, access: InfluxAccess, now: Callable[[], float] = time.time) -> None:
        self._http, self.access, self._now = http, access, now
        self._dialect: ChartsDialect | None = None
        self._version = ""

    async def ping(self) -> SinkServer:
        dialect = await self.dialect()
        return SinkServer(dialect.kind, self._version, dialect.can)

    async def write(self, bucket: Bucket, points: Sequence[ChartPoint]) -> SinkWrite:
        if not points:
            return SinkWrite()
        dialect, name = await self.dialect(), self.access.buckets[bucket]
        named = await self._lines(dialect.can, points)
        bringer = Bringer(lambda body: self._posted(dialect, name, body))
        for portion in portions(named, self.access.batch):
            await bringer.bring(portion)
        outcome = bringer.outcome
        for one in outcome.refused:
            log.debug("line refused", action="chart-line", measurement=points[one.index].measurement, why=one.words)
        keeps = await self._keeps_from(dialect, name) if outcome.too_old else None
        return SinkWrite(tuple(outcome.refused), tuple(sorted(outcome.too_old)), keeps)

    async def delete(self, spans: Sequence[Span]) -> None:
        dialect = await self.dialect()
        for span in spans:
            await dialect.remove(self.access.buckets[span.bucket], span)

    async def clear(self, bucket: Bucket, measurement: str, viewer: str = "") -> None:
        dialect = await self.dialect()
        await dialect.clear(self.access.buckets[bucket], measurement, tags_of(viewer=viewer))

    async def keeps(self, bucket: Bucket) -> float | None:
        """How many seconds back it keeps points, 0 for ever; ``None`` where we may not know. Raises as ``ping``."""
        dialect = await self.dialect()
        return await dialect.keeps(self.access.buckets[bucket])

    async def check(self) -> Sequence[SinkCheck]:
        return await tried(self._found, self.access.buckets)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def dialect(self) -> ChartsDialect:
        """How this server is spoken to; raises what ``ping`` does."""
        if self._dialect is None:
            server = await found(self._http, self.access)
            dialect = DIALECTS[server.kind](self._http, self.access)
            await dialect.learn()
            self._dialect, self._version = dialect, server.version
            log.info("charts", action="charts", server=server.kind, version=server.version or None)
        return self._dialect

    async def _found(self) -> tuple[ChartsDialect, str]:
        return await self.dialect(), self._version

    async def _lines(self, can: SinkAbilities, points: Sequence[ChartPoint]) -> list[LinePoint]:
        """A server without text gets numbers only; a point that then has none is none."""
        told = points if can.strings else [_numbers(point) for point in points]
        made = zip(told, await lines(told), strict=True)
        return [LinePoint(index, text, point.at) for index, (point, text) in enumerate(made) if text]

    async def _posted(self, dialect: ChartsDialect, bucket: str, body: bytes) -> LinesVerdict:
        return await dialect.post(bucket, body)

    async def _keeps_from(self, dialect: ChartsDialect, bucket: str) -> float | None:
        try:
            kept = await dialect.keeps(bucket)
        except TryLater:  # everything is written by now: the date alone is not worth doing it again
            return None
        return self._now() - kept if kept else None


def _numbers(point: ChartPoint) -> ChartPoint:
    fields = {name: value for name, value in point.fields.items() if not isinstance(value, str)}
    return ChartPoint(point.measurement, point.tags, fields, point.at)
