"""Discover's stand-in: the watchlist, titles by external id and by name, limits, and the host that it moved from."""

from typing import Any

import httpx
import pytest

from conftest import FakeClock
from sandbox.plex_house import House
from scrobbled.sandbox.plex.discover_core import plex_id
from scrobbled.sandbox.plex.people import ANNA, BEN, MIA
from scrobbled.sandbox.plex.plextv_core import account_token

OWNER = account_token(ANNA)
LIST = "/plex-discover/library/sections/watchlist/all"


@pytest.fixture
def house(clock: FakeClock) -> House:
    return House(clock, "plex-discover", "plex-metadata")


def held(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["MediaContainer"])


def listed(house: House, **values: Any) -> dict[str, Any]:
    return held(house.ask("GET", LIST, **{"token": OWNER, **values}))


def act(house: House, action: str, key: str, host: str = "plex-discover") -> int:
    return house.ask("PUT", f"/{host}/actions/{action}", token=OWNER, params={"ratingKey": key}).status_code


def matches(house: House, title: str, kind: int = 1, **query: str) -> list[dict[str, Any]]:
    params = {"type": kind, "title": title, **query}
    answer = house.ask("GET", "/plex-metadata/library/metadata/matches", token=OWNER, params=params)
    return list(held(answer).get("Metadata", []))


def test_a_list_is_put_on_and_taken_off_and_comes_newest_first(house: House) -> None:
    film, show = (plex_id(one) for one in (house.world.movies[0], house.world.shows[0]))
    assert "Metadata" not in listed(house)
    assert [act(house, "addToWatchlist", key) for key in (film, show, film)] == [200, 200, 409]
    assert [row["ratingKey"] for row in listed(house)["Metadata"]] == [show, film]
    assert [row["ratingKey"] for row in listed(house, params={"type": 1})["Metadata"]] == [film]
    assert [act(house, "removeFromWatchlist", key) for key in (film, film)] == [200, 404]
    assert act(house, "addToWatchlist", "0" * 24) == 404


def test_a_list_comes_in_pages_and_without_external_ids(house: House) -> None:
    for film in house.world.movies:
        house.sandbox["plex-discover"].put(film)
    page = listed(house, headers={"X-Plex-Container-Start": "1", "X-Plex-Container-Size": "1"})
    assert (page["totalSize"], page["offset"], page["size"]) == (3, 1, 1)
    assert "Guid" not in page["Metadata"][0]
    house.sandbox["plex-discover"].lists_guids = True
    assert {"id": f"tmdb://{house.world.movies[2].tmdb}"} in listed(house)["Metadata"][0]["Guid"]


def test_each_account_has_its_own_list_and_a_managed_one_has_none(house: House) -> None:
    house.sandbox["plex-discover"].put(house.world.movies[0], BEN)
    assert listed(house)["size"] == 0
    assert listed(house, token=account_token(BEN))["size"] == 1
    assert house.ask("GET", LIST, token="sandbox-plex-token-ben").status_code == 401, "a token of a server"
    house.sandbox["plextv"].tokens["managed"] = MIA
    assert house.ask("GET", LIST, token="managed").status_code == 401


def test_a_title_is_found_by_each_of_its_ids_of_its_own_kind(house: House) -> None:
    film, show = house.world.movies[0], house.world.shows[0]
    for title in (f"tmdb-{film.tmdb}", f"imdb-{film.imdb}"):
        assert [row["ratingKey"] for row in matches(house, title)] == [plex_id(film)]
    assert [row["ratingKey"] for row in matches(house, f"tvdb-{show.tvdb}", 2)] == [plex_id(show)]
    assert matches(house, f"tvdb-{show.tvdb}") == []
    assert "Guid" not in matches(house, f"tmdb-{film.tmdb}")[0]
    assert {"id": f"imdb://{film.imdb}"} in matches(house, f"tmdb-{film.tmdb}", includeGuids="1")[0]["Guid"]
    house.sandbox["plex-discover"].hidden.add(plex_id(film))
    assert matches(house, f"tmdb-{film.tmdb}") == []


def test_details_tell_external_ids(house: House) -> None:
    show = house.world.shows[1]
    for host in ("plex-discover", "plex-metadata"):
        path = f"/{host}/library/metadata/{plex_id(show)}"
        (row,) = held(house.ask("GET", path, token=OWNER, params={"includeGuids": 1}))["Metadata"]
        assert {one["id"] for one in row["Guid"]} == {
            f"imdb://{show.imdb}",
            f"tmdb://{show.tmdb}",
            f"tvdb://{show.tvdb}",
        }
        assert house.ask("GET", f"/{host}/library/metadata/{'0' * 24}", token=OWNER).status_code == 404


def test_a_search_finds_what_is_alike_and_tells_no_ids(house: House) -> None:
    film = house.world.movies[0]
    params = {"query": film.title, "searchTypes": "movies", "limit": "30"}
    answer = house.ask("GET", "/plex-discover/library/search", token=OWNER, params=params)
    (group,) = answer.json()["MediaContainer"]["SearchResults"]
    rows = [hit["Metadata"] for hit in group["SearchResult"]]
    assert film.guid in [row["guid"] for row in rows]
    assert {row["type"] for row in rows} == {"movie"}
    assert not any("Guid" in row for row in rows)


def test_who_asks_too_often_is_told_to_wait(house: House, clock: FakeClock) -> None:
    answers = [house.ask("GET", LIST, token=OWNER) for _ in range(31)]
    assert [one.status_code for one in answers] == [200] * 30 + [429]
    assert answers[-1].headers["retry-after"] == "2"
    clock.advance(2.0)
    assert house.ask("GET", LIST, token=OWNER).status_code == 200


def test_a_watchlist_that_moved_is_a_section_that_is_not_found(house: House) -> None:
    film = plex_id(house.world.movies[0])
    answer = house.ask("GET", "/plex-metadata/library/sections/watchlist/all", token=OWNER)
    assert (answer.status_code, "Section 'watchlist' not found!" in answer.text) == (404, True)
    assert act(house, "addToWatchlist", film, "plex-metadata") == 404
    house.sandbox["plex-discover"].elsewhere = True
    assert house.ask("GET", LIST, token=OWNER).status_code == 404


def test_a_watched_film_leaves_by_itself_and_a_show_as_its_server_does_it(house: House) -> None:
    film, show = house.world.movies[0], house.world.shows[0]
    discover = house.sandbox["plex-discover"]
    for one in (film, show):
        discover.put(one)
    house.watch(film.title)
    house.watch(f"{show.title} S1E1")
    assert discover.listed() == [plex_id(show)], "nobody knows when shows leave"
    discover.shows_leave = "begun"
    house.watch(f"{show.title} S1E2")
    assert discover.listed() == []
    discover.put(show)
    discover.shows_leave = "done"
    for episode in show.episodes():
        assert discover.listed() == [plex_id(show)]
        house.watch(f"{show.title} S{episode.season}E{episode.number}")
    assert discover.listed() == []


def test_somebody_lists_by_hand(house: House) -> None:
    title = house.world.movies[1].title
    path = "/plex-discover/_sandbox/list"
    assert house.ask("POST", path, json={"title": title, "account": "ben"}).status_code == 200
    assert house.sandbox["plex-discover"].state()["watchlists"] == {"ben": [plex_id(house.world.movies[1])]}
    assert house.ask("POST", path, json={"title": title, "account": "ben", "off": True}).json() == {"watchlist": []}
    assert house.ask("POST", path, json={"title": "nothing"}).status_code == 404
