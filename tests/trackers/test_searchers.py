"""Looking for a title on Trakt, Serializd and at TMDB, against their stand-ins."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from conftest import FakeClock
from scrobbled.catalogues.tmdb_searcher import TmdbSearcher
from scrobbled.core.errors import LoginNeeded, TryLater
from scrobbled.core.naming.titles import Searcher, SeasonSize
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.server import Sandbox
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.given import FinderContext

SETTINGS: dict[str, Any] = {
    "serializd": {"url": "http://sandbox/serializd/api"},
    "trakt": {"client_id": "sandbox-client", "url": "http://sandbox/trakt"},
}
KEY = "0123456789abcdef0123456789abcdef"


class Notes(dict[str, Any]):
    async def get(self, key: str) -> Any:  # type: ignore[override]
        return super().get(key)

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        self[key] = value


@asynccontextmanager
async def searching(name: str, key: str = KEY) -> AsyncIterator[tuple[Searcher, Sandbox]]:
    clock = FakeClock()
    sandbox = Sandbox(now=clock.now, only=("serializd", "trakt", "tmdb"))
    http = Http("", transport=httpx.ASGITransport(sandbox))  # type: ignore[arg-type]
    try:
        if name == "tmdb":
            yield TmdbSearcher(http.at("http://sandbox/tmdb/3"), key, clock), sandbox
        else:
            yield TRACKERS[name].build_searcher(FinderContext(SETTINGS[name], http, Notes(), clock)), sandbox
    finally:
        await http.aclose()


@pytest.mark.parametrize("name", ["serializd", "trakt", "tmdb"])
async def test_a_show_is_found_with_its_year_its_tmdb_id_and_its_seasons(name: str) -> None:
    async with searching(name) as (searcher, sandbox):
        show = sandbox.world.shows[1]
        (found,) = await searcher.search("Paper Orchard", None, "show")
        assert (found.title, found.year, found.tmdb) == (show.title, show.year, show.tmdb)
        sizes = tuple(SeasonSize(season.number, len(season.episodes)) for season in show.seasons)
        assert found.seasons == sizes
        assert tuple(await searcher.sizes(show.tmdb) or ()) == sizes
        assert not await searcher.sizes(999_999)


@pytest.mark.parametrize("name", ["serializd", "trakt", "tmdb"])
async def test_a_year_leaves_out_what_is_of_another(name: str) -> None:
    async with searching(name) as (searcher, _):
        assert await searcher.search("Paper Orchard", 1980, "show") == []


@pytest.mark.parametrize("name", ["trakt", "tmdb"])
async def test_a_film_is_found_in_the_space_of_films(name: str) -> None:
    async with searching(name) as (searcher, sandbox):
        movie = sandbox.world.movies[0]
        (found,) = await searcher.search(movie.title, movie.year, "movie")
        assert (found.kind, found.tmdb, found.seasons) == ("movie", movie.tmdb, None)


async def test_serializd_has_no_films() -> None:
    async with searching("serializd") as (searcher, sandbox):
        assert searcher.kinds == {"show"}
        assert await searcher.search("Harbour", None, "movie") == []
        assert sandbox["serializd"].calls() == []


async def test_search_syntax_is_text() -> None:
    async with searching("trakt") as (searcher, sandbox):
        assert await searcher.search("title:* OR (x)", None, "show") == []
        assert sandbox["trakt"].calls()[0].query["query"] == r"title\:\* OR \(x\)"


async def test_a_list_without_seasons_is_a_list_all_the_same() -> None:
    async with searching("serializd") as (searcher, sandbox):
        sandbox["serializd"].faults.add(Fault("GET /api/quick_log/search_shows", status=404))
        (found,) = await searcher.search("Paper Orchard", None, "show")
        assert found.seasons is None


@pytest.mark.parametrize("name", ["serializd", "trakt", "tmdb"])
async def test_who_is_down_says_so(name: str) -> None:
    async with searching(name) as (searcher, sandbox):
        sandbox[name].faults.start_outage()
        with pytest.raises(TryLater):
            await searcher.search("Paper Orchard", None, "show")
        with pytest.raises(TryLater):
            await searcher.sizes(90_001)


async def test_a_wrong_key_says_what_to_do() -> None:
    async with searching("tmdb", key="f" * 32) as (searcher, _):
        with pytest.raises(LoginNeeded, match=r"metadata\.tmdb\.key"):
            await searcher.search("Paper Orchard", None, "show")
