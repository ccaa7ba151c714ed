"""What the files of titles are: asked of a Plex server twenty titles at a time, and then kept for good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scrobbled.core.media_details import MediaDetails
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.fields import Malformed
from scrobbled.trackers.copies.entries import LibraryEntry, place_of
from scrobbled.trackers.copies.files import FoundFiles, KeptFiles
from scrobbled.trackers.plex.entries import key_in
from scrobbled.trackers.plex.lists import readable
from scrobbled.trackers.plex.seats import PlexSeat
from scrobbled.trackers.plex.streams import FileRow, details_of

AT_ONCE = 20
"""Titles in one request: each answers with all its streams."""


class PlexFiles:
    """Asked for the collection alone; see ``KeptFiles``."""

    def __init__(self, cache: Cache) -> None:
        self._kept = KeptFiles(cache, "plex", AT_ONCE)

    async def of(self, seat: PlexSeat, entries: Sequence[LibraryEntry]) -> FoundFiles:
        """Of these, which are at this server."""

        async def ask(part: Sequence[LibraryEntry]) -> FoundFiles:
            keys = ",".join(one.place.partition("/")[2] for one in part)
            page = await seat.client.page(f"/library/metadata/{keys}", {})
            rows = [] if page is None else (await readable(page, FileRow))[0]
            return _details(seat.machine, rows)

        return await self._kept.of(entries, ask)


def _details(machine: str, rows: Iterable[FileRow]) -> dict[str, MediaDetails | None]:
    """Of those that can be read."""
    found: dict[str, MediaDetails | None] = {}
    for row in rows:
        try:
            found[place_of(machine, key_in(row.rating_key))] = details_of(row)
        except Malformed:
            continue
    return found
