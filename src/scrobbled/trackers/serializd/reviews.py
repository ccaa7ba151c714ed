"""The list of reviews and ratings: the one place that may show ratings without a log. Its paging is not documented."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from scrobbled.core.errors import TryLater
from scrobbled.trackers.serializd import entries
from scrobbled.trackers.serializd.auth import SerializdSession
from scrobbled.trackers.serializd.client import SerializdClient
from scrobbled.trackers.serializd.entries import EntryPage, SerializdEntry
from scrobbled.trackers.serializd.history import MOST_PAGES, MOST_SWEEPS

USUAL_SIZE = 24
"""Rows on a page, as elsewhere at this service."""


@dataclass
class ReviewSweep:
    """``complete``: it ended as a listing ends, and nothing moved meanwhile."""

    rows: dict[int, SerializdEntry] = field(default_factory=dict)
    pages: dict[int, int] = field(default_factory=dict)
    first: tuple[int, ...] = ()
    complete: bool = False

    def see(self, number: int, page: EntryPage) -> int:
        """How many of its rows are new."""
        new = [row for row in page.rows if row.id not in self.rows]
        for row in new:
            self.rows[row.id] = row
            self.pages[row.id] = number
        return len(new)


class Reviews:
    """What the account wrote and rated, newest first."""

    def __init__(self, client: SerializdClient, session: SerializdSession) -> None:
        self._client = client
        self._session = session

    async def page(self, number: int) -> EntryPage:
        """Pages count from 1, if the service counts them at all."""
        if number > MOST_PAGES:
            raise TryLater(f"the Serializd reviews have more than {MOST_PAGES} pages, which cannot be right")
        params: dict[str, str | int] = {"sort_by": "date_added_desc", "include_ratings": "true", "page": number}

        async def read(token: str, username: str) -> Any:
            return await self._client.read(f"/user/{quote(username, safe='')}/reviewspage_v3/", params, token=token)

        return entries.reviews_page(await self._session.of_user(read, "user/…/reviewspage_v3"))

    async def sweep(self) -> ReviewSweep:
        """All of it, as far as anybody can tell; ``complete`` says whether anybody can."""
        sweep = ReviewSweep()
        for _ in range(MOST_SWEEPS):
            sweep = await self._sweep()
            if len(set(sweep.pages.values())) < 2 or tuple((await self.page(1)).ids) == sweep.first:
                return sweep
        sweep.complete = False
        return sweep

    async def _sweep(self) -> ReviewSweep:
        sweep = ReviewSweep()
        page, number = await self.page(1), 1
        sweep.first, size, last = tuple(page.ids), len(page.rows), len(page.rows)
        while sweep.see(number, page):
            if page.total is not None and number >= page.total:
                sweep.complete = True
                return sweep
            last, number = len(page.rows), number + 1
            page = await self.page(number)
        # It ends with an empty page, or by saying something again; that is the end only after a page that was not full.
        sweep.complete = not page.rows or last < (size if number > 2 else USUAL_SIZE)
        return sweep
