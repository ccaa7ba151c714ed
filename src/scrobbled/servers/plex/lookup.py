"""The media server itself: it knows the ids of the show, which its webhooks leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec.structs import asdict

from scrobbled.catalogues.base import Cache, Kept, document, kept, own_claims, rows, whole
from scrobbled.core.errors import ContractDrift
from scrobbled.core.guids import of_movie, of_show
from scrobbled.core.ids import ShowIds
from scrobbled.core.items import Episode, Origin
from scrobbled.core.matching import Finding, ShowMatch
from scrobbled.core.titles import SeasonSize
from scrobbled.http import Answer, Http

METHOD = "Plex server"
REFUSED = "The Plex server refused the token. Put a valid one under sources.plex.server_token and restart scrobbled"


class PlexFinder:
    """Finds the show of an episode, and the ids of a movie, by their keys on the server that reported them.

    Asks only about items of the server it is configured for: the same key means something else on every other.
    """

    def __init__(self, http: Http, token: str, cache: Cache) -> None:
        self._http = http
        self._headers = {"X-Plex-Token": token, "Accept": "application/json"}  # XML is what it answers otherwise
        self._cache = cache
        self._identity = ""

    async def find_show(self, episode: Episode, *, deeper: bool = False) -> Sequence[Finding]:
        """The show with the ids the server has for it. A server that does not know the item is an empty list."""
        origin = episode.origin
        if origin is None or not origin.show_key or not await self._is_here(origin):
            return []
        found = await self._ids(origin.show_key, "show", f"{origin.server}:{episode.show_ids.plex or ''}")
        ids = ShowIds(**found.get("ids", {}))
        if not ids.known().keys() - {"plex"}:
            return []
        match = ShowMatch(ids, METHOD, own_claims(episode, METHOD))
        return [Finding(match, title=found["title"], year=found["year"])]

    async def sizes(self, origin: Origin) -> Sequence[SeasonSize]:
        """The seasons of the show that ``origin`` belongs to, as they are in the library; empty for another server."""
        if not origin.show_key or not await self._is_here(origin):
            return []
        answer = await self._ask(f"/library/metadata/{quote(origin.show_key, safe='')}/children")
        container = _container(answer)
        listed = rows(container, "Metadata", answer.what) if container and "Metadata" in container else []
        seasons = ((whole(row.get("index")), row) for row in listed if row.get("type") == "season")
        return [SeasonSize(number, whole(row.get("leafCount")) or 0) for number, row in seasons if number is not None]

    async def _is_here(self, origin: Origin) -> bool:
        if not self._identity:
            self._identity = await self._machine_identifier()
        return origin.server == self._identity

    async def _machine_identifier(self) -> str:
        """``machineIdentifier`` is what webhooks call ``Server.uuid``."""
        answer = await self._ask("/identity")
        identity = (_container(answer) or {}).get("machineIdentifier")
        if not isinstance(identity, str) or not identity:
            raise ContractDrift(f"{answer.what} answered without machineIdentifier; is this the address of Plex?")
        return identity

    async def _ids(self, key: str, kind: str, scope: str) -> Kept:
        """``scope`` has the title's guid in it, so that a match that was mended is asked anew."""

        async def ask() -> Kept:
            answer = await self._ask(f"/library/metadata/{quote(key, safe='')}", includeGuids=1)
            container = _container(answer)
            listed = rows(container, "Metadata", answer.what) if container and "Metadata" in container else []
            return next((_reduced(row, kind) for row in listed if row.get("type") == kind), {})

        return await kept(self._cache, f"plex:{scope}:{kind}:{key}", ask)

    async def _ask(self, path: str, **params: int) -> Answer:
        return await self._http.send("GET", path, params=params, headers=self._headers)


def _container(answer: Answer) -> Mapping[str, Any] | None:
    if answer.ok and answer.body.lstrip()[:1] == b"<":
        raise ContractDrift(
            f"{answer.what} answered XML instead of JSON; a proxy in between may drop the Accept header"
        )
    content = document(answer, refused=REFUSED)
    if content is None:
        return None
    container = content.get("MediaContainer")
    if not isinstance(container, dict):
        raise ContractDrift(f"{answer.what} answered without MediaContainer")
    return container


def _reduced(row: Mapping[str, Any], kind: str) -> Kept:
    ids = of_show(row) if kind == "show" else of_movie(row)
    known = {name: value for name, value in asdict(ids).items() if value is not None}
    title, year = row.get("title"), row.get("year")
    return {
        "ids": known,
        "title": title if isinstance(title, str) else "",
        "year": year if isinstance(year, int) else None,
    }
