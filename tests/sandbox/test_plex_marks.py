"""Marks and ratings at the Plex stand-in: what they leave, who hears of them, and what other servers refuse."""

import json
from io import BytesIO
from typing import Any

import pytest
from multipart import MultipartParser, parse_options_header

from conftest import FakeClock
from sandbox.plex_house import BEN, House
from scrobbled.sandbox.plex.items import Holding, PlexSection
from scrobbled.sandbox.plex.people import ANNA, NEIGHBOUR

MINE = "identifier=com.plexapp.plugins.library"
STATE = ("viewCount", "lastViewedAt", "viewOffset", "userRating", "lastRatedAt")
CABIN_FILMS = PlexSection(2, "Cabin films", "movie", "tv.plex.agents.movie", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a62")


@pytest.fixture
def house(clock: FakeClock) -> House:
    return House(clock, "plex-cabin")


def state(house: House, key: str, **values: Any) -> list[Any]:
    (row,) = house.rows(f"/library/metadata/{key}", **values)
    return [row.get(name) for name in STATE]


def mark(house: House, key: str, what: str = "scrobble", **values: Any) -> int:
    return house.put(f"/:/{what}?{MINE}&key={key}", **values).status_code


def rate(house: House, key: str, query: str, **values: Any) -> int:
    return house.put(f"/:/rate?{MINE}&key={key}&{query}", **values).status_code


def test_each_mark_raises_the_counter_and_moves_the_time(house: House) -> None:
    key = house.world.movies[0].rating_key
    first = int(house.clock.now().timestamp())
    assert (mark(house, key), state(house, key)[:2]) == (200, [1, first])
    house.clock.advance(60)
    assert (mark(house, key), state(house, key)[:2]) == (200, [2, first + 60])
    assert state(house, key, token=BEN) == [None] * 5
    assert house.rows("/status/sessions/history/all") == []


def test_unmarking_takes_the_dates_and_leaves_the_rating(house: House) -> None:
    key = house.world.movies[0].rating_key
    rate(house, key, "rating=7.5&ratedAt=1700000000")
    house.watch(house.world.movies[0].title)
    assert mark(house, key, "unscrobble") == 200
    assert state(house, key) == [None, None, None, 7.5, 1_700_000_000]
    assert len(house.rows("/status/sessions/history/all")) == 1


def test_the_key_of_a_season_marks_all_its_episodes(house: House) -> None:
    show = house.world.shows[0]
    mark(house, show.seasons[1].rating_key)
    watched = [row["ratingKey"] for row in house.rows("/library/sections/4/all?type=4&unwatched=0")]
    assert watched == [one.rating_key for one in show.seasons[1].episodes]
    (season,) = house.rows(f"/library/metadata/{show.seasons[1].rating_key}")
    assert season["viewedLeafCount"] == season["leafCount"]


def test_starting_something_moves_the_time_and_not_the_counter(house: House) -> None:
    film = house.world.movies[0]
    house.watch(film.title)
    house.clock.advance(86_400)
    house.watch(film.title, events=["play", "pause"])
    count, last, offset, *_ = state(house, film.rating_key)
    assert (count, offset > 0, last > house.clock.now().timestamp() - 7_200) == (1, True, True)


@pytest.mark.parametrize("what", ["scrobble", "unscrobble", "rate"])
def test_old_servers_take_another_verb(house: House, what: str) -> None:
    path = f"/plex/:/{what}?{MINE}&key={house.world.movies[0].rating_key}&rating=5"
    house.switch(put_marks=False)
    assert [house.ask(method, path).status_code for method in ("PUT", "GET")] == [405, 200]
    house.switch(put_marks=True, get_marks=False)
    assert [house.ask(method, path).status_code for method in ("PUT", "GET")] == [200, 405]


def test_ratings_take_halves_and_the_server_may_refuse_their_date(house: House) -> None:
    key, now = house.world.shows[0].seasons[1].rating_key, int(house.clock.now().timestamp())
    assert rate(house, key, "rating=0.5") == 200
    assert state(house, key)[3:] == [0.5, now]
    house.switch(dated_ratings="refused")
    assert rate(house, key, f"rating=9&ratedAt={now - 5}") == 400
    assert rate(house, key, "rating=9") == 200
    assert rate(house, key, f"rating=8&ratedAt={now + 100}") == 400
    assert [rate(house, key, f"rating={n}") for n in ("10.5", "-2", "-1", "0", "10")] == [400, 400, 200, 200, 200]


def test_a_guest_cannot_mark_what_is_not_shared(house: House) -> None:
    token = house.server.admit(NEIGHBOUR, ())
    assert mark(house, house.world.movies[0].rating_key, token=token) == 404
    assert rate(house, house.world.movies[0].rating_key, "rating=3", token=token) == 404


def test_marks_call_the_webhooks_where_the_server_does_so(house: House) -> None:
    film = house.world.movies[0]
    house.ask("POST", "/plex/_sandbox/hooks", json={"urls": ["http://c.local/z"]})
    mark(house, film.rating_key)
    assert house.heard == []
    house.switch(marks_call_hooks=True)
    mark(house, film.rating_key)
    rate(house, film.rating_key, "rating=7.5")
    rate(house, film.rating_key, "rating=-1")
    mark(house, film.rating_key, "unscrobble")
    told = [said(one.content, one.headers["content-type"]) for one in house.heard]
    assert [(one["event"], one.get("rating"), "Player" in one) for one in told] == [
        ("media.scrobble", None, False),
        ("media.rate", 7.5, False),
        ("media.rate", -1.0, False),
    ]
    assert told[0]["Metadata"]["viewCount"] == 2


def said(body: bytes, content_type: str) -> dict[str, Any]:
    """What is in the part that a webhook of Plex has."""
    _, options = parse_options_header(content_type)
    parts = {part.name: part for part in MultipartParser(BytesIO(body), options["boundary"])}
    return dict(json.loads(parts["payload"].value))


def at_the_cabin(house: House) -> str:
    cabin = house.sandbox["plex-cabin"]
    cabin.library.open(CABIN_FILMS)
    return str(cabin.library.put(house.world.movies[0], Holding(CABIN_FILMS)).rating_key)


def cabin_state(house: House, key: str) -> list[Any]:
    answer = house.ask("GET", f"/plex-cabin/library/metadata/{key}", token="sandbox-plex-cabin")
    (row,) = answer.json()["MediaContainer"]["Metadata"]
    return [row.get(name) for name in STATE]


def test_the_second_server_is_another_with_tokens_and_states_of_its_own(house: House) -> None:
    key = at_the_cabin(house)
    for token, statuses in (("sandbox-plex-token", [200, 401]), ("sandbox-plex-cabin", [401, 200])):
        asked = [house.ask("GET", f"/{name}/library/sections", token=token) for name in ("plex", "plex-cabin")]
        assert [answer.status_code for answer in asked] == statuses
    machines = [house.ask("GET", f"/{name}/identity").json()["MediaContainer"] for name in ("plex", "plex-cabin")]
    assert len({one["machineIdentifier"] for one in machines}) == 2
    mark(house, house.world.movies[0].rating_key)
    assert cabin_state(house, key) == [None] * 5


def test_a_mark_comes_to_the_other_servers_where_plextv_synchronises(house: House) -> None:
    key, film = at_the_cabin(house), house.world.movies[0].rating_key
    path = "/plextv/api/v2/user/view_state_sync"
    assert house.ask("GET", path, token="sandbox-plextv-anna").json() == {"consent": False}
    assert house.ask("PUT", f"{path}?consent=true", token="sandbox-plextv-anna").json() == {"consent": True}
    mark(house, film)
    assert cabin_state(house, key)[:2] == [1, int(house.clock.now().timestamp())]
    rate(house, film, "rating=7.5&ratedAt=1700000000")
    assert cabin_state(house, key)[3:] == [7.5, 1_700_000_000]
    mark(house, film, token=BEN)
    assert cabin_state(house, key)[0] == 1
    mark(house, film, "unscrobble")
    assert cabin_state(house, key) == [None, None, None, 7.5, 1_700_000_000]
    assert house.sandbox["plex-cabin"].views.history == []


def test_what_is_synchronised_may_take_its_time(house: House) -> None:
    key, plextv = at_the_cabin(house), house.sandbox["plextv"]
    plextv.synchronised.add(ANNA.id)
    plextv.held_back = True
    house.watch(house.world.movies[0].title)
    house.clock.advance(5 * 86_400)
    assert cabin_state(house, key)[0] is None
    assert plextv.deliver() == 1
    assert cabin_state(house, key)[:2] == [1, int(house.clock.now().timestamp())]
    assert plextv.deliver() == 0
