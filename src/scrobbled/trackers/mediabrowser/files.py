"""What the files of titles are: asked of the server fifty titles at a time, and then kept for good."""

from __future__ import annotations

from collections.abc import Sequence

from scrobbled.core.media_details import MediaDetails
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.fields import Malformed
from scrobbled.trackers.copies.entries import LibraryEntry, place_of
from scrobbled.trackers.copies.files import FoundFiles, KeptFiles
from scrobbled.trackers.mediabrowser.entries import key_in, plain
from scrobbled.trackers.mediabrowser.seat import MediaBrowserSeat
from scrobbled.trackers.mediabrowser.streams import details_of

AT_ONCE = 50
"""Titles in one request: each answers with all its streams, and ids in an address take room."""


def item_key(place: str) -> str:
    """The server's own key of what is at a place; episodes in one file have it in common."""
    return place.partition("/")[2].partition("#")[0]


class MediaBrowserFiles:
    """Asked for the collection alone; see ``KeptFiles``."""

    def __init__(self, cache: Cache, source: str) -> None:
        self._kept = KeptFiles(cache, source, AT_ONCE)

    async def of(self, seat: MediaBrowserSeat, entries: Sequence[LibraryEntry]) -> FoundFiles:
        """Of these, which are at this server."""

        async def ask(part: Sequence[LibraryEntry]) -> FoundFiles:
            keys = ",".join(dict.fromkeys(item_key(one.place) for one in part))
            query = {"Ids": keys, "Recursive": "true", "Fields": "MediaSources", "EnableImages": "false"}
            rows = await seat.client.items(query, seat.person.written)
            told: dict[str, MediaDetails | None] = {}
            for row in map(plain, rows):
                try:
                    told[place_of(seat.machine, key_in(row))] = details_of(row)
                except Malformed:
                    continue
            return {one.place: told[key] for one in part if (key := one.place.partition("#")[0]) in told}

        return await self._kept.of(entries, ask)
