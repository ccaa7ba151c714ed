"""What is read of a person's Plex libraries: everything once, then what moved, and nothing that was not certain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from conftest import FakeClock
from scrobbled.core.errors import ContractDrift, LoginNeeded, TryLater
from scrobbled.core.kinds import ITEMS, PLAYS, RATINGS, WATCHED
from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.plex.items import FILMS, SERIES, Holding, LibraryItem, PlexSection
from scrobbled.sandbox.plex.people import ANNA, BEN
from scrobbled.sandbox.plex.views import ViewState
from trackers.plex_library_bench import PlexLibraryBench

FOUR_K = PlexSection(7, "Films in 4K", "movie", "tv.plex.agents.movie", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a57")
PLAYS_ONLY, RATINGS_ONLY = frozenset({PLAYS}), frozenset({RATINGS})


@pytest.fixture
def bench(clock: FakeClock) -> PlexLibraryBench:
    return PlexLibraryBench(clock)


@pytest.fixture
def film(bench: PlexLibraryBench) -> LibraryItem:
    return bench.item(bench.sandbox.world.movies[0].title)


@pytest.fixture
def episode(bench: PlexLibraryBench) -> LibraryItem:
    return bench.item(bench.sandbox.world.shows[0].episode(1, 1).rating_key)


def series(bench: PlexLibraryBench) -> list[LibraryItem]:
    """Shows, seasons and episodes."""
    return [one for kind in ("show", "season", "episode") for one in bench.plex.library.of_type(SERIES, kind)]


def films(bench: PlexLibraryBench) -> list[LibraryItem]:
    return bench.plex.library.of_type(FILMS, "movie")


def episodes(bench: PlexLibraryBench) -> list[LibraryItem]:
    return bench.plex.library.of_type(SERIES, "episode")


# Everything


async def test_everything_is_told_with_what_it_is_and_where_it_lies(bench: PlexLibraryBench, film, episode) -> None:
    reading = await bench.read()
    assert reading.plays is not None
    assert reading.plays.complete
    assert all(told.complete for told in reading.values.values())
    assert bench.sizes() == {PLAYS: 0, ITEMS: len(films(bench)) + len(series(bench)), WATCHED: 0, RATINGS: 0}
    told = bench.subject(film)
    assert (told.scope, told.item.label(), told.places) == ("movie", "Harbour Atlas (2015)", (bench.place(film),))
    assert (film.movie.tmdb, film.movie.imdb) == (told.item.ids.tmdb, told.item.ids.imdb)
    assert told.runtime == film.movie.runtime * 60
    item = bench.subject(episode).item
    assert (item.season, item.number, item.show_ids.tmdb) == (1, 1, episode.show.tmdb)
    assert item.ids.tvdb == episode.episode.tvdb
    assert item.air_date == episode.episode.air_date


async def test_a_viewing_is_a_play_and_a_state(bench: PlexLibraryBench, clock: FakeClock, film: LibraryItem) -> None:
    bench.watch(film)
    at = clock.now()
    clock.advance(86_400)
    bench.watch(film)
    await bench.read()
    assert [one.at for one in bench.plays(film)] == [at, clock.now()]
    watched = bench.watched(film)
    assert watched is not None
    assert (watched.value["count"], watched.value["begun"], watched.at) == (2, False, clock.now())


async def test_a_mark_is_a_state_and_no_play(bench: PlexLibraryBench, clock: FakeClock, film: LibraryItem) -> None:
    bench.mark(film)
    await bench.read()
    assert bench.plays(film) == []
    assert bench.watched(film).at == clock.now()


async def test_the_handle_of_a_play_is_never_used_again(bench: PlexLibraryBench, clock: FakeClock, film) -> None:
    """A rebuilt database counts its history anew."""
    bench.watch(film)
    await bench.read()
    (before,) = bench.plays(film)
    bench.plex.views.restart()
    clock.advance(3600)
    bench.watch(film)
    await bench.read(full=True)
    (after,) = bench.plays(film)
    assert after.id != before.id
    assert after.id.startswith(f"{bench.plex.machine}/1/1/")


async def test_only_the_persons_own_viewings_and_ratings_are_told(clock: FakeClock) -> None:
    ben = PlexLibraryBench(clock, person=BEN)
    first, second = films(ben)[:2]
    ben.watch(first)
    ben.watch(second, account=ANNA)
    await ben.read()
    assert ben.sizes()[PLAYS] == ben.sizes()[WATCHED] == 1
    assert len(ben.plays(first)) == 1


@pytest.mark.parametrize("by_number", [True, False])
async def test_the_owner_is_known_to_the_history_by_either_number(bench, film, by_number: bool) -> None:
    bench.plex.switches = replace(bench.plex.switches, owner_is_one=by_number)
    bench.watch(film)
    await bench.read()
    assert len(bench.plays(film)) == 1
    bench.clock.advance(60)
    bench.watch(films(bench)[1])
    await bench.read()
    assert bench.sizes()[PLAYS] == 2
    assert bench.watched(films(bench)[1]) is not None


async def test_ratings_of_films_shows_seasons_and_episodes_are_told_in_whole_stars(bench, film, episode) -> None:
    show, season = (bench.item(one.rating_key) for one in (episode.show, episode.season))
    for item, rating in ((film, 7.5), (show, 8.0), (season, 0.5), (episode, 10.0)):
        bench.rate(item, rating)
    bench.rate(films(bench)[1], 0.0)
    await bench.read()
    assert [bench.rating(item).value for item in (film, show, season, episode)] == [8, 8, 1, 10]
    assert bench.sizes()[RATINGS] == 4, "0 is none"
    assert bench.rating(film).at == bench.clock.now()
    assert [bench.subject(item).scope for item in (film, show, season)] == ["movie", "show", "season"]


@pytest.mark.parametrize(("rated", "requests"), [(0, 1), (3, 1), (30, 2)])
async def test_what_is_rated_is_asked_for_once_where_it_is_no_more_than_the_top(
    clock: FakeClock, rated: int, requests: int
) -> None:
    bench = PlexLibraryBench(clock, world=worlds.build(shows=20))
    for season in bench.plex.library.of_type(SERIES, "season")[:rated]:
        bench.rate(season, 8.0)
    await bench.read()
    assert sum(one.query.get("type") == "3" for one in bench.plex.calls("GET /library/sections/*")) == requests
    assert bench.sizes()[RATINGS] == rated


async def test_only_the_chosen_libraries_are_read_by_titles_in_any_case(bench: PlexLibraryBench, film, episode) -> None:
    bench.titles = (" fILMS ",)
    bench.watch(film)
    bench.watch(episode)
    bench.rate(bench.item(episode.show.rating_key), 9)
    await bench.read()
    assert bench.sizes() == {PLAYS: 1, ITEMS: len(films(bench)), WATCHED: 1, RATINGS: 0}
    bench.titles = ()
    reading = await bench.read()
    assert reading.values[ITEMS].complete, "another choice is another reading of everything"
    assert bench.sizes()[WATCHED] == 2


async def test_copies_of_one_film_are_one_thing(bench: PlexLibraryBench, clock: FakeClock, film: LibraryItem) -> None:
    bench.plex.library.open(FOUR_K)
    bench.names.append("plex-cabin")
    bench.cabin.library.open(FILMS)
    sharp = bench.plex.library.put(film.movie, Holding(FOUR_K, edition="Director's Cut"))
    away = bench.cabin.library.put(film.movie, Holding(FILMS))
    bench.put(film, ViewState(count=7, last=1_790_000_000))
    bench.put(away, ViewState(count=1, last=1_791_000_000, rating=4.0, rated_at=1_791_000_000), server=bench.cabin)
    bench.rate(sharp, 9)
    await bench.read()
    assert bench.key(film) == bench.key(sharp) == bench.key(away, bench.cabin)
    places = (bench.place(film), bench.place(sharp), bench.place(away, bench.cabin))
    assert set(bench.subject(film).places) == set(places)
    watched = bench.watched(film)
    assert (watched.value["count"], watched.at) == (7, datetime.fromtimestamp(1_791_000_000, UTC))
    assert set(watched.value["on"]) == {places[0], places[2]}
    assert bench.rating(film).value == 9, "the newest counts"


async def test_what_no_agent_knows_is_told_without_ids(bench: PlexLibraryBench, film: LibraryItem) -> None:
    video = bench.plex.library.put(
        replace(film.movie, guid="local://9", title="Beach 2019", imdb=None, tmdb=None), Holding(FILMS)
    )
    bench.watch(video)
    await bench.read()
    assert not bench.subject(video).item.ids
    assert bench.watched(video) is not None


async def test_absurd_times_are_told_as_none_and_harm_nobody(bench: PlexLibraryBench, film: LibraryItem) -> None:
    for item, last in zip(films(bench), (0, -1, 10**17), strict=False):
        bench.put(item, ViewState(count=1, last=last))
    await bench.read()
    assert {record.at for record in bench.held(WATCHED).values()} == {None}
    assert len(bench.held(WATCHED)) == 3


# What moved


async def test_when_nothing_moved_nothing_is_told_in_few_requests(bench: PlexLibraryBench, film, episode) -> None:
    bench.watch(film)
    bench.rate(episode, 9)
    await bench.read()
    bench.asked()
    reading = await bench.read()
    assert (reading.plays, reading.values, reading.subjects) == (None, {}, {})
    assert bench.asked() == [
        "/library/sections/1/all sort=lastViewedAt:desc type=1 unwatched=0",
        "/library/sections/1/all sort=addedAt:desc type=1",
        "/library/sections/1/all sort=lastRatedAt:desc type=1",
        "/library/sections/4/all type=2",
        "/library/sections/4/all sort=lastViewedAt:desc type=4 unwatched=0",
        "/library/sections/4/all sort=lastRatedAt:desc type=4",
        "/library/sections/4/all sort=lastRatedAt:desc type=3",
    ]


async def test_ten_news_among_many_are_read_alone(clock: FakeClock) -> None:
    bench = PlexLibraryBench(clock, world=worlds.sized(movies=60, episodes=200))
    things = [*films(bench), *episodes(bench)]
    for item in things[::2]:
        clock.advance(60)
        bench.watch(item)
    await bench.read()
    bench.asked()
    for item in things[1:100:10]:
        clock.advance(60)
        bench.watch(item)
    reading = await bench.read()
    assert reading.plays is not None
    assert not reading.plays.complete
    assert not any(told.complete for told in reading.values.values())
    assert len(bench.asked()) <= 10
    assert bench.sizes()[WATCHED] == bench.sizes()[PLAYS] == len(things[::2]) + 10
    again = await bench.read(full=True)
    assert again.plays is not None
    assert again.plays.complete
    assert bench.sizes()[WATCHED] == len(things[::2]) + 10


async def test_more_news_than_are_looked_at_first_are_read_to_the_last(clock: FakeClock) -> None:
    bench = PlexLibraryBench(clock, world=worlds.sized(movies=150, episodes=0))
    await bench.read()
    for item in films(bench)[:120]:
        clock.advance(60)
        bench.watch(item)
        bench.rate(item, 6)
    reading = await bench.read()
    assert not reading.values[WATCHED].complete
    assert bench.sizes() == {PLAYS: 120, ITEMS: 150, WATCHED: 120, RATINGS: 120}


async def test_a_season_marked_in_one_second_is_read_and_stays_explained(bench: PlexLibraryBench, film) -> None:
    await bench.read()
    for item in episodes(bench)[:30]:
        bench.mark(item)
    reading = await bench.read()
    assert not reading.values[WATCHED].complete
    assert bench.sizes()[WATCHED] == 30
    bench.clock.advance(60)
    bench.watch(episodes(bench)[40])
    reading = await bench.read()
    assert not reading.values[WATCHED].complete
    assert bench.sizes()[WATCHED] == 31


async def test_a_viewing_again_and_one_that_is_begun_again_are_news(bench: PlexLibraryBench, clock, film) -> None:
    bench.watch(film)
    await bench.read()
    clock.advance(86_400)
    bench.watch(film)
    reading = await bench.read()
    assert not reading.values[WATCHED].complete
    assert (bench.watched(film).value["count"], bench.watched(film).at) == (2, clock.now())
    clock.advance(86_400)
    bench.put(film, replace(bench.plex.viewed(ANNA, film), last=int(clock.now().timestamp()), offset=600_000))
    await bench.read()
    assert bench.watched(film).value["begun"]
    assert len(bench.plays(film)) == 2


async def test_what_ended_too_early_is_read_again_though_nothing_moved(
    bench: PlexLibraryBench, clock: FakeClock
) -> None:
    for one in films(bench):
        bench.watch(one)
        clock.advance(60)
    bench.plex.switches = replace(bench.plex.switches, most_rows=2, paging="first")
    reading = await bench.read()
    assert not reading.values[ITEMS].complete
    bench.plex.switches = replace(bench.plex.switches, most_rows=0, paging="asked")
    await bench.read()
    assert len(bench.held(ITEMS)) == len(films(bench)) + len(series(bench))
    assert sum(len(bench.plays(one)) for one in films(bench)) == len(films(bench))
    bench.asked()
    assert (await bench.read()).values == {}


async def test_an_episode_says_how_large_its_season_is_where_all_of_it_was_read(
    bench: PlexLibraryBench, clock: FakeClock, episode
) -> None:
    await bench.read()
    season = [one for one in bench.plex.library.items.values() if one.season == episode.season and one.episode]
    assert bench.subject(episode).item.season_size == len(season) > 1
    clock.advance(60)
    bench.watch(episode)
    reading = await bench.read()
    assert (reading.subjects, bench.subject(episode).item.season_size) == ({}, len(season))
    bench.plex.library.remove(season[-1])
    await bench.read()
    assert bench.subject(episode).item.season_size == len(season) - 1
    assert (await bench.read(full=True)).subjects == {}


async def test_what_was_added_is_news(bench: PlexLibraryBench, clock: FakeClock, film: LibraryItem, episode) -> None:
    await bench.read()
    clock.advance(60)
    fresh = worlds.sized(9, movies=1, episodes=5)
    holding = Holding(FILMS, added=int(clock.now().timestamp()))
    new = bench.plex.library.put(replace(fresh.movies[0], title="Brand New", tmdb=777, imdb="tt777"), holding)
    bench.plex.library.put(fresh.shows[0], replace(holding, section=SERIES))
    reading = await bench.read()
    assert not reading.values[ITEMS].complete
    assert {record.key for record in reading.values[ITEMS].records} == set(reading.subjects)
    assert len(reading.subjects) == 6 + 3, "with the show and its two seasons"
    assert bench.subject(new).item.ids.tmdb == 777
    item = next(one.item for one in reading.subjects.values() if one.scope == "episode")
    assert item.show_title == fresh.shows[0].title
    bench.asked()
    assert (await bench.read()).values == {}


@pytest.mark.parametrize("what", ["film", "episode"])
async def test_what_is_gone_makes_everything_be_read(bench: PlexLibraryBench, film, episode, what: str) -> None:
    bench.watch(film)
    await bench.read()
    gone = film if what == "film" else episode
    key = bench.key(gone)
    bench.plex.library.remove(gone)
    reading = await bench.read()
    assert reading.values[ITEMS].complete
    assert key not in bench.held(ITEMS)
    assert key in bench.mirror.told


async def test_what_is_unwatched_makes_everything_be_read(bench: PlexLibraryBench, clock: FakeClock, film) -> None:
    for item in films(bench):
        clock.advance(60)
        bench.mark(item)
    await bench.read()
    bench.put(film, ViewState())
    reading = await bench.read()
    assert reading.values[WATCHED].complete
    assert bench.watched(film) is None
    assert bench.key(film) in bench.held(ITEMS)


async def test_unwatched_and_watched_in_between_are_both_seen(bench: PlexLibraryBench, clock: FakeClock) -> None:
    first, second, third = films(bench)
    bench.mark(first)
    bench.mark(second)
    await bench.read()
    bench.put(first, ViewState())
    clock.advance(60)
    bench.mark(third)
    await bench.read()
    assert {record.key for record in bench.held(WATCHED).values()} == {bench.key(second), bench.key(third)}


async def test_a_rating_that_is_changed_or_cleared_is_seen(bench: PlexLibraryBench, clock, film, episode) -> None:
    show = bench.item(episode.show.rating_key)
    for item in (film, episode, show):
        bench.rate(item, 8)
    await bench.read()
    clock.advance(60)
    for item in (film, episode, show):
        bench.rate(item, 3)
    reading = await bench.read()
    assert ITEMS not in reading.values
    assert [bench.rating(item).value for item in (film, episode, show)] == [3, 3, 3]
    for item in (film, episode, show):
        bench.rate(item, None)
    reading = await bench.read()
    assert reading.values[RATINGS].complete
    assert reading.plays is None
    assert bench.sizes()[RATINGS] == 0


async def test_a_viewing_of_one_copy_is_told_with_how_the_others_stand(bench: PlexLibraryBench, clock, film) -> None:
    bench.plex.library.open(FOUR_K)
    sharp = bench.plex.library.put(film.movie, Holding(FOUR_K))
    bench.put(film, ViewState(count=7, last=1_790_000_000))
    await bench.read()
    clock.advance(60)
    bench.watch(sharp)
    await bench.read()
    watched = bench.watched(film)
    assert (watched.value["count"], watched.at) == (7, clock.now())
    assert set(watched.value["on"]) == {bench.place(film), bench.place(sharp)}
    assert len(bench.subject(film).places) == 2


async def test_a_time_in_the_future_hides_nothing_that_comes_after_it(bench: PlexLibraryBench, clock, film) -> None:
    first, second = films(bench)[:2]
    bench.put(first, ViewState(count=1, last=int((clock.now() + timedelta(days=400)).timestamp())))
    await bench.read()
    bench.watch(second)
    await bench.read()
    assert bench.watched(second) is not None
    clock.advance(60)
    bench.watch(second)
    await bench.read()
    assert bench.watched(second).value["count"] == 2
    assert len(bench.plays(second)) == 2


async def test_a_new_kind_does_not_read_the_others_anew(bench: PlexLibraryBench, film: LibraryItem) -> None:
    bench.watch(film)
    bench.rate(film, 8)
    await bench.read(kinds=PLAYS_ONLY)
    bench.asked()
    reading = await bench.read()
    assert (reading.plays, set(reading.values)) == (None, {RATINGS})
    assert reading.values[RATINGS].complete
    assert "/library/sections/1/all type=1" not in bench.asked()
    assert (await bench.read()).values == {}


async def test_ratings_alone_ask_for_no_viewings(bench: PlexLibraryBench, film, episode) -> None:
    bench.watch(film)
    bench.rate(film, 8)
    bench.rate(episode, 4)
    reading = await bench.read(kinds=RATINGS_ONLY)
    assert (reading.plays, set(reading.values)) == (None, {RATINGS})
    assert not any("lastViewedAt" in one or "history" in one for one in bench.asked())
    assert bench.subject(episode).item.show_ids.tmdb == episode.show.tmdb
    assert (await bench.read(kinds=RATINGS_ONLY)).values == {}


async def test_what_there_is_can_be_told_beside_ratings_without_what_was_watched(bench, clock, film, episode) -> None:
    bench.watch(film)
    bench.rate(film, 8)
    reading = await bench.read(kinds=RATINGS_ONLY | {ITEMS})
    assert (reading.plays, set(reading.values)) == (None, {RATINGS, ITEMS})
    assert reading.values[ITEMS].complete
    assert len(reading.values[ITEMS].records) == len(films(bench)) + len(series(bench))
    assert not any("lastViewedAt" in one or "history" in one for one in bench.asked())
    assert (await bench.read(kinds=RATINGS_ONLY | {ITEMS})).values == {}
    assert len(bench.asked()) == 5
    clock.advance(60)
    added = Holding(FILMS, added=int(clock.now().timestamp()))
    bench.plex.library.put(replace(film.movie, title="Brand New", tmdb=777, imdb="tt777"), added)
    reading = await bench.read(kinds=RATINGS_ONLY | {ITEMS})
    assert [one.key for one in reading.values[ITEMS].records] == ["movie:tmdb:777"]
    assert not any("type=4" in one and "sort" not in one for one in bench.asked()), "not everything is read"
    both = await bench.read()
    assert both.values[WATCHED].complete, "what was never asked for is read as a whole"


async def test_a_season_is_what_its_episodes_say_of_it(bench: PlexLibraryBench, clock: FakeClock, episode) -> None:
    await bench.read()
    assert {one.scope for one in bench.mirror.told.values()} == {"movie", "show", "season", "episode"}
    clock.advance(60)
    seasons = bench.plex.library.of_type(SERIES, "season")
    for one in seasons:
        bench.rate(one, 7)
    reading = await bench.read()
    assert len(reading.values[RATINGS].records) == len(seasons)
    assert reading.subjects == {}, "its own row says the same"


async def test_plays_of_what_was_deleted_or_lies_elsewhere_are_left_out(bench: PlexLibraryBench, film, episode) -> None:
    bench.titles = ("Films",)
    bench.watch(film)
    bench.watch(episode)
    bench.watch(films(bench)[1])
    bench.plex.library.remove(film)
    reading = await bench.read()
    assert bench.sizes()[PLAYS] == 1
    assert reading.skipped == {"viewing of what is not in the library any more": 1}


async def test_a_viewing_of_what_was_added_since_is_told_with_it(bench: PlexLibraryBench, clock, film) -> None:
    await bench.read()
    clock.advance(60)
    holding = Holding(FILMS, added=int(clock.now().timestamp()))
    new = bench.plex.library.put(replace(film.movie, title="Brand New", tmdb=777, imdb="tt777", guid="x"), holding)
    bench.watch(new)
    reading = await bench.read()
    assert not reading.values[ITEMS].complete
    assert len(bench.plays(new)) == 1


# What becomes of libraries


async def test_keys_outlive_a_file_that_is_added_again_and_an_agent_that_is_changed(bench, clock, film) -> None:
    bench.watch(film)
    await bench.read()
    key = bench.key(film)
    again = bench.plex.library.add_again(film, clock.now())
    await bench.read(full=True)
    assert bench.key(again) == key
    assert bench.subject(again).places == (bench.place(again),)
    legacy = replace(again.movie, guid=f"com.plexapp.agents.imdb://{film.movie.imdb}?lang=en")
    bench.plex.library.rename(FILMS, {again.rating_key: legacy}, "com.plexapp.agents.imdb")
    await bench.read(full=True)
    assert bench.key(again) == key
    assert bench.subject(again).item.ids.known() == {"imdb": film.movie.imdb}
    assert len(bench.held(ITEMS)) == len(films(bench)) + len(series(bench))


async def test_of_a_library_that_is_gone_nothing_counts_as_gone(bench: PlexLibraryBench, film, episode) -> None:
    bench.watch(film)
    await bench.read()
    bench.plex.library.close(SERIES)
    for _ in range(2):
        reading = await bench.read(full=True)
        assert not any(told.complete for told in reading.values.values())
        assert len(bench.held(ITEMS)) == len(films(bench)) + 78 + 12 + 4
        assert "library TV, which is not there now: nothing of it counts as gone" in reading.skipped
    clock = bench.clock
    clock.advance(60)
    bench.watch(films(bench)[1])
    await bench.read()
    assert bench.sizes()[WATCHED] == 2
    bench.titles = ("Films",)
    assert (await bench.read()).values[ITEMS].complete, "taken out"


async def test_a_new_library_is_read_once_something_moves(bench: PlexLibraryBench, film: LibraryItem) -> None:
    await bench.read()
    bench.plex.library.open(FOUR_K)
    sharp = bench.plex.library.put(replace(film.movie, tmdb=778, imdb="tt778", guid="y"), Holding(FOUR_K))
    bench.watch(film)
    reading = await bench.read()
    assert reading.values[ITEMS].complete
    assert bench.key(sharp) in bench.held(ITEMS)


async def test_another_server_or_person_is_another_account(bench: PlexLibraryBench, film: LibraryItem) -> None:
    bench.watch(film)
    first = await bench.read()
    bench.names.append("plex-cabin")
    assert (await bench.read()).owner == first.owner, "one more server"
    bench.names.remove("plex-cabin")
    bench.plex.machine = "another"
    second = await bench.read()
    assert second.owner not in ("", first.owner)
    assert second.values[ITEMS].complete


# What fails


LISTS = [
    "GET /library/sections/all",
    "GET /library/sections/1/all",
    "GET /library/sections/4/all",
    "GET /status/sessions/history/all",
]
FAULTS = [
    ("status", {"status": 500}),
    ("status", {"status": 503}),
    ("drop", {}),
    ("malformed", {"when": "after"}),
    ("html", {}),
    ("status", {"status": 401}),
]


@pytest.mark.parametrize("skip", [0, 1, 3])
@pytest.mark.parametrize(("kind", "more"), FAULTS, ids=[f"{kind}{more.get('status', '')}" for kind, more in FAULTS])
@pytest.mark.parametrize("route", LISTS)
async def test_a_read_that_breaks_off_tells_nothing(clock: FakeClock, route, kind, more, skip) -> None:
    bench = PlexLibraryBench(clock, world=worlds.sized(movies=30, episodes=60))
    bench.plex.switches = replace(bench.plex.switches, most_rows=10)
    for item in films(bench):
        clock.advance(60)
        bench.watch(item)
    await bench.read()
    before, cursor = bench.sizes(), bench.mirror.cursor
    bench.fail(route, kind, skip=skip, times=1, **more)
    try:
        reading = await bench.read(full=True)
    except (TryLater, ContractDrift, LoginNeeded):
        assert (bench.sizes(), bench.mirror.cursor) == (before, cursor)
    else:
        refused = route.endswith("history/all") and more.get("status") == 401 and skip == 0
        assert refused or bench.plex.faults.listing(), "it was never asked so often"
        assert (reading.plays is None) == refused
    bench.plex.faults.clear()
    assert (await bench.read(full=True)).values[ITEMS].complete
    assert bench.sizes() == before


async def test_where_the_history_may_not_be_read_the_state_is_all_there_is(bench: PlexLibraryBench, film) -> None:
    for status in (401, 403):
        bench.plex.switches = replace(bench.plex.switches, history=status)
        bench.watch(film)
        reading = await bench.read(full=True)
        assert reading.plays is None
        assert reading.values[WATCHED].complete
    assert bench.watched(film).value["count"] == 2
    assert (await bench.read()).values == {}
    bench.plex.switches = replace(bench.plex.switches, history=200)
    bench.clock.advance(60)
    bench.watch(film)
    await bench.read()
    assert len(bench.plays(film)) == 3


async def test_one_server_of_two_that_is_off_says_nothing_and_the_other_goes_on(bench: PlexLibraryBench, film) -> None:
    bench.names.append("plex-cabin")
    bench.cabin.library.open(FILMS)
    away = bench.cabin.library.put(replace(film.movie, tmdb=779, imdb="tt779", guid="z"), Holding(FILMS))
    bench.watch(away, server=bench.cabin)
    await bench.read()
    before = bench.mirror.cursor["seats"][bench.cabin.machine]
    for trouble in ("off", "down"):
        bench.clock.advance(60)
        bench.watch(film)
        if trouble == "off":
            bench.off.append("plex-cabin")
        else:
            bench.off.clear()
            bench.fail("*", status=503, server="plex-cabin")
        for full in (False, True):
            reading = await bench.read(full=full)
            assert not any(told.complete for told in reading.values.values())
            assert reading.plays is None or not reading.plays.complete
            assert any("plex-cabin" in words for words in reading.skipped)
            assert bench.mirror.cursor["seats"][bench.cabin.machine] == before
        assert bench.key(away, bench.cabin) in bench.held(WATCHED)
    assert len(bench.plays(film)) == 2
    bench.cabin.faults.clear()
    assert (await bench.read(full=True)).values[ITEMS].complete


async def test_pages_that_do_not_fit_together_tell_nothing(bench: PlexLibraryBench, film: LibraryItem) -> None:
    bench.plex.switches = replace(bench.plex.switches, most_rows=2, moving_totals=True)
    with pytest.raises(TryLater, match="changed while it was read"):
        await bench.read()
    assert bench.mirror.cursor == {}
    bench.plex.switches = replace(bench.plex.switches, moving_totals=False)
    assert (await bench.read()).values[ITEMS].complete


async def test_a_list_that_changed_once_is_read_once_more(bench: PlexLibraryBench, clock: FakeClock, film) -> None:
    bench.plex.switches = replace(bench.plex.switches, most_rows=2)
    left, tops = [films(bench)[2]], list[int]()

    def meanwhile(path: str, start: int) -> None:
        tops.append(start) if path.endswith("/1/all") and start == 0 else None
        if len(tops) == 4 and left:  # three lists are looked at before
            bench.plex.library.remove(left.pop())

    bench.plex.paged = meanwhile
    reading = await bench.read()
    assert left == []
    assert reading.values[ITEMS].complete
    assert len(films(bench)) == 2
    assert len(bench.held(ITEMS)) == 2 + len(series(bench))


@pytest.mark.parametrize("paging", ["never", "first"])
async def test_servers_that_know_no_pages_are_read_and_asked_no_more_than_twice(bench, film, paging: str) -> None:
    bench.plex.switches = replace(bench.plex.switches, paging=paging)
    bench.watch(film)
    reading = await bench.read()
    assert reading.values[ITEMS].complete
    assert len(bench.asked()) < 30
    assert bench.sizes()[PLAYS] == bench.sizes()[WATCHED] == 1
    assert (await bench.read()).values == {}


async def test_numbers_may_be_written_as_texts(bench: PlexLibraryBench, film: LibraryItem) -> None:
    bench.plex.switches = replace(bench.plex.switches, loose_numbers=True)
    bench.watch(film)
    assert (await bench.read()).values[ITEMS].complete
    bench.clock.advance(60)
    bench.watch(films(bench)[1])
    reading = await bench.read()
    assert not reading.values[ITEMS].complete
    assert bench.sizes()[WATCHED] == 2


async def test_a_row_that_cannot_be_read_is_counted_and_makes_its_listing_incomplete(bench, film, monkeypatch) -> None:
    await bench.read()
    row = type(bench.plex.writer).quick

    def broken(writer, item, viewed, **more):
        told = row(writer, item, viewed, **more)
        return told if item != film else type(told)(bytes(told).replace(b'"duration":', b'"viewCount":[1],"was":', 1))

    monkeypatch.setattr(type(bench.plex.writer), "quick", broken)
    reading = await bench.read(full=True)
    assert not reading.values[ITEMS].complete
    assert reading.skipped == {"title of the library that cannot be read": 1}
    assert bench.key(film) in bench.held(ITEMS)


async def test_a_clock_that_goes_wrong_costs_nothing(bench: PlexLibraryBench, clock: FakeClock, film) -> None:
    bench.plex.switches = replace(bench.plex.switches, clock_error=3600.0)
    bench.put(film, ViewState(count=1, last=int(bench.plex.now().timestamp())))
    await bench.read()
    assert bench.watched(film).at == clock.now() + timedelta(hours=1), "told as it is"
