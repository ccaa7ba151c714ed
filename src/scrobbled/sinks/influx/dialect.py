"""What the servers have in common, and what each says in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import ClassVar

from scrobbled.core.charts.points import SECOND, Span, Tags
from scrobbled.plumbing.http import Answer, Http
from scrobbled.sinks.base import SinkAbilities
from scrobbled.sinks.influx.access import TOKEN, InfluxAccess
from scrobbled.sinks.influx.answers import LinesVerdict
from scrobbled.sinks.influx.lines import tag_text

TIMEOUT = 60.0
"""Seconds; a Raspberry Pi takes its time over five thousand points, or over a long delete."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
OF_LINES = MappingProxyType({"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "gzip"})


class ChartsDialect:
    """One kind of server. All of it raises ``TryLater``, ``LoginNeeded``, ``BucketMissing`` and ``ContractDrift``."""

    kind: ClassVar[str]
    in_words: ClassVar[str]
    scheme: ClassVar[str] = TOKEN
    can: SinkAbilities

    def __init__(self, http: Http, access: InfluxAccess) -> None:
        self._http, self._access = http, access

    async def post(self, bucket: str, body: bytes) -> LinesVerdict:
        """One packed body of lines, times in nanoseconds."""
        raise NotImplementedError

    async def remove(self, bucket: str, span: Span) -> None:
        """Exactly the points of this span, both ends included."""
        raise NotImplementedError

    async def clear(self, bucket: str, measurement: str, tags: Tags) -> None:
        """All points of the measurement with these tags."""
        raise NotImplementedError

    async def keeps(self, bucket: str) -> float | None:
        """How many seconds back a bucket keeps points, 0 for ever; ``None`` where we may not know."""
        return None

    async def holds(self, bucket: str, measurement: str, at: int) -> bool | None:
        """Whether there is a point at this nanosecond; ``None`` where we may not read."""
        return None

    async def learn(self) -> None:
        """What can be asked of the server about itself, before anything else is."""

    async def _ask(
        self,
        method: str,
        path: str,
        params: dict[str, str | int],
        *,
        body: bytes | None = None,
        json: object = None,
        form: dict[str, str] | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        return await self._http.send(
            method,
            path,
            params=params,
            content=body,
            json=json,
            form=list(form.items()) if form else None,
            headers={**self._access.headers(self.scheme), **headers},
            timeout=TIMEOUT,
            lenient=True,
        )

    async def _lines(self, path: str, params: dict[str, str | int], body: bytes) -> Answer:
        return await self._ask("POST", path, params, body=body, headers=OF_LINES)


def instant(nanoseconds: int) -> str:
    """RFC 3339 in UTC, exact to the nanosecond; also before 1970."""
    seconds, rest = divmod(nanoseconds, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}Z"


def quoted(text: str) -> str:
    """As a name, or as a text of Flux and of predicates."""
    return _within('"', text)


def single(text: str) -> str:
    """As a text of InfluxQL."""
    return _within("'", text)


def _within(mark: str, text: str) -> str:
    plain = text.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    return f"{mark}{plain}{mark}"


def held(tags: Tags) -> Tags:
    """As they were written into lines."""
    return tuple((name, tag_text(value)) for name, value in tags)
