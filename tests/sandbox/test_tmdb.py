"""The TMDB stand-in keeps id spaces apart."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.posters.drawing import poster
from scrobbled.sandbox.tmdb.app import API_KEY, READ_TOKEN, TmdbStandIn

WORLD = worlds.build()
SHOW = WORLD.shows[0]
EPISODE = SHOW.seasons[1].episodes[2]
MOVIE = WORLD.movies[0]


@pytest.fixture
def tmdb(clock: Any) -> TmdbStandIn:
    return TmdbStandIn(WORLD, now=clock.now)


@pytest.fixture
async def client(tmdb: TmdbStandIn) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {READ_TOKEN}"}
    transport = httpx.ASGITransport(app=tmdb)
    async with httpx.AsyncClient(transport=transport, base_url="http://tmdb.test/3/", headers=headers) as client:
        yield client


async def test_key_and_bearer_are_both_accepted_and_nothing_else_is(client: httpx.AsyncClient) -> None:
    assert (await client.get("authentication")).json()["success"] is True
    del client.headers["Authorization"]
    assert (await client.get("authentication", params={"api_key": API_KEY})).status_code == 200
    for query in ({}, {"api_key": "f" * 32}):
        answer = await client.get("authentication", params=query)
        assert (answer.status_code, answer.json()["status_code"]) == (401, 7)


async def test_unknown_ids_and_routes_are_code_34(client: httpx.AsyncClient) -> None:
    for path in ("tv/4711", f"tv/{SHOW.tmdb}/season/9", f"tv/{SHOW.tmdb}/season/1/episode/99", "movie/4711", "nothing"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["status_code"], answer.json()["success"]) == (404, 34, False)


async def test_find_puts_each_kind_where_it_belongs(client: httpx.AsyncClient) -> None:
    async def found(external: object, source: str) -> dict[str, list[int]]:
        answer = (await client.get(f"find/{external}", params={"external_source": source})).json()
        assert len(answer) == 5
        return {kind: [item["id"] for item in items] for kind, items in answer.items() if items}

    assert await found(SHOW.imdb, "imdb_id") == {"tv_results": [SHOW.tmdb]}
    assert await found(SHOW.tvdb, "tvdb_id") == {"tv_results": [SHOW.tmdb]}
    assert await found(EPISODE.tvdb, "tvdb_id") == {"tv_episode_results": [EPISODE.tmdb]}
    assert await found(SHOW.seasons[1].tvdb, "tvdb_id") == {"tv_season_results": [SHOW.seasons[1].tmdb]}
    assert await found(MOVIE.imdb, "imdb_id") == {"movie_results": [MOVIE.tmdb]}
    assert await found("tt0000000", "imdb_id") == {}


async def test_found_episode_names_its_show_season_and_number(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"find/{EPISODE.imdb}", params={"external_source": "imdb_id"})
    episode = answer.json()["tv_episode_results"][0]
    assert (episode["show_id"], episode["season_number"], episode["episode_number"]) == (SHOW.tmdb, 1, 3)
    assert episode["media_type"] == "tv_episode"


async def test_find_without_a_known_source_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("find/1", params={"external_source": "thetvdb"})
    assert (answer.status_code, answer.json()["status_code"]) == (422, 5)


async def test_the_same_number_means_different_things_per_kind(client: httpx.AsyncClient) -> None:
    show, movie = (await client.get(f"tv/{SHOW.tmdb}")).json(), (await client.get(f"movie/{SHOW.tmdb}")).json()
    assert (show["name"], movie["title"]) == (SHOW.title, MOVIE.title)


async def test_show_appends_seasons_and_ids(client: httpx.AsyncClient) -> None:
    query = {"append_to_response": "external_ids,season/0,season/1,season/9"}
    show = (await client.get(f"tv/{SHOW.tmdb}", params=query)).json()
    assert show["external_ids"] == {"imdb_id": SHOW.imdb, "tvdb_id": SHOW.tvdb}
    assert [len(show[f"season/{n}"]["episodes"]) for n in (0, 1)] == [2, 8]
    assert "season/9" not in show
    too_many = {"append_to_response": ",".join(f"season/{n}" for n in range(21))}
    assert (await client.get(f"tv/{SHOW.tmdb}", params=too_many)).status_code == 422


async def test_season_lists_episodes_without_their_foreign_ids(client: httpx.AsyncClient) -> None:
    season = (await client.get(f"tv/{SHOW.tmdb}/season/1")).json()
    listed = season["episodes"][2]
    assert (season["id"], listed["id"], listed["name"]) == (SHOW.seasons[1].tmdb, EPISODE.tmdb, EPISODE.title)
    assert (listed["air_date"], "tvdb_id" in listed) == (EPISODE.air_date.isoformat(), False)


async def test_external_ids_exist_at_every_level(client: httpx.AsyncClient) -> None:
    at = f"tv/{SHOW.tmdb}"
    assert (await client.get(f"{at}/external_ids")).json()["tvdb_id"] == SHOW.tvdb
    assert (await client.get(f"{at}/season/1/external_ids")).json()["tvdb_id"] == SHOW.seasons[1].tvdb
    episode = (await client.get(f"{at}/season/1/episode/3/external_ids")).json()
    assert (episode["imdb_id"], episode["tvdb_id"]) == (EPISODE.imdb, EPISODE.tvdb)
    assert (await client.get(f"movie/{MOVIE.tmdb}/external_ids")).json()["imdb_id"] == MOVIE.imdb


async def test_search_goes_by_title_and_year(client: httpx.AsyncClient) -> None:
    tv = await client.get("search/tv", params={"query": SHOW.title.lower(), "first_air_date_year": str(SHOW.year)})
    assert [hit["id"] for hit in tv.json()["results"]] == [SHOW.tmdb]
    movie = await client.get("search/movie", params={"query": MOVIE.title, "year": "1901"})
    assert movie.json() == {"page": 1, "results": [], "total_pages": 1, "total_results": 0}


async def test_pictures_are_found_by_configuration_and_path_without_a_key(client: httpx.AsyncClient) -> None:
    images = (await client.get("configuration")).json()["images"]
    path = (await client.get(f"tv/{SHOW.tmdb}")).json()["poster_path"]
    assert "w342" in images["poster_sizes"]
    del client.headers["Authorization"]
    picture = await client.get(f"{images['secure_base_url']}w342{path}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content == poster(SHOW.title)
    assert (await client.get(f"{images['secure_base_url']}w1{path}")).status_code == 404


async def test_rate_limit_can_be_switched_on(client: httpx.AsyncClient, clock: Any) -> None:
    url = "http://tmdb.test/_sandbox/settings"
    assert (await client.post(url, json={"per_second": 2})).json() == {"per_second": 2}
    answers = [await client.get("configuration") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["status_code"] == 25
    clock.advance(1)
    assert (await client.get("configuration")).status_code == 200
