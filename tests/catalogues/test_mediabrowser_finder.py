"""Asking Jellyfin and Emby which show an episode belongs to, and what a film's ids are."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import pytest
from msgspec.structs import replace

from catalogues.test_plex_finder import Memory
from scrobbled.clients.mediabrowser import DIALECTS, MediaBrowserClient
from scrobbled.core.errors import ContractDrift, LoginNeeded, TryLater
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Episode, Movie, Origin
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.base import Fault
from scrobbled.sandbox.mediabrowser.emby import EmbyStandIn
from scrobbled.sandbox.mediabrowser.jellyfin import JellyfinStandIn
from scrobbled.sandbox.world import build
from scrobbled.servers.mediabrowser.lookup import MediaBrowserFinder

WORLD = build()
SHOW, FILM = WORLD.shows[1], WORLD.movies[0]
NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
Finds = Callable[[MediaBrowserFinder], Awaitable[Any]]
T = TypeVar("T")


@pytest.fixture(params=["jellyfin", "emby"])
def server(request: pytest.FixtureRequest) -> Any:
    return {"jellyfin": JellyfinStandIn, "emby": EmbyStandIn}[request.param](WORLD, now=lambda: NOW)


@pytest.fixture
def cache() -> Memory:
    return Memory()


def asked(server: Any, cache: Memory, ask: Finds, *, token: str = "") -> Any:
    async def run() -> Any:
        http = Http("http://media.test:8096", transport=httpx.ASGITransport(server))
        try:
            return await ask(
                MediaBrowserFinder(MediaBrowserClient(DIALECTS[server.name], http, token or server.api_key), cache)
            )
        finally:
            await http.aclose()

    return asyncio.run(run())


def episode(on: Any, **changes: Any) -> Episode:
    item = on.library.find(f"{SHOW.title} S2E5")
    show = next(one for one in on.library.items.values() if one.type == "show" and one.title == SHOW.title)
    origin = Origin(on.face.id, on.id_of(item), on.id_of(show))
    return Episode(SHOW.title, 2, 5, origin=replace(origin, **changes))


def test_the_server_knows_the_show_that_its_webhook_leaves_out(server: Any, cache: Memory) -> None:
    (found,) = asked(server, cache, lambda finder: finder.find_show(episode(server)))
    assert found.match.ids.tmdb == SHOW.tmdb
    assert (found.title, found.certain) == (SHOW.title, True)
    assert [(claim.season, claim.number) for claim in found.match.claims] == [(2, 5)]


@pytest.mark.parametrize("number", ["", "#6"])
def test_the_show_is_found_by_the_episode_alone(server: Any, cache: Memory, number: str) -> None:
    """Also by a later one in the same file, whose key no server knows."""
    bare = episode(server, show_key=None)
    assert bare.origin is not None
    bare = replace(bare, origin=replace(bare.origin, key=bare.origin.key + number))
    (found,) = asked(server, cache, lambda finder: finder.find_show(bare))
    assert found.match.ids.tmdb == SHOW.tmdb


def test_it_is_asked_once(server: Any, cache: Memory) -> None:
    async def twice(finder: MediaBrowserFinder) -> None:
        for _ in range(2):
            assert await finder.find_show(episode(server))

    asked(server, cache, twice)
    assert len(server.calls("GET /Items")) == 1


def test_the_ids_of_a_film_that_came_without_any_case_65(server: Any, cache: Memory) -> None:
    film = Movie(FILM.title, origin=Origin(server.face.id, server.id_of(server.library.find(FILM.title))))
    found = asked(server, cache, lambda finder: finder.ids_of(film))
    assert isinstance(found, MovieIds)
    assert found.tmdb == FILM.tmdb


@pytest.mark.parametrize("changes", [{"server": "another"}, {"key": "ffff", "show_key": "ffff"}])
def test_of_what_is_not_there_nothing_is_known(server: Any, cache: Memory, changes: dict[str, str]) -> None:
    assert asked(server, cache, lambda finder: finder.find_show(episode(server, **changes))) == []
    film = Movie("x", origin=episode(server, **changes).origin)
    assert asked(server, cache, lambda finder: finder.ids_of(film)) == MovieIds()
    assert asked(server, cache, lambda finder: finder.ids_of(replace(film, origin=None))) == MovieIds()


def test_another_key_of_a_show_without_ids_finds_nothing(server: Any, cache: Memory) -> None:
    (key,) = [f"{server.name}:{server.face.id}:item:{episode(server).origin.show_key}"]  # type: ignore[union-attr]
    cache.values[key] = ({"ids": {}, "title": "x", "year": None, "series": ""}, 1.0)
    assert asked(server, cache, lambda finder: finder.find_show(episode(server))) == []


def test_a_refused_key_says_which_one(server: Any, cache: Memory) -> None:
    with pytest.raises(LoginNeeded, match=rf"sources\.{server.name}\.server_token"):
        asked(server, cache, lambda finder: finder.find_show(episode(server)), token="wrong")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=503), TryLater),
        (Fault(status=404), ContractDrift),
        (Fault(kind="html"), ContractDrift),
        (Fault(status=200, body={"Id": ""}), ContractDrift),
    ],
)
def test_a_server_that_does_not_answer_is_no_server_without_the_item(
    server: Any, cache: Memory, fault: Fault, error: type[Exception]
) -> None:
    server.faults.add(fault)
    with pytest.raises(error):
        asked(server, cache, lambda finder: finder.find_show(episode(server)))
    assert cache.values == {}
