"""Data sets that say the same in four forms, and how each of them can be broken."""

import gzip
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.anime import BY_ID, TITLES, AnimePlace
from scrobbled.sandbox.mappings.app import MappingsStandIn
from scrobbled.sandbox.mappings.fribb import GENERATIONS
from scrobbled.sandbox.mappings.otaku import SPELLINGS
from scrobbled.sandbox.mappings.runs import runs
from scrobbled.sandbox.messages import Request

pytestmark = pytest.mark.anyio
FILES = ("mappings.json", "anime-list-full.json", "anime_mappings.db", "anime-list-master.xml")
COUR_2, SHORTS, DOUBLE, AIRING, FILM = (BY_ID[id_] for id_ in (555_002, 555_040, 555_060, 555_050, 555_070))


@pytest.fixture
def service() -> MappingsStandIn:
    return MappingsStandIn(worlds.build())


@pytest.fixture
async def client(service: MappingsStandIn) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=service)
    async with httpx.AsyncClient(transport=transport, base_url="http://data.test", follow_redirects=True) as client:
        yield client


async def switched(client: httpx.AsyncClient, **given: Any) -> int:
    return (await client.post("/_sandbox/switches", json=given)).status_code


@pytest.mark.parametrize("title", TITLES, ids=lambda title: title.romaji)
def test_the_runs_of_a_title_say_of_each_number_where_it_stands(title: Any) -> None:
    said: list[tuple[AnimePlace, ...]] = []
    for run in runs(title):
        for number in range(run.first, run.last + 1):
            if run.is_nothing:
                said.append(())
            elif run.ratio > 0:
                begin = run.begin + (number - run.first) * run.ratio
                said.append(tuple(run.place._replace(number=begin + more) for more in range(run.ratio)))
            else:
                said.append((run.place._replace(number=run.begin + (number - run.first) // -run.ratio),))
    assert tuple(said) == title.places


async def test_ranges_ratios_films_what_is_nothing_and_what_goes_on(client: httpx.AsyncClient) -> None:
    found = (await client.get("/mappings.json")).json()
    assert found["anilist:555002"] == {
        "tmdb_show:95000:s1": {"1-13": "13-25"},
        "tvdb_show:470000:s1": {"1-13": "13-25"},
    }
    assert found[f"anilist:{SHORTS.id}"]["tmdb_show:95004:s1"] == {"1-12": "1-6|-2"}
    assert found[f"anilist:{DOUBLE.id}"]["tmdb_show:95006:s1"] == {
        "1": "1-2|2",
        "2-5": "3-6",
        "6": None,
        "7-13": "7-13",
    }
    assert found[f"anilist:{AIRING.id}"]["tmdb_show:95005:s1"] == {"1-": "1-"}
    assert found[f"anilist:{FILM.id}"] == {"tmdb_movie:95000": {"1": "1"}, "imdb_movie:tt6400000": {"1": "1"}}
    assert found[f"anidb:{COUR_2.anidb}:R"] == found[f"anilist:{COUR_2.id}"]


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_list_that_changed_its_fields_three_times_in_a_year(client: httpx.AsyncClient, generation: str) -> None:
    assert await switched(client, generation=generation) == 200
    rows = {row["anilist_id"]: row for row in (await client.get("/anime-list-full.json")).json()}
    show, film = rows[COUR_2.id], rows[FILM.id]
    ids = {name: show.get(name) for name in ("thetvdb_id", "tvdb_id", "themoviedb_id", "imdb_id", "season")}
    offset = show.get("episode_offset")
    assert (ids, film["themoviedb_id"], offset) == {
        "2024-06": (_ids(470_000, None, 95_000, "tt6600000", None), 95_000, None),
        "2026-01": (_ids(None, 470_000, 95_000, "tt6600000", {"tvdb": 1, "tmdb": 1}), 95_000, None),
        "2026-05": (_ids(None, 470_000, {"tv": 95_000}, "tt6600000", {"tvdb": 1, "tmdb": 1}), {"movie": 95_000}, None),
        "2026-06": (
            _ids(None, 470_000, {"tv": 95_000}, ["tt6600000"], {"tvdb": 1, "tmdb": 1}),
            {"movie": [95_000]},
            {"tvdb": 12, "tmdb": 12},
        ),
    }[generation]


def _ids(old: Any, tvdb: Any, tmdb: Any, imdb: Any, season: Any) -> dict[str, Any]:
    return {"thetvdb_id": old, "tvdb_id": tvdb, "themoviedb_id": tmdb, "imdb_id": imdb, "season": season}


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_database_with_either_spelling_and_ids_of_two_spaces(
    client: httpx.AsyncClient, tmp_path: Path, spelling: str
) -> None:
    await switched(client, spelling=spelling)
    path = tmp_path / "anime.db"
    path.write_bytes((await client.get("/anime_mappings.db")).content)
    with sqlite3.connect(path) as db:
        rows = db.execute(
            f"SELECT anilist_id, thetvdb_id, trakt_id, global_media_type, {spelling} FROM anime"
        ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    assert found[555_001] == (470_000, 190_000, "show", "1 - 12")
    assert found[COUR_2.id] == (470_000, None, "show", "13 - 25")
    assert found[FILM.id] == ("movie", 616_000, "movie", "1 - 1")


async def test_xml_with_offsets_pairs_and_absolute_order(client: httpx.AsyncClient) -> None:
    root = ElementTree.fromstring((await client.get("/anime-list-master.xml")).content)
    found = {node.get("anidbid"): node for node in root}
    assert (found[str(COUR_2.anidb)].get("episodeoffset"), found[str(COUR_2.anidb)].get("tmdboffset")) == ("12", "12")
    assert found["17010"].get("defaulttvdbseason") == "a"
    assert [node.text for node in found[str(SHORTS.anidb)].iter("mapping")] == [
        ";1-1;2-1;3-2;4-2;5-3;6-3;7-4;8-4;9-5;10-5;11-6;12-6;"
    ]
    assert [node.text for node in found[str(DOUBLE.anidb)].iter("mapping")] == [";1-1+2;", None, ";6-0;", None]
    assert found[str(AIRING.anidb)].find("mapping-list") is None


@pytest.mark.parametrize("name", FILES)
async def test_what_is_known_is_not_sent_again(client: httpx.AsyncClient, name: str) -> None:
    first = await client.get(f"/{name}")
    again = await client.get(f"/{name}", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    packed = await client.get(f"/{name}.gz")
    assert gzip.decompress(packed.content) == first.content


async def test_one_is_sent_on_as_often_as_was_said(client: httpx.AsyncClient) -> None:
    await switched(client, hops=4)
    answer = await client.get("/mappings.json")
    assert [one.status_code for one in answer.history] == [302] * 4
    await switched(client, hops=0)
    assert (await client.get("/mappings.json")).history == []
    assert (await client.get("/no-such.json")).status_code == 404


@pytest.mark.parametrize("name", FILES)
async def test_each_can_be_broken_in_every_way(client: httpx.AsyncClient, service: MappingsStandIn, name: str) -> None:
    whole = service.content(name)

    async def got(broken: str) -> bytes:
        await switched(client, broken={name: broken})
        return (await client.get(f"/{name}")).content

    assert (await got("html")).startswith(b"<!DOCTYPE html>")
    assert await got("cut") == whole[: len(whole) // 2]
    assert await got("empty") == b""
    assert 0 < len(await got("shrunk")) <= len(whole)
    assert await got("shrunk") != whole
    assert await got("foreign") != whole
    assert (b"<!DOCTYPE" in await got("doctype")) is name.endswith(".xml")
    assert await got("") == whole


@pytest.mark.parametrize(("broken", "packed"), [("endless", False), ("bomb", True)])
async def test_some_are_more_than_anybody_takes(service: MappingsStandIn, broken: Any, packed: bool) -> None:
    service.broken, service.hops = {"mappings.json": broken}, 0
    reply = service.released(Request("GET", "/mappings.json"), "mappings.json")
    size = unpacked = pieces = 0
    async for piece in reply.body:
        size, pieces = size + len(piece), pieces + 1
        unpacked += len(gzip.decompress(piece)) if packed else len(piece)
        if pieces == 100:
            break
    assert unpacked > 6_000_000
    assert (size < 100_000) is packed


async def test_switches_that_make_no_sense_are_refused(client: httpx.AsyncClient) -> None:
    wrong: list[dict[str, Any]] = [{"hop": 1}, {"hops": 11}, {"broken": {"mappings.json": "torn"}}, {"broken": []}]
    wrong += [{"generation": "2027-01"}, {"spelling": "episodes"}]
    assert [await switched(client, **given) for given in wrong] == [400] * len(wrong)
    assert json.loads((await client.get("/_sandbox/state")).content)["generation"] == GENERATIONS[-1]
