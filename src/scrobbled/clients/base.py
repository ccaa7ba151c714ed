"""What the clients share: JSON whose shape is checked, and lists that come in pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.plumbing.http import Answer, Http

NAME = "scrobbled"
"""What we are called where a program has to say its name."""
PAGE = 100
"""Rows asked for at once."""
MOST_PAGES = 100
"""Pages of one list that are read in one go."""
JsonRow = Mapping[str, Any]
Query = Mapping[str, str | int]


def document(answer: Answer, *, refused: str) -> JsonRow | None:
    """The JSON object of ``answer``; ``None`` for a 404.

    Raises ``LoginNeeded(refused)`` where the token is refused, ``ContractDrift`` for any other status or shape.
    """
    if answer.status == 404:
        return None
    allowed(answer.status, refused=refused)
    if not answer.ok:
        raise ContractDrift(f"{answer.what} answered {answer.status}")
    content = answer.json()
    if not isinstance(content, dict):
        raise ContractDrift(f"{answer.what} answered JSON that is no object")
    return content


def allowed(status: int, *, refused: str) -> None:
    """Raises ``LoginNeeded(refused)`` for 401 and 403, and for 498: a signed token that has run out."""
    if status in (401, 403, 498):
        raise LoginNeeded(refused)


def rows(content: JsonRow, key: str, what: str) -> list[JsonRow]:
    """The objects listed under ``key``; raises ``ContractDrift`` where that is anything but a list of objects."""
    value = content.get(key)
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise ContractDrift(f"{what} answered without a list {key}")
    return value


def whole(value: Any) -> int | None:
    """A whole number from JSON, where ``true`` is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_Page = tuple[list[JsonRow], float | None]
"""Rows, and how many there are in all pages together, where that is told and may be believed."""


async def pages(
    page: Callable[[int], Awaitable[_Page]], mark: Callable[[JsonRow], object]
) -> AsyncIterator[list[JsonRow]]:
    """Each page of a list that has rows; ``page`` is asked for what begins with the row of that number.

    Goes by the number of rows that came, as a server may choose another than was asked for. It ends with an empty page,
    with one whose rows have the same ``mark`` as those before (some servers repeat one for ever), with the last row
    that there is, and after ``MOST_PAGES``.
    """
    start, before = 0, list[object]()
    for _ in range(MOST_PAGES):
        found, total = await page(start)
        marks = [mark(row) for row in found]
        if not found or marks == before:
            return
        start, before = start + len(found), marks
        yield found
        if total is not None and (start >= total or len(found) > PAGE):
            return


class ServerClient:
    """One media server. Everything raises ``TrackerError``: ``LoginNeeded`` with the words ``refused`` where its token
    is, ``ContractDrift`` for what such a server is not known to answer, ``TryLater`` for the rest.

    ``http`` and ``headers`` are for what is not asked here, such as pictures.
    """

    def __init__(self, http: Http, headers: Mapping[str, str], refused: str) -> None:
        self.http, self.headers, self.refused = http, headers, refused
        self._identity, self._asking = "", asyncio.Lock()

    async def identity(self) -> str:
        """The server's own id, which its webhooks name as well. Asked anew each time."""
        raise NotImplementedError

    async def is_here(self, server: str) -> bool:
        """Whether ``server`` is the identity of this one, which is asked once: a key means something else elsewhere."""
        async with self._asking:
            self._identity = self._identity or await self.identity()
        return server == self._identity

    def posters(self, key: str, width: int, height: int) -> AsyncIterator[tuple[str, Query]]:
        """Path and query of each place where the poster of a film or show may be, the best first."""
        raise NotImplementedError
