"""InfluxDB 2 and what speaks like it: buckets of an organisation, tokens, deletes by range and predicate."""

from __future__ import annotations

from scrobbled.core.charts.points import Span, Tags
from scrobbled.core.errors import TryLater
from scrobbled.plumbing.http import Answer
from scrobbled.sinks.base import BucketMissing, SinkAbilities
from scrobbled.sinks.influx.access import TWO
from scrobbled.sinks.influx.answers import LinesVerdict, judged, names_a_thing, refused, strange, told
from scrobbled.sinks.influx.dialect import ChartsDialect, held, instant, quoted

FIRST, LAST = "1900-01-01T00:00:00Z", "2200-01-01T00:00:00Z"
"""All there can be of ours. Some versions delete nothing, and do not say so, in a range of all years."""
_NO_DELETES = frozenset({405, 501})


class InfluxTwo(ChartsDialect):
    """``org`` and buckets by name or id."""

    kind, in_words = TWO, "InfluxDB 2"
    can = SinkAbilities()

    async def post(self, bucket: str, body: bytes) -> LinesVerdict:
        answer = await self._lines("/api/v2/write", {**self._in(bucket), "precision": "ns"}, body)
        self._there(answer, bucket)
        return judged(answer)

    async def remove(self, bucket: str, span: Span) -> None:
        await self._delete(bucket, span.measurement, span.tags, instant(span.first), instant(span.last))

    async def clear(self, bucket: str, measurement: str, tags: Tags) -> None:
        await self._delete(bucket, measurement, tags, FIRST, LAST)

    async def keeps(self, bucket: str) -> float | None:
        """By the bucket's own rule, where the token may look."""
        answer = await self._ask("GET", "/api/v2/buckets", {"org": self._access.org, "name": bucket})
        if not answer.ok or answer.is_html:
            return None
        content = answer.json()
        rows = content.get("buckets") if isinstance(content, dict) else None
        rules = [rule for row in rows or () if row.get("name") == bucket for rule in row.get("retentionRules") or ()]
        return min((float(rule.get("everySeconds") or 0) for rule in rules), default=0.0) if rows else None

    async def holds(self, bucket: str, measurement: str, at: int) -> bool | None:
        flux = (
            f"from(bucket: {quoted(bucket)}) |> range(start: {instant(at)}, stop: {instant(at + 1)})"
            f" |> filter(fn: (r) => r._measurement == {quoted(measurement)}) |> limit(n: 1)"
        )
        answer = await self._ask(
            "POST", "/api/v2/query", {"org": self._access.org}, json={"query": flux, "type": "flux"}
        )
        return measurement in answer.body.decode("utf-8", "replace") if answer.ok and not answer.is_html else None

    async def _delete(self, bucket: str, measurement: str, tags: Tags, start: str, stop: str) -> None:
        named = (("_measurement", measurement), *held(tags))
        predicate = " AND ".join(f"{name}={quoted(value)}" for name, value in named)
        body = {"start": start, "stop": stop, "predicate": predicate}
        answer = await self._ask("POST", "/api/v2/delete", {**self._in(bucket)}, json=body)
        if answer.status in _NO_DELETES:  # a hosted one
            self.can = SinkAbilities(deletes=False)
            raise TryLater(f"{answer.what} answered {answer.status}: this server deletes nothing")
        self._there(answer, bucket)
        refused(answer)
        if answer.status != 204:
            raise strange(answer)

    def _in(self, bucket: str) -> dict[str, str | int]:
        return {"org": self._access.org, "bucket": bucket}

    def _there(self, answer: Answer, bucket: str) -> None:
        """Raises ``BucketMissing``. An organisation that is not there is a 404 or a 400."""
        if answer.status not in (400, 404):
            return
        words, _ = told(answer)
        if "organization" in words.lower() and "not found" in words.lower():
            step = f"influx org create --name {quoted(self._access.org)}"
            raise BucketMissing(
                f"the server has no organisation {self._access.org}; check sinks.influx.org, or: {step}"
            )
        if answer.status == 404 and names_a_thing(words):
            make = f"influx bucket create --org {quoted(self._access.org)} --name {quoted(bucket)} --retention 0"
            raise BucketMissing(f"the server has no bucket {bucket}; make it: {make}")
