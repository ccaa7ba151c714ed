"""The libraries of the Plex stand-in: copies, agents, pages, filters, and what becomes of files."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from conftest import FakeClock
from sandbox.plex_house import BEN, House
from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.plex.items import FILMS, Holding, PlexSection
from scrobbled.sandbox.plex.people import ANNA, MIA
from scrobbled.sandbox.plex.people import BEN as BEN_HIMSELF
from scrobbled.sandbox.plex.views import ViewState

FOUR_K = PlexSection(7, "Films in 4K", "movie", "tv.plex.agents.movie", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a57")
MOVIES = "/library/sections/1/all?type=1"
EPISODES = "/library/sections/4/all?type=4"


def keys(rows: list[dict[str, Any]]) -> list[str]:
    return [row["ratingKey"] for row in rows]


def test_a_second_library_has_copies_with_the_same_guid_and_keys_of_their_own(house: House) -> None:
    film = house.world.movies[0]
    house.server.library.open(FOUR_K)
    copy = house.server.library.put(film, Holding(FOUR_K, edition="Director's Cut", media=(1080, 2160)))
    (row,) = house.rows("/library/sections/7/all?type=1&includeGuids=1")
    first = house.rows(f"{MOVIES}&includeGuids=1")[0]
    assert (row["guid"], row["Guid"]) == (first["guid"], first["Guid"])
    assert (row["ratingKey"], row["librarySectionID"], row["editionTitle"]) == (copy.rating_key, 7, "Director's Cut")
    assert [media["videoResolution"] for media in row["Media"]] == ["1080", "4k"]
    assert len(house.rows(f"/library/all?guid={film.guid}")) == 2
    assert len(house.rows(f"/library/sections/7/all?guid={film.guid}")) == 1


def test_what_a_legacy_agent_or_nobody_found_has_no_list_of_guids(house: House) -> None:
    library, show = house.server.library, house.world.shows[0]
    tv = replace(show, guid=f"com.plexapp.agents.thetvdb://{show.tvdb}?lang=en")
    library.rename(library.sections[4], {show.rating_key: tv}, "com.plexapp.agents.thetvdb")
    library.put(replace(house.world.movies[0], guid="local://9", title="Beach 2019"), Holding(FILMS))
    (row,) = house.rows(f"/library/metadata/{show.rating_key}?includeGuids=1")
    assert (row["guid"], "Guid" in row) == (tv.guid, False)
    season = house.rows(f"/library/metadata/{show.seasons[1].rating_key}?includeGuids=1")[0]
    assert season["guid"] == f"com.plexapp.agents.thetvdb://{show.tvdb}/1?lang=en"
    local = next(one for one in house.rows(f"{MOVIES}&includeGuids=1") if one["title"] == "Beach 2019")
    assert (local["guid"], "Guid" in local) == ("local://9", False)
    agents = {row["key"]: row["agent"] for row in house.container("/library/sections")["Directory"]}
    assert agents == {"1": "tv.plex.agents.movie", "4": "com.plexapp.agents.thetvdb"}


def test_each_token_sees_its_own_state(house: House) -> None:
    item = house.server.library.find(house.world.movies[0].title)
    house.server.views.put(ANNA, item, ViewState(count=2, last=1_700_000_000, rating=7.5, rated_at=1_700_000_001))
    house.server.views.put(BEN_HIMSELF, item, ViewState(offset=600_000, last=1_700_000_002))
    (mine,), (his,) = (house.rows(f"/library/metadata/{item.rating_key}", token=t) for t in ("sandbox-plex-token", BEN))
    state = ("viewCount", "lastViewedAt", "viewOffset", "userRating", "lastRatedAt")
    assert [mine.get(name) for name in state] == [2, 1_700_000_000, None, 7.5, 1_700_000_001]
    assert [his.get(name) for name in state] == [None, 1_700_000_002, 600_000, None, None]


def test_a_guest_sees_only_what_is_shared(house: House) -> None:
    token = house.server.admit(MIA, [FILMS])
    film, episode = house.world.movies[0].rating_key, house.world.shows[0].episode(1, 1).rating_key
    assert [row["title"] for row in house.container("/library/sections", token=token)["Directory"]] == ["Films"]
    assert keys(house.rows(f"/library/metadata/{film},{episode}", token=token)) == [film]
    assert {row["type"] for row in house.rows("/library/all", token=token)} == {"movie"}
    for path in ("/library/sections/4/all", f"/library/metadata/{episode}", f"/library/metadata/{episode}/children"):
        assert house.ask("GET", f"/plex{path}", token=token).status_code == 404
    names = {row["name"]: row["id"] for row in house.container("/accounts")["Account"]}
    assert names["mia"] == MIA.id
    assert house.ask("GET", "/plex/accounts", token=token).status_code == 401


def test_shows_are_counted_by_what_the_library_has_of_them(house: House) -> None:
    show, library = house.world.shows[0], house.server.library
    library.remove(library.find(show.episode(1, 1).rating_key))
    for number in (2, 3):
        item = library.find(show.episode(1, number).rating_key)
        house.server.views.put(ANNA, item, ViewState(count=number, last=1_700_000_000 + number))
    row = house.rows(f"/library/metadata/{show.rating_key}")[0]
    assert (row["leafCount"], row["viewedLeafCount"]) == (len(list(show.episodes())) - 1, 2)
    assert (row["viewCount"], row["lastViewedAt"]) == (5, 1_700_000_003)
    library.remove(library.find(show.seasons[2].rating_key))
    left = len(show.seasons[0].episodes) + len(show.seasons[1].episodes) - 1
    row = house.rows(f"/library/metadata/{show.rating_key}")[0]
    assert (row["leafCount"], row["childCount"]) == (left, 2)


def test_filters_take_the_scope_of_what_is_listed_or_of_what_it_is_in(house: House) -> None:
    show, library = house.world.shows[0], house.server.library
    watched = library.find(show.episode(1, 2).rating_key)
    house.server.views.put(ANNA, watched, ViewState(count=1, last=1_700_000_000))
    house.server.views.put(ANNA, library.find(show.rating_key), ViewState(rating=8.5, rated_at=1_700_000_500))
    since = "lastViewedAt%3E%3E=1699999999"
    assert keys(house.rows(f"{EPISODES}&episode.{since}")) == [watched.rating_key]
    assert keys(house.rows(f"{EPISODES}&{since}")) == [watched.rating_key]
    assert keys(house.rows(f"/library/sections/4/all?type=2&episode.{since}")) == [show.rating_key]
    assert keys(house.rows("/library/sections/4/all?type=2&show.userRating%3E%3E=-1")) == [show.rating_key]
    assert len(house.rows(f"{EPISODES}&show.userRating%3E%3E=-1")) == len(list(show.episodes()))
    assert house.rows(f"{EPISODES}&episode.userRating%3E%3E=-1") == []
    assert house.rows("/library/sections/4/all?type=3&season.userRating%3E%3E=-1") == []
    assert keys(house.rows(f"{EPISODES}&unwatched=0")) == [watched.rating_key]
    assert len(house.rows("/library/sections/4/all?type=2&unwatched=1")) == len(house.world.shows)
    house.server.views.put(ANNA, watched, ViewState(count=1, last=int(house.clock.now().timestamp()) - 3600))
    assert keys(house.rows(f"{EPISODES}&lastViewedAt%3E%3E=-1d")) == [watched.rating_key]
    assert house.rows(f"{EPISODES}&lastViewedAt%3E%3E=-1h") == []


def test_lists_are_ordered_by_when_something_came_or_was_rated(house: House) -> None:
    library = house.server.library
    one, two, three = (library.find(movie.rating_key) for movie in house.world.movies)
    library.hold(two, added=1_790_000_000)
    house.server.views.put(ANNA, three, ViewState(rating=3.0, rated_at=5))
    house.server.views.put(ANNA, one, ViewState(rating=9.0, rated_at=7))
    assert keys(house.rows(f"{MOVIES}&sort=addedAt:desc&limit=1")) == [two.rating_key]
    rated = house.rows(f"{MOVIES}&userRating%3E%3E=-1&sort=lastRatedAt:desc")
    assert keys(rated) == [one.rating_key, three.rating_key]
    assert keys(house.rows(f"{MOVIES}&sort=lastRatedAt:asc"))[0] == two.rating_key


def test_a_row_shows_what_became_of_its_item_since(house: House) -> None:
    """Rows are kept between two requests, and never longer than they hold."""
    library = house.server.library
    item = library.find(house.world.movies[0].rating_key)
    assert "deletedAt" not in house.rows(MOVIES)[0]
    library.hold(item, deleted=1_780_000_000)
    row = house.rows(MOVIES)[0]
    assert (row["deletedAt"], row["Media"][0]["deletedAt"]) == (1_780_000_000, 1_780_000_000)
    library.remove(library.find(item.rating_key))
    assert item.rating_key not in keys(house.rows(MOVIES))
    assert house.ask("GET", f"/plex/library/metadata/{item.rating_key}").status_code == 404


def test_files_that_come_back_have_new_keys_and_their_history(house: House) -> None:
    library, film = house.server.library, house.world.movies[0]
    house.watch(film.title)
    new = library.add_again(library.find(film.rating_key), house.clock.now())
    assert new.rating_key != film.rating_key
    assert house.ask("GET", f"/plex/library/metadata/{film.rating_key}").status_code == 404
    (row,) = house.rows(f"/library/metadata/{new.rating_key}")
    assert (row["guid"], "viewCount" in row) == (film.guid, False)
    assert row["addedAt"] == int(house.clock.now().timestamp())
    (played,) = house.rows("/status/sessions/history/all")
    assert played["ratingKey"] == new.rating_key


def test_a_library_that_is_deleted_is_gone_with_all_that_was_in_it(house: House) -> None:
    house.watch(house.world.movies[0].title)
    house.server.library.close(FILMS)
    assert house.ask("GET", f"/plex{MOVIES}").status_code == 404
    assert [row["title"] for row in house.container("/library/sections")["Directory"]] == ["TV"]
    (played,) = house.rows("/status/sessions/history/all")
    assert ("ratingKey" in played, played["librarySectionID"]) == (False, "1")


def test_a_disk_that_is_there_again_brings_its_items_back_as_they_were(house: House) -> None:
    library = house.server.library
    lost = library.of_type(FILMS, "movie")
    house.watch(house.world.movies[0].title)
    for item in lost:
        library.remove(item)
    assert house.container(MOVIES) == {"size": 0}
    library.put_back(lost)
    rows = house.rows(MOVIES)
    assert (keys(rows), rows[0]["viewCount"]) == ([item.rating_key for item in lost], 1)


def test_two_episodes_in_one_file_are_two_items(house: House) -> None:
    show, library = house.world.shows[0], house.server.library
    for number in (1, 2):
        library.hold(library.find(show.episode(1, number).rating_key), file="/media/TV/s01e01-e02.mkv")
    rows = [row for row in house.rows(EPISODES) if row["Media"][0]["Part"][0]["file"] == "/media/TV/s01e01-e02.mkv"]
    assert [row["index"] for row in rows] == [1, 2]


def test_copies_share_their_state_where_the_server_is_told_to(house: House) -> None:
    library, film = house.server.library, house.world.movies[0]
    house.switch(shared_state=True)
    library.open(FOUR_K)
    copy = library.put(film, Holding(FOUR_K))
    house.watch(film.title)
    assert house.rows(f"/library/metadata/{copy.rating_key}")[0]["viewCount"] == 1


@pytest.mark.parametrize(
    ("switches", "pages"),
    [
        ({}, [(2, 3), (1, 3)]),
        ({"paging": "never"}, [(3, None), (3, None)]),
        ({"paging": "first"}, [(2, 3), (2, 3)]),
        ({"most_rows": 1}, [(1, 3), (1, 3)]),
        ({"moving_totals": True}, [(2, 4), (1, 5)]),
        ({"loose_numbers": True}, [("2", "3"), ("1", "3")]),
    ],
)
def test_servers_page_as_they_like(house: House, switches: dict[str, Any], pages: list[Any]) -> None:
    house.switch(**switches)
    allowed = house.container("/library/sections")["Directory"][0]["allowSync"]
    assert allowed is (1 if "loose_numbers" in switches else True)
    got = [house.page(MOVIES, start, 2) for start in (0, 2)]
    assert [(one["size"], one.get("totalSize")) for one in got] == pages


def test_something_may_happen_between_two_pages(house: House) -> None:
    library = house.server.library
    seen: list[tuple[str, int]] = []

    def happen(path: str, start: int) -> None:
        seen.append((path, start))
        if start == 0:
            library.remove(library.of_type(FILMS, "movie")[0])

    house.server.paged = happen
    first, second = house.page(MOVIES, 0, 2), house.page(MOVIES, 2, 2)
    assert (first["totalSize"], second["totalSize"], second["size"]) == (3, 2, 0)
    assert seen == [("/library/sections/1/all", 0), ("/library/sections/1/all", 2)]


@pytest.mark.parametrize("wrong", [{"pagging": "never"}, {"paging": "sometimes"}, {"most_rows": "many"}])
def test_switches_that_make_no_sense_are_refused(house: House, wrong: dict[str, Any]) -> None:
    assert house.ask("POST", "/plex/_sandbox/switches", json=wrong).status_code == 400


def test_the_history_is_asked_for_by_library_item_and_account(house: House) -> None:
    show, film = house.world.shows[0], house.world.movies[0]
    house.watch(f"{show.title} S1E1")
    house.watch(film.title)
    house.watch(film.title, account="ben")
    path = "/status/sessions/history/all?sort=viewedAt:asc"
    assert [row["type"] for row in house.rows(f"{path}&librarySectionID=4")] == ["episode"]
    assert len(house.rows(f"{path}&metadataItemID={film.rating_key}")) == 2
    for key in (show.rating_key, show.seasons[1].rating_key, show.episode(1, 1).rating_key):
        assert len(house.rows(f"{path}&metadataItemID={key}")) == 1
    assert house.rows(f"{path}&metadataItemID={show.seasons[2].rating_key}") == []
    page = house.page(f"{path}&accountID=1", 1, 1)
    assert (page["size"], page["totalSize"], page["Metadata"][0]["ratingKey"]) == (1, 2, film.rating_key)


def test_the_history_may_name_the_owner_otherwise_or_be_refused(house: House) -> None:
    path = "/status/sessions/history/all"
    house.watch(house.world.movies[0].title)
    house.switch(owner_is_one=False)
    assert house.rows(f"{path}?accountID=1") == []
    assert [row["accountID"] for row in house.rows(f"{path}?accountID={ANNA.id}")] == [ANNA.id]
    house.switch(history_of_guests=401)
    assert house.ask("GET", f"/plex{path}", token=BEN).status_code == 401
    assert house.ask("GET", f"/plex{path}").status_code == 200
    house.switch(history=403)
    assert house.ask("GET", f"/plex{path}").status_code == 403


def test_a_clock_that_is_wrong_is_wrong_everywhere(house: House) -> None:
    house.switch(clock_error=3600)
    ahead = int(house.clock.now().timestamp()) + 3600
    key = house.world.movies[0].rating_key
    house.put(f"/:/scrobble?identifier=com.plexapp.plugins.library&key={key}")
    answer = house.ask("GET", f"/plex/library/metadata/{key}")
    assert answer.json()["MediaContainer"]["Metadata"][0]["lastViewedAt"] == ahead
    sent = datetime.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)
    assert int(sent.timestamp()) == ahead


def test_the_state_tells_everything_for_whoever_checks(house: House) -> None:
    film = house.world.movies[0]
    house.watch(film.title, account="ben")
    state = house.ask("GET", "/plex/_sandbox/state").json()
    assert len(state["items"]) == len(house.server.library.items)
    assert {"rating_key": film.rating_key, "section": 1, "type": "movie", "guid": film.guid} in state["items"]
    (seen,) = state["seen"]
    assert (seen["account"], seen["rating_key"], seen["count"]) == ("ben", film.rating_key, 1)
    assert [row["ratingKey"] for row in state["history"]] == [film.rating_key]


def test_a_world_is_made_to_size_and_has_every_key_and_title_once(clock: FakeClock) -> None:
    world = worlds.sized(movies=9_000, episodes=9_001)
    large = House(clock, world=world)
    items = large.server.library.items
    assert sum(1 for item in items.values() if item.type == "episode") == 9_001
    assert len(items) == 9_000 + 9_001 + len(world.shows) + sum(len(show.seasons) for show in world.shows)
    for titles in (world.movies, world.shows):
        assert len({(one.title, one.year) for one in titles}) == len(titles)  # type: ignore[attr-defined]
    page = large.page(f"{EPISODES}&includeGuids=1", 8_000, 1_000)
    assert (page["size"], page["totalSize"], len(page["Metadata"][-1]["Guid"])) == (1_000, 9_001, 3)
