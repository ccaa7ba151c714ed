"""InfluxDB 3: databases that a write makes, and no way to delete a point. It names the lines that it refuses."""

from __future__ import annotations

from scrobbled.sinks.base import BucketMissing, SinkAbilities
from scrobbled.sinks.influx.access import BEARER, THREE
from scrobbled.sinks.influx.answers import LinesVerdict, judged, names_a_thing, told
from scrobbled.sinks.influx.dialect import ChartsDialect, quoted


class InfluxThree(ChartsDialect):
    """A bucket is a database of that name."""

    kind, in_words, scheme = THREE, "InfluxDB 3", BEARER
    can = SinkAbilities(deletes=False, tells_rejected_lines=True)

    async def post(self, bucket: str, body: bytes) -> LinesVerdict:
        params: dict[str, str | int] = {"db": bucket, "precision": "nanosecond", "accept_partial": "true"}
        answer = await self._lines("/api/v3/write_lp", params, body)
        if answer.status == 404 and names_a_thing(told(answer)[0]):
            make = f"influxdb3 create database {quoted(bucket)}"
            raise BucketMissing(f"the server has no database {bucket}; make it: {make}")
        return judged(answer)

    async def holds(self, bucket: str, measurement: str, at: int) -> bool | None:
        text = f"SELECT * FROM {quoted(measurement)} WHERE time = {at}"
        answer = await self._ask("GET", "/api/v3/query_influxql", {"db": bucket, "q": text, "format": "json"})
        return measurement in answer.body.decode("utf-8", "replace") if answer.ok and not answer.is_html else None
