"""InfluxDB 1.x: databases, retention policies, users, and InfluxQL for everything but lines."""

from __future__ import annotations

from typing import Any

from scrobbled.core.charts.points import Span, Tags
from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.plumbing.http import Answer
from scrobbled.sinks.base import BucketMissing, SinkAbilities
from scrobbled.sinks.influx.access import ONE
from scrobbled.sinks.influx.answers import LinesVerdict, judged, refused, strange, told
from scrobbled.sinks.influx.dialect import ChartsDialect, held, quoted, single

_UNITS = {"h": 3600, "m": 60, "s": 1}


class InfluxOne(ChartsDialect):
    """A bucket is a database, or ``database/policy``. A delete goes through all policies of its database."""

    kind, in_words = ONE, "InfluxDB 1.x"
    can = SinkAbilities()

    async def post(self, bucket: str, body: bytes) -> LinesVerdict:
        answer = await self._lines("/write", {**_in(bucket), "precision": "ns"}, body)
        self._there(told(answer)[0], bucket)
        return judged(answer)

    async def remove(self, bucket: str, span: Span) -> None:
        where = [*_equal(span.tags), f"time >= {span.first}", f"time <= {span.last}"]
        await self._said(bucket, f"DELETE FROM {quoted(span.measurement)} WHERE {' AND '.join(where)}")

    async def clear(self, bucket: str, measurement: str, tags: Tags) -> None:
        where = " AND ".join(_equal(tags))
        text = f"DROP SERIES FROM {quoted(measurement)}" + (f" WHERE {where}" if where else "")
        await self._said(bucket, text)

    async def keeps(self, bucket: str) -> float | None:
        """By the policy of the bucket, or the database's usual one."""
        database, _, policy = bucket.partition("/")
        try:
            series = await self._said(bucket, f"SHOW RETENTION POLICIES ON {quoted(database)}")
        except LoginNeeded:
            return None
        rows = [dict(zip(one["columns"], row, strict=False)) for one in series for row in one.get("values") or ()]
        found = [row for row in rows if (row.get("name") == policy if policy else row.get("default"))]
        return _seconds(str(found[0].get("duration"))) if found else None

    async def holds(self, bucket: str, measurement: str, at: int) -> bool | None:
        _database, _, policy = bucket.partition("/")
        source = ".".join(quoted(one) for one in (policy, measurement) if one)
        try:
            return bool(await self._said(bucket, f"SELECT * FROM {source} WHERE time = {at}"))
        except LoginNeeded:
            return None

    async def _said(self, bucket: str, text: str) -> list[dict[str, Any]]:
        """The series of the one answer; a 200 may hold an error."""
        answer = await self._ask("POST", "/query", {"db": bucket.partition("/")[0]}, form={"q": text})
        refused(answer)
        if not answer.ok or answer.is_html:
            raise strange(answer)
        result = _first(answer)
        words = str(result.get("error") or "")
        self._there(words, bucket)
        if "authoriz" in words.lower():
            raise LoginNeeded(f"{answer.what} answered that this user may not do this")
        if words:
            raise ContractDrift(f"{answer.what} did not understand what was asked")
        return [one for one in result.get("series") or () if isinstance(one, dict)]

    def _there(self, words: str, bucket: str) -> None:
        """Raises ``BucketMissing``; a policy that is missing is answered with a 500."""
        database, _, policy = bucket.partition("/")
        if "database not found" in words.lower():
            make = f"CREATE DATABASE {quoted(database)}"
            raise BucketMissing(f"the server has no database {database}; make it: influx -execute '{make}'")
        if "retention policy not found" in words.lower():
            make = f"CREATE RETENTION POLICY {quoted(policy)} ON {quoted(database)} DURATION INF REPLICATION 1"
            raise BucketMissing(f"database {database} has no policy {policy}; make it: influx -execute '{make}'")


def _in(bucket: str) -> dict[str, str | int]:
    database, _, policy = bucket.partition("/")
    return {"db": database, "rp": policy} if policy else {"db": database}


def _equal(tags: Tags) -> list[str]:
    return [f"{quoted(name)} = {single(value)}" for name, value in held(tags)]


def _first(answer: Answer) -> dict[str, Any]:
    content = answer.json()
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list) or not results or not isinstance(results[0], dict):
        raise ContractDrift(f"{answer.what} answered no results, as no InfluxDB does")
    return results[0]


def _seconds(text: str) -> float | None:
    """Of ``168h0m0s``; 0 is for ever."""
    total, number = 0.0, ""
    for char in text:
        if char in _UNITS and number:
            total, number = total + int(number) * _UNITS[char], ""
        elif char.isdigit():
            number += char
        else:
            return None
    return None if number else total
