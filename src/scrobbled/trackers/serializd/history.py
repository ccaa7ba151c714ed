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
from scrobbled.trackers.growing import grown
from scrobbled.trackers.serializd import entries
from scrobbled.trackers.serializd.auth import SerializdSession
from scrobbled.trackers.serializd.client import SerializdClient
from scrobbled.trackers.serializd.entries import EntryPage, SerializdEntry
from scrobbled.trackers.serializd.whole import DiaryHead, Sweep, SweepPages, begun, explains

MOST_PAGES = 5_000
"""120,000 rows, at the 24 on a page."""
MOST_SWEEPS = 4
RESTLESS = "the Serializd diary kept changing while it was read"

LONG = 8
"""Pages from which on the diary is kept while it is read."""

ViewingKey = tuple[int, int, int, datetime]
"""TMDB *show* id, TMDB *season* id, episode number, and the UTC second it was watched at."""
See = Callable[[int, EntryPage], bool]
"""Told of each page and its number; whether that is enough."""


@dataclass
class _Search:
    """What is looked for, and the review ids of what has been seen so far."""

    wanted: frozenset[ViewingKey]
    found: dict[ViewingKey, int] = field(default_factory=dict)
    rows: list[SerializdEntry] = field(default_factory=list)

    def see(self, number: int, page: EntryPage) -> bool:
        for row in page.rows:
            viewing = _viewing(row)
            if viewing in self.wanted:
                self.found.setdefault(viewing, row.id)
                self.rows.append(row)
        return len(self.found) == len(self.wanted)


class Diary:
    """The diary is sorted by no promised key and has no filter for a show, so that an absence takes a complete read.

    Rows move between pages when the diary changes meanwhile; then it is read again, and ``TryLater`` is raised when it
    will not hold still. Rows that we make ourselves only push others on, to where they are still met, and are known: a
    migration of days may be read from its first minute on.
    """

    def __init__(self, client: SerializdClient, session: SerializdSession) -> None:
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
        self, wanted: Collection[ViewingKey], see: Callable[[Iterable[SerializdEntry]], None] = lambda rows: None
    ) -> dict[ViewingKey, int]:
        """Review ids of those viewings that the diary holds; whatever is left out is proven absent.

        ``see`` is shown their rows.
        """
        search = _Search(frozenset(wanted))
        if wanted:
            await self._sweep_until_still(search.see)
            see(search.rows)
        return search.found

    async def sweep(self, first: EntryPage | None = None, keeper: SweepPages | None = None) -> Sweep:
        """The whole diary. ``first`` is its first page where that has just been read.

        With a ``keeper`` it is gone on with where an earlier one broke off. What comes to the top meanwhile pushes
        others on, to where they are still met, and is taken from there.
        """
        before: set[int] | None = None
        with self._noting() as made:
            for turn in range(MOST_SWEEPS):
                sweep, more = await self._until_it_only_grew(first, keeper, again=turn > 0)
                if sweep.repeated <= more or before == (ids := sweep.rows.keys() - made):
                    return sweep
                before, first = ids, None
        raise TryLater(RESTLESS)

    async def _until_it_only_grew(
        self, first: EntryPage | None, keeper: SweepPages | None, *, again: bool
    ) -> tuple[Sweep, int]:
        """With the number of rows that others have put on its top meanwhile."""
        for turn in range(MOST_SWEEPS):
            with self._noting() as made:
                first = first or await self._top()
                sweep, pages = await self._read(first, None if again or turn else keeper)
                more = 0 if pages == 1 else await self._grew(first, made, sweep)
                if more is not None:
                    return sweep, more
            first = None
        raise TryLater(RESTLESS)

    async def _read(self, first: EntryPage, keeper: SweepPages | None) -> tuple[Sweep, int]:
        """Every page, and how many those were."""
        sweep, number, page = Sweep(), 1, first
        sweep.see(1, first)
        keeper = keeper if (first.total or 0) >= LONG else None
        if keeper is not None:
            number, page = await self._gone_on(sweep, keeper, first)
        while _goes_on(page, number):
            number += 1
            page = await self.page(number)
            nothing_new = page.total is None and sweep.rows.keys() >= set(page.ids)
            sweep.see(number, page)
            if keeper is not None:
                await keeper.draft.keep(number, page.rows)
                await keeper.draft.step(number, page.total)
            if nothing_new:
                break
        return sweep, number

    async def _gone_on(self, sweep: Sweep, keeper: SweepPages, first: EntryPage) -> tuple[int, EntryPage]:
        """The last page that is known from an earlier read of this diary; the ``first`` where it begins anew."""
        head = keeper.head(first)
        kept = await keeper.draft.head(DiaryHead)
        more = None if kept is None or kept.owner != head.owner else grown(kept.first, head.first)
        if kept is None or more is None or not explains(kept, head, more):
            return await begun(keeper, first)
        last, rows, top = 0, tuple[SerializdEntry, ...](), tuple[SerializdEntry, ...]()
        async for number, rows in keeper.draft.pages(tuple[SerializdEntry, ...]):
            if number != last + 1:
                break
            last, top = number, top or rows
            sweep.take(rows, number)
        page = await self.page(last) if last > 1 else first
        if last < 2 or page.total != first.total or grown([row.id for row in rows], page.ids) != more:
            sweep.see(1, first)
            return await begun(keeper, first)
        sweep.leave(row.id for row in rows if row.id not in page.ids)
        sweep.take(page.rows, last)
        if more:
            await keeper.draft.renew(head, [*first.rows, *top])
        return last, page

    async def page(self, number: int) -> EntryPage:
        """Pages count from 1."""
        if number > MOST_PAGES:
            raise TryLater(f"the Serializd diary has more than {MOST_PAGES} pages, which cannot be right")
        params: dict[str, str | int] = {"page": number, "include_target": "ALL"}

        async def read(token: str, username: str) -> Any:
            return await self._client.read(f"/user/{quote(username, safe='')}/diary", params, token=token)

        return entries.diary_page(await self._session.of_user(read, "user/…/diary"))

    async def _sweep_until_still(self, see: See) -> None:
        for _ in range(MOST_SWEEPS):
            with self._noting() as made:
                if await self._sweep(see, await self._top(), made):
                    return
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

    async def _grew(self, first: EntryPage, made: Collection[int], sweep: Sweep) -> int | None:
        """How many rows others have put on its top meanwhile, which are seen with that.

        ``None`` where something may have been taken from it, which pulls others past us.
        """
        page = await self._top()
        more = grown(_others(first, made), _others(page, made))
        if more and first.total is not None and page.total is not None and page.total >= first.total:
            sweep.take(page.rows, 1)
            return more
        return 0 if await self._is_still(first, made, page) else None

    async def _is_still(self, first: EntryPage, made: Collection[int], page: EntryPage | None = None) -> bool:
        """Whether the top is as it was but for what we ``made``, below which the first row of others is looked for."""
        page, number = page or await self._top(), 1
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


def _viewing(row: SerializdEntry) -> ViewingKey | None:
    if row.season is None or row.number is None or row.watched_at is None or not row.is_log:
        return None
    return row.show, row.season, row.number, row.watched_at


def _goes_on(page: EntryPage, number: int) -> bool:
    """An empty page is the end only where no number of pages is told: those in between may be empty."""
    return bool(page.rows) if page.total is None else number < page.total


def _others(page: EntryPage, made: Collection[int]) -> list[int]:
    """Ids of the rows that were there before, or that somebody else made."""
    return [id_ for id_ in page.ids if id_ not in made]
