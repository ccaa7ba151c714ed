"""Jellyfin and Emby themselves: they know the ids of the show, and of an item that their webhooks left bare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scrobbled.catalogues.base import CachedData, kept, own_claims
from scrobbled.clients.base import whole
from scrobbled.clients.mediabrowser import MediaBrowserClient
from scrobbled.clients.mediabrowser_rows import provider_ids
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.naming.matching import Finding, ShowMatch
from scrobbled.core.naming.titles import SeasonSize, sized
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.fields import identifier, lowered, text, year


class MediaBrowserFinder:
    """Finds the show of an episode, and the ids of a movie, by their keys on the server that reported them.

    Asks only about items of the server it is configured for: the same key means something else on every other.
    """

    def __init__(self, client: MediaBrowserClient, cache: Cache) -> None:
        self._client, self._cache = client, cache
        self._method = f"{client.dialect.name} server"

    async def find_show(self, episode: Episode, *, deeper: bool = False) -> Sequence[Finding]:
        """The show with the ids the server has for it. A server that does not know the item is an empty list."""
        origin = episode.origin
        if origin is None or not await self._client.is_here(origin.server):
            return []
        key = origin.show_key or (await self._known(origin, origin.key)).get("series", "")
        found = await self._known(origin, key) if key else {}
        ids = ShowIds(**found.get("ids", {}))
        if not ids:
            return []
        match = ShowMatch(ids, self._method, own_claims(episode, self._method))
        return [Finding(match, title=found["title"], year=found["year"])]

    async def ids_of(self, movie: Movie) -> MovieIds:
        """What the server knows of a movie that came without any; empty where it knows nothing either."""
        origin = movie.origin
        if origin is None or not await self._client.is_here(origin.server):
            return MovieIds()
        return MovieIds(**(await self._known(origin, origin.key)).get("ids", {}))

    async def sizes(self, origin: Origin) -> Sequence[SeasonSize]:
        """The seasons of the show that ``origin`` belongs to, as they are in the library; empty for another server."""
        if not await self._client.is_here(origin.server):
            return []
        show = origin.show_key or (await self._known(origin, origin.key)).get("series", "")
        if not show:
            return []
        query = {"ParentId": show, "Recursive": "true", "IncludeItemTypes": "Episode", "EnableImages": "false"}
        numbers = [whole(lowered(row).get("parentindexnumber")) for row in await self._client.items(query)]
        return sized([number for number in numbers if number is not None])

    async def _known(self, origin: Origin, key: str) -> CachedData:
        """Of a file with several episodes only the first has the key that the server gave it."""
        key = key.partition("#")[0]

        async def ask() -> CachedData:
            row = await self._client.item(key, "ProviderIds")
            return _reduced(row) if row else {}

        return await kept(self._cache, f"{self._client.dialect.source}:{origin.server}:item:{key}", ask)


def _reduced(row: Mapping[str, Any]) -> CachedData:
    """``ids`` are in the space of whatever it is."""
    known = provider_ids(row.get("providerids"), ShowIds).known()
    return {
        "ids": known,
        "title": text(row.get("name")),
        "year": year(row.get("productionyear")),
        "series": identifier(row.get("seriesid")),
    }
