"""The media server itself: it knows the ids of the show, which its webhooks leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec.structs import asdict

from scrobbled.catalogues.base import CachedData, kept, own_claims
from scrobbled.clients.base import JsonRow, whole
from scrobbled.clients.plex import PlexClient
from scrobbled.core.naming.guids import of_movie, of_show
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.core.naming.matching import Finding, ShowMatch
from scrobbled.core.naming.titles import SeasonSize
from scrobbled.plumbing.cache import Cache

METHOD = "Plex server"


class PlexFinder:
    """Finds the show of an episode, and the ids of a movie, by their keys on the server that reported them.

    Asks only about items of the server it is configured for: the same key means something else on every other.
    """

    def __init__(self, client: PlexClient, cache: Cache) -> None:
        self._client, self._cache = client, cache

    async def find_show(self, episode: Episode, *, deeper: bool = False) -> Sequence[Finding]:
        """The show with the ids the server has for it. A server that does not know the item is an empty list."""
        origin = episode.origin
        if origin is None or not origin.show_key or not await self._client.is_here(origin.server):
            return []
        found = await self._ids(origin.show_key, "show", f"{origin.server}:{episode.show_ids.plex or ''}")
        ids = ShowIds(**found.get("ids", {}))
        if not ids.known().keys() - {"plex"}:
            return []
        match = ShowMatch(ids, METHOD, own_claims(episode, METHOD))
        return [Finding(match, title=found["title"], year=found["year"])]

    async def ids_of(self, movie: Movie) -> MovieIds:
        """None: what Plex itself tells of a movie has its ids already."""
        return MovieIds()

    async def sizes(self, origin: Origin) -> Sequence[SeasonSize]:
        """The seasons of the show that ``origin`` belongs to, as they are in the library; empty for another server."""
        if not origin.show_key or not await self._client.is_here(origin.server):
            return []
        listed = await self._rows(f"/library/metadata/{quote(origin.show_key, safe='')}/children")
        seasons = ((whole(row.get("index")), row) for row in listed if row.get("type") == "season")
        return [SeasonSize(number, whole(row.get("leafCount")) or 0) for number, row in seasons if number is not None]

    async def _ids(self, key: str, kind: str, scope: str) -> CachedData:
        """``scope`` has the title's guid in it, so that a match that was mended is asked anew."""

        async def ask() -> CachedData:
            listed = await self._rows(f"/library/metadata/{quote(key, safe='')}", includeGuids=1)
            return next((_reduced(row, kind) for row in listed if row.get("type") == kind), {})

        return await kept(self._cache, f"plex:{scope}:{kind}:{key}", ask)

    async def _rows(self, path: str, **query: int) -> Sequence[JsonRow]:
        found = await self._client.find(path, **query)
        return found.rows() if found else ()


def _reduced(row: Mapping[str, Any], kind: str) -> CachedData:
    ids = of_show(row) if kind == "show" else of_movie(row)
    known = {name: value for name, value in asdict(ids).items() if value is not None}
    title, year = row.get("title"), row.get("year")
    return {
        "ids": known,
        "title": title if isinstance(title, str) else "",
        "year": year if isinstance(year, int) else None,
    }
