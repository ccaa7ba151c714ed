"""What the files of titles are: asked of their server a few titles at a time, and then kept for good."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from scrobbled.core.media_details import MediaDetails
from scrobbled.plumbing.cache import Cache
from scrobbled.trackers.copies.entries import LibraryEntry

SIDE_BY_SIDE = 4
PIECE = 1_000
"""So many titles are at hand at once."""
KEPT = 10 * 365 * 86_400.0
"""Seconds: as long as nothing of the title changes, its file is what it was."""
FoundFiles = Mapping[str, MediaDetails | None]
"""By place; ``None`` where there is no file. A place of which nothing could be read is missing."""
AskFiles = Callable[[Sequence[LibraryEntry]], Awaitable[FoundFiles]]
"""Asks the server of these titles for their files, in one request."""


class KeptFiles:
    """Asked for the collection alone. Kept for each title as it was when it last changed, a hundred of them together:
    keys of a server that follow one another are asked for together, too. ``at_once`` is how many one request takes.
    """

    def __init__(self, cache: Cache, source: str, at_once: int) -> None:
        self._cache, self._source, self._at_once = cache, source, at_once

    async def of(self, entries: Sequence[LibraryEntry], ask: AskFiles) -> FoundFiles:
        """Of these, which are at one server."""
        found: dict[str, MediaDetails | None] = {one.place: None for one in entries if one.trashed}
        wanted = sorted((one for one in entries if not one.trashed), key=lambda one: (self._shelf_of(one), one.place))
        for start in range(0, len(wanted), PIECE):
            found |= await self._piece(wanted[start : start + PIECE], ask)
        return found

    async def _piece(self, wanted: Sequence[LibraryEntry], ask: AskFiles) -> FoundFiles:
        names = dict.fromkeys(map(self._shelf_of, wanted))
        shelves = {name: await self._cache.get(name) or {} for name in names}
        found = {one.place: _read(kept[1:]) for one in wanted if (kept := self._kept(shelves, one)) is not None}
        unknown = [one for one in wanted if one.place not in found]
        turns = asyncio.Semaphore(SIDE_BY_SIDE)
        parts = [unknown[start : start + self._at_once] for start in range(0, len(unknown), self._at_once)]
        for told in await asyncio.gather(*(self._ask(part, ask, turns, shelves) for part in parts)):
            found |= told
        return found

    async def _ask(
        self, part: Sequence[LibraryEntry], ask: AskFiles, turns: asyncio.Semaphore, shelves: dict[str, Shelf]
    ) -> FoundFiles:
        async with turns:
            told = await ask(part)
        for one in part:
            if one.place in told and one.updated:
                shelves[self._shelf_of(one)][one.place] = [one.updated, *_written(told[one.place])]
        for name in dict.fromkeys(map(self._shelf_of, part)):
            await self._cache.put(name, shelves[name], seconds=KEPT)
        return told

    def _shelf_of(self, entry: LibraryEntry) -> str:
        machine, _, key = entry.place.partition("/")
        shelf = int(key) // 100 if key.isascii() and key.isdigit() else key[:2]
        return f"{self._source}:files:{machine}:{shelf}"

    def _kept(self, shelves: Mapping[str, Shelf], entry: LibraryEntry) -> list[Any] | None:
        kept = shelves[self._shelf_of(entry)].get(entry.place)
        return kept if kept and entry.updated and kept[0] == entry.updated else None


Shelf = dict[str, list[Any]]
"""By place, when anything of a title last changed, and what its file was then."""


def _written(details: MediaDetails | None) -> list[Any]:
    return [] if details is None else list(msgspec.structs.astuple(details))


def _read(kept: Sequence[Any]) -> MediaDetails | None:
    return MediaDetails(*kept) if kept else None
