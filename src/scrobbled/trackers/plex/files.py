"""What the files of titles are: asked of their server twenty titles at a time, and then kept for good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from scrobbled.core.media_details import MediaDetails
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.fields import Malformed
from scrobbled.trackers.copies.entries import LibraryEntry, place_of
from scrobbled.trackers.plex.entries import key_in
from scrobbled.trackers.plex.lists import readable
from scrobbled.trackers.plex.seats import PlexSeat
from scrobbled.trackers.plex.streams import FileRow, details_of

AT_ONCE = 20
"""Titles in one request: each answers with all its streams."""
SIDE_BY_SIDE = 4
PIECE = 1_000
"""So many titles are at hand at once."""
KEPT = 10 * 365 * 86_400.0
"""Seconds: as long as nothing of the title changes, its file is what it was."""
FoundFiles = Mapping[str, MediaDetails | None]
"""By place; ``None`` where there is no file. A place of which nothing could be read is missing."""


class PlexFiles:
    """Asked for the collection alone. Kept for each title as it was when it last changed, a hundred of them together:
    keys of a server that follow one another are asked for together, too.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def of(self, seat: PlexSeat, entries: Sequence[LibraryEntry]) -> FoundFiles:
        """Of these, which are at this server."""
        found: dict[str, MediaDetails | None] = {one.place: None for one in entries if one.trashed}
        wanted = sorted((one for one in entries if not one.trashed), key=lambda one: (_shelf_of(one), one.place))
        for start in range(0, len(wanted), PIECE):
            found |= await self._piece(seat, wanted[start : start + PIECE])
        return found

    async def _piece(self, seat: PlexSeat, wanted: Sequence[LibraryEntry]) -> FoundFiles:
        shelves = {name: await self._cache.get(name) or {} for name in dict.fromkeys(map(_shelf_of, wanted))}
        found = {one.place: _read(kept[1:]) for one in wanted if (kept := _kept(shelves, one)) is not None}
        unknown = [one for one in wanted if one.place not in found]
        turns = asyncio.Semaphore(SIDE_BY_SIDE)
        parts = [unknown[start : start + AT_ONCE] for start in range(0, len(unknown), AT_ONCE)]
        for told in await asyncio.gather(*(self._ask(seat, part, turns, shelves) for part in parts)):
            found |= told
        return found

    async def _ask(
        self, seat: PlexSeat, part: Sequence[LibraryEntry], turns: asyncio.Semaphore, shelves: dict[str, Shelf]
    ) -> FoundFiles:
        async with turns:
            keys = ",".join(one.place.partition("/")[2] for one in part)
            page = await seat.client.page(f"/library/metadata/{keys}", {})
        rows = [] if page is None else (await readable(page, FileRow))[0]
        told = _details(seat.machine, rows)
        for one in part:
            if one.place in told and one.updated:
                shelves[_shelf_of(one)][one.place] = [one.updated, *_written(told[one.place])]
        for name in dict.fromkeys(map(_shelf_of, part)):
            await self._cache.put(name, shelves[name], seconds=KEPT)
        return told


Shelf = dict[str, list[Any]]
"""By place, when anything of a title last changed, and what its file was then."""


def _shelf_of(entry: LibraryEntry) -> str:
    machine, _, key = entry.place.partition("/")
    return f"plex:files:{machine}:{int(key) // 100 if key.isascii() and key.isdigit() else key[:4]}"


def _kept(shelves: Mapping[str, Shelf], entry: LibraryEntry) -> list[Any] | None:
    kept = shelves[_shelf_of(entry)].get(entry.place)
    return kept if kept and entry.updated and kept[0] == entry.updated else None


def _details(machine: str, rows: Iterable[FileRow]) -> dict[str, MediaDetails | None]:
    """Of those that can be read."""
    found: dict[str, MediaDetails | None] = {}
    for row in rows:
        try:
            found[place_of(machine, key_in(row.rating_key))] = details_of(row)
        except Malformed:
            continue
    return found


def _written(details: MediaDetails | None) -> list[Any]:
    return [] if details is None else list(msgspec.structs.astuple(details))


def _read(kept: Sequence[Any]) -> MediaDetails | None:
    return MediaDetails(*kept) if kept else None
