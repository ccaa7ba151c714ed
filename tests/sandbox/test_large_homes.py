"""Large libraries, and what happens to libraries while nobody watches anything."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from conftest import FakeClock
from sandbox.plex_house import TOKEN, House
from scrobbled.sandbox.homes.large import large
from scrobbled.sandbox.plex.agents import LEGACY
from scrobbled.sandbox.plex.happenings import change_agent, recreate, unmount
from scrobbled.sandbox.plex.items import FILMS, SERIES
from scrobbled.sandbox.server import Sandbox

ALL = {FILMS.key: "type=1", SERIES.key: "type=4"}


def read(sandbox: Sandbox, path: str) -> list[dict[str, Any]]:
    """All pages of a list, a thousand rows each."""

    async def everything() -> list[dict[str, Any]]:
        headers = {"Accept": "application/json", "X-Plex-Token": TOKEN, "X-Plex-Container-Size": "1000"}
        found: list[dict[str, Any]] = []
        transport = httpx.ASGITransport(app=sandbox)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox/plex", headers=headers) as client:
            while True:
                answer = await client.get(path, headers={"X-Plex-Container-Start": str(len(found))})
                page = answer.json()["MediaContainer"]
                found += page.get("Metadata", [])
                if not page["size"]:
                    return found

    return asyncio.run(everything())


def test_a_large_library_is_read_page_by_page_with_its_history(clock: FakeClock) -> None:
    home = large(movies=1_500, episodes=1_200, watched=2_500, rated=40, on_trakt=2_000, now=clock.now)
    films = read(home, "/library/sections/1/all?type=1&includeGuids=1")
    episodes = read(home, "/library/sections/4/all?type=4&includeGuids=1")
    assert (len(films), len(episodes)) == (1_500, 1_200)
    assert len({row["ratingKey"] for row in films + episodes}) == 2_700
    watched = {row["ratingKey"]: row["lastViewedAt"] for row in films + episodes if row.get("viewCount") == 1}
    rows = read(home, "/status/sessions/history/all?sort=viewedAt:asc&accountID=1")
    assert {row["ratingKey"]: row["viewedAt"] for row in rows} == watched
    assert (len(watched), len(rows)) == (2_500, 2_500)
    assert max(watched.values()) == int((clock.now() - timedelta(days=1)).timestamp())
    assert sum("userRating" in row for row in films + episodes) == 40


def test_what_is_on_trakt_already_is_the_same_to_the_minute(clock: FakeClock) -> None:
    home = large(movies=30, episodes=40, watched=50, rated=10, on_trakt=40, now=clock.now)
    held = home["trakt"].state()["accounts"]["anna"]
    oldest = home["plex"].views.history[:40]
    assert sorted(row["watched_at"][:16] for row in held["history"]) == [f"{row.at:%Y-%m-%dT%H:%M}" for row in oldest]
    assert len(held["ratings"]) == 10
    assert home["trakt"].account_of("anna").limits["ratings"] >= 10_000


@pytest.mark.parametrize(
    ("section", "name", "guid"),
    [
        (FILMS, "imdb", "com.plexapp.agents.imdb://{one.imdb}?lang=en"),
        (FILMS, "themoviedb", "com.plexapp.agents.themoviedb://{one.tmdb}?lang=en"),
        (FILMS, "xbmcnfo", "com.plexapp.agents.xbmcnfo://{one.imdb}?lang=en"),
        (SERIES, "thetvdb", "com.plexapp.agents.thetvdb://{show.tvdb}/{one.season}/{one.number}?lang=en"),
        (SERIES, "hama", "com.plexapp.agents.hama://tvdb-{show.tvdb}/{one.season}/{one.number}?lang=en"),
        (SERIES, "xbmcnfotv", "com.plexapp.agents.xbmcnfotv://{show.tvdb}/{one.season}/{one.number}?lang=en"),
    ],
)
def test_another_agent_writes_other_guids_and_the_first_one_its_own(
    house: House, section: Any, name: str, guid: str
) -> None:
    path = f"/library/sections/{section.key}/all?{ALL[section.key]}&includeGuids=1"
    house.watch(house.world.movies[0].title)
    house.watch(f"{house.world.shows[0].title} S1E1")
    before = house.rows(path)
    change_agent(house.server, section, LEGACY + name)
    after = house.rows(path)
    things: list[Any] = [(None, movie) for movie in house.world.movies]
    if section is SERIES:
        things = [(show, one) for show in house.world.shows for one in show.episodes()]
    assert [row["guid"] for row in after] == [guid.format(show=show, one=one) for show, one in things]
    assert not any("Guid" in row for row in after)
    kept = ("ratingKey", "viewCount", "title", "addedAt")
    assert [[row.get(name) for name in kept] for row in after] == [[row.get(name) for name in kept] for row in before]
    change_agent(house.server, house.server.library.sections[section.key], section.agent)
    assert house.rows(path) == before


@pytest.mark.parametrize("keeps_state", [True, False])
def test_a_library_made_anew_has_new_keys_and_the_same_things(house: House, keeps_state: bool) -> None:
    house.watch(house.world.movies[0].title)
    before = house.rows("/library/sections/1/all?type=1")
    fresh = recreate(house.server, FILMS, keeps_state=keeps_state)
    assert house.ask("GET", "/plex/library/sections/1/all").status_code == 404
    after = house.rows(f"/library/sections/{fresh.key}/all?type=1")
    assert [row["guid"] for row in after] == [row["guid"] for row in before]
    assert not {row["ratingKey"] for row in after} & {row["ratingKey"] for row in before}
    assert [row.get("viewCount") for row in after] == [1 if keeps_state else None, None, None]


def test_a_disk_comes_and_goes(house: House) -> None:
    before = house.rows("/library/all")
    lost = unmount(house.server, SERIES)
    assert {row["type"] for row in house.rows("/library/all")} == {"movie"}
    house.server.library.put_back(lost)
    assert house.rows("/library/all") == before
