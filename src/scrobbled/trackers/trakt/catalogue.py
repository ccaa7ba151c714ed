"""Questions to Trakt's catalogue, answered from the cache where it can. They need no sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from scrobbled.plumbing.cache import Cache
from scrobbled.trackers.trakt.answers import Hit, ListedEpisode, listing, read_hits, read_season_ids, read_seasons
from scrobbled.trackers.trakt.client import Api, found
from scrobbled.trackers.trakt.codec import RawIds, clean_ids, contradict, escaped

TraktType = Literal["movie", "show", "episode"]

HOUR = 3600.0
HIT_KEPT = 30 * 24 * HOUR
MISS_KEPT = HOUR
LISTING_KEPT = HOUR
"""Short, so that a new episode is seen soon."""
SEARCH_SIZE = 50
MOST_RELIABLE = ("trakt", "tvdb", "imdb", "tmdb")
"""The order in which ids are asked for; Trakt's own entry, then the ones its episodes carry most often."""


PATHS = ("trakt", "imdb")
"""Ids that Trakt takes in the address of a show."""


class Lookups:
    """Nothing found is an empty answer; a question that could not be asked raises."""

    def __init__(self, api: Api, cache: Cache) -> None:
        self._api = api
        self._cache = cache

    async def by_id(self, kind: TraktType, space: str, value: int | str) -> list[Hit]:
        """What carries exactly this id. Always asked with a type: the numbers are not unique over types."""
        path = f"/search/{space}/{value}"
        params: dict[str, str | int] = {"type": kind, "page": 1, "limit": SEARCH_SIZE}
        hits = await self._hits(kind, f"trakt:id:{kind}:{space}:{value}", path, params)
        return [hit for hit in hits if str(hit.ids.get(space)) == str(value)]

    async def movies_named(self, title: str) -> list[Hit]:
        params: dict[str, str | int] = {"query": escaped(title), "page": 1, "limit": SEARCH_SIZE}
        return await self._hits("movie", f"trakt:movies:{title}", "/search/movie", params)

    async def episodes(self, show: int | str) -> list[ListedEpisode]:
        """Every episode of the show with this id, which is one of ``PATHS``."""
        key = f"trakt:episodes:{show}"
        kept = await self._cache.get(key)
        if kept is None:
            answer = await self._api.get(f"/shows/{show}/seasons", {"extended": "full,episodes"})
            kept = read_seasons(answer.json(), answer.what) if found(answer) else []
            await self._cache.put(key, kept, seconds=LISTING_KEPT if kept else MISS_KEPT)
        return listing(kept)

    async def seasons(self, show: int | str) -> dict[int, RawIds]:
        """The ids of each season of the show with this Trakt id, by number."""
        key = f"trakt:seasons:{show}"
        kept = await self._cache.get(key)
        if kept is None:
            answer = await self._api.get(f"/shows/{show}/seasons")
            kept = read_season_ids(answer.json(), answer.what) if found(answer) else []
            await self._cache.put(key, kept, seconds=LISTING_KEPT if kept else MISS_KEPT)
        return {number: clean_ids(ids) for number, ids in kept}

    async def same(self, kind: TraktType, ids: RawIds) -> tuple[Hit | None, Hit | None]:
        """The entry that ``ids`` agree on, and failing that one that shares an id but contradicts another."""
        doubtful: Hit | None = None
        for space in (space for space in MOST_RELIABLE if space in ids):
            for hit in await self.by_id(kind, space, ids[space]):
                if not contradict(ids, hit.ids):
                    return hit, None
                doubtful = doubtful or hit
        return None, doubtful

    async def trakt_id(self, kind: TraktType, ids: RawIds) -> int | str | None:
        """Trakt's own id of what ``ids`` agree on."""
        if "trakt" in ids:
            return ids["trakt"]
        hit, _ = await self.same(kind, ids)
        return hit.ids.get("trakt") if hit else None

    async def show_path(self, ids: RawIds) -> int | str | None:
        """What stands for the show with ``ids`` in an address: takes one request at most, and none for most ids."""
        for space in PATHS:
            if space in ids:
                return ids[space]
        for space in (space for space in MOST_RELIABLE if space in ids):
            hits = await self.by_id("show", space, ids[space])
            return next((hit.ids["trakt"] for hit in hits if "trakt" in hit.ids and not contradict(ids, hit.ids)), None)
        return None

    async def _hits(self, kind: TraktType, key: str, path: str, params: Mapping[str, str | int]) -> list[Hit]:
        raw = await self._cache.get(key)
        if raw is None:
            answer = await self._api.get(path, params)
            raw = answer.json() if found(answer) else []
            hits = read_hits(raw, kind, answer.what)
            await self._cache.put(key, raw, seconds=HIT_KEPT if hits else MISS_KEPT)
        return read_hits(raw, kind, path)
