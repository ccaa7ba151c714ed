"""The home in which every case of a real library occurs is what its servers and Trakt tell over HTTP."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from conftest import FakeClock
from scrobbled.core.naming.guids import of_episode, of_movie
from scrobbled.sandbox.homes.home import Home, HomeThing
from scrobbled.sandbox.homes.household import household

TOKENS = {"plex": "sandbox-plex-token", "plex-cabin": "sandbox-plex-cabin"}
PEOPLE = {"anna": "", "ben": "-ben", "mia": "-mia"}
HISTORY = "/status/sessions/history/all?sort=viewedAt:asc"


@pytest.fixture
def home(clock: FakeClock) -> Home:
    return household(now=clock.now)


def rows(home: Home, server: str, path: str, token: str = "") -> list[dict[str, Any]]:
    async def one() -> httpx.Response:
        headers = {"Accept": "application/json", "X-Plex-Token": token or TOKENS[server]}
        transport = httpx.ASGITransport(app=home.sandbox)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=headers) as client:
            return await client.get(f"/{server}{path}")

    answer = asyncio.run(one())
    assert answer.status_code == 200, answer.text
    return list(answer.json()["MediaContainer"].get("Metadata", []))


def copies(home: Home, case: str, token: str = "") -> list[dict[str, Any]]:
    """The rows of all copies of all things of a case, things in order."""
    asked = [(server, key) for thing in home.of(case) if thing.person == "anna" for server, key in thing.copies]
    return [rows(home, server, f"/library/metadata/{key}?includeGuids=1", token)[0] for server, key in asked]


def told(row: dict[str, Any], *names: str) -> list[Any]:
    return [row.get(name) for name in names]


def history(home: Home, case: str, server: str = "plex") -> dict[str, list[int]]:
    """When each copy was played by anna, as the history says."""
    found: dict[str, list[int]] = {}
    keys = {key for thing in home.of(case) for _, key in thing.copies}
    for row in rows(home, server, f"{HISTORY}&accountID=1"):
        if row.get("ratingKey") in keys:
            found.setdefault(row["ratingKey"], []).append(row["viewedAt"])
    return found


def test_it_is_the_same_each_time(clock: FakeClock) -> None:
    one, two = household(now=clock.now), household(now=clock.now)
    assert one.things == two.things
    assert one.plex.state() == two.plex.state()  # type: ignore[attr-defined]


def test_all_copies_are_there_and_each_thing_is_named_once(home: Home) -> None:
    for thing in home.things:
        for server, key in thing.copies:
            assert rows(home, server, f"/library/metadata/{key}"), thing.case
    known = [thing for thing in home.things if thing.title is not None]
    named = Counter((thing.person, thing.title.kind, thing.title.trakt) for thing in known if thing.title)
    parts = [thing for thing in home.of("rated in its parts") if thing.title and thing.title.kind == "episode"]
    assert sum(named.values()) - len(named) == len(parts)  # an episode that was watched, and rated as well


@pytest.mark.parametrize("person", PEOPLE)
def test_what_is_dated_lies_in_the_past_and_what_is_on_trakt_agrees(home: Home, person: str) -> None:
    held = home.sandbox["trakt"].state()["accounts"].get(person, {"history": []})["history"]
    there = Counter((row["type"], row["trakt"], row["watched_at"][:16]) for row in held)
    mine = [thing for thing in home.things if thing.person == person and thing.title]
    allowed = {
        (thing.title.kind, thing.title.trakt, f"{at:%Y-%m-%dT%H:%M}")
        for thing in mine
        for one in thing.plays or ()
        for at in one
        if thing.title
    }
    assert set(there) <= allowed
    assert max(there.values(), default=1) == 1
    assert all(at < home.now for thing in mine for one in thing.plays or () for at in one)


def test_a_film_has_its_copies_in_several_libraries_and_editions_and_on_two_servers(home: Home) -> None:
    found = copies(home, "copies")
    assert len({row["guid"] for row in found}) == 1
    assert [row["librarySectionTitle"] for row in found] == ["Films", "Films in 4K", "Films", "Cabin films"]
    assert [row.get("editionTitle") for row in found] == [None, None, "Director's Cut", None]
    assert [row.get("viewCount") for row in found] == [1, None, None, None]
    assert [row.get("userRating") for row in found] == [6.0, 7.5, None, None]
    assert found[1]["lastRatedAt"] > found[0]["lastRatedAt"]
    (versions,) = copies(home, "several versions")
    assert len(versions["Media"]) == 2


def test_views_and_rows_of_the_history_disagree_as_they_do(home: Home) -> None:
    (often,) = copies(home, "seven views, two rows")
    assert often["viewCount"] == 7
    assert [len(times) for times in history(home, "seven views, two rows").values()] == [2]
    (first, second), *_ = history(home, "twice in an evening").values()
    (twice,) = copies(home, "twice in an evening")
    assert twice["duration"] / 1000 < second - first < 6 * 3600
    (first, second), *_ = history(home, "again within its runtime").values()
    assert second - first < copies(home, "again within its runtime")[0]["duration"] / 1000
    assert history(home, "no row explains it") == {}
    assert copies(home, "no row explains it")[0]["viewCount"] == 1


def test_some_times_cannot_be_believed(home: Home) -> None:
    now = home.now.timestamp()
    found = copies(home, "no believable date")
    none, epoch, ancient, ahead = (row.get("lastViewedAt") for row in found)
    assert (none, epoch, ancient < -2_208_988_800, ahead > now + 600) == (None, 0, True, True)
    (begun,) = copies(home, "begun again")
    assert told(begun, "viewCount", "viewOffset") == [1, 1_500_000]
    ticked = [row["lastViewedAt"] for row in copies(home, "a season ticked off")]
    assert max(ticked) - min(ticked) < 120
    assert len(ticked) >= 3
    for case in ("no believable date", "begun again", "a season ticked off"):
        assert history(home, case) == {}


def test_some_things_have_no_id_and_some_of_these_no_title_either(home: Home) -> None:
    for case in ("no guid, one fits", "no guid, two fit"):
        (row,) = copies(home, case)
        fitting = [one for one in home.sandbox.world.movies if (one.title, one.year) == (row["title"], row["year"])]
        assert ("guid" in row, "Guid" in row, len(fitting)) == (False, False, 1 if "one" in case else 2)
    (local,) = copies(home, "local")
    assert local["guid"].startswith("local://")
    videos = copies(home, "home videos")
    assert len(videos) == 3
    assert len({row["guid"] for row in videos}) == 3
    assert all(row["guid"].startswith("com.plexapp.agents.none://") for row in videos)
    assert not any(thing.title for case in ("local", "home videos") for thing in home.of(case))


@pytest.mark.parametrize(
    "case", ["older agents", "another language", "order of the discs", "copies", "an ordinary show"]
)
def test_what_the_agents_wrote_leads_to_the_ids_that_trakt_has(home: Home, case: str) -> None:
    for thing, row in zip(home.of(case), copies(home, case), strict=False):
        assert thing.title is not None
        ids: Any = of_movie(row) if row["type"] == "movie" else of_episode(row)
        if row["type"] == "episode" and not row["guid"].startswith("plex://"):
            assert thing.title.show is not None
            assert ids.show_ids.tvdb == thing.title.show.ids["tvdb"]
            continue
        named = ids if row["type"] == "movie" else ids.ids
        given = {name: getattr(named, name) for name in ("imdb", "tmdb", "tvdb") if getattr(named, name, None)}
        assert given
        assert all(thing.title.ids.get(name) == value for name, value in given.items())


def places(things: list[HomeThing], found: list[dict[str, Any]]) -> list[tuple[tuple[Any, Any], tuple[Any, Any]]]:
    """Where Trakt has each of them, and where the library."""
    own = [(thing.title.season, thing.title.number) if thing.title else (None, None) for thing in things]
    return list(zip(own, [(row["parentIndex"], row["index"]) for row in found], strict=True))


def test_episodes_are_counted_in_other_ways(home: Home) -> None:
    for case in ("specials in another order", "seasons by year", "order of the discs", "anime counted through"):
        listed = places(home.of(case), copies(home, case))
        assert any(trakt != plex for trakt, plex in listed), case
    years = [plex[0] for _, plex in places(home.of("seasons by year"), copies(home, "seasons by year"))]
    assert all(year > 2000 for year in years)
    anime = copies(home, "anime counted through")
    assert all(row["guid"].startswith("com.plexapp.agents.hama://anidb-") for row in anime)
    specials = places(home.of("specials in another order"), copies(home, "specials in another order"))[:2]
    assert specials == [((0, 2), (0, 1)), ((0, 1), (0, 2))]


def test_two_episodes_share_a_file(home: Home) -> None:
    found = copies(home, "two episodes in one file")
    assert len({row["Media"][0]["Part"][0]["file"] for row in found}) == 1
    assert len({row["ratingKey"] for row in found}) == 2


def test_what_is_in_another_language_has_other_titles(home: Home) -> None:
    for thing, row in zip(home.of("another language"), copies(home, "another language"), strict=True):
        assert thing.title is not None
        assert row["title"] != thing.title.title


def test_something_is_on_just_now_and_something_was_left_in_the_middle(home: Home) -> None:
    (on,) = rows(home, "plex", "/status/sessions")
    (playing,) = copies(home, "being played")
    assert on["ratingKey"] == playing["ratingKey"]
    (resumed,) = copies(home, "a younger resume point")
    assert resumed["viewOffset"] > 0
    ((played,),) = home.of("a younger resume point")[0].plays or ()
    assert resumed["lastViewedAt"] > played.timestamp()


def test_another_program_brought_plays_to_trakt_in_one_minute(home: Home) -> None:
    things = home.of("brought in bulk")
    minutes = {at for thing in things for one in thing.plays or () for at in one}
    played = history(home, "brought in bulk")
    assert (len(things), len(minutes), len(played)) == (20, 1, 20)
    for thing in things:
        assert thing.corrected is not None
        (at,) = played[thing.copies[0][1]]
        assert at // 60 * 60 == thing.corrected.timestamp()


def test_everybody_has_a_state_of_their_own(home: Home) -> None:
    (film, *_) = copies(home, "everybody's own")
    seen = {
        person: rows(home, "plex", f"/library/metadata/{film['ratingKey']}", f"sandbox-plex-token{suffix}")[0]
        for person, suffix in PEOPLE.items()
    }
    assert len({row["lastViewedAt"] for row in seen.values()}) == 3
    accounts = {row["accountID"] for row in rows(home, "plex", HISTORY)}
    assert len(accounts) == 3
    assert not list(home.trakt("ben").history)
    assert "mia" not in home.sandbox["trakt"].accounts


def test_something_was_watched_at_the_cabin_only(home: Home) -> None:
    (thing,) = home.of("watched at the cabin")
    ((server, key),) = thing.copies
    (row,) = rows(home, server, f"/library/metadata/{key}")
    assert row["viewCount"] == 1
    assert len(rows(home, "plex-cabin", HISTORY)) == 1


def test_a_case_that_is_not_there_is_told(home: Home) -> None:
    with pytest.raises(LookupError, match="nonsense is none of copies, "):
        home.of("nonsense")
