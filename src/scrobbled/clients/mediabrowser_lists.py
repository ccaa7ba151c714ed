"""Everything that a list of a Jellyfin or Emby server has, a large page at a time: all of it, or none.

Each page begins with the last row of the one before, so that a row that came or went meanwhile is noticed: a list of
which a part is missing would make what is missing look gone.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from msgspec import Raw, Struct

from scrobbled.clients.base import Query
from scrobbled.clients.mediabrowser import MediaBrowserClient
from scrobbled.core.errors import ContractDrift, TryLater, said
from scrobbled.plumbing.fields import decimal

LARGE_PAGE = 5_000
"""Rows asked for at once: without pictures and overviews they are a kilobyte each."""
MOST_PAGES = 1_000
REREAD = 10.0
PageStep = Callable[[int, int | None], Awaitable[None]]
"""Told how many pages of how many are read."""


class ItemsShifted(TryLater):
    """The list changed while it was read, or a part of it never came."""


class WholeItems(Struct, frozen=True):
    """All rows of a list, as they came. ``digest`` is another one as soon as anything in them is."""

    rows: Sequence[Raw]
    digest: str


class _Row(Struct, rename="pascal", gc=False):
    id: str = ""


class _Page(Struct, rename="pascal"):
    items: list[Raw]
    total_record_count: int | float | str | None = None


_PAGE = msgspec.json.Decoder(_Page)
_ROW = msgspec.json.Decoder(_Row)


async def whole_items(client: MediaBrowserClient, query: Query, user: str, step: PageStep) -> WholeItems:
    """All that this user's list has; once more from the beginning where it changed meanwhile.

    ``query`` says in which order, and that order must not depend on what people watch. Raises ``ItemsShifted`` where
    it changes again, ``ContractDrift`` for what is no list of items.
    """
    try:
        return await _ItemList(client, query, user).read(step)
    except ItemsShifted:
        return await _ItemList(client, query, user).read(step)


class _ItemList:
    def __init__(self, client: MediaBrowserClient, query: Query, user: str) -> None:
        self._client, self._query, self._user = client, query, user
        self._rows: list[Raw] = []
        self._keys: dict[str, None] = {}
        self._last, self._total = "", -1
        self._said = hashlib.sha256()
        self.what = ""

    async def read(self, step: PageStep) -> WholeItems:
        for number in range(1, MOST_PAGES):
            answer = await self._client.page(
                {**self._query, "StartIndex": max(0, len(self._rows) - 1), "Limit": LARGE_PAGE}, self._user
            )
            self.what = answer.what
            ended = await asyncio.to_thread(self._take, answer.body)
            await step(number, None if self._total < 0 else max(1, -(-self._total // LARGE_PAGE)))
            if ended:
                return WholeItems(self._rows, self._said.hexdigest())
        raise ContractDrift(f"{self.what} goes on after {MOST_PAGES} pages")

    def _take(self, body: bytes) -> bool:
        """Whether that was the last of it. A server that does not count ends with a page in which nothing is new."""
        page = self._opened(body)
        count = decimal(page.total_record_count)
        total = -1 if count is None else int(count)
        fresh = self._fresh(page.items, total)
        self._total = total
        for raw, key in fresh:
            self._said.update(raw)
            self._rows.append(raw)
            self._keys[key] = None
            self._last = key
        if total < 0:
            return not fresh
        if len(self._rows) < total and not fresh:
            raise ItemsShifted(f"{self.what} ended before all of it had come", after=REREAD)
        return len(self._rows) >= total

    def _opened(self, body: bytes) -> _Page:
        try:
            return _PAGE.decode(body)
        except msgspec.ValidationError as error:
            name = self._client.dialect.name
            raise ContractDrift(f"{self.what}: {said(error)}; is this the address of {name}?") from None
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise TryLater(f"{self.what} answered with JSON that breaks off") from None

    def _fresh(self, rows: Sequence[Raw], total: int) -> list[tuple[Raw, str]]:
        """Those after the last one that came before."""
        keyed = [(raw, _key(raw)) for raw in rows]
        if self._rows:
            if total != self._total or not keyed or keyed[0][1] != self._last:
                raise ItemsShifted(f"what {self.what} lists changed while it was read", after=REREAD)
            keyed = keyed[1:]
        keys = [key for _, key in keyed if key]
        if len(set(keys)) < len(keys) or not self._keys.keys().isdisjoint(keys):
            raise ItemsShifted(f"{self.what} listed something twice", after=REREAD)
        return keyed


def _key(raw: Raw) -> str:
    try:
        return _ROW.decode(raw).id
    except msgspec.MsgspecError:
        return ""
