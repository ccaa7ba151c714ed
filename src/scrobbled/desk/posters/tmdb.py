"""Posters of TMDB: https://developer.themoviedb.org/docs/image-basics."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from scrobbled.catalogues.base import KEEP_HIT
from scrobbled.catalogues.tmdb import AT_ONCE, EVERY, REFUSED, credentials
from scrobbled.clients.base import document, rows
from scrobbled.core.errors import Uncertain
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.naming.matching import ShowMatch
from scrobbled.core.naming.titles import TitleKind
from scrobbled.desk.posters.base import fetched
from scrobbled.desk.posters.picture import Picture
from scrobbled.desk.posters.subject import TMDB_PATH, PosterSubject
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Http
from scrobbled.plumbing.pace import Pace

IMAGES = "https://image.tmdb.org/t/p"
SIZE = "w342"
IMDB = re.compile(r"tt[0-9]{1,12}", re.ASCII)
KEEP_NONE = timedelta(days=1).total_seconds()


PosterPath = Callable[[Mapping[str, Any], str], str]
"""Takes ``poster_path`` out of an answer, empty where there is none; is told which answer that is, for errors."""


class ShowFinder(Protocol):
    """``resolve.Resolver``."""

    async def show_of(self, episode: Episode) -> ShowMatch: ...


class TmdbPosters:
    """The poster of a film or show whose TMDB id is known, or can be found by its other ids.

    Titles are never searched for: of two films of one name the wrong poster is worse than none.
    """

    name = "tmdb"

    def __init__(self, api: Http, images: Http, key: str, *, shows: ShowFinder, cache: Cache, clock: Clock) -> None:
        """``key`` is either credential; ``images`` never gets to see it."""
        self._api, self._images, self._shows, self._cache = api, images, shows, cache
        self._params, self._headers = credentials(key)
        self._pace = Pace(clock, every=EVERY, burst=AT_ONCE)

    async def find(self, subject: PosterSubject) -> Picture | None:
        """See ``art.base.Source.find``."""
        path = subject.path or await self._path_of(subject)
        if not TMDB_PATH.fullmatch(path):
            return None
        return await fetched(self._images, f"/{SIZE}{path}", params={}, headers={}, refused=REFUSED)

    async def _path_of(self, subject: PosterSubject) -> str:
        item = subject.item
        if isinstance(item, Movie):
            if item.ids.tmdb is not None:
                return await self._poster("movie", item.ids.tmdb)
            return await self._found(item.ids.imdb or "")
        show = await self._show_id(item)
        return "" if show is None else await self._poster("show", show)

    async def _show_id(self, episode: Episode) -> int | None:
        if episode.show_ids.tmdb is not None:
            return episode.show_ids.tmdb
        try:
            return (await self._shows.show_of(episode)).ids.tmdb
        except Uncertain:
            return None

    async def _poster(self, kind: TitleKind, tmdb: int) -> str:
        """Films and shows have the same numbers for different things."""
        word = "tv" if kind == "show" else "movie"
        return await self._kept(f"/{word}/{tmdb}", {}, _own_path)

    async def _found(self, imdb: str) -> str:
        if not IMDB.fullmatch(imdb):
            return ""
        return await self._kept(f"/find/{imdb}", {"external_source": "imdb_id"}, _first_film)

    async def _kept(self, place: str, params: Mapping[str, str], read: PosterPath) -> str:
        key = f"art:tmdb:{place}"
        known = await self._cache.get(key)
        if isinstance(known, str):
            return known
        await self._pace.turn()
        answer = await self._api.send("GET", place, params={**params, **self._params}, headers=self._headers)
        content = document(answer, refused=REFUSED)
        path: str = "" if content is None else read(content, answer.what)
        await self._cache.put(key, path, seconds=KEEP_HIT if path else KEEP_NONE)
        return path


def _own_path(content: Mapping[str, Any], what: str) -> str:
    path = content.get("poster_path")
    return path if isinstance(path, str) else ""


def _first_film(content: Mapping[str, Any], what: str) -> str:
    """An id may be one of a show or an episode as well; what is asked for is a film."""
    return next((_own_path(row, what) for row in rows(content, "movie_results", what)), "")
