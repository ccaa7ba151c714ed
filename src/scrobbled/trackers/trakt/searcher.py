"""Looking for a title on Trakt, for a person who chooses; needs an app, but no sign-in."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from scrobbled.core.naming.titles import SeasonSize, Title, TitleKind, sized
from scrobbled.trackers.given import FinderContext
from scrobbled.trackers.trakt.answers import Hit, read_hits
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.client import Api, found
from scrobbled.trackers.trakt.codec import escaped
from scrobbled.trackers.trakt.settings import TraktSettings

MOST = 10
MOST_SIZED = 4
"""So many of the results are asked for their seasons at once, which is a request for each."""


class TraktSearcher:
    """Shows and films."""

    kinds: frozenset[TitleKind] = frozenset({"show", "movie"})

    def __init__(self, api: Api, lookups: Lookups) -> None:
        self._api, self._lookups = api, lookups

    async def search(self, query: str, year: int | None, kind: TitleKind) -> Sequence[Title]:
        params: dict[str, str | int] = {"query": escaped(query), "page": 1, "limit": MOST}
        if year is not None:
            params["years"] = year
        answer = await self._api.get(f"/search/{kind}", params)
        hits = read_hits(answer.json(), kind, answer.what) if found(answer) else []
        titles = [(_title(hit, kind), hit) for hit in hits[:MOST]]
        if kind == "movie":
            return [title for title, _ in titles]
        return [
            replace(title, seasons=await self._of(hit)) if place < MOST_SIZED else title
            for place, (title, hit) in enumerate(titles)
        ]

    async def sizes(self, tmdb: int) -> Sequence[SeasonSize] | None:
        hit, _ = await self._lookups.same("show", {"tmdb": tmdb})
        return None if hit is None else await self._of(hit)

    async def _of(self, hit: Hit) -> tuple[SeasonSize, ...] | None:
        if "trakt" not in hit.ids:
            return None
        listed = await self._lookups.episodes(hit.ids["trakt"])
        return sized([entry.season for entry in listed])


def _title(hit: Hit, kind: TitleKind) -> Title:
    tmdb = hit.ids.get("tmdb")
    return Title(kind, hit.title, hit.year, tmdb if isinstance(tmdb, int) else None)


def build_searcher(context: FinderContext) -> TraktSearcher:
    """With the app of a viewer's account."""
    settings = TraktSettings.of(context.settings)
    api = Api(context.http.at(settings.url), settings.client_id, context.clock)
    return TraktSearcher(api, Lookups(api, context.cache))
