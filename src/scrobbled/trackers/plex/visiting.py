"""One server in one read: how it stands, what of it has to be read, and how far it was read then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from scrobbled.clients.plex import AT_ONCE
from scrobbled.core.kinds import COLLECTION, PLAYS, RATINGS, Kind
from scrobbled.core.naming.items import Item
from scrobbled.plumbing.fields import Malformed, text
from scrobbled.trackers.copies.entries import LibraryEntry
from scrobbled.trackers.plex.activity import LibraryLook, SeatLook, known_libraries, looked
from scrobbled.trackers.plex.cursor import LibraryMark, ListMark, SeatMark
from scrobbled.trackers.plex.entries import SCOPES, entry_of
from scrobbled.trackers.plex.history import FoundViewings, HistoryLook, history_look, news_of_history, whole_history
from scrobbled.trackers.plex.libraries import PlexLibrary, chosen, libraries
from scrobbled.trackers.plex.lists import ADDED, WATCHED, readable
from scrobbled.trackers.plex.news import SeatNews, news_of_files, news_of_items, news_of_ratings
from scrobbled.trackers.plex.rows import ItemRow
from scrobbled.trackers.plex.seats import PlexSeat
from scrobbled.trackers.plex.whole import FoundEntries, Step, WholeLibraries

KIND_OF: Mapping[str, int] = {scope: kind for kind, scope in SCOPES.items()}


class SeatVisit:
    """``items``, ``ratings``, ``files`` and ``viewings`` are what was found; ``None`` where that has not moved.

    ``files`` are the films and episodes whose files may be others than they were.
    """

    def __init__(self, seat: PlexSeat, was: SeatMark, kinds: Collection[Kind], titles: Sequence[str]) -> None:
        self.seat, self._was, self._kinds, self._titles = seat, was, frozenset(kinds), titles
        self.look = SeatLook(seat, [])
        self.items: FoundEntries | None = None
        self.ratings: FoundEntries | None = None
        self.files: FoundEntries | None = None
        self.viewings: FoundViewings | None = None
        self._history: HistoryLook | None = None
        self._looked_at_history = self._confirmed = False
        self._added: dict[str, ListMark] = {}
        self._cut: set[Kind] = set()
        """Kinds of which a list ended too early: how they stand is not kept, so that they are read again."""

    # How it stands

    async def begin(self, *, full: bool) -> None:
        """Ask whether anything moved; for the list of libraries only where that is not known to be as it was."""
        known = known_libraries(self._was)
        if full or not known or not self._kinds <= set(self._was.kinds):
            await self._confirm()
        else:
            self.look = await looked(self.seat, self._was, known, self._kinds)

    async def confirm(self) -> None:
        """Before anything is told: libraries may have come and gone."""
        if not self._confirmed:
            await self._confirm()

    async def _confirm(self) -> None:
        there = chosen(await libraries(self.seat.client), self.seat.name, self._titles)
        known = [one for one in self.look.libraries if one.library in there]
        fresh = [one for one in there if one not in [look.library for look in known]]
        found = await looked(self.seat, self._was, fresh, self._kinds)
        self.look = SeatLook(self.seat, [*self._gone(there), *known, *found.libraries])
        self._confirmed = True

    def _gone(self, there: Iterable[PlexLibrary]) -> list[LibraryLook]:
        """Those that were there, and are still chosen."""
        marks = self._was.libraries.items()
        known = [PlexLibrary(key, one.title, one.kind, one.uuid) for key, one in marks]
        before = chosen(known, self.seat.name, self._titles)
        now = {(one.key, one.uuid) for one in there}
        lost = [one for one in before if (one.key, one.uuid) not in now]
        return [LibraryLook(one, self._was.libraries[one.key], gone=True) for one in lost]

    def is_new(self, kind: Kind) -> bool:
        return kind not in self._was.kinds or any(one.is_new(kind) for one in self.look.there())

    def moved(self, kind: Kind) -> bool:
        return self.is_new(kind) or any(any(one.moved(kind)) for one in self.look.there())

    def gone(self) -> list[str]:
        """Titles of libraries that are not there any more."""
        return [one.library.title for one in self.look.libraries if one.gone]

    # Reading

    async def read_news(self, kind: Kind, known: Mapping[str, Item]) -> bool:
        """What moved; false where that does not explain itself. ``known`` is what was there, by its place."""
        if not self.moved(kind):
            return True
        if kind == RATINGS:
            news = await news_of_ratings(self.look)
        elif kind == COLLECTION:
            news = await news_of_files(self.look, known)
        else:
            news = await news_of_items(self.look, known, kind)
        if news is None:
            return False
        self._put(kind, _as_found(news))
        return True

    async def read_all(self, kind: Kind, known: Mapping[str, Item], step: Step) -> None:
        reader = WholeLibraries(self.look, step, known)
        items = self.items if self.items is not None and self.items.whole else None
        if kind == RATINGS:
            self._put(kind, await reader.ratings(items))
        else:
            self._put(kind, items if items is not None and kind == COLLECTION else await reader.items())

    def _put(self, kind: Kind, found: FoundEntries) -> None:
        self._added |= found.added
        self._cut |= {kind} if found.cut else set()
        if kind == RATINGS:
            self.ratings = found
        elif kind == COLLECTION:
            self.files = found
        else:
            self.items = found

    async def read_history(self, step: Step, *, full: bool) -> None:
        """Only where something was watched: a viewing moves the item as well."""
        watched = any(WATCHED in one.moved(PLAYS) for one in self.look.there())
        if not (full or watched or self.is_new(PLAYS)):
            return
        look = self._history = await history_look(self.seat, self._was.account)
        self._looked_at_history = True
        before = self._was.history if self._was.account == (look.account if look else "") else None
        if look is None or (before == look.top.mark and not full):
            return
        if before is not None and not full:
            self.viewings = await news_of_history(self.seat, look, before)
        if self.viewings is None:
            self.viewings = await whole_history(self.seat, look.account, step)
            self._cut |= {PLAYS} if self.viewings.cut else set()

    @property
    def may_read_history(self) -> bool:
        return not self._looked_at_history or self._history is not None

    async def at(self, places: Iterable[str]) -> list[LibraryEntry]:
        """What there is at these places here, as it stands now."""
        keys = sorted(place.partition("/")[2] for place in places if place.startswith(f"{self.seat.machine}/"))
        found: list[LibraryEntry] = []
        for start in range(0, len(keys), AT_ONCE):
            path = f"/library/metadata/{','.join(keys[start : start + AT_ONCE])}"
            page = await self.seat.client.page(path, {"includeGuids": 1})
            found += [] if page is None else self._entries((await readable(page, ItemRow))[0])
        return found

    def _entries(self, rows: Iterable[ItemRow]) -> Iterable[LibraryEntry]:
        notes, titles = self.look.notes(), {one.library.key: one.library.title for one in self.look.libraries}
        for row in rows:
            try:
                title = titles.get(text(row.section), "")
                yield entry_of(row, KIND_OF[str(row.type)], self.seat.machine, notes, title)
            except (Malformed, KeyError):
                continue

    def chose(self, section: str) -> bool:
        """Whether the library with this key is one of those that are read."""
        return any(one.library.key == section for one in self.look.libraries)

    # How far it was read

    def mark(self) -> SeatMark:
        told = {one.library.key: self._library_mark(one) for one in self.look.libraries}
        history = self._history.top.mark if self._history else None
        account = self._history.account if self._history else ""
        if not self._looked_at_history or PLAYS in self._cut:
            history, account = self._was.history, self._was.account
        kinds = tuple(sorted({*self._was.kinds, *(self._kinds - self._cut)}))
        return SeatMark(told, history, account, kinds)

    def _library_mark(self, look: LibraryLook) -> LibraryMark:
        one, lists = look.library, dict(look.was.lists) if look.was else {}
        if look.gone:
            return LibraryMark(one.title, one.kind, one.uuid, lists, gone=True)
        if one.key in self._added and not self._cut - {RATINGS}:
            lists[ADDED] = self._added[one.key]
        for kind in self._kinds - self._cut:
            lists |= look.marks(kind)
        return LibraryMark(one.title, one.kind, one.uuid, lists)


def _as_found(news: SeatNews) -> FoundEntries:
    return FoundEntries({one.place: one for one in news.entries}, news.added, whole=False)
