"""The Plex stand-ins: library, marks, history, webhooks and the sign-in at plex.tv."""

from typing import Any
from xml.etree import ElementTree

import pytest

from sandbox.plex_house import BEN, TOKEN, House
from scrobbled.sandbox.plex.people import MACHINE

MINE = "com.plexapp.plugins.library"


@pytest.mark.parametrize("token", ["", "wrong", "sandbox-plextv-anna"])
def test_a_good_server_token_is_wanted_everywhere_but_for_the_identity(house: House, token: str) -> None:
    refused = house.ask("GET", "/plex/library/sections", token=token)
    assert refused.status_code == 401
    assert "html" in refused.headers["content-type"]
    assert house.container("/identity", token=token)["machineIdentifier"] == MACHINE


def test_the_token_may_stand_in_the_query(house: House) -> None:
    assert house.ask("GET", f"/plex/library/sections?X-Plex-Token={TOKEN}", token="").status_code == 200


def test_it_is_xml_unless_json_is_asked_for(house: House) -> None:
    key = house.world.shows[0].episode(1, 1).rating_key
    answer = house.ask("GET", f"/plex/library/metadata/{key}?includeGuids=1", headers={"Accept": "*/*"})
    root = ElementTree.fromstring(answer.content)
    assert (root.tag, root[0].tag, root[0].get("ratingKey")) == ("MediaContainer", "Video", key)
    assert [one.tag for one in root[0]].count("Guid") == 3
    sections = ElementTree.fromstring(house.ask("GET", "/plex/library/sections", headers={"Accept": ""}).content)
    assert [one.get("title") for one in sections] == ["Films", "TV"]


def test_the_owner_is_account_1_here(house: House) -> None:
    rows = house.container("/accounts")["Account"]
    assert {row["name"]: row["id"] for row in rows} == {"": 0, "anna": 1, "ben": 41220078, "neighbour": 41220079}


def test_guids_come_only_when_asked_for_and_only_of_the_item_itself(house: House) -> None:
    show = house.world.shows[0]
    path = "/library/sections/4/all?type=2"
    assert "Guid" not in house.rows(path)[0]
    assert {"id": f"tmdb://{show.tmdb}"} in house.rows(f"{path}&includeGuids=1")[0]["Guid"]
    episode = show.episode(1, 1)
    assert "Guid" not in house.rows(f"/library/metadata/{episode.rating_key}")[0]
    found = house.rows(f"/library/metadata/{show.rating_key},{episode.rating_key}?includeGuids=1")
    assert [row["Guid"][1]["id"] for row in found] == [f"tmdb://{show.tmdb}", f"tmdb://{episode.tmdb}"]


def test_sections_list_their_kinds_and_items_their_children(house: House) -> None:
    show = house.world.shows[0]
    assert len(house.rows("/library/sections/1/all?type=1")) == len(house.world.movies)
    assert len(house.rows("/library/sections/4/all?type=4")) == sum(len(list(s.episodes())) for s in house.world.shows)
    assert [row["index"] for row in house.rows(f"/library/metadata/{show.rating_key}/children")] == [0, 1, 2]
    season = show.seasons[1]
    assert len(house.rows(f"/library/metadata/{season.rating_key}/children")) == len(season.episodes)
    assert len(house.rows(f"/library/metadata/{show.rating_key}/allLeaves")) == len(list(show.episodes()))
    assert [row["title"] for row in house.rows(f"/library/all?guid={show.guid}")] == [show.title]
    for path in ("/library/metadata/none", "/library/metadata/none/children", "/library/sections/9/all", "/nothing"):
        assert house.ask("GET", f"/plex{path}").status_code == 404


def test_streams_come_only_with_a_single_item(house: House) -> None:
    key = house.world.movies[0].rating_key
    assert "Stream" in house.rows(f"/library/metadata/{key}")[0]["Media"][0]["Part"][0]
    assert "Stream" not in house.rows("/library/sections/1/all")[0]["Media"][0]["Part"][0]


def test_pages_are_asked_for_with_start_and_size(house: House) -> None:
    path, total = "/library/sections/4/all?type=4", sum(len(list(s.episodes())) for s in house.world.shows)
    paging = {"X-Plex-Container-Start": "5", "X-Plex-Container-Size": "7"}
    answer = house.ask("GET", f"/plex{path}", headers=paging)
    page = answer.json()["MediaContainer"]
    assert (page["size"], page["offset"], page["totalSize"], len(page["Metadata"])) == (7, 5, total, 7)
    assert answer.headers["x-plex-container-total-size"] == str(total)
    none = house.container(f"{path}&X-Plex-Container-Start=0&X-Plex-Container-Size=0")
    assert (none["size"], none["totalSize"], "Metadata" in none) == (0, total, False)


def test_watching_leaves_views_history_and_no_session(house: House) -> None:
    episode = house.world.shows[0].episode(1, 2)
    title = f"{house.world.shows[0].title} S1E2"
    assert house.watch(title, account="ben").status_code == 200
    assert "viewCount" not in house.rows(f"/library/metadata/{episode.rating_key}")[0]
    mine = house.rows(f"/library/metadata/{episode.rating_key}", token=BEN)[0]
    assert (mine["viewCount"], mine["lastViewedAt"]) == (1, int(house.clock.now().timestamp()))
    (row,) = house.rows("/status/sessions/history/all?sort=viewedAt:asc")
    assert (row["ratingKey"], row["accountID"], row["index"]) == (episode.rating_key, 41220078, 2)
    assert house.container("/status/sessions") == {"size": 0}


def test_history_is_filtered_by_account_and_time_and_shows_others_to_the_owner_only(house: House) -> None:
    film = house.world.movies[0].title
    house.watch(film, account="anna", at="2026-11-10T20:00:00Z")
    house.watch(film, account="ben", at="2026-11-12T20:00:00Z")
    path = "/status/sessions/history/all"
    assert [row["accountID"] for row in house.rows(path)] == [41220078, 1]
    assert [row["accountID"] for row in house.rows(f"{path}?accountID=1")] == [1]
    newest = house.rows(path)[0]["viewedAt"]
    assert len(house.rows(f"{path}?viewedAt>={newest}")) == 1
    assert len(house.rows(f"{path}?viewedAt>={newest + 1}")) == 0
    assert [row["accountID"] for row in house.rows(path, token=BEN)] == [41220078]
    assert house.ask("GET", "/plex/status/sessions", token=BEN).status_code == 401


def test_something_paused_is_a_session(house: House) -> None:
    house.watch(house.world.movies[0].title, account="neighbour", events=["play", "pause"])
    (row,) = house.rows("/status/sessions")
    assert (row["User"]["title"], row["Player"]["state"], row["type"]) == ("neighbour", "paused", "movie")


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_mark_is_a_view_without_history(house: House, method: str) -> None:
    show = house.world.shows[0]
    query = f"identifier={MINE}&key={show.rating_key}"
    assert house.ask(method, f"/plex/:/scrobble?{query}").status_code == 200
    row = house.rows(f"/library/metadata/{show.rating_key}")[0]
    assert row["viewedLeafCount"] == row["leafCount"]
    assert house.rows("/status/sessions/history/all") == []
    assert house.ask(method, f"/plex/:/unscrobble?{query}").status_code == 200
    assert house.rows(f"/library/metadata/{show.rating_key}")[0]["viewedLeafCount"] == 0
    assert house.ask(method, f"/plex/:/scrobble?identifier={MINE}&key=1").status_code == 404
    assert house.ask(method, "/plex/:/scrobble").status_code == 400
    assert house.heard == []


def test_ratings_are_set_dated_filtered_and_cleared(house: House) -> None:
    key = house.world.movies[1].rating_key
    query = f"/plex/:/rate?identifier={MINE}&key={key}"
    assert house.ask("PUT", f"{query}&rating=7.5&ratedAt=1700000000").status_code == 200
    rated = "/library/sections/1/all?type=1&userRating%3E%3E=-1"
    (row,) = house.rows(rated)
    assert (row["ratingKey"], row["userRating"], row["lastRatedAt"]) == (key, 7.5, 1_700_000_000)
    assert house.ask("PUT", f"{query}&rating=-1").status_code == 200
    assert house.rows(rated) == []
    for wrong in ("rating=11", "rating=x", "rating=5&ratedAt=99999999999"):
        assert house.ask("PUT", f"{query}&{wrong}").status_code == 400


def test_items_are_filtered_and_sorted_by_when_they_were_viewed(house: House) -> None:
    one, two, _ = (movie.title for movie in house.world.movies)
    house.watch(one, at="2026-11-10T20:00:00Z")
    house.watch(two, at="2026-11-12T20:00:00Z")
    path = "/library/sections/1/all?type=1"
    assert [row["title"] for row in house.rows(f"{path}&sort=lastViewedAt:desc&unwatched=0")] == [two, one]
    since = house.rows(f"{path}&sort=lastViewedAt:desc&limit=1")[0]["lastViewedAt"]
    assert house.rows(f"{path}&lastViewedAt%3E%3E={since}") == []
    assert len(house.rows(f"{path}&lastViewedAt%3E%3E={since - 1}")) == 1


@pytest.mark.parametrize("wrong", [{"title": "Nobody made this"}, {"account": "eve"}, {"events": "play"}, {"at": "x"}])
def test_a_viewing_that_makes_no_sense_is_refused(house: House, wrong: dict[str, Any]) -> None:
    assert house.watch(**{"title": house.world.movies[0].title, **wrong}).status_code == 400
    assert house.heard == []


def test_webhooks_are_replaced_as_a_whole_and_called(house: House) -> None:
    path = "/plextv/api/v2/user/webhooks"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert house.ask("GET", path).json() == []
    both = house.ask("POST", path, content="urls[]=http://a.local/x&urls%5B%5D=http://b.local/y", headers=form)
    assert (both.status_code, [one["url"] for one in both.json()]) == (201, ["http://a.local/x", "http://b.local/y"])
    told = house.watch(house.world.movies[0].title, events=["scrobble"]).json()["deliveries"]
    assert [one["status"] for one in told] == [200, 200]
    assert [str(request.url) for request in house.heard] == ["http://a.local/x", "http://b.local/y"]
    house.ask("POST", path, content="urls=", headers=form)
    assert house.ask("GET", path).json() == []
    assert house.ask("POST", path, content="", headers=form).status_code == 400


def test_webhooks_need_a_plex_pass(house: House) -> None:
    house.ask("POST", "/plextv/_sandbox/accounts", json={"username": "anna", "plex_pass": False})
    assert house.ask("GET", "/plextv/api/v2/user/webhooks").status_code == 403
    assert house.ask("GET", "/plextv/api/v2/user").json()["subscription"]["active"] is False


def test_a_rating_by_control_calls_the_owners_own_hooks(house: House) -> None:
    house.ask("POST", "/plex/_sandbox/hooks", json={"urls": ["http://c.local/z"]})
    told = house.ask("POST", "/plex/_sandbox/rate", json={"title": house.world.shows[0].title, "rating": 9})
    assert [one["event"] for one in told.json()["deliveries"]] == ["media.rate"]
    assert house.rows(f"/library/metadata/{house.world.shows[0].rating_key}")[0]["userRating"] == 9


def test_signing_in_by_pin(house: House) -> None:
    client = {"X-Plex-Client-Identifier": "one"}
    pin = house.ask("POST", "/plextv/api/v2/pins?strong=true", token="", headers=client)
    assert pin.status_code == 201
    number, code = pin.json()["id"], pin.json()["code"]
    path = f"/plextv/api/v2/pins/{number}"
    assert house.ask("GET", path, token="", headers=client).json()["authToken"] is None
    assert house.ask("POST", "/plextv/_sandbox/approve", json={"code": code, "username": "ben"}).status_code == 200
    assert house.ask("GET", path, token="", headers={"X-Plex-Client-Identifier": "two"}).status_code == 404
    token = house.ask("GET", path, token="", headers=client).json()["authToken"]
    assert house.ask("GET", "/plextv/api/v2/user", token=token).json()["username"] == "ben"
    (server,) = house.ask("GET", "/plextv/api/v2/resources", token=token).json()
    assert (server["clientIdentifier"], server["owned"]) == (MACHINE, False)
    assert server["connections"][0]["uri"] == "http://sandbox/plex"
    assert house.ask("GET", "/plex/library/sections", token=server["accessToken"]).status_code == 200
    house.clock.advance(1800)
    assert house.ask("GET", path, token="", headers=client).status_code == 404


def test_plextv_wants_an_account_token_and_a_client_name(house: House) -> None:
    assert house.ask("GET", "/plextv/api/v2/user", token="wrong").status_code == 401
    assert house.ask("POST", "/plextv/api/v2/pins", token="").status_code == 400
