"""Everything that the libraries of one server hold, or all that is rated in them, a large page at a time."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from scrobbled.clients.base import Query
from scrobbled.clients.plex_lists import LARGE_PAGE, ListedPage, ListGone, ListShifted
from scrobbled.core.naming.items import Item
from scrobbled.plumbing.fields import Malformed, text
from scrobbled.trackers.copies.entries import LibraryEntry, as_known, place_of
from scrobbled.trackers.plex.activity import LibraryLook, SeatLook
from scrobbled.trackers.plex.codec import seconds
from scrobbled.trackers.plex.cursor import KEPT, ListMark, marked
from scrobbled.trackers.plex.entries import entry_of, season_of
from scrobbled.trackers.plex.lists import LEAF, PIECE, RATED, all_of, rated, rated_in
from scrobbled.trackers.plex.rows import EPISODE, SHOW, ItemRow

Step = Callable[[int, int | None], Awaitable[None]]
"""Told how many pages of how many are read."""


@dataclass(slots=True)
class FoundEntries:
    """``entries`` are by place, and ``whole`` as long as nothing is missing. ``added`` is as in ``news``."""

    entries: dict[str, LibraryEntry] = field(default_factory=dict)
    added: dict[str, ListMark] = field(default_factory=dict)
    unreadable: int = 0
    whole: bool = True
    cut: bool = False
    """A list ended before all of it had come, so that it is asked for again."""
    times: list[int] = field(default_factory=list)
    """The newest at which something was added (Unix seconds)."""

    def take(self, other: FoundEntries) -> None:
        self.entries |= other.entries
        self.unreadable += other.unreadable
        self.whole = self.whole and other.whole
        self.cut = self.cut or other.cut


class WholeLibraries:
    """Of one server. A library that is not there any more makes what is found incomplete, and is marked as gone."""

    def __init__(self, look: SeatLook, step: Step, known: Mapping[str, Item]) -> None:
        """``known`` is what is known to be at places: as long as it is that still, it lies in memory once."""
        self._look, self._step, self._known, self._notes = look, step, known, look.notes()

    async def items(self) -> FoundEntries:
        """Every film and episode, and every show and season, which may be rated elsewhere."""
        found = FoundEntries()
        for library in self._look.libraries:
            kind = LEAF[library.library.kind]
            part = await self._unless_gone(library, all_of(library.library.key, kind), kind)
            if library.shows is not None:
                part.whole = part.whole and library.shows.whole
                part.entries |= {one.place: one for one in library.shows.entries}
            found.added[library.library.key] = marked(None, part.times)
            found.take(part)
        return found

    async def ratings(self, items: FoundEntries | None) -> FoundEntries:
        """Everything that is rated; of films and episodes as ``items`` say, where those are read already."""
        found = FoundEntries() if items is None else FoundEntries(dict(items.entries), whole=items.whole)
        for library, kind in self._lists(skip_leaves=items is not None):
            asked = rated_in(library.library.key, kind)
            top = self._of_top(library, kind)
            found.take(top or await self._unless_gone(library, (asked.path, asked.query), kind))
        for shows in (library.shows for library in self._look.libraries if library.shows is not None):
            found.entries |= {one.place: one for one in shows.rated}
            found.whole = found.whole and shows.whole
        found.entries = {place: one for place, one in found.entries.items() if one.rating is not None}
        return found

    def _of_top(self, library: LibraryLook, kind: int) -> FoundEntries | None:
        """All that is rated, where that is no more than was looked at already."""
        top = library.tops.get(rated(kind))
        if top is None or not top.all or top.unreadable:
            return None
        found = FoundEntries()
        for row in top.rows:
            try:
                self._put(found, entry_of(row, kind, self._look.seat.machine, self._notes, library.library.title))
            except Malformed:
                found.unreadable += 1
        found.whole = not found.unreadable
        return found

    def _lists(self, *, skip_leaves: bool) -> Iterator[tuple[LibraryLook, int]]:
        """Without those of shows, which are all known."""
        for library in self._look.libraries:
            for kind in RATED[library.library.kind]:
                if kind != SHOW and not (skip_leaves and kind == LEAF[library.library.kind]):
                    yield library, kind

    async def _unless_gone(self, library: LibraryLook, asked: tuple[str, Query], kind: int) -> FoundEntries:
        """Once more from the beginning where the list changed while it was read."""
        if library.gone:
            return FoundEntries(whole=False)
        try:
            try:
                return await self._entries(library, asked, kind)
            except ListShifted:
                return await self._entries(library, asked, kind)
        except ListGone:
            library.gone = True
            return FoundEntries(whole=False)

    async def _entries(self, library: LibraryLook, asked: tuple[str, Query], kind: int) -> FoundEntries:
        found, listing, pages = FoundEntries(), self._look.seat.client.listing(*asked), 0
        async for page in listing:
            await self._take(found, page, kind, library.library.title)
            pages += 1
            await self._step(pages, None if page.total is None else -(-page.total // LARGE_PAGE))
        found.whole, found.cut = listing.whole and not found.unreadable, not listing.whole
        return found

    async def _take(self, found: FoundEntries, page: ListedPage, kind: int, title: str) -> None:
        """In small pieces: a webhook that comes meanwhile is not to wait for all of it."""
        times: list[int] = []
        for number, row in enumerate(page.rows(ItemRow), start=1):
            try:
                if row is None:
                    raise Malformed("a row that is none")
                self._put(found, entry_of(row, kind, self._look.seat.machine, self._notes, title))
                if kind == EPISODE:
                    self._put_season(found, row, title)
                times.append(seconds(row.added_at) or 0)
            except Malformed:
                found.unreadable += 1
            if not number % PIECE:
                await asyncio.sleep(0)
        found.times = heapq.nlargest(KEPT, (*found.times, *times))

    def _put(self, found: FoundEntries, entry: LibraryEntry) -> None:
        item = as_known(entry.item, self._known.get(entry.place))
        found.entries[entry.place] = entry if item is entry.item else replace(entry, item=item)

    def _put_season(self, found: FoundEntries, row: ItemRow, title: str) -> None:
        """Once, however many of its episodes there are."""
        machine = self._look.seat.machine
        if place_of(machine, text(row.parent_rating_key)) not in found.entries:
            season = season_of(row, machine, self._notes, title)
            if season is not None:
                self._put(found, season)
