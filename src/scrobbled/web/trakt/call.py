"""A call to the reading side as its handlers see it, and their answers. What makes no sense in a query is ignored."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

import msgspec
from litestar import Response
from msgspec import Struct, field

from scrobbled.runtime.service import Runtime
from scrobbled.store.file.beside import beside
from scrobbled.store.history.watched import RowRange
from scrobbled.store.works import works

T = TypeVar("T")
USUAL = 100
LARGEST = 250
LARGEST_WITH_SEASONS = 100
EVERYTHING = 20_000
"""Rows of a list that is asked for without pages: old clients take what is missing for unwatched, so all must be in."""
_LAST_PAGE = 1_000_000


class Call(Struct, frozen=True):
    """``path`` is what comes after ``/trakt/sync`` or ``/trakt/users/<who>``; ``viewer`` is whose library it is."""

    runtime: Runtime
    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    viewer: str
    body: Mapping[str, Any] = field(default_factory=dict)

    def at(self, n: int) -> str:
        """The part of the path at ``n``, empty where it ends before."""
        return self.path[n] if n < len(self.path) else ""

    @property
    def extended(self) -> frozenset[str]:
        return frozenset(self.query.get("extended", "").lower().split(","))

    @property
    def now(self) -> datetime:
        return self.runtime.clock.now()

    def page(self, usual: int = USUAL, largest: int = LARGEST) -> tuple[int, RowRange]:
        """The page's number from 1, and its rows. ``usual`` holds where nobody asks for pages."""
        number = min(_whole(self.query.get("page")) or 1, _LAST_PAGE)
        asked = _whole(self.query.get("limit"))
        unasked = min(USUAL, usual) if "page" in self.query else usual
        size = min(asked, largest) if asked else unasked
        return number, RowRange(size, (number - 1) * size)

    def moment(self, name: str, *, ends: bool = False) -> datetime | None:
        """A date or a time in the query, as UTC; ``ends`` takes all of the day a date names."""
        text = self.query.get(name, "").strip().replace(" ", "+")  # a plus that nobody escaped
        with contextlib.suppress(ValueError):
            return datetime.combine(date.fromisoformat(text), time.max if ends else time.min, UTC)
        return instant(text)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read what is in the library: beside the writer, as counting all of it may take a while."""
        while await self.runtime.store.read(works.is_behind):
            await self.runtime.store.write(works.catch_up)
        return await asyncio.to_thread(self._beside, work)

    def _beside(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with beside(self.runtime.store.path) as db:
            return work(db)


def instant(text: Any) -> datetime | None:
    """A date with time as UTC, which it is taken for where it names no zone; ``None`` for anything else."""
    with contextlib.suppress(ValueError, OverflowError):
        read = datetime.fromisoformat(text) if isinstance(text, str) else None
        return read and (read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC))
    return None


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    body = _encoded(content)
    return Response(body, status_code=status, headers=dict(headers or {}), media_type="application/json")


def nothing(status: int) -> Response[bytes]:
    """No body at all: 204, or the 404 of what is not there."""
    return Response(b"", status_code=status)


def paged(rows: Sequence[Any] | Mapping[str, Any], number: int, size: int, count: int) -> Response[bytes]:
    """A list, or an object of ids, with the four headers; an empty one is one page, so that loops end."""
    headers = {
        "X-Pagination-Page": str(number),
        "X-Pagination-Limit": str(size),
        "X-Pagination-Page-Count": str(max(1, -(-count // max(1, size)))),
        "X-Pagination-Item-Count": str(count),
    }
    return answer(rows, headers=headers)


def sliced(rows: Sequence[Any], call: Call) -> Response[bytes]:
    """One page of a list that is there as a whole."""
    number, page = call.page(EVERYTHING)
    return paged(rows[page.offset : page.offset + page.limit], number, page.limit, len(rows))


def _encoded(content: Any) -> bytes:
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:  # a client gets back what it sent, which may hold half of a surrogate pair
        return json.dumps(json.loads(json.dumps(content), parse_constant=lambda _: None)).encode()


def _whole(text: str | None) -> int | None:
    """A number from 1; ``None`` for anything else."""
    if text is None or not text.strip().isdecimal() or len(text) > 9:
        return None
    return int(text) or None
