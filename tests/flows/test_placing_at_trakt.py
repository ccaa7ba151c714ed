"""What a library calls by names that Trakt does not: looked up there a show at a time, whatever its episodes."""

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.errors import TrackerError
from scrobbled.core.kinds import ITEMS, WATCHED
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.records import PlayRecord, Subject, ValueRecord
from scrobbled.reconcile import PairMember, Sides
from scrobbled.reconcile.placing import Placer
from scrobbled.reconcile.steps import RunSteps
from scrobbled.sandbox.world import WorldShow
from scrobbled.store import Store
from scrobbled.store.mirror import records, subjects, values
from trackers.trakt_bench import TraktBench

SHOWS = 3
SIDES = Sides("anna", "left", "trakt")


async def ignored(error: TrackerError) -> None:
    raise error


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    found = Store(tmp_path / "s.db")
    yield found
    await found.aclose()


def special(show: WorldShow, n: int, **ids: int) -> Episode:
    """One of our own count, with the title of the first season's."""
    one = show.episode(1, n)
    return Episode(show.title, 0, 40 + n, one.title, show_ids=ShowIds(tvdb=show.tvdb), ids=EpisodeIds(**ids))


def size_of(show: WorldShow) -> int:
    return next(len(one.episodes) for one in show.seasons if one.number == 1)


async def placed(trakt: TraktBench, store: Store, items: list[Episode]) -> tuple[list[str | None], Counter[str]]:
    """Where they stand on Trakt, and what it was asked."""
    told = [Subject(f"k{n:03}", "episode", item) for n, item in enumerate(items)]
    plays = [PlayRecord(f"r{one.key}", one.key, trakt.clock.now()) for one in told]
    await store.write(lambda db: subjects.put(db, SIDES.account("a"), told))
    await store.write(lambda db: records.put(db, SIDES.account("a"), plays, 1, 0.0))
    member = PairMember(trakt.tracker(), ignored)
    placer = Placer(SIDES, member, [], store=store, clock=trakt.clock)
    before = len(trakt.asked())
    await placer.course(None, RunSteps(store, trakt.clock))
    found = await store.read(lambda db: dict(db.execute("SELECT key, to_key FROM placements").fetchall()))
    asked = Counter(one.split("?")[0].rsplit("/", 1)[0] for one in trakt.asked()[before:])
    return [found[one.key] for one in told], asked


@pytest.mark.parametrize("each", [1, 6])
async def test_each_show_takes_two_requests_however_many_of_its_episodes(
    store: Store, clock: FakeClock, each: int
) -> None:
    trakt = TraktBench(clock)
    shows = trakt.sandbox.world.shows[:SHOWS]
    items = [special(show, n, tvdb=show.episode(1, n).tvdb) for n in range(1, each + 1) for show in shows]
    found, asked = await placed(trakt, store, items)
    assert found == [f"episode:tmdb:{show.episode(1, n).tmdb}" for n in range(1, each + 1) for show in shows]
    assert sum(asked.values()) == 2 * SHOWS, asked


async def test_an_episode_that_trakt_has_under_none_of_its_ids_is_taken_by_number_and_title(
    store: Store, clock: FakeClock
) -> None:
    trakt = TraktBench(clock)
    show = trakt.sandbox.world.shows[0]
    right = replace(special(show, 2, tvdb=999_999_999), season=1, number=2)
    wrong = replace(right, title="Nothing like it", ids=EpisodeIds(tvdb=999_999_998))
    sized = replace(wrong, title="Folge 2", ids=EpisodeIds(tvdb=999_999_997), season_size=size_of(show))
    found, asked = await placed(trakt, store, [right, wrong, sized])
    assert found == [f"episode:tmdb:{show.episode(1, 2).tmdb}", "episode:tvdb:999999998", found[0]]
    assert sum(asked.values()) == 2, asked


async def test_what_has_the_id_that_trakt_goes_by_is_not_looked_up(store: Store, clock: FakeClock) -> None:
    trakt = TraktBench(clock)
    show = trakt.sandbox.world.shows[0]
    found, asked = await placed(trakt, store, [special(show, n, tmdb=show.episode(1, n).tmdb) for n in range(1, 5)])
    assert found == [f"episode:tmdb:{show.episode(1, n).tmdb}" for n in range(1, 5)]
    assert not asked


async def test_what_is_only_there_and_has_no_id_is_not_asked_about(store: Store, clock: FakeClock) -> None:
    trakt = TraktBench(clock)
    film = trakt.sandbox.world.movies[0]
    held, same, other = (
        Subject("held", "movie", Movie("Birthday")),
        Subject("same", "movie", Movie(film.title, film.year)),
        Subject("other", "movie", Movie("Beach")),
    )
    theirs = Subject("t", "movie", Movie(film.title, ids=MovieIds(tmdb=film.tmdb)))

    def fill(db: sqlite3.Connection) -> None:
        account = SIDES.account("a")
        subjects.put(db, account, [held, same, other])
        values.put(db, account, [ValueRecord(one.key, {}) for one in (held, same, other)], 1, 0.0, kind=ITEMS)
        values.put(db, account, [ValueRecord("other", {"count": 1})], 1, 0.0, kind=WATCHED)
        subjects.put(db, SIDES.account("b"), [theirs])
        records.put(db, SIDES.account("b"), [PlayRecord("r", "t", clock.now())], 1, 0.0)

    await store.write(fill)
    placer = Placer(SIDES, PairMember(trakt.tracker(), ignored), [], store=store, clock=clock)
    await placer.course(None, RunSteps(store, clock))
    assert await store.read(lambda db: {row[0] for row in db.execute("SELECT key FROM placements")}) == {
        "same",
        "other",
    }


async def test_a_film_with_the_ids_of_two_is_neither_of_them(store: Store, clock: FakeClock) -> None:
    trakt = TraktBench(clock)
    one, two = trakt.sandbox.world.movies[:2]
    mixed = Subject("mixed", "movie", Movie("Mixed", ids=MovieIds(tmdb=one.tmdb, imdb=two.imdb)))
    theirs = [
        Subject(f"movie:{film.tmdb}", "movie", Movie(film.title, ids=MovieIds(tmdb=film.tmdb, imdb=film.imdb)))
        for film in (one, two)
    ]
    address = await trakt.tracker().amends.locate_subject(mixed)
    theirs[0] = replace(theirs[0], key=address.key)

    def fill(db: sqlite3.Connection) -> None:
        for account, told in ((SIDES.account("a"), [mixed]), (SIDES.account("b"), theirs)):
            subjects.put(db, account, told)
            records.put(db, account, [PlayRecord(one.key, one.key, clock.now()) for one in told], 1, 0.0)

    await store.write(fill)
    placer = Placer(SIDES, PairMember(trakt.tracker(), ignored), [], store=store, clock=clock)
    course = await placer.course(None, RunSteps(store, clock))
    assert (course.a.canon, course.mixed) == ({}, 1)
    again = await Placer(SIDES, PairMember(trakt.tracker(), ignored), [], store=store, clock=clock).course(
        None, RunSteps(store, clock)
    )
    assert (again.a.canon, again.mixed, sorted(again.b.canon)) == ({}, 1, sorted(one.key for one in theirs))
