"""A person's watchlist at Plex: read whole, changed, and of things that are in no library."""

from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.errors import ContractDrift, LoginNeeded, NotInCatalogue, Refused, TrackerError, TryLater, Uncertain
from scrobbled.core.kinds import ITEMS, PLAYS, RATINGS, WATCHLIST, Kind, KindValue
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.records import Reading, Subject
from scrobbled.sandbox.plex.agents import catalogued
from scrobbled.sandbox.plex.discover_core import plex_id
from scrobbled.sandbox.plex.people import ANNA, MIA
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.world import WorldMovie, WorldShow, build, sized
from scrobbled.trackers.base import Receipt, SetValue, Tracker
from trackers.plex_bench import AT_HOME, SIGNED_IN, PlexBench
from trackers.reading_contract import Mirror


@pytest.fixture
def bench(clock: FakeClock) -> PlexBench:
    return PlexBench(clock)


def in_no_library(bench: PlexBench) -> tuple[WorldMovie, WorldShow]:
    film, show = bench.sandbox.world.movies[0], bench.sandbox.world.shows[0]
    for one in (film, show):
        bench.plex.library.remove(bench.plex.library.items[one.rating_key])
    return film, show


def told_of(title: WorldMovie | WorldShow, **ids: Any) -> Subject:
    """As another tracker tells it."""
    if isinstance(title, WorldMovie):
        return Subject("elsewhere", "movie", Movie(title.title, title.year, MovieIds(**(ids or {"tmdb": title.tmdb}))))
    known = ShowIds(**(ids or {"tmdb": title.tmdb}))
    return Subject("elsewhere", "show", Episode(title.title, None, None, show_year=title.year, show_ids=known))


async def read(
    tracker: Tracker, mirror: Mirror, *, full: bool = False, kinds: frozenset[Kind] | None = None
) -> Reading:
    reading = await tracker.reads.read(kinds or frozenset({PLAYS, WATCHLIST}), mirror.cursor, mirror, full=full)
    mirror.store(reading)
    return reading


async def put(tracker: Tracker, subject: Subject, value: KindValue | None = None) -> Any:
    address = await tracker.beyond.locate_beyond(subject)
    (result,) = await tracker.amends.amend([SetValue(WATCHLIST, address, {} if value is None else value)])
    return result


# -- read --------------------------------------------------------------------------------------------------------------


async def test_what_is_in_a_library_costs_no_look_up_and_what_is_in_none_costs_one_ever(bench: PlexBench) -> None:
    film, show = in_no_library(bench)
    held = bench.sandbox.world.movies[1]
    for one in (film, show, held):
        bench.sandbox["plex-discover"].put(one)
    mirror, tracker = Mirror(), bench.tracker()
    await read(tracker, mirror)
    assert set(mirror.values[WATCHLIST]) == {f"movie:tmdb:{film.tmdb}", f"movie:tmdb:{held.tmdb}", f"show:{show.tmdb}"}
    assert set(mirror.values[WATCHLIST]) - set(mirror.values[ITEMS]) == {f"movie:tmdb:{film.tmdb}", f"show:{show.tmdb}"}
    assert sorted(bench.asked("plex-metadata")) == sorted(
        f"GET /library/metadata/{plex_id(one)}" for one in (film, show)
    )
    other = Mirror()
    await read(bench.tracker(), other, full=True)
    assert other.values[WATCHLIST] == mirror.values[WATCHLIST]
    assert len(bench.asked("plex-metadata")) == 2, "they are kept, for another process, too"
    assert mirror.told[f"show:{show.tmdb}"].label() == show.title


async def test_a_list_as_it_was_is_told_only_where_everything_is(bench: PlexBench) -> None:
    bench.sandbox["plex-discover"].put(bench.sandbox.world.movies[0])
    mirror, tracker = Mirror(), bench.tracker()
    await read(tracker, mirror)
    assert (await read(tracker, mirror)).values == {}
    assert WATCHLIST in (await read(tracker, mirror, full=True)).values
    bench.sandbox["plex-discover"].take(bench.sandbox.world.movies[0])
    assert WATCHLIST in (await read(tracker, mirror)).values
    assert mirror.values[WATCHLIST] == {}


async def test_what_comes_into_the_library_keeps_its_name(bench: PlexBench) -> None:
    film, _ = in_no_library(bench)
    bench.sandbox["plex-discover"].put(film)
    mirror, tracker = Mirror(), bench.tracker()
    await read(tracker, mirror)
    (key,) = mirror.values[WATCHLIST]
    bench.plex.library.put(film)
    bench.clock.advance(3_600)
    await read(tracker, mirror, full=True)
    assert key in mirror.values[ITEMS]
    assert list(mirror.values[WATCHLIST]) == [key]


async def test_a_long_list_comes_in_pages(clock: FakeClock) -> None:
    bench = PlexBench(clock)
    bench.sandbox = Sandbox(sized(movies=250, episodes=0), now=clock.now, only=tuple(bench.sandbox))
    for film in bench.sandbox.world.movies:
        bench.sandbox["plex-discover"].put(film)
    mirror = Mirror()
    reading = await read(bench.tracker(), mirror)
    assert len(mirror.values[WATCHLIST]) == 250
    assert reading.values[WATCHLIST].complete
    assert bench.asked("plex-discover") == ["GET /library/sections/watchlist/all"] * 3


@pytest.mark.parametrize("again", [False, True])
async def test_a_list_that_changes_while_it_is_read_is_read_again_or_left_out(clock: FakeClock, again: bool) -> None:
    bench = PlexBench(clock)
    bench.sandbox = Sandbox(sized(movies=150, episodes=0), now=clock.now, only=tuple(bench.sandbox))
    discover, (last, *films) = bench.sandbox["plex-discover"], bench.sandbox.world.movies
    for film in films:
        discover.put(film)

    def shift(start: int) -> None:
        if start == 0 and (again or last.guid not in discover.listed()):
            (discover.take if plex_id(last) in discover.listed() else discover.put)(last)
            if not again:
                discover.paged = lambda start: None

    discover.paged = shift
    mirror = Mirror()
    reading = await read(bench.tracker(), mirror)
    assert (WATCHLIST in reading.without) is again
    assert len(mirror.values[WATCHLIST]) == (0 if again else 150)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 401}, "refuses the token in trackers.plex.token of anna"),
        ({"status": 422}, "refuses the token"),
        ({"status": 498}, "refuses the token"),
        ({"status": 500}, "answered 500"),
        ({"status": 429, "headers": {"retry-after": "40"}}, "429"),
        ({"kind": "drop"}, "broke"),
        ({"kind": "malformed"}, "breaks off"),
        ({"kind": "html"}, "breaks off"),
        ({"status": 404}, "discover_url"),
    ],
)
async def test_trouble_at_discover_leaves_the_list_out_and_nothing_else(
    bench: PlexBench, fault: dict[str, Any], said: str
) -> None:
    bench.sandbox["plex-discover"].put(bench.sandbox.world.movies[0])
    mirror, tracker = Mirror(), bench.tracker()
    await read(tracker, mirror)
    before = dict(mirror.values[WATCHLIST])
    bench.fail("GET /library/sections/watchlist/all", at="plex-discover", **fault)
    film = bench.plex.library.items["500"]
    bench.plex.views.put(ANNA, film, bench.plex.views.of(ANNA, film).after("scrobble", bench.clock.now()))
    reading = await read(tracker, mirror, full=True)
    assert said in reading.without[WATCHLIST]
    assert ITEMS in reading.values
    assert mirror.values[WATCHLIST] == before
    bench.clock.advance(60)
    assert (await read(tracker, mirror)).without == {}


async def test_a_list_that_moved_is_told_with_the_host(bench: PlexBench) -> None:
    bench.sandbox["plex-discover"].elsewhere = True
    with pytest.raises(ContractDrift, match=r"GET sandbox/plex-discover/library.* 404.*discover_url"):
        await read(bench.tracker(), Mirror(), kinds=frozenset({WATCHLIST}))


async def test_a_pause_that_is_asked_for_is_kept(bench: PlexBench) -> None:
    bench.fail("GET /library/sections/watchlist/all", at="plex-discover", status=429, headers={"retry-after": "40"})
    tracker, asked = bench.tracker(), bench.sandbox["plex-discover"].calls
    for _ in range(3):
        with pytest.raises(TryLater):
            await read(tracker, Mirror(), kinds=frozenset({WATCHLIST}))
    assert len(asked()) == 1
    bench.clock.advance(41)
    await read(tracker, Mirror(), kinds=frozenset({WATCHLIST}))
    assert len(asked()) == 2


# -- whose it is -------------------------------------------------------------------------------------------------------


async def why_not(tracker: Tracker) -> TrackerError:
    with pytest.raises(TrackerError) as caught:
        await read(tracker, Mirror(), kinds=frozenset({WATCHLIST}))
    return caught.value


async def test_a_managed_user_has_no_watchlist_and_is_never_shown_that_of_the_owner(bench: PlexBench) -> None:
    bench.plex.admit(MIA)
    bench.sandbox["plex-discover"].put(bench.sandbox.world.movies[0])
    await bench.signs_in("anna", viewer="mia", accounts=("mia",), home_user="mia")
    tracker = bench.tracker({**SIGNED_IN, "home_user": "mia"}, viewer="mia", accounts=("mia",))
    error = await why_not(tracker)
    assert isinstance(error, Refused)
    assert "mia was signed in by somebody else of the home" in error.reason
    assert bench.asked("plex-discover") == []
    mirror = Mirror()
    reading = await read(tracker, mirror)
    assert ITEMS in reading.values
    assert WATCHLIST in reading.lacking


async def test_a_token_of_a_server_alone_opens_no_watchlist(bench: PlexBench) -> None:
    tracker = bench.tracker({**AT_HOME, "token": "sandbox-plex-token-ben"}, viewer="ben", accounts=("ben",))
    assert "no token here is known there as that of ben" in (await why_not(tracker)).reason
    await bench.signs_in("ben", viewer="ben", accounts=("ben",))
    await read(tracker, Mirror(), kinds=frozenset({WATCHLIST}))


async def test_the_list_of_somebody_else_is_not_taken(bench: PlexBench) -> None:
    error = await why_not(bench.tracker(viewer="carl", accounts=("carl",)))
    assert isinstance(error, LoginNeeded)


async def test_a_sign_in_has_a_watchlist(bench: PlexBench) -> None:
    bench.sandbox["plex-discover"].put(bench.sandbox.world.movies[0])
    await bench.signs_in()
    mirror = Mirror()
    await read(bench.tracker(SIGNED_IN), mirror)
    assert len(mirror.values[WATCHLIST]) == 1


# -- changed -----------------------------------------------------------------------------------------------------------


async def test_what_is_in_no_library_is_found_by_one_look_up_and_put_on(bench: PlexBench) -> None:
    film, show = in_no_library(bench)
    tracker = bench.tracker()
    for title in (film, show):
        assert isinstance(await put(tracker, told_of(title)), Receipt)
        assert isinstance(await put(tracker, told_of(title)), Receipt), "it is there already"
    assert bench.sandbox["plex-discover"].listed() == [plex_id(film), plex_id(show)]
    assert {call.path for call in bench.sandbox["plex-metadata"].calls()} == {"/library/metadata/matches"}
    await read(tracker, Mirror())
    assert len(bench.sandbox["plex-metadata"].calls()) == 4, "what it was found by names it from then on"


@pytest.mark.parametrize("space", ["imdb", "tvdb"])
async def test_any_id_will_do(bench: PlexBench, space: str) -> None:
    _, show = in_no_library(bench)
    found = await bench.tracker().beyond.locate_beyond(told_of(show, **{space: getattr(show, space)}))
    assert found.data["discover"] == plex_id(show)


async def test_a_guid_that_is_known_is_not_looked_up(bench: PlexBench) -> None:
    film, _ = in_no_library(bench)
    found = await bench.tracker().beyond.locate_beyond(told_of(film, plex=film.guid))
    assert (found.data["discover"], found.how) == (plex_id(film), "its guid at Plex")
    assert bench.asked("plex-metadata") == []


async def test_what_a_legacy_agent_found_goes_by_its_ids(bench: PlexBench) -> None:
    film = bench.sandbox.world.movies[0]
    old = catalogued(film, "com.plexapp.agents.imdb")
    subject = told_of(film, imdb=film.imdb)
    assert isinstance(old, WorldMovie)
    found = await bench.tracker().beyond.locate_beyond(replace(subject, places=("server/500",)))
    assert (found.data["discover"], found.data["places"]) == (plex_id(film), ["server/500"])


@pytest.mark.parametrize("gives", [True, False])
async def test_a_match_that_is_another_title_is_not_believed(bench: PlexBench, gives: bool) -> None:
    film, _ = in_no_library(bench)
    metadata, other = bench.sandbox["plex-metadata"], bench.sandbox.world.movies[1]
    metadata.gives_guids, metadata.matched = gives, {f"tmdb-{film.tmdb}": other, f"imdb-{film.imdb}": other}
    found = await bench.tracker().beyond.locate_beyond(told_of(film, tmdb=film.tmdb, imdb=film.imdb))
    assert (found.data["discover"], found.how) == (plex_id(film), "title and year, and its ids")


async def test_what_nothing_proves_stays_open_with_what_was_found(bench: PlexBench) -> None:
    film, _ = in_no_library(bench)
    for subject in (told_of(film, trakt=1), told_of(film, tmdb=123, imdb="tt0000123")):
        with pytest.raises(Uncertain) as caught:
            await bench.tracker().beyond.locate_beyond(subject)
        assert (film.title, film.year) in [(one.title, one.year) for one in caught.value.candidates]


async def test_no_more_than_ten_candidates_are_looked_at(clock: FakeClock) -> None:
    bench = PlexBench(clock)
    bench.sandbox = Sandbox(build(movies=300), now=clock.now, only=tuple(bench.sandbox))
    with pytest.raises(Uncertain) as caught:
        await bench.tracker().beyond.locate_beyond(told_of(bench.sandbox.world.movies[0], tmdb=5))
    assert len(caught.value.candidates) == 10
    details = [call for call in bench.sandbox["plex-metadata"].calls() if "matches" not in call.path]
    assert len(details) == 10


async def test_seasons_and_episodes_are_on_no_list(bench: PlexBench) -> None:
    season = replace(told_of(bench.sandbox.world.shows[0]), scope="season")
    with pytest.raises(NotInCatalogue):
        await bench.tracker().beyond.locate_beyond(season)


async def test_what_is_not_on_it_is_taken_off_without_harm(bench: PlexBench) -> None:
    tracker, subject = bench.tracker(), told_of(bench.sandbox.world.movies[0])
    address = await tracker.beyond.locate_beyond(subject)
    for _ in range(2):
        (result,) = await tracker.amends.amend([SetValue(WATCHLIST, address, None)])
        assert isinstance(result, Receipt)


async def test_a_change_where_the_list_is_no_more_is_no_success(bench: PlexBench) -> None:
    tracker, subject = bench.tracker(), told_of(bench.sandbox.world.movies[0])
    address = await tracker.beyond.locate_beyond(subject)
    bench.sandbox["plex-discover"].elsewhere = True
    for value in ({}, None):
        with pytest.raises(ContractDrift, match="discover_url"):
            await tracker.amends.amend([SetValue(WATCHLIST, address, value)])


async def test_a_title_that_plex_forgot_concerns_itself_alone(bench: PlexBench) -> None:
    tracker, films = bench.tracker(), bench.sandbox.world.movies
    addresses = [await tracker.beyond.locate_beyond(told_of(film)) for film in films]
    bench.sandbox["plex-discover"].hidden.add(plex_id(films[0]))
    results = await tracker.amends.amend([SetValue(WATCHLIST, one, {}) for one in addresses])
    assert [type(one) for one in results] == [NotInCatalogue, Receipt, Receipt]


async def test_ratings_beside_it_go_to_the_library(bench: PlexBench) -> None:
    tracker, mirror = bench.tracker(), Mirror()
    await read(tracker, mirror)
    (film,) = (one for key, one in mirror.told.items() if key == f"movie:tmdb:{bench.sandbox.world.movies[0].tmdb}")
    rated = SetValue(RATINGS, await tracker.amends.locate_subject(film), 8)
    listed = SetValue(WATCHLIST, await tracker.beyond.locate_beyond(film), {})
    assert [type(one) for one in await tracker.amends.amend([listed, rated])] == [Receipt, Receipt]
    assert bench.plex.views.of(ANNA, bench.plex.library.items[film.places[0].partition("/")[2]]).rating
