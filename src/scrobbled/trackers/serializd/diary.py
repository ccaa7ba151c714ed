"""Looking plays up in the diary, which can only be read whole."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from scrobbled.core.errors import ContractDrift, NotInCatalogue, TryLater
from scrobbled.trackers.serializd import codec
from scrobbled.trackers.serializd.auth import Session
from scrobbled.trackers.serializd.client import Client
from scrobbled.trackers.serializd.codec import DiaryPage, Row

MOST_PAGES = 2_000
"""48,000 rows, at the 24 on a page."""
MOST_SWEEPS = 4

Viewing = tuple[int, int, int, datetime]
"""TMDB *show* id, TMDB *season* id, episode number, and the UTC second it was watched at."""


@dataclass
class _Search:
    """What is looked for, and the review ids of what has been seen so far."""

    wanted: frozenset[Viewing]
    found: dict[Viewing, int] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        return len(self.found) == len(self.wanted)

    def see(self, rows: Sequence[Row]) -> None:
        for row in rows:
            viewing = _viewing(row)
            if viewing in self.wanted:
                self.found.setdefault(viewing, row.id)


class Diary:
    """The diary of one account."""

    def __init__(self, client: Client, session: Session) -> None:
        self._client = client
        self._session = session

    async def find(self, wanted: Collection[Viewing]) -> dict[Viewing, int]:
        """Review ids of those viewings that the diary holds; whatever is left out is proven absent.

        The diary is sorted by no promised key and has no filter for a show, so that absence takes a complete read. Rows
        move between pages when the diary changes meanwhile; then it is read again, and ``TryLater`` is raised when it
        will not hold still.
        """
        search = _Search(frozenset(wanted))
        if search.done:
            return {}
        username = (await self._session.current()).username
        try:
            await self._sweep_until_still(search, username)
        except NotInCatalogue:
            await self._sweep_until_still(search, await self._renamed(username))
        return search.found

    async def _renamed(self, username: str) -> str:
        now = await self._session.current_username()
        if now == username:
            raise ContractDrift("GET user/…/diary: Serializd does not know its own user")
        return now

    async def _sweep_until_still(self, search: _Search, username: str) -> None:
        for _ in range(MOST_SWEEPS):
            if await self._sweep(search, username):
                return
        raise TryLater("the Serializd diary kept changing while it was read")

    async def _sweep(self, search: _Search, username: str) -> bool:
        """Whether all was found, or every page was read while nothing moved."""
        first = await self._page(username, 1)
        search.see(first.rows)
        page, number, seen = first, 1, _ids(first)
        while not search.done and _goes_on(page, number):
            number += 1
            page = await self._page(username, number)
            search.see(page.rows)
            if page.total is None and _ids(page) <= seen:
                break
            seen |= _ids(page)
        return search.done or number == 1 or _same(first, await self._page(username, 1))

    async def _page(self, username: str, number: int) -> DiaryPage:
        if number > MOST_PAGES:
            raise TryLater(f"the Serializd diary has more than {MOST_PAGES} pages, which cannot be right")
        path = f"/user/{quote(username, safe='')}/diary"
        params: dict[str, str | int] = {"page": number, "include_target": "ALL"}

        async def read(token: str) -> Any:
            return await self._client.read(path, params, token=token)

        return codec.diary_page(await self._session.call(read))


def _viewing(row: Row) -> Viewing | None:
    """Rows of a whole show or season, and those that are a rating only, are no viewing of an episode."""
    if row.season is None or row.number is None or row.watched_at is None or not row.is_log:
        return None
    return row.show, row.season, row.number, row.watched_at


def _goes_on(page: DiaryPage, number: int) -> bool:
    """An empty page is the end only where no number of pages is told: those in between may be empty."""
    return bool(page.rows) if page.total is None else number < page.total


def _ids(page: DiaryPage) -> set[int]:
    return {row.id for row in page.rows}


def _same(before: DiaryPage, now: DiaryPage) -> bool:
    return (before.total, [row.id for row in before.rows]) == (now.total, [row.id for row in now.rows])
