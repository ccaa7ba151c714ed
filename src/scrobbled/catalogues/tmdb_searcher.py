"""Looking for a title at TMDB, for a person who chooses.

https://developer.themoviedb.org/reference/search-tv
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from scrobbled.catalogues.tmdb import AT_ONCE, EVERY, REFUSED, credentials
from scrobbled.clients.base import document, rows, whole
from scrobbled.core.naming.titles import SeasonSize, Title, TitleKind
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Answer, Http
from scrobbled.plumbing.pace import Pace

MOST = 10
MOST_SIZED = 4
_WORDS: dict[TitleKind, tuple[str, str, str, str]] = {
    "show": ("tv", "first_air_date_year", "name", "first_air_date"),
    "movie": ("movie", "year", "title", "release_date"),
}
"""For each kind: its place, how a year is asked for, and where an answer has title and date."""


class TmdbSearcher:
    """``http`` is rooted at the API, ``key`` either credential that TMDB hands out."""

    kinds: frozenset[TitleKind] = frozenset({"show", "movie"})

    def __init__(self, http: Http, key: str, clock: Clock) -> None:
        self._http, self._key = http, key
        self._pace = Pace(clock, every=EVERY, burst=AT_ONCE)

    async def search(self, query: str, year: int | None, kind: TitleKind) -> Sequence[Title]:
        place, by_year, *_ = _WORDS[kind]
        params = {"query": query} if year is None else {"query": query, by_year: str(year)}
        answer = await self._ask(f"/search/{place}", **params)
        listed = rows(document(answer, refused=REFUSED) or {"results": []}, "results", answer.what)
        titles = [found for row in listed[:MOST] if (found := _title(row, kind)) is not None]
        if kind == "movie":
            return titles
        sizes = await asyncio.gather(*(self.sizes(one.tmdb) for one in titles[:MOST_SIZED] if one.tmdb is not None))
        sized = [
            replace(title, seasons=None if size is None else tuple(size))
            for title, size in zip(titles, sizes, strict=False)
        ]
        return [*sized, *titles[MOST_SIZED:]]

    async def sizes(self, tmdb: int) -> Sequence[SeasonSize] | None:
        answer = await self._ask(f"/tv/{tmdb}")
        content = document(answer, refused=REFUSED)
        if content is None:
            return None
        found = ((whole(row.get("season_number")), row) for row in rows(content, "seasons", answer.what))
        return [SeasonSize(number, whole(row.get("episode_count")) or 0) for number, row in found if number is not None]

    async def _ask(self, path: str, **params: str) -> Answer:
        own, headers = credentials(self._key)
        await self._pace.turn()
        return await self._http.send("GET", path, params={**params, **own}, headers=headers)


def _title(row: Mapping[str, Any], kind: TitleKind) -> Title | None:
    _, _, name, dated = _WORDS[kind]
    tmdb, title, date, poster = whole(row.get("id")), row.get(name), row.get(dated), row.get("poster_path")
    if tmdb is None or not isinstance(title, str):
        return None
    year = int(date[:4]) if isinstance(date, str) and date[:4].isdecimal() else None
    return Title(kind, title, year, tmdb, poster=poster if isinstance(poster, str) else "")
