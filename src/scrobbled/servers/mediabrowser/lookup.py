"""Jellyfin and Emby themselves: they know the ids of the show, and of an item that their webhooks left bare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from scrobbled import __version__
from scrobbled.catalogues.base import Cache, Kept, document, kept, own_claims, rows, whole
from scrobbled.core.errors import ContractDrift
from scrobbled.core.ids import MovieIds, ShowIds
from scrobbled.core.items import Episode, Movie, Origin
from scrobbled.core.matching import Finding, ShowMatch
from scrobbled.core.titles import SeasonSize, sized
from scrobbled.http import Answer, Http
from scrobbled.sources.fields import text, year
from scrobbled.sources.mediabrowser import identifier, lowered, provider_ids


class Dialect(Struct, frozen=True):
    """In what the two differ. ``items`` is the path of a user's items; ``{user}`` in it is the user's id."""

    source: str
    name: str
    items: str
    own_header: bool = False
    """Emby's ``X-Emby-Token``, which Jellyfin is about to drop."""

    @property
    def method(self) -> str:
        return f"{self.name} server"

    @property
    def refused(self) -> str:
        where = f"sources.{self.source}.server_token"
        return f"The {self.name} server refused the API key. Put one of its administrator under {where}"


DIALECTS = {
    "jellyfin": Dialect("jellyfin", "Jellyfin", "/Items"),
    "emby": Dialect("emby", "Emby", "/Users/{user}/Items", own_header=True),
}


def headers(dialect: Dialect, token: str) -> dict[str, str]:
    """The key never stands in a URL, as URLs are logged."""
    told = f'MediaBrowser Token="{token}", Client="scrobbled", Device="scrobbled", DeviceId="scrobbled", '
    extra = {"X-Emby-Token": token} if dialect.own_header else {}
    return {"Authorization": f'{told}Version="{__version__}"', "Accept": "application/json", **extra}


def read(answer: Answer, dialect: Dialect) -> Mapping[str, Any]:
    """The object of ``answer``. Raises ``LoginNeeded`` where the key is refused, ``ContractDrift`` for all else."""
    content = document(answer, refused=dialect.refused)
    if content is None:
        raise ContractDrift(f"{answer.what} answered 404; is this the address of {dialect.name}?")
    return content


async def identity(http: Http, token: str, dialect: Dialect) -> str:
    """``Id`` of the public information is what webhooks call ``ServerId``."""
    answer = await http.send("GET", "/System/Info/Public", headers=headers(dialect, token))
    found = identifier(lowered(read(answer, dialect)).get("id"))
    if not found:
        raise ContractDrift(f"{answer.what} answered without Id; is this the address of {dialect.name}?")
    return found


class MediaBrowserFinder:
    """Finds the show of an episode, and the ids of a movie, by their keys on the server that reported them.

    Asks only about items of the server it is configured for: the same key means something else on every other.
    """

    def __init__(self, dialect: Dialect, http: Http, token: str, cache: Cache) -> None:
        self._dialect, self._http, self._token, self._cache = dialect, http, token, cache
        self._identity = ""

    async def find_show(self, episode: Episode, *, deeper: bool = False) -> Sequence[Finding]:
        """The show with the ids the server has for it. A server that does not know the item is an empty list."""
        origin = episode.origin
        if origin is None or not await self._is_here(origin):
            return []
        key = origin.show_key or (await self._known(origin, origin.key)).get("series", "")
        found = await self._known(origin, key) if key else {}
        ids = ShowIds(**found.get("ids", {}))
        if not ids:
            return []
        match = ShowMatch(ids, self._dialect.method, own_claims(episode, self._dialect.method))
        return [Finding(match, title=found["title"], year=found["year"])]

    async def ids_of(self, movie: Movie) -> MovieIds:
        """What the server knows of a movie that came without any; empty where it knows nothing either."""
        origin = movie.origin
        if origin is None or not await self._is_here(origin):
            return MovieIds()
        return MovieIds(**(await self._known(origin, origin.key)).get("ids", {}))

    async def sizes(self, origin: Origin) -> Sequence[SeasonSize]:
        """The seasons of the show that ``origin`` belongs to, as they are in the library; empty for another server."""
        if not await self._is_here(origin):
            return []
        show = origin.show_key or (await self._known(origin, origin.key)).get("series", "")
        if not show:
            return []
        query = {"ParentId": show, "Recursive": "true", "IncludeItemTypes": "Episode", "EnableImages": "false"}
        answer = await self._http.send("GET", "/Items", params=query, headers=headers(self._dialect, self._token))
        listed = [lowered(row) for row in rows(read(answer, self._dialect), "Items", answer.what)]
        numbers = [whole(row.get("parentindexnumber")) for row in listed]
        return sized([number for number in numbers if number is not None])

    async def _is_here(self, origin: Origin) -> bool:
        if not self._identity:
            self._identity = await identity(self._http, self._token, self._dialect)
        return origin.server == self._identity

    async def _known(self, origin: Origin, key: str) -> Kept:
        """Of a file with several episodes only the first has the key that the server gave it."""
        key = key.partition("#")[0]

        async def ask() -> Kept:
            query = {"Ids": key, "Recursive": "true", "Fields": "ProviderIds", "EnableImages": "false"}
            answer = await self._http.send("GET", "/Items", params=query, headers=headers(self._dialect, self._token))
            listed = [lowered(row) for row in rows(read(answer, self._dialect), "Items", answer.what)]
            return next((_reduced(row) for row in listed if identifier(row.get("id")) == key), {})

        return await kept(self._cache, f"{self._dialect.source}:{origin.server}:item:{key}", ask)


def _reduced(row: Mapping[str, Any]) -> Kept:
    """``ids`` are in the space of whatever it is."""
    known = provider_ids(row.get("providerids"), ShowIds).known()
    return {
        "ids": known,
        "title": text(row.get("name")),
        "year": year(row.get("productionyear")),
        "series": identifier(row.get("seriesid")),
    }
