"""A library, which keeps no plays, in a pair with a tracker: neither is a service, and nothing is known by name."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from flows.test_memory_walk import NAMES, Bench
from scrobbled.core.errors import TryLater
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.records import DatePrecision, ValueRecord, ViewingsKept
from scrobbled.desk.undo import UndoRequest, undo
from scrobbled.reconcile import Options
from scrobbled.store.mirror import records, runs
from scrobbled.trackers.base import Tick
from trackers.memory.person import Person
from trackers.memory.records import key_of
from trackers.memory.tracker import CAN as MEMORY
from trackers.memory.tracker import MemoryTracker
from trackers.shelf.tracker import CAN, ShelfTracker

FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
OTHER = Movie("Tidal", 2021, MovieIds(tmdb=1400))
EPISODES = [Episode("Harbour Lights", 1, number, show_ids=ShowIds(tmdb=1399)) for number in range(1, 31)]
EVENING = datetime(2026, 1, 3, 19, 7, 0, tzinfo=UTC)


class Two(Bench):
    """``left`` is the library and ``right`` a tracker."""

    @property
    def shelf(self) -> ShelfTracker:
        found: ShelfTracker = self.trackers["left"]
        return found

    @property
    def person(self) -> Person:
        return Person(self.trackers["right"])

    def times(self, item: Item = FILM) -> list[datetime | None]:
        return sorted((play.watched_at for play in self.trackers["right"].plays if play.key == key_of(item)), key=repr)

    def held(self) -> tuple[list[Any], dict[str, Any]]:
        """The plays and ratings of the tracker."""
        memory = self.trackers["right"]
        return sorted(((one.key, one.watched_at) for one in memory.plays), key=repr), dict(memory.ratings)

    async def settled(self, cycles: int = 6) -> None:
        """Runs until nothing comes, with time for complete readings; then nothing comes any more."""
        for _ in range(cycles):
            self.clock.advance(7 * 3_600)
            await self.cycle()
        self.clock.advance(7 * 3_600)
        assert await self.cycle() == "nothing"


def bench(folder: Path, removals: str = "ignore", can: Any = CAN, **settings: Any) -> Two:
    clock = FakeClock()
    trackers = {
        "left": ShelfTracker(clock.now, can=can),
        "right": MemoryTracker(can=replace(MEMORY, precision=60, settle=10.0)),
    }
    return Two(folder, removals, clock=clock, trackers=trackers, pair_settings=settings)


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    made = bench(tmp_path)
    yield made
    await made.store.aclose()


@pytest.fixture
async def careful(tmp_path: Path) -> AsyncIterator[Two]:
    """Removals are propagated."""
    made = bench(tmp_path, "propagate")
    yield made
    await made.store.aclose()


async def test_what_the_history_of_the_library_has_goes_to_the_tracker_with_its_time(two: Two) -> None:
    key = two.shelf.add(FILM)
    two.shelf.watch(key, EVENING)
    two.shelf.watch(key, EVENING + timedelta(days=30, seconds=40))
    await two.settled()
    assert two.times() == [EVENING, EVENING + timedelta(days=30)]
    assert two.shelf.edits == []


async def test_what_it_only_calls_watched_is_one_viewing_at_that_time(two: Two) -> None:
    two.shelf.history = False
    key = two.shelf.add(FILM)
    two.shelf.watch(key, EVENING)
    await two.settled()
    assert two.times() == [EVENING]
    two.shelf.watch(key, EVENING + timedelta(days=3))
    await two.settled()
    assert two.times() == [EVENING, EVENING + timedelta(days=3)]


async def test_a_time_that_moves_when_it_is_begun_again_is_no_viewing_and_no_change_of_time(two: Two) -> None:
    key = two.shelf.add(FILM)
    two.shelf.watch(key, EVENING)
    await two.settled()
    two.shelf.begin(key)
    await two.settled()
    assert two.times() == [EVENING]


async def test_the_tracker_has_it_already_some_minutes_off(two: Two) -> None:
    key = two.shelf.add(FILM)
    two.shelf.watch(key, EVENING)
    two.person.add(FILM, EVENING - timedelta(minutes=12))
    await two.settled()
    assert two.times() == [EVENING - timedelta(minutes=12)]


async def test_a_count_is_never_blown_up_into_plays(two: Two) -> None:
    key = two.shelf.add(FILM)
    two.shelf.watch(key, EVENING)
    two.shelf.held[key].count = 7
    ended = await two.compare()
    assert ended.plan is not None
    assert [change.at for change in ended.plan.changes] == [EVENING]
    assert any("6 more viewings that left counts" in line for line in ended.plan.warnings), ended.plan.warnings
    await two.settled()
    assert two.times() == [EVENING]


async def test_what_was_watched_elsewhere_is_ticked_once_and_comes_back_as_nothing(two: Two) -> None:
    for item in (FILM, EPISODES[0]):
        two.shelf.add(item)
    for days in range(5):
        two.person.add(FILM, EVENING + timedelta(days=days))
    two.person.add(EPISODES[0], None)
    two.person.add(OTHER, EVENING)
    await two.settled(10)
    assert [type(edit) for edit in two.shelf.edits] == [Tick, Tick]
    assert {key: thing.count for key, thing in two.shelf.held.items()} == {key_of(FILM): 1, key_of(EPISODES[0]): 1}
    assert len(two.trackers["right"].plays) == 7


async def test_a_library_that_keeps_a_time_gets_that_of_the_latest_play(tmp_path: Path) -> None:
    two = bench(tmp_path, can=replace(CAN, keeps=ViewingsKept.LAST))
    two.shelf.add(FILM)
    two.person.add(FILM, EVENING)
    two.person.add(FILM, EVENING - timedelta(days=90))
    await two.cycle()
    assert [edit.at for edit in two.shelf.edits if isinstance(edit, Tick)] == [EVENING]
    await two.store.aclose()


async def test_a_viewing_after_our_tick_is_one_also_without_a_history(two: Two) -> None:
    two.shelf.history = False
    key = two.shelf.add(FILM)
    two.person.add(FILM, EVENING)
    await two.settled()
    assert two.shelf.held[key].count == 1
    two.clock.advance(86_400)
    two.shelf.watch(key)
    seen = two.shelf.held[key].at
    assert seen is not None
    await two.settled()
    assert two.times() == [EVENING, seen.replace(second=0, microsecond=0)]


async def test_what_is_new_in_the_library_gets_its_tick_when_it_comes(two: Two) -> None:
    two.person.add(FILM, EVENING)
    two.shelf.add(OTHER)
    await two.settled()
    assert two.shelf.edits == []
    two.shelf.add(FILM)
    await two.settled()
    assert [type(edit) for edit in two.shelf.edits] == [Tick]


async def test_what_a_person_unmarked_is_not_marked_again(two: Two) -> None:
    key = two.shelf.add(FILM)
    two.shelf.watch(two.shelf.add(OTHER), EVENING)
    two.person.add(FILM, EVENING)
    await two.settled()
    two.shelf.unmark(key)
    await two.settled()
    assert two.shelf.held[key].count == 0
    assert two.times() == [EVENING]
    two.person.add(FILM, two.clock.now())
    await two.settled()
    assert two.shelf.held[key].count == 1


async def test_what_was_begun_after_its_last_play_is_left_alone(two: Two) -> None:
    key = two.shelf.add(FILM)
    two.person.add(FILM, EVENING)
    two.shelf.begin(key)
    await two.settled()
    assert two.shelf.edits == []


async def test_an_unmarked_thing_takes_what_we_brought_and_nothing_else(careful: Two) -> None:
    two = careful
    for item in (FILM, OTHER, EPISODES[0]):
        two.shelf.watch(two.shelf.add(item), EVENING)
    two.person.add(OTHER, EVENING)
    await two.settled()
    two.shelf.unmark(key_of(FILM))
    two.shelf.unmark(key_of(OTHER))
    await two.settled()
    assert two.times(FILM) == []
    assert two.times(OTHER) == [EVENING], "a person has entered that"
    assert two.times(EPISODES[0]) == [EVENING]


@pytest.mark.parametrize("how", ["gone", "anew", "empty", "failed"])
async def test_nothing_that_is_missing_from_a_library_is_a_removal(careful: Two, how: str) -> None:
    two, keys = careful, []
    for item in EPISODES[:12]:
        keys.append(two.shelf.add(item))
        two.shelf.watch(keys[-1], EVENING + timedelta(days=EPISODES.index(item)))
    await two.settled()
    before = {play.key for play in two.trackers["right"].plays}
    if how == "gone":
        two.shelf.take_away(keys[0])
    elif how == "anew":
        two.shelf.take_away(keys[0])
        two.shelf.add(EPISODES[0], "one/99")
    elif how == "empty":
        two.shelf.shorten_next_read(0)
    else:
        two.shelf.fail_next(TryLater("a page was cut"))
    await two.settled()
    assert {play.key for play in two.trackers["right"].plays} == before
    assert len(two.trackers["right"].plays) == 12


@pytest.mark.parametrize("gone", [True, False])
async def test_a_rating_is_gone_where_a_person_cleared_it_and_not_where_its_file_is(careful: Two, gone: bool) -> None:
    two, keys = careful, []
    for item in (FILM, OTHER, *EPISODES[:4]):
        keys.append(two.shelf.add(item))
        two.shelf.rate(keys[-1], 8)
    await two.settled()
    assert {key: one.value for key, one in two.trackers["right"].ratings.items()} == dict.fromkeys(keys, 8)
    if gone:
        two.shelf.take_away(keys[0])
    else:
        two.shelf.rate(keys[0], None)
    await two.settled()
    assert two.trackers["right"].ratings.keys() == set(keys if gone else keys[1:])


async def test_an_undone_play_unmarks_only_what_is_ours_and_untouched(careful: Two) -> None:
    two = careful
    for item in (FILM, OTHER, EPISODES[0]):
        two.shelf.add(item)
        two.person.add(item, EVENING)
    await two.settled()
    assert all(thing.count == 1 for thing in two.shelf.held.values())
    two.clock.advance(86_400)
    two.shelf.mark(key_of(OTHER))
    two.trackers["right"].plays = [one for one in two.trackers["right"].plays if one.key == key_of(EPISODES[0])]
    two.clock.advance(7 * 3_600)
    await two.settled()
    assert {key: thing.count for key, thing in two.shelf.held.items()} == {
        key_of(FILM): 0,
        key_of(OTHER): 2,
        key_of(EPISODES[0]): 1,
    }


async def test_what_we_took_back_is_ticked_again_when_it_is_watched_again(careful: Two) -> None:
    """Also where the play comes before anybody has read that it is not watched any more."""
    two, key = careful, key_of(FILM)
    for item in (FILM, OTHER, EPISODES[0]):
        two.shelf.add(item)
        two.person.add(item, EVENING)
    await two.settled()
    two.trackers["right"].plays = [one for one in two.trackers["right"].plays if one.key != key]
    for _ in range(8):
        two.clock.advance(7 * 3_600)
        await two.cycle()
        if not two.shelf.held[key].count:
            break
    assert two.shelf.held[key].count == 0
    two.person.add(FILM, two.clock.now())
    two.clock.advance(86_400)
    await two.settled()
    assert two.shelf.held[key].count == 1


async def test_a_season_ticked_off_by_hand_has_no_dates(two: Two) -> None:
    for item in EPISODES[:4]:
        two.shelf.mark(two.shelf.add(item), EVENING)
    ended = await two.compare()
    assert ended.plan is not None
    assert not ended.plan.changes
    assert any("4 plays without a date on left are left alone; undated: " in line for line in ended.plan.warnings)
    assert two.trackers["right"].plays == []


async def test_marked_takes_the_time_of_the_mark(tmp_path: Path) -> None:
    two = bench(tmp_path, undated="marked")
    for item in EPISODES[:4]:
        two.shelf.mark(two.shelf.add(item), EVENING)
    await two.settled()
    assert [two.times(item) for item in EPISODES[:4]] == [[EVENING]] * 4
    await two.store.aclose()


async def test_the_time_of_a_new_start_is_that_of_no_mark(tmp_path: Path) -> None:
    two = bench(tmp_path, undated="marked")
    for item in EPISODES[:4]:
        two.shelf.mark(two.shelf.add(item), EVENING)
    two.shelf.begin(key_of(EPISODES[0]))
    await two.settled()
    assert [two.times(item) for item in EPISODES[:4]] == [[], [EVENING], [EVENING], [EVENING]]
    await two.store.aclose()


@pytest.mark.parametrize("undated", ["unknown", "released"])
async def test_what_has_no_date_becomes_one_play_without_one(tmp_path: Path, undated: str) -> None:
    two = bench(tmp_path, undated=undated)
    for item in EPISODES[:4]:
        two.shelf.mark(two.shelf.add(item), EVENING)
    two.person.add(EPISODES[0], EVENING)
    await two.settled()
    assert [two.times(item) for item in EPISODES[:4]] == [[EVENING], [None], [None], [None]]
    two.trackers["right"].plays.clear()
    two.person.add(OTHER, EVENING)
    await two.settled()
    assert [two.times(item) for item in EPISODES[1:4]] == [[], [], []], "a person removed them"
    await two.store.aclose()


async def test_a_viewing_after_a_play_without_a_date_is_another_one(tmp_path: Path) -> None:
    two = bench(tmp_path, undated="unknown")
    keys = [two.shelf.add(item) for item in EPISODES[:4]]
    for key in keys:
        two.shelf.mark(key, EVENING)
    await two.settled()
    assert [two.times(item) for item in EPISODES[:4]] == [[None]] * 4
    at = two.clock.now().replace(second=0)
    two.shelf.watch(keys[0], at)
    await two.settled()
    assert two.times(EPISODES[0]) == [None, at]
    two.shelf.history = False
    two.shelf.watch(keys[0], at + timedelta(days=2))
    await two.settled()
    assert two.times(EPISODES[0]) == [None, at, at + timedelta(days=2)]
    await two.store.aclose()


async def test_bulk_plays_of_another_program_are_the_viewings_of_the_library(two: Two) -> None:
    for number, item in enumerate(EPISODES[:24]):
        two.shelf.watch(two.shelf.add(item), EVENING + timedelta(days=number))
        two.person.add(item, EVENING + timedelta(days=300, seconds=number))
    await two.settled()
    assert len(two.trackers["right"].plays) == 24


async def test_their_dates_are_corrected_where_a_person_asks_for_it(two: Two) -> None:
    for number, item in enumerate(EPISODES[:24]):
        two.shelf.watch(two.shelf.add(item), EVENING + timedelta(days=number))
        two.person.add(item, EVENING + timedelta(days=300, seconds=number))
    await two.settled()
    ended = await two.compare(Options(correct_dates=True))
    assert ended.outcome == "approval", ended
    await two.compare(Options(correct_dates=True, plan=ended.plan_id))
    await two.deliver()
    await two.settled()
    assert [two.times(item) for item in EPISODES[:24]] == [[EVENING + timedelta(days=n)] for n in range(24)]


async def test_a_run_is_undone_and_stays_so(two: Two) -> None:
    key = two.shelf.add(FILM)
    two.shelf.watch(two.shelf.add(OTHER), EVENING)
    two.person.add(FILM, EVENING)
    await two.cycle()
    assert (two.shelf.held[key].count, two.times(OTHER)) == (1, [EVENING])
    (last,) = await two.store.read(lambda db: runs.latest(db, "anna", ",".join(NAMES))[:1])
    await undo(two.store, UndoRequest(run=last.id), two.clock.now().timestamp())
    await two.deliver()
    assert (two.shelf.held[key].count, two.times(OTHER)) == (0, [])
    await two.settled()
    assert (two.shelf.held[key].count, two.times(OTHER)) == (0, [])


async def test_a_play_without_a_date_counts_as_watched(two: Two) -> None:
    key = two.shelf.add(FILM)
    two.person.add(FILM, EVENING, DatePrecision.DAY)
    await two.settled()
    assert two.shelf.held[key].count == 1


@pytest.mark.parametrize("left", [1, 20], ids=["a small one", "nearly everything"])
async def test_a_library_that_is_left_out_takes_nothing_along_and_comes_back_without_a_change(
    careful: Two, left: int
) -> None:
    shelf, clock = careful.shelf, careful.clock
    films = [Movie(f"Film {number}", 2020, MovieIds(tmdb=number)) for number in range(1, 22)]
    for number, film in enumerate(films):
        key = shelf.add(film, "crates/1" if number < left else "boards/1")
        shelf.watch(key, clock.now())
        shelf.held[key].rating = ValueRecord(key, 8, clock.now())
        clock.advance(7_200)
    other = shelf.add(OTHER, "crates/2")
    careful.person.add(OTHER, EVENING)
    await careful.settled()
    before = (careful.held(), dict(shelf.held), shelf.plays[:], len(shelf.edits))
    assert (len(before[0][0]), len(before[0][1]), shelf.held[other].count) == (22, 21, 1)
    shelf.libraries = ("boards",)
    await careful.settled(8)
    assert careful.held()[1] == before[0][1]
    assert careful.held()[0] == before[0][0]
    assert (dict(shelf.held), shelf.plays, len(shelf.edits)) == before[1:]
    state = await careful.store.read(lambda db: records.state(db, ("anna", "left")))
    assert state.doubt == "", "nobody is told to doubt what they chose"
    shelf.watch(key_of(films[-1]), clock.now())
    await careful.settled()
    assert len(careful.times(films[-1])) == 2, "what is left is compared as before"
    shelf.libraries = ()
    await careful.settled(8)
    assert (len(careful.held()[0]), careful.held()[1], len(shelf.edits)) == (23, before[0][1], before[3])
