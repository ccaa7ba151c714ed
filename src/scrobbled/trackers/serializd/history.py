"""The diary of an account: read whole, or one page of it, and never taken for complete when it was not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from scrobbled.core.errors import TryLater
from scrobbled.trackers.serializd import entries
from scrobbled.trackers.serializd.auth import Session
from scrobbled.trackers.serializd.client import Client
from scrobbled.trackers.serializd.entries import Entry, EntryPage

MOST_PAGES = 5_000
"""120,000 rows, at the 24 on a page."""
MOST_SWEEPS = 4
RESTLESS = "the Serializd diary kept changing while it was read"

Viewing = tuple[int, int, int, datetime]
"""TMDB *show* id, TMDB *season* id, episode number, and the UTC second it was watched at."""
See = Callable[[int, EntryPage], bool]
"""Told of each page and its number; whether that is enough."""


@dataclass
class _Search:
    """What is looked for, and the review ids of what has been seen so far."""

    wanted: frozenset[Viewing]
    found: dict[Viewing, int] = field(default_factory=dict)
    rows: list[Entry] = field(default_factory=list)

    def see(self, number: int, page: EntryPage) -> bool:
        for row in page.rows:
            viewing = _viewing(row)
            if viewing in self.wanted:
                self.found.setdefault(viewing, row.id)
                self.rows.append(row)
        return len(self.found) == len(self.wanted)


@dataclass
class Sweep:
    """Every row of the diary, in its order, and the pages they were on."""

    rows: dict[int, Entry] = field(default_factory=dict)
    pages: dict[int, int] = field(default_factory=dict)
    first: EntryPage | None = None
    repeated: bool = False
    """A row was listed twice, so that another may have slipped through in between."""

    def see(self, number: int, page: EntryPage) -> bool:
        if number == 1:
            self.rows.clear()
            self.pages.clear()
            self.first, self.repeated = page, False
        for row in page.rows:
            self.repeated = self.repeated or row.id in self.rows
            self.rows[row.id] = row
            self.pages[row.id] = number
        return False


class Diary:
    """The diary is sorted by no promised key and has no filter for a show, so that an absence takes a complete read.

    Rows move between pages when the diary changes meanwhile; then it is read again, and ``TryLater`` is raised when it
    will not hold still. Rows that we make ourselves only push others on, to where they are still met, and are known: a
    migration of days may be read from its first minute on.
    """

    def __init__(self, client: Client, session: Session) -> None:
        self._client = client
        self._session = session
        self.writing = asyncio.Lock()
        """Held while a row is made, so that no first page shows one of which nobody knows yet that it is ours."""
        self._readers: list[list[int]] = []

    def made(self, id_: int) -> None:
        """We have just made this row."""
        for made in self._readers:
            made.append(id_)

    @contextlib.contextmanager
    def _noting(self) -> Iterator[list[int]]:
        """Ids of the rows that we make from now on."""
        made: list[int] = []
        self._readers.append(made)
        try:
            yield made
        finally:
            self._readers = [other for other in self._readers if other is not made]

    async def find(
        self, wanted: Collection[Viewing], see: Callable[[Iterable[Entry]], None] = lambda rows: None
    ) -> dict[Viewing, int]:
        """Review ids of those viewings that the diary holds; whatever is left out is proven absent.

        ``see`` is shown their rows.
        """
        search = _Search(frozenset(wanted))
        if wanted:
            await self._sweep_until_still(search.see)
            see(search.rows)
        return search.found

    async def sweep(self, first: EntryPage | None = None) -> Sweep:
        """The whole diary. ``first`` is its first page where that has just been read."""
        before: set[int] | None = None
        with self._noting() as made:
            for _ in range(MOST_SWEEPS):
                sweep = Sweep()
                await self._sweep_until_still(sweep.see, first)
                if not sweep.repeated or (before is not None and before == sweep.rows.keys() - made):
                    return sweep
                before, first = sweep.rows.keys() - made, None
        raise TryLater(RESTLESS)

    async def page(self, number: int) -> EntryPage:
        """Pages count from 1."""
        if number > MOST_PAGES:
            raise TryLater(f"the Serializd diary has more than {MOST_PAGES} pages, which cannot be right")
        params: dict[str, str | int] = {"page": number, "include_target": "ALL"}

        async def read(token: str, username: str) -> Any:
            return await self._client.read(f"/user/{quote(username, safe='')}/diary", params, token=token)

        return entries.diary_page(await self._session.of_user(read, "user/…/diary"))

    async def _sweep_until_still(self, see: See, first: EntryPage | None = None) -> None:
        for _ in range(MOST_SWEEPS):
            with self._noting() as made:
                if await self._sweep(see, first or await self._top(), made):
                    return
            first = None
        raise TryLater(RESTLESS)

    async def _top(self) -> EntryPage:
        async with self.writing:
            return await self.page(1)

    async def _sweep(self, see: See, first: EntryPage, made: Collection[int]) -> bool:
        """Whether what was seen is enough, or every page was read while nothing moved."""
        enough = see(1, first)
        page, number, seen = first, 1, set(first.ids)
        while not enough and _goes_on(page, number):
            number += 1
            page = await self.page(number)
            enough = see(number, page)
            if page.total is None and seen.issuperset(page.ids):
                break
            seen.update(page.ids)
        return enough or number == 1 or await self._is_still(first, made)

    async def _is_still(self, first: EntryPage, made: Collection[int]) -> bool:
        """Whether the top is as it was but for what we ``made``, below which the first row of others is looked for."""
        page, number = await self._top(), 1
        grown = 0 if first.total is None or page.total is None else page.total - first.total
        if (first.total is None) is not (page.total is None) or not 0 <= grown <= len(made):
            return False
        before = _others(first, made)
        while before and not _others(page, made) and _goes_on(page, number):
            number += 1
            page = await self.page(number)
        now = _others(page, made)
        compared = min(len(before), len(now)) if made else None
        return bool(before) is bool(now) and before[:compared] == now[:compared]


def _viewing(row: Entry) -> Viewing | None:
    if row.season is None or row.number is None or row.watched_at is None or not row.is_log:
        return None
    return row.show, row.season, row.number, row.watched_at


def _goes_on(page: EntryPage, number: int) -> bool:
    """An empty page is the end only where no number of pages is told: those in between may be empty."""
    return bool(page.rows) if page.total is None else number < page.total


def _others(page: EntryPage, made: Collection[int]) -> list[int]:
    """Ids of the rows that were there before, or that somebody else made."""
    return [id_ for id_ in page.ids if id_ not in made]
