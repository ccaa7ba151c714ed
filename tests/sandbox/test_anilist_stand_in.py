"""AniList as it is asked: strict, shy about its limits, and with lists that say less than people think."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from conftest import FakeClock
from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.anilist.app import AniListStandIn
from scrobbled.sandbox.anilist.lists import AniListUser
from scrobbled.sandbox.anime import BY_ID, TITLES, AnimePlace, wing

pytestmark = pytest.mark.anyio
FAMILY, COUR_2, KEEPER, TRAIN = (BY_ID[id_] for id_ in (555_001, 555_002, 555_020, 555_070))
ANNA = {"authorization": "Bearer sandbox-anilist-token-anna"}
LIST = """query ($user: Int, $chunk: Int, $size: Int) {
  MediaListCollection(userId: $user, type: ANIME, chunk: $chunk, perChunk: $size) {
    hasNextChunk lists { name isCustomList status entries { id mediaId status progress repeat private } } } }"""
ACTIVITIES = """query ($user: Int, $after: Int) {
  Page(perPage: 50) { pageInfo { hasNextPage } activities(userId: $user, type: ANIME_LIST, createdAt_greater: $after) {
    ... on ListActivity { id status progress createdAt media { id } } } } }"""
NEWEST = """query ($user: Int, $page: Int) { Page(page: $page, perPage: 2) { pageInfo { hasNextPage }
  mediaList(userId: $user, type: ANIME, sort: UPDATED_TIME_DESC) { id updatedAt } } }"""


@pytest.fixture
def service(clock: FakeClock) -> AniListStandIn:
    return AniListStandIn(wing(worlds.build()), now=clock.now)


@pytest.fixture
def anna(service: AniListStandIn) -> AniListUser:
    return service.person("anna")


@pytest.fixture
async def client(service: AniListStandIn) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=service), base_url="http://anilist.test") as client:
        yield client


async def asked(client: httpx.AsyncClient, query: str, signed: bool = False, **variables: Any) -> Any:
    answer = await client.post("/", json={"query": query, "variables": variables}, headers=ANNA if signed else {})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def refused(client: httpx.AsyncClient, query: str, **headers: str) -> tuple[int, str]:
    answer = await client.post("/", json={"query": query}, headers=headers)
    return answer.status_code, answer.json()["errors"][0]["message"]


def told(user: AniListUser) -> list[tuple[int, str, str | None]]:
    return [(one.media.id, one.status, one.progress) for one in user.activities]


async def test_an_entry_is_on_the_list_of_its_status_and_on_custom_ones_and_a_hidden_one_on_those_alone(
    client: httpx.AsyncClient, anna: AniListUser, clock: FakeClock
) -> None:
    anna.custom_lists = ("Pile", "Empty")
    anna.put(FAMILY, clock.now(), progress=7, custom=frozenset({"Pile"}))
    anna.put(TRAIN, clock.now(), status="COMPLETED", progress=1, hidden=True, custom=frozenset({"Pile"}))
    found = (await asked(client, LIST, user=anna.id))["MediaListCollection"]["lists"]
    shown = {group["name"]: sorted(entry["mediaId"] for entry in group["entries"]) for group in found}
    assert shown == {"Watching": [FAMILY.id], "Pile": [FAMILY.id, TRAIN.id], "Empty": []}
    assert [group["isCustomList"] for group in found] == [False, True, True]


@pytest.mark.parametrize("first", [0, 1])
async def test_chunks_tell_each_entry_once_whichever_number_the_first_one_has(
    client: httpx.AsyncClient, service: AniListStandIn, anna: AniListUser, clock: FakeClock, first: int
) -> None:
    service.first_chunk = first
    for title in TITLES[:5]:
        anna.put(title, clock.now())
    found: list[int] = []
    for number in range(first, first + 3):
        chunk = (await asked(client, LIST, user=anna.id, chunk=number, size=2))["MediaListCollection"]
        found += [entry["mediaId"] for group in chunk["lists"] for entry in group["entries"]]
        assert chunk["hasNextChunk"] is (number < first + 2)
    assert sorted(found) == [title.id for title in TITLES[:5]]


async def test_what_is_private_is_seen_with_the_persons_own_token_only(
    client: httpx.AsyncClient, anna: AniListUser, clock: FakeClock
) -> None:
    anna.put(FAMILY, clock.now(), private=True)
    query = '{ MediaListCollection(userName: "Anna", type: ANIME) { lists { entries { mediaId } } } }'
    assert (await asked(client, query))["MediaListCollection"]["lists"] == []
    assert (await asked(client, query, signed=True))["MediaListCollection"]["lists"] != []
    anna.visibility = "private"
    assert await refused(client, query) == (404, "Private User")
    assert (await asked(client, "{ Viewer { id options { timezone } } }", signed=True))["Viewer"]["id"] == anna.id


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("{ Viewer { id nme } }", 400, "Cannot query field 'nme'"),
        ("{ Viewer { id }", 400, "Syntax Error"),
        ("{ Viewer { id } }", 401, "Unauthorized"),
        ("{ User(name: 7) { id } }", 400, "String cannot represent"),
        ('{ User(name: "nobody") { id } }', 404, "User not found"),
        ("{ MediaListCollection(type: ANIME) { hasNextChunk } }", 400, "userId or userName must be given"),
        ('{ MediaListCollection(userName: "anna") { hasNextChunk } }', 400, "type must be given"),
        ("{ Page { pageInfo { hasNextPage } } }", 400, "one field with data"),
        ("{ Page { media(id_in: [1]) { id } activities(userId: 1) { __typename } } }", 400, "one field with data"),
        ("{ Media(id: 1) { id } }", 404, "Not Found"),
        ("", 400, "No query"),
    ],
)
async def test_what_is_not_in_the_schema_or_not_there_is_refused(
    client: httpx.AsyncClient, query: str, status: int, words: str
) -> None:
    code, said = await refused(client, query)
    assert (code, words in said) == (status, True), said


async def test_a_token_nobody_gave_out_is_no_query_that_is_wrong(client: httpx.AsyncClient) -> None:
    assert await refused(client, "{ Viewer { id } }", authorization="Bearer stale") == (400, "Invalid token")


async def test_it_cuts_off_at_thirty_a_minute_while_its_headers_speak_of_ninety(
    client: httpx.AsyncClient, service: AniListStandIn, clock: FakeClock
) -> None:
    for _ in range(30):
        answer = await client.post("/", json={"query": '{ User(name: "anna") { id } }'})
        assert answer.status_code == 200
    assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("90", "60")
    answer = await client.post("/", json={"query": '{ User(name: "anna") { id } }'})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert answer.json() == {"data": None, "errors": [{"message": "Too Many Requests.", "status": 429}]}
    service.limits.bare_refusals = True
    assert "retry-after" not in (await client.post("/", json={})).headers
    clock.advance(60)
    assert (await asked(client, '{ User(name: "anna") { id } }'))["User"]["id"] == 770_011


async def test_a_burst_is_cut_off_where_it_is_switched_on(client: httpx.AsyncClient) -> None:
    assert (await client.post("/_sandbox/switches", json={"burst": 3})).json()["burst"] == 3
    codes = [(await client.post("/", json={"query": '{ User(name: "ben") { id } }'})).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    assert (await client.post("/_sandbox/switches", json={"brust": 3})).status_code == 400
    assert (await client.post("/_sandbox/switches", json={"torn": 3})).status_code == 400


async def test_a_part_may_be_missing_beside_an_error_and_with_200(
    client: httpx.AsyncClient, service: AniListStandIn, anna: AniListUser
) -> None:
    service.torn = "MediaListCollection"
    answer = await client.post("/", json={"query": LIST, "variables": {"user": anna.id}})
    assert answer.status_code == 200
    assert answer.json()["data"] == {"MediaListCollection": None}
    assert answer.json()["errors"][0]["status"] == 500


async def test_the_last_episode_is_told_as_completed_and_by_no_number(anna: AniListUser, clock: FakeClock) -> None:
    anna.change(FAMILY, clock.now(), progress=8)
    clock.advance(13 * 3600)
    entry = anna.change(FAMILY, clock.now(), progress=12)
    assert (entry.status, entry.completed) == ("COMPLETED", clock.now().date())
    anna.change(TRAIN, clock.now(), progress=1)
    assert told(anna) == [
        (FAMILY.id, "watched episode", "1 - 8"),
        (FAMILY.id, "completed", None),
        (TRAIN.id, "completed", None),
    ]


@pytest.mark.parametrize(
    ("merge", "hours", "wanted"),
    [(720, 11, ["1 - 3"]), (720, 13, ["1 - 2", "3"]), (0, 0, ["1 - 2", "3"]), (20_161, 9_000, ["1 - 3"])],
)
async def test_activities_merge_and_go_up(
    client: httpx.AsyncClient, anna: AniListUser, clock: FakeClock, merge: int, hours: int, wanted: list[str]
) -> None:
    anna.merge = merge
    anna.change(FAMILY, clock.now(), progress=2)
    first = anna.activities[0].id
    clock.advance(hours * 3600)
    anna.change(FAMILY, clock.now(), progress=3)
    found = (await asked(client, ACTIVITIES, user=anna.id, after=0))["Page"]["activities"]
    assert [one["progress"] for one in found] == wanted
    assert (found[-1]["createdAt"], found[-1]["id"] != first) == (int(clock.now().timestamp()), True)
    later = await asked(client, ACTIVITIES, user=anna.id, after=int(clock.now().timestamp()))
    assert later["Page"]["activities"] == []


async def test_nothing_is_told_of_what_is_private_or_switched_off(anna: AniListUser, clock: FakeClock) -> None:
    anna.disabled = frozenset({"CURRENT"})
    anna.change(FAMILY, clock.now(), progress=3)
    anna.put(COUR_2, clock.now(), private=True)
    anna.change(COUR_2, clock.now(), progress=13)
    anna.change(KEEPER, clock.now(), status="DROPPED", progress=3)
    assert told(anna) == [(KEEPER.id, "dropped", None)]


async def test_a_rewatch_counts_from_one_and_is_counted_when_it_ends(anna: AniListUser, clock: FakeClock) -> None:
    entry = anna.put(FAMILY, clock.now(), status="COMPLETED", progress=12)
    anna.change(FAMILY, clock.now(), status="REPEATING")
    assert (entry.progress, entry.repeat) == (0, 0)
    anna.change(FAMILY, clock.now(), progress=5)
    anna.change(FAMILY, clock.now(), progress=12)
    assert (entry.status, entry.progress, entry.repeat) == ("COMPLETED", 12, 1)
    assert told(anna) == [(FAMILY.id, "rewatched episode", "1 - 5"), (FAMILY.id, "completed", None)]


async def test_entries_of_one_second_come_in_no_order(
    client: httpx.AsyncClient, anna: AniListUser, clock: FakeClock
) -> None:
    for title in TITLES[:6]:
        anna.put(title, clock.now())
    orders = set()
    for _ in range(4):
        rows = [(await asked(client, NEWEST, user=anna.id, page=page))["Page"]["mediaList"] for page in (1, 2, 3)]
        orders.add(tuple(row["id"] for page in rows for row in page))
    assert len(orders) > 1
    assert not (await asked(client, NEWEST, user=anna.id, page=3))["Page"]["pageInfo"]["hasNextPage"]


async def test_somebody_can_change_a_list_by_hand(client: httpx.AsyncClient, anna: AniListUser) -> None:
    given = {"username": "anna", "media": FAMILY.id, "progress": 7}
    assert (await client.post("/_sandbox/change", json=given)).json()["progress"] == 7
    assert (await client.get("/_sandbox/state")).json()["lists"]["anna"] == {str(FAMILY.id): ["CURRENT", 7]}
    assert (await client.post("/_sandbox/change", json={**given, "media": 1})).status_code == 400
    assert (await client.post("/_sandbox/change", json={**given, "progress": -1})).status_code == 400


def test_two_entries_that_turn_out_to_be_one_go_by_the_new_id(anna: AniListUser, clock: FakeClock) -> None:
    anna.put(FAMILY, clock.now(), progress=4)
    anna.merge_media(FAMILY.id, COUR_2)
    assert {id_: entry.progress for id_, entry in anna.entries.items()} == {COUR_2.id: 4}


def test_each_number_of_the_wing_stands_where_its_shows_have_an_episode_and_at_no_other_title() -> None:
    world = wing(worlds.build())
    there = {AnimePlace(show.tmdb, one.season, one.number) for show in world.shows for one in show.episodes()}
    there |= {AnimePlace(movie=movie.tmdb) for movie in world.movies}
    taken: dict[AnimePlace, int] = {}
    for title in TITLES:
        assert title.episodes in (None, len(title.places))
        for place in (place for places in title.places for place in places):
            assert place in there
            assert taken.setdefault(place, title.id) == title.id


def test_the_wing_takes_no_id_of_its_space_that_is_taken() -> None:
    world = wing(worlds.build(shows=30, movies=30))
    episodes = [one for show in world.shows for one in show.episodes()]
    for spaces in (
        [show.tmdb for show in world.shows],
        [show.trakt for show in world.shows],
        [show.tvdb for show in world.shows],
        [movie.tmdb for movie in world.movies],
        [movie.trakt for movie in world.movies],
        [one.tmdb for one in episodes],
        [one.tvdb for one in episodes],
        [one.trakt for one in episodes],
        [one.imdb for one in episodes],
        [*(one.rating_key for one in episodes), *(item.rating_key for item in (*world.shows, *world.movies))],
        [season.tmdb for show in world.shows for season in show.seasons],
    ):
        assert len(set(spaces)) == len(spaces)


def test_what_is_on_the_air_today_is_the_last_that_is_known() -> None:
    tonight = BY_ID[555_050]
    show = next(show for show in wing(worlds.build()).shows if show.title == tonight.english)
    assert max(one.air_date for one in show.episodes()) == tonight.start + timedelta(weeks=7)
    assert tonight.next_airing == sum(bool(places) for places in tonight.places) + 1
