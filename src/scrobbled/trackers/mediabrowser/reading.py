"""What a person's libraries hold and what of it was watched and rated there.

Neither server tells what moved: of a rating there is no list, and ``LastPlayedDate`` of a mark may lie years ago. So
everything is listed each time, in large pages without pictures, and where the answers are to the letter what they were
before, that was all. Otherwise everything is told anew: what was listed is whole, or it is not told at all.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from scrobbled.clients.mediabrowser_lists import PageStep, WholeItems, whole_items
from scrobbled.core.kinds import COLLECTION, ITEMS, PLAYS, RATINGS, WATCHED, Kind
from scrobbled.core.naming.items import Item
from scrobbled.core.records import Reading, ValueRecord
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.fields import Malformed, identifier, text
from scrobbled.trackers.copies.entries import LibraryEntry
from scrobbled.trackers.copies.gathering import CALLED, Gathered
from scrobbled.trackers.given import EarlierReads
from scrobbled.trackers.mediabrowser.auth import MediaBrowserAuth
from scrobbled.trackers.mediabrowser.cursor import MediaBrowserCursor, cursor_of
from scrobbled.trackers.mediabrowser.entries import PlainRow, RowReader, key_in, plain, state_of
from scrobbled.trackers.mediabrowser.files import MediaBrowserFiles
from scrobbled.trackers.mediabrowser.libraries import MediaBrowserLibrary, chosen, libraries
from scrobbled.trackers.mediabrowser.seat import MediaBrowserSeat

LIBRARY = "library"
QUERY: Mapping[str, str] = {
    "Recursive": "true",
    "IncludeItemTypes": "Movie,Series,Season,Episode",
    "Fields": "ProviderIds,DateCreated,Etag,Path,Width,Height,MediaSourceCount",
    "EnableUserData": "true",
    "EnableImages": "false",
    "ExcludeLocationTypes": "Virtual",
    "SortBy": "DateCreated,SortName",
    "SortOrder": "Ascending",
}
"""What is new comes last, and what people watch moves nothing."""


class ListedLibrary(Struct, frozen=True):
    """All rows of one library, as they came."""

    library: MediaBrowserLibrary
    items: WholeItems


class _Found(Struct):
    """What the rows say. ``doubtful`` are places of what was begun again, and does not count as played meanwhile."""

    entries: dict[str, LibraryEntry]
    doubtful: set[str]
    unreadable: int


class MediaBrowserReader:
    """Answers ``Reads.read``. ``titles`` are the libraries that were chosen; none are all with films or shows."""

    def __init__(self, auth: MediaBrowserAuth, titles: Sequence[str], files: MediaBrowserFiles, clock: Clock) -> None:
        self._auth, self._titles, self._files, self._clock = auth, tuple(titles), files, clock

    async def read(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        seat = await self._auth.seat()
        had = cursor_of(cursor, seat.owner, self._titles)
        kinds = kinds & {PLAYS, RATINGS, COLLECTION, *(() if PLAYS in kinds else (ITEMS,))}
        there = chosen(await libraries(seat), seat.name, self._titles)
        playing = await seat.playing()
        step = known.draft(LIBRARY).step
        listed = [ListedLibrary(one, await _whole(seat, one, step)) for one in there]
        digest = _digest(listed, playing)
        if not full and digest == had.digest and kinds <= set(had.kinds):
            return Reading(cursor, seat.owner)
        now = replace(had, libraries={one.key: one.title for one in there}, digest=digest, kinds=tuple(sorted(kinds)))
        read = _Read(seat, kinds, had, known, self._clock)
        return await read.told(listed, playing, now, self._files)


class _Read:
    """One read in which something moved, or everything is asked for."""

    def __init__(
        self,
        seat: MediaBrowserSeat,
        kinds: frozenset[Kind],
        had: MediaBrowserCursor,
        known: EarlierReads,
        clock: Clock,
    ) -> None:
        self._seat, self._kinds, self._had, self._known = seat, kinds, had, known
        self._gathered = Gathered(clock.now(), kinds=kinds)

    async def told(
        self,
        listed: Sequence[ListedLibrary],
        playing: frozenset[str],
        now: MediaBrowserCursor,
        files: MediaBrowserFiles,
    ) -> Reading:
        gathered = self._gathered
        gathered.known = await self._known.subjects()
        items = {place: one.item for one in gathered.known.values() for place in one.places}
        found = await asyncio.to_thread(_found, self._seat.machine, listed, items, playing)
        before = {} if self._had.rechosen else self._had.libraries
        gone = [title for key, title in before.items() if key and key not in now.libraries]
        self._gather(found, gone)
        await asyncio.to_thread(gathered.name)
        if found.doubtful and PLAYS in self._kinds:
            self._as_before(found.doubtful, await self._known.valued(WATCHED))
        if COLLECTION in self._kinds:
            gathered.files |= await files.of(self._seat, gathered.with_other_files())
        return await asyncio.to_thread(self._reading, now)

    def _gather(self, found: _Found, gone: Sequence[str]) -> None:
        gathered, entries = self._gathered, found.entries
        gathered.items = entries
        gathered.moved |= self._kinds | ({ITEMS} if PLAYS in self._kinds else set())
        if RATINGS in self._kinds:
            gathered.rated = {place: one for place, one in entries.items() if one.rating is not None}
        if COLLECTION in self._kinds:
            gathered.changed = {place: one for place, one in entries.items() if one.scope in ("movie", "episode")}
        if found.unreadable:
            gathered.skipped[f"{CALLED[ITEMS]} that cannot be read"] += found.unreadable
        for title in gone:
            gathered.skipped[f"library {title}, which is not there now: nothing of it counts as gone"] = 1
        if not gone and not found.unreadable:
            gathered.listed = {self._seat.machine}
            gathered.complete = set(gathered.moved)

    def _as_before(self, doubtful: set[str], watched: Mapping[str, ValueRecord]) -> None:
        """What is being watched once more was watched all the same, as often as was known of it."""
        for place in doubtful:
            before = watched.get(self._gathered.keys[place])
            if before is not None and isinstance(before.value, Mapping):
                entry, count = self._gathered.items[place], int(before.value.get("count", 1))
                self._put(replace(entry, count=max(1, count), begun=True))

    def _put(self, entry: LibraryEntry) -> None:
        """Wherever it is told."""
        for entries in (self._gathered.items, self._gathered.rated, self._gathered.changed):
            if entry.place in entries:
                entries[entry.place] = entry

    def _reading(self, now: MediaBrowserCursor) -> Reading:
        gathered = self._gathered
        copies = gathered.copies()
        return Reading(
            cursor=now.values(),
            owner=self._seat.owner,
            plays=gathered.plays(PLAYS, ()),
            values=gathered.values(copies),
            subjects=gathered.subjects(copies),
            rechosen=self._had.rechosen,
            skipped=dict(gathered.skipped),
        )


async def _whole(seat: MediaBrowserSeat, library: MediaBrowserLibrary, step: PageStep) -> WholeItems:
    query = {**QUERY, "ParentId": library.key} if library.key else QUERY
    return await whole_items(seat.client, query, seat.person.written, step)


def _digest(listed: Sequence[ListedLibrary], playing: frozenset[str]) -> str:
    said = [f"{one.library.key}\n{one.library.title}\n{one.items.digest}" for one in listed]
    return hashlib.sha256("\n".join((*said, *sorted(playing))).encode()).hexdigest()


def _found(machine: str, listed: Sequence[ListedLibrary], known: Mapping[str, Item], playing: frozenset[str]) -> _Found:
    found = _Found({}, set(), 0)
    for one in listed:
        rows = [_row(raw) for raw in one.items.rows]
        shows = {identifier(row.get("id")): row for row in rows if text(row.get("type")).casefold() == "series"}
        reader = RowReader(machine, shows, known, playing)
        for row in rows:
            try:
                _take(found, row, reader, one.library.title, playing)
            except Malformed:
                found.unreadable += 1
    return found


def _row(raw: Raw) -> PlainRow:
    """What is none is empty, and cannot be read."""
    try:
        return plain(msgspec.json.decode(raw))
    except (msgspec.MsgspecError, Malformed):
        return {}


def _take(found: _Found, row: PlainRow, reader: RowReader, title: str, playing: frozenset[str]) -> None:
    if not row:
        raise Malformed("a row that is none")
    state = state_of(row)
    entries = list(reader.entries(row, state, title))
    is_doubtful = state.was_begun(playing=key_in(row) in playing)
    for entry in entries:
        known = found.entries.get(entry.place)  # one folder may be in two libraries
        found.entries[entry.place] = entry if known is None else replace(entry, library=known.library)
        if is_doubtful and entry.scope in ("movie", "episode"):
            found.doubtful.add(entry.place)
