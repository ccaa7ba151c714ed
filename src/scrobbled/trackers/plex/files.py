"""What the files of titles are: asked of their server twenty titles at a time, and then kept for good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from scrobbled.core.media_details import MediaDetails
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.fields import Malformed
from scrobbled.trackers.plex.entries import LibraryEntry, key_in, place_of
from scrobbled.trackers.plex.lists import readable
from scrobbled.trackers.plex.seats import PlexSeat
from scrobbled.trackers.plex.streams import FileRow, details_of

AT_ONCE = 20
"""Titles in one request: each answers with all its streams."""
SIDE_BY_SIDE = 4
KEPT = 10 * 365 * 86_400.0
"""Seconds: as long as nothing of the title changes, its file is what it was."""
FoundFiles = Mapping[str, MediaDetails | None]
"""By place; ``None`` where there is no file. A place of which nothing could be read is missing."""


class PlexFiles:
    """Asked for the collection alone. Kept by place and by when anything of the title last changed."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def of(self, seat: PlexSeat, entries: Sequence[LibraryEntry]) -> FoundFiles:
        """Of these, which are at this server."""
        found: dict[str, MediaDetails | None] = {one.place: None for one in entries if one.trashed}
        unknown: list[LibraryEntry] = []
        for one in entries:
            if one.place in found:
                continue
            known = await self._cache.get(_key(one)) if one.updated else None
            if known is None:
                unknown.append(one)
            else:
                found[one.place] = _read(known)
        turns = asyncio.Semaphore(SIDE_BY_SIDE)
        parts = [unknown[start : start + AT_ONCE] for start in range(0, len(unknown), AT_ONCE)]
        for told in await asyncio.gather(*(self._ask(seat, part, turns) for part in parts)):
            found |= told
        return found

    async def _ask(self, seat: PlexSeat, part: Sequence[LibraryEntry], turns: asyncio.Semaphore) -> FoundFiles:
        async with turns:
            keys = ",".join(one.place.partition("/")[2] for one in part)
            page = await seat.client.page(f"/library/metadata/{keys}", {})
        rows = [] if page is None else (await readable(page, FileRow))[0]
        told = _details(seat.machine, rows)
        for one in part:
            if one.place in told and one.updated:
                await self._cache.put(_key(one), _written(told[one.place]), seconds=KEPT)
        return told


def _details(machine: str, rows: Iterable[FileRow]) -> dict[str, MediaDetails | None]:
    """Of those that can be read."""
    found: dict[str, MediaDetails | None] = {}
    for row in rows:
        try:
            found[place_of(machine, key_in(row.rating_key))] = details_of(row)
        except Malformed:
            continue
    return found


def _key(entry: LibraryEntry) -> str:
    return f"plex:file:{entry.place}:{entry.updated}"


def _written(details: MediaDetails | None) -> list[object]:
    return [] if details is None else list(msgspec.structs.astuple(details))


def _read(kept: object) -> MediaDetails | None:
    return MediaDetails(*kept) if isinstance(kept, list) and kept else None
