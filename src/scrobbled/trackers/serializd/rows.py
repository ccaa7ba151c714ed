"""The rows of an account as they were last seen: where to find again what is to be edited, and what we wrote since."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.serializd.entries import EntryPage, EntryPlace, SerializdEntry
from scrobbled.trackers.serializd.history import Diary
from scrobbled.trackers.serializd.reviews import Reviews, ReviewSweep
from scrobbled.trackers.serializd.whole import Sweep, SweepPages

LASTING = 300.0
"""Seconds for which it is believed which rows there are. What a row says is read anew before each edit."""
JUST_NOW = 2.0
PAGE_SIZE = 24

PageReader = Callable[[], Awaitable[EntryPage]]
Rank = Callable[[SerializdEntry], datetime | None]
RANKS: tuple[Rank, ...] = (lambda row: row.watched_at, lambda row: row.made_at)
"""By what the diary may be sorted, newest first; which one it is, each sweep shows."""


class BothListings(Struct, frozen=True):
    """Both listings, read whole, and all their rows by id."""

    diary: Sweep
    reviews: ReviewSweep
    rows: Mapping[int, SerializdEntry]

    @classmethod
    def of(cls, diary: Sweep, reviews: ReviewSweep) -> BothListings:
        """The diary shows more of a row than the reviews do, but for the tags, perhaps."""
        rows = {**reviews.rows, **diary.rows} if reviews.rows else diary.rows
        for id_, row in reviews.rows.items():
            if row.tags is not None and rows[id_].tags is None:
                rows[id_] = replace(rows[id_], tags=row.tags)
        return cls(diary, reviews, rows)

    @property
    def complete(self) -> bool:
        """Whether a rating that is in neither listing is not there: what the diary shows, the reviews show as well."""
        shown = (row.id for row in self.diary.rows.values() if row.rating or row.text)
        return self.reviews.complete and all(id_ in self.reviews.rows for id_ in shown)


class SerializdRows:
    """``news`` are rows that we wrote and no read has told of yet, and whether we made them; ``removed`` left since."""

    def __init__(self, diary: Diary, reviews: Reviews, clock: Clock) -> None:
        self._diary, self._reviews, self._clock = diary, reviews, clock
        self._known: dict[int, SerializdEntry] = {}
        self._at: dict[EntryPlace, list[int]] = {}
        self._diary_pages: dict[int, int] = {}
        self._review_pages: dict[int, int] = {}
        self._rank: Rank | None = None
        self._size = PAGE_SIZE
        self._looked: float | None = None
        self.news: dict[int, bool] = {}
        self.removed: set[int] = set()
        self._untold: set[int] = set()

    @property
    def looked(self) -> bool:
        """Whether every row was seen, sometime."""
        return self._looked is not None

    def was_told(self, id_: int) -> bool:
        """Whether an earlier read has told of this row; unknown after a restart, and then not."""
        return id_ in self._known and id_ not in self._untold

    def have_told(self, rows: Iterable[int], removed: Collection[int]) -> None:
        """A read has told of these, and of all that it saw besides."""
        for id_ in rows:
            self.news.pop(id_, None)
        self.removed -= set(removed)
        self._untold = set(self.news)

    async def look(
        self, first: EntryPage | None = None, *, reviews: bool = True, keeper: SweepPages | None = None
    ) -> BothListings:
        """Read both listings whole. ``first`` is the first page of the diary where that has just been read, and
        ``keeper`` keeps its pages.

        Without ``reviews`` only the diary is read, which is enough for plays, and proves nothing about ratings.
        """
        before = set(self.news)
        sweep = await self._diary.sweep(first, keeper)
        look = BothListings.of(sweep, await self._reviews.sweep() if reviews else ReviewSweep())
        if reviews:
            self._take(look, before)
        else:
            self.see(look.rows.values())
        return look

    async def of(self, place: EntryPlace) -> list[SerializdEntry]:
        """What is there of exactly this, newest first, as seen within ``LASTING``."""
        if self._looked is None or self._clock.monotonic() - self._looked > LASTING:
            await self.look()
        return self.seen_of(place)

    async def glance(self) -> None:
        """See what was rated just now, where the last look is not that new: the reviews list the newest first."""
        if self._looked is not None and self._clock.monotonic() - self._looked > JUST_NOW:
            self.see((await self._reviews.page(1)).rows)

    def seen_of(self, place: EntryPlace) -> list[SerializdEntry]:
        """The same as far as it was seen, whenever that was."""
        rows = (self._known[id_] for id_ in self._at.get(place, ()))
        return sorted(rows, key=lambda row: row.newness, reverse=True)

    async def fresh(self, id_: int) -> SerializdEntry | None:
        """One row, read just now; ``None`` is a proven absence at this moment."""
        row = self._known.get(id_)
        found = await self._found(id_, self._ways_to(row)) if row is not None and self.looked else None
        if found is None:
            return (await self.look()).rows.get(id_)
        if found.tags is None and id_ in self._review_pages:
            there = await self._found(id_, self._ways(self._reviews.page, self._review_pages[id_]))
            found = replace(found, tags=there.tags) if there is not None else found
        return found

    async def _found(self, id_: int, ways: Iterable[PageReader]) -> SerializdEntry | None:
        for read in ways:
            page = await read()
            found = next((row for row in page.rows if row.id == id_), None)
            if found is not None:
                self.see(page.rows)
                return found
        return None

    def _ways_to(self, row: SerializdEntry) -> list[PageReader]:
        """The pages it should be on by now, likeliest first."""
        if not self._in_diary(row):
            return self._ways(self._reviews.page, self._review_pages.get(row.id, 1))
        at = self._rank(row) if self._rank else None
        if self._rank is None or at is None:
            return self._ways(self._diary.page, self._diary_pages.get(row.id, 1))
        ranks = (self._rank(other) for other in self._known.values() if self._in_diary(other))
        newer = sum(other is not None and other > at for other in ranks)
        return self._ways(self._diary.page, 1 + newer // self._size)

    def _ways(self, read: Callable[[int], Awaitable[EntryPage]], number: int) -> list[PageReader]:
        near = (number, number + 1, number - 1)
        return [functools.partial(read, page) for page in near if page >= 1]

    def _in_diary(self, row: SerializdEntry) -> bool:
        return row.is_log or row.id in self._diary_pages

    def see(self, rows: Iterable[SerializdEntry]) -> None:
        """They have just been read."""
        for row in rows:
            before = self._known.get(row.id)
            self._known[row.id] = row
            if before is None:
                self._untold.add(row.id)
            elif before.place == row.place:
                continue
            else:
                self._at[before.place].remove(row.id)
            self._at.setdefault(row.place, []).append(row.id)

    @property
    def making(self) -> asyncio.Lock:
        """To be held from before a row is made until ``wrote`` was told of it."""
        return self._diary.writing

    def wrote(self, row: SerializdEntry, *, made: bool) -> None:
        """We have just made or changed it."""
        self.see([row if row.made_at else replace(row, made_at=self._clock.now().replace(microsecond=0))])
        self.news[row.id] = made or self.news.get(row.id, False)
        if made:
            self._diary.made(row.id)

    def may_differ(self, id_: int) -> None:
        """We sent a change of it, and do not know what came of that: the next read has to tell."""
        self.news.setdefault(id_, False)

    def gone(self, id_: int) -> None:
        """We have just deleted it."""
        row = self._known.pop(id_, None)
        if row is not None:
            self._at[row.place].remove(id_)
        self.news.pop(id_, None)
        self.removed.add(id_)

    def _take(self, look: BothListings, before: set[int]) -> None:
        """``before`` are the ``news`` from before the look; later ones it may have missed."""
        late = [self._known[id_] for id_ in self.news if id_ not in before]
        told = {id_ for id_ in look.rows if self.was_told(id_)}
        self._known, self._at, self._untold = {}, {}, set()
        self.see(late)
        self.see(look.rows.values())
        self._untold -= told
        self._diary_pages, self._review_pages = look.diary.pages, look.reviews.pages
        rows, first = list(look.diary.rows.values()), look.diary.first
        self._size = len(first.rows) if first and len(rows) > len(first.rows) > 0 else PAGE_SIZE
        self._rank = next((rank for rank in RANKS if _sorted_by(rank, rows)), None)
        self._looked = self._clock.monotonic()


def _sorted_by(rank: Rank, rows: list[SerializdEntry]) -> bool:
    ranks = [rank(row) for row in rows]
    known = [at for at in ranks if at is not None]
    return len(known) == len(ranks) and all(a >= b for a, b in itertools.pairwise(known))
