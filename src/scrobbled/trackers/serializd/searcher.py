"""Looking for a show in Serializd's catalogue, for a person who chooses; no sign-in is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scrobbled.core.errors import NotInCatalogue, TrackerError
from scrobbled.core.naming.titles import SeasonSize, Title, TitleKind
from scrobbled.trackers.given import FinderContext
from scrobbled.trackers.serializd import codec
from scrobbled.trackers.serializd.client import DEFAULT_URL, SerializdClient
from scrobbled.trackers.serializd.fields import int_of, list_of, mapping_of, number_of

MOST = 10


class SerializdSearcher:
    """Two requests for a search: one list has the years, the other the seasons."""

    kinds: frozenset[TitleKind] = frozenset({"show"})

    def __init__(self, client: SerializdClient) -> None:
        self._client = client

    async def search(self, query: str, year: int | None, kind: TitleKind) -> Sequence[Title]:
        if kind not in self.kinds:
            return []
        asked = f"{query} ({year})" if year is not None else query
        hits = codec.search_hits(await self._client.read("/search/shows", {"search_query": asked}))[:MOST]
        sizes = await self._sizes(query) if hits else {}
        return [Title("show", hit.name, hit.year, hit.id, seasons=sizes.get(hit.id)) for hit in hits]

    async def sizes(self, tmdb: int) -> Sequence[SeasonSize] | None:
        try:
            return _seasons(await self._client.read(f"/show/{tmdb}"), "show")
        except NotInCatalogue:
            return None

    async def _sizes(self, query: str) -> dict[int, tuple[SeasonSize, ...]]:
        """What is missing here is asked when a show was chosen, so that this list may fail by itself."""
        try:
            found = await self._client.read("/quick_log/search_shows", {"search_query": query})
            shows = [mapping_of(show, "search_shows.results[]") for show in list_of(found, "results", "search_shows")]
            return {int_of(show, "id", "search_shows.results[]"): _seasons(show, "search_shows") for show in shows}
        except TrackerError:
            return {}


def _seasons(data: Any, what: str) -> tuple[SeasonSize, ...]:
    """Of a show as it tells them itself, with how many episodes each has."""
    seasons = [mapping_of(season, f"{what}.seasons[]") for season in list_of(data, "seasons", what)]
    sizes = (_size(season) for season in seasons)
    return tuple(sorted((size for size in sizes if size is not None), key=lambda size: size.number))


def _size(season: Mapping[str, Any]) -> SeasonSize | None:
    number, episodes = number_of(season, "seasonNumber"), number_of(season, "episodeCount")
    return None if number is None else SeasonSize(number, episodes or 0)


def build_searcher(context: FinderContext) -> SerializdSearcher:
    """At the address of a viewer's account."""
    url = str(context.settings.get("url") or DEFAULT_URL)
    return SerializdSearcher(SerializdClient(context.http.at(url), context.clock))
