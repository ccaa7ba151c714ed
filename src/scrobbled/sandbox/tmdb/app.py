"""TMDB, made up: finding by foreign ids, shows, seasons, films, their ids, search, configuration and pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from scrobbled.sandbox.base import ALONE, AnsweredEarly, Beside, Reply, Request, StandIn, control_body, route, utc_now
from scrobbled.sandbox.plex.pictures import drawn
from scrobbled.sandbox.tmdb.answers import (
    POSTER_SIZES,
    configuration,
    episode_item,
    episode_result,
    movie_item,
    movie_result,
    season_item,
    season_result,
    show_item,
    show_result,
)
from scrobbled.sandbox.world import World, WorldEpisode, WorldMovie, WorldSeason, WorldShow

API_KEY = "0123456789abcdef0123456789abcdef"
READ_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJzYW5kYm94In0.c2FuZGJveA"
"""The two credentials that are accepted, unless ``keys`` is changed."""
FAILURES = {
    7: (401, "Invalid API key: You must be granted a valid key."),
    25: (429, "Your request count is over the allowed limit."),
    34: (404, "The resource you requested could not be found."),
    5: (422, "Invalid parameters: Your request parameters are incorrect."),
}
"""TMDB's own code to HTTP status and text."""
MOST_APPENDED = 20


def failure(code: int) -> AnsweredEarly:
    status, message = FAILURES[code]
    return AnsweredEarly(Reply(status, {"success": False, "status_code": code, "status_message": message}))


class TmdbStandIn(StandIn):
    """``/3/…`` with ``?api_key=`` or a bearer, and ``/t/p/{size}/{file}`` for pictures, open to all.

    ``per_second`` switches the rate limit on; over it comes a 429.
    """

    name: ClassVar[str] = "tmdb"

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self.keys = {API_KEY, READ_TOKEN}
        self.per_second: int | None = None
        self._recent: deque[datetime] = deque()
        self._shows = {show.tmdb: show for show in world.shows}
        self._movies = {movie.tmdb: movie for movie in world.movies}
        self._titles = {f"tv{show.tmdb}": show.title for show in world.shows}
        self._titles |= {f"movie{movie.tmdb}": movie.title for movie in world.movies}
        self._found = _index(world)

    def check(self, request: Request) -> Reply | None:
        if request.path.startswith("/t/p/"):
            return None
        if (request.query.get("api_key") or request.bearer) not in self.keys:
            return failure(7).reply
        return failure(25).reply if self._too_many() else None

    def missing(self, request: Request) -> Reply:
        return failure(34).reply

    def _too_many(self) -> bool:
        if self.per_second is None:
            return False
        now = self.now()
        while self._recent and self._recent[0] <= now - timedelta(seconds=1):
            self._recent.popleft()
        self._recent.append(now)
        return len(self._recent) > self.per_second

    def state(self) -> Any:
        return {"shows": [s.tmdb for s in self.world.shows], "movies": [m.tmdb for m in self.world.movies]}

    @route("POST", "/_sandbox/settings")
    def control_settings(self, request: Request) -> Reply:
        """``{"per_second": n or null}``."""
        per_second = control_body(request, dict).get("per_second")
        if not isinstance(per_second, int | None):
            return Reply(400, {"message": "per_second is a whole number or null"})
        self.per_second = per_second
        return Reply(200, {"per_second": per_second})

    @route("GET", "/3/authentication")
    def authentication(self, request: Request) -> Reply:
        return Reply(200, {"success": True, "status_code": 1, "status_message": "Success."})

    @route("GET", "/3/configuration")
    def configuration(self, request: Request) -> Reply:
        return Reply(200, configuration(f"{request.root}/t/p/"))

    @route("GET", "/3/find/{external}")
    def find(self, request: Request, external: str) -> Reply:
        """A series id lands in ``tv_results``, an episode id in ``tv_episode_results``; several may be filled."""
        source = request.query.get("external_source")
        if source not in ("imdb_id", "tvdb_id"):
            raise failure(5)
        kinds = ("movie", "person", "tv", "tv_season", "tv_episode")
        found: dict[str, list[Any]] = {f"{kind}_results": [] for kind in kinds}
        for kind, result in self._found.get((source, external), ()):
            found[f"{kind}_results"].append(result)
        return Reply(200, found)

    # Shows

    @route("GET", "/3/tv/{show:int}")
    def tv(self, request: Request, show: int) -> Reply:
        """``append_to_response`` adds up to 20 of ``external_ids`` and ``season/N``; what is unknown is left out."""
        known = self._show(show)
        parts = [part for part in request.query.get("append_to_response", "").split(",") if part]
        if len(parts) > MOST_APPENDED:
            raise failure(5)
        return Reply(200, {**show_item(known), **self._appended(known, parts)})

    def _appended(self, show: WorldShow, parts: Iterable[str]) -> dict[str, Any]:
        seasons = {f"season/{s.number}": season_item(show, s) for s in show.seasons}
        offered = {**seasons, "external_ids": {"imdb_id": show.imdb, "tvdb_id": show.tvdb}}
        return {part: offered[part] for part in parts if part in offered}

    @route("GET", "/3/tv/{show:int}/external_ids")
    def tv_ids(self, request: Request, show: int) -> Reply:
        known = self._show(show)
        return Reply(200, _ids(known.tmdb, imdb_id=known.imdb, tvdb_id=known.tvdb))

    @route("GET", "/3/tv/{show:int}/season/{number:int}")
    def season(self, request: Request, show: int, number: int) -> Reply:
        return Reply(200, season_item(self._show(show), self._season(show, number)))

    @route("GET", "/3/tv/{show:int}/season/{number:int}/external_ids")
    def season_ids(self, request: Request, show: int, number: int) -> Reply:
        season = self._season(show, number)
        return Reply(200, _ids(season.tmdb, tvdb_id=season.tvdb))

    @route("GET", "/3/tv/{show:int}/season/{number:int}/episode/{episode:int}")
    def episode(self, request: Request, show: int, number: int, episode: int) -> Reply:
        return Reply(200, episode_item(self._show(show), self._episode(show, number, episode)))

    @route("GET", "/3/tv/{show:int}/season/{number:int}/episode/{episode:int}/external_ids")
    def episode_ids(self, request: Request, show: int, number: int, episode: int) -> Reply:
        known = self._episode(show, number, episode)
        return Reply(200, _ids(known.tmdb, imdb_id=known.imdb, tvdb_id=known.tvdb))

    @route("GET", "/3/tv/{show:int}/episode_groups")
    def episode_groups(self, request: Request, show: int) -> Reply:
        return Reply(200, {"results": [], "id": self._show(show).tmdb})

    def _show(self, tmdb: int) -> WorldShow:
        if tmdb not in self._shows:
            raise failure(34)
        return self._shows[tmdb]

    def _season(self, show: int, number: int) -> WorldSeason:
        for season in self._show(show).seasons:
            if season.number == number:
                return season
        raise failure(34)

    def _episode(self, show: int, number: int, episode: int) -> WorldEpisode:
        for known in self._season(show, number).episodes:
            if known.number == episode:
                return known
        raise failure(34)

    # Films

    @route("GET", "/3/movie/{movie:int}")
    def movie(self, request: Request, movie: int) -> Reply:
        known = self._movie(movie)
        wanted = "external_ids" in request.query.get("append_to_response", "").split(",")
        return Reply(200, {**movie_item(known), **({"external_ids": {"imdb_id": known.imdb}} if wanted else {})})

    @route("GET", "/3/movie/{movie:int}/external_ids")
    def movie_ids(self, request: Request, movie: int) -> Reply:
        known = self._movie(movie)
        return Reply(200, _ids(known.tmdb, imdb_id=known.imdb))

    def _movie(self, tmdb: int) -> WorldMovie:
        if tmdb not in self._movies:
            raise failure(34)
        return self._movies[tmdb]

    # Search and pictures

    @route("GET", "/3/search/tv")
    def search_tv(self, request: Request) -> Reply:
        year = request.query.get("first_air_date_year") or request.query.get("year")
        shows = [s for s in self.world.shows if _matches(request, s.title) and year in (None, "", str(s.year))]
        return _results([show_result(show) for show in shows])

    @route("GET", "/3/search/movie")
    def search_movie(self, request: Request) -> Reply:
        year = request.query.get("year") or request.query.get("primary_release_year")
        movies = [m for m in self.world.movies if _matches(request, m.title) and year in (None, "", str(m.year))]
        return _results([movie_result(movie) for movie in movies])

    @route("GET", "/t/p/{size}/{file}")
    async def picture(self, request: Request, size: str, file: str) -> Reply:
        """A drawn poster, as large as ``w342`` whatever the size that is asked for."""
        title = self._titles.get(file.removesuffix(".jpg"))
        if size not in POSTER_SIZES or title is None:
            raise failure(34)
        return await drawn(title)


def _index(world: World) -> dict[tuple[str, str], list[tuple[str, dict[str, Any]]]]:
    """(source, foreign id) to kind and result; numbers of different kinds may coincide."""
    index: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = {}

    def put(kind: str, result: dict[str, Any], imdb: str | None, tvdb: int | None) -> None:
        for source, external in (("imdb_id", imdb), ("tvdb_id", tvdb)):
            if external is not None:
                index.setdefault((source, str(external)), []).append((kind, result))

    for movie in world.movies:
        put("movie", movie_result(movie), movie.imdb, None)
    for show in world.shows:
        put("tv", show_result(show), show.imdb, show.tvdb)
        for season in show.seasons:
            put("tv_season", season_result(show, season), None, season.tvdb)
            for episode in season.episodes:
                put("tv_episode", episode_result(show, episode), episode.imdb, episode.tvdb)
    return index


def _ids(tmdb: int, **ids: str | int) -> dict[str, Any]:
    return {"id": tmdb, **ids, "wikidata_id": None, "freebase_id": None, "freebase_mid": None}


def _matches(request: Request, title: str) -> bool:
    return request.query.get("query", "").casefold() in title.casefold()


def _results(results: list[dict[str, Any]]) -> Reply:
    return Reply(200, {"page": 1, "results": results, "total_pages": 1, "total_results": len(results)})
