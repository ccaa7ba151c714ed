"""Plex Discover: the watchlist of an account, and which title of Plex has which ids elsewhere.

Titles lie on one host and watchlists on another, which they moved to in 2025. Only the token of an account at plex.tv
works there, and never that of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from scrobbled.clients.base import PAGE, JsonRow, Query, rows
from scrobbled.clients.plex import headers, paging
from scrobbled.clients.plex_lists import ListedPage, PlexListing, page_of
from scrobbled.clients.plextv import REFUSED
from scrobbled.core.errors import ContractDrift, LoginNeeded, NotInCatalogue, Refused, TryLater
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Answer, Http
from scrobbled.plumbing.pace import Pace

DISCOVER = "https://discover.provider.plex.tv"
METADATA = "https://metadata.provider.plex.tv"
PART = "discover"
"""As its requests are counted beside those of servers."""
EVERY, BURST = 0.2, 30.0
"""Seconds for one request, and how many may go at once: nobody documents a limit, and this is known to be within it."""
LIST = "/library/sections/watchlist/all"
MOST_HITS = 30
PlexTitleType = Literal["movie", "show"]
NUMBERS: Mapping[PlexTitleType, int] = {"movie": 1, "show": 2}
_SEARCHED: Mapping[PlexTitleType, str] = {"movie": "movies", "show": "tv"}


class DiscoverPace:
    """Of all that is asked with one account: the usual pace, and the rest that was wished for (``Retry-After``)."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._pace, self._until = clock, Pace(clock, every=EVERY, burst=BURST), 0.0

    async def turn(self) -> None:
        """Raises ``TryLater`` as long as it is to rest."""
        left = self._until - self._clock.monotonic()
        if left > 0.0:
            raise TryLater("Plex wants to be asked less often just now", after=left, limited=True)
        await self._pace.turn()

    def rest(self, seconds: float) -> None:
        self._until = self._clock.monotonic() + seconds


class Discover:
    """One account there. Everything raises ``TrackerError``: ``LoginNeeded`` with the words ``refused`` where its token
    is, ``ContractDrift`` for what is not there any more, ``TryLater`` for the rest.
    """

    def __init__(
        self,
        http: Http,
        token: str,
        pace: DiscoverPace,
        *,
        client: str,
        refused: str,
        at: str = "",
        titles_at: str = "",
    ) -> None:
        """``at`` is where watchlists are, and ``titles_at`` where titles are, where that is elsewhere."""
        self._lists, self._titles = http.at(at or DISCOVER, PART), http.at(titles_at or METADATA, PART)
        self._headers, self._pace, self._refused = headers(token, client=client), pace, refused

    # The watchlist

    def watchlist(self) -> PlexListing:
        """All that is on it, the newest first. Like any listing it raises ``ListShifted`` as it is gone through."""
        return PlexListing(self._page)

    async def _page(self, start: int) -> ListedPage:
        asked: Query = {
            "includeGuids": 1,
            "sort": "watchlistedAt:desc",
            "includeCollections": 1,
            "includeExternalMedia": 1,
        }
        answer = await self._send(self._lists, "GET", LIST, asked, paging(start, PAGE))
        if answer.status == 404:
            raise _moved(answer)
        return page_of(_good(answer))

    async def put(self, key: str) -> None:
        """On the list, with what is on it already. Raises ``NotInCatalogue`` where Plex does not know the title."""
        answer = await self._send(self._lists, "PUT", "/actions/addToWatchlist", {"ratingKey": key})
        if answer.status == 409 or (not answer.ok and _says(answer, "already on")):
            return
        self._check_section(answer)
        if answer.status == 404:
            raise NotInCatalogue("Plex does not know this title any more")
        if answer.status == 400:
            raise Refused(f"{answer.what} answered 400: Plex does not take it")
        _good(answer)

    async def take(self, key: str) -> None:
        """Off the list; what is not on it is off."""
        answer = await self._send(self._lists, "PUT", "/actions/removeFromWatchlist", {"ratingKey": key})
        self._check_section(answer)
        if answer.status not in (404, 409):
            _good(answer)

    def _check_section(self, answer: Answer) -> None:
        if answer.status == 404 and _says(answer, "section"):
            raise _moved(answer)

    # Titles

    async def title(self, key: str) -> JsonRow | None:
        """With its external ids; ``None`` where Plex does not know it."""
        answer = await self._send(self._titles, "GET", f"/library/metadata/{key}", {"includeGuids": 1})
        return None if answer.status == 404 else next(iter(_listed(answer)), None)

    async def matches(self, kind: PlexTitleType, service: str, id_: str | int) -> list[JsonRow]:
        """What Plex takes for the title with this id at ``tmdb``, ``imdb`` or ``tvdb``; it may be another one."""
        asked: Query = {"type": NUMBERS[kind], "title": f"{service}-{id_}", "includeGuids": 1}
        answer = await self._send(self._titles, "GET", "/library/metadata/matches", asked)
        return [] if answer.status == 404 else _listed(answer)

    async def search(self, kind: PlexTitleType, words: str) -> list[JsonRow]:
        """What is called alike, without external ids."""
        asked: Query = {
            "query": words,
            "limit": MOST_HITS,
            "searchTypes": _SEARCHED[kind],
            "searchProviders": "discover",
            "includeMetadata": 1,
        }
        answer = await self._send(self._lists, "GET", "/library/search", asked)
        groups = _rows(_container(answer), "SearchResults", answer)
        hits = [
            hit for group in groups if group.get("id") == "external" for hit in _rows(group, "SearchResult", answer)
        ]
        found = (hit.get("Metadata") for hit in hits)
        return [row for row in found if isinstance(row, dict) and row.get("type") == kind]

    async def _send(
        self, http: Http, method: str, path: str, query: Query, more: Mapping[str, str] | None = None
    ) -> Answer:
        await self._pace.turn()
        try:
            answer = await http.send(method, path, params=query, headers={**self._headers, **(more or {})})
        except TryLater as error:
            if error.after:
                self._pace.rest(error.after)
            raise
        if answer.status in REFUSED:
            raise LoginNeeded(self._refused)
        return answer


def _good(answer: Answer) -> Answer:
    if not answer.ok:
        raise ContractDrift(f"{answer.what} answered {answer.status}")
    return answer


def _listed(answer: Answer) -> list[JsonRow]:
    return _rows(_container(answer), "Metadata", answer)


def _rows(held: JsonRow, name: str, answer: Answer) -> list[JsonRow]:
    """A list without any lacks its name altogether."""
    return rows(held, name, answer.what) if name in held else []


def _container(answer: Answer) -> JsonRow:
    content = _good(answer).json()
    held: Any = content.get("MediaContainer") if isinstance(content, dict) else None
    if not isinstance(held, dict):
        raise ContractDrift(f"{answer.what} answered without MediaContainer")
    return held


def _says(answer: Answer, words: str) -> bool:
    return words in answer.body.decode(errors="replace").casefold()


def _moved(answer: Answer) -> ContractDrift:
    return ContractDrift(
        f"{answer.what} answered 404, so the watchlist is not there any more. Once it is known where Plex has moved it "
        "to, write that address under discover_url; or update scrobbled"
    )
