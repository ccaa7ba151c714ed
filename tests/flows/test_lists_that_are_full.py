"""Lists that hold no more: told before, never run into, and gone on with as soon as there is room."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from flows.test_kinds_between_memories import held
from flows.test_memory_walk import Bench
from scrobbled.core.kinds import RATINGS, WATCHLIST
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.core.records import Subject
from scrobbled.desk.needs import floods
from scrobbled.desk.needs.floods import ActionResult
from scrobbled.store.queue import allowances, amendments
from trackers.memory.person import Person

RIGHT = ("anna", "right")


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path, "ignore", kinds=(WATCHLIST, RATINGS))
    yield bench
    await bench.store.aclose()


def list_films(two: Bench, first: int, count: int) -> None:
    """On the left, the later ones listed later."""
    for n in range(first, first + count):
        film = Movie(f"Film {n}", 2019, MovieIds(tmdb=n))
        Person(two.trackers["left"]).give(
            WATCHLIST, Subject("", "movie", film), {}, two.clock.now() + timedelta(minutes=n)
        )


def listed(two: Bench) -> set[int]:
    return {int(key.rpartition(":")[2]) for key in two.trackers["right"].values[WATCHLIST]}


async def waiting(two: Bench) -> list[tuple[str, str, str]]:
    rows = await two.store.read(lambda db: amendments.listing(db))
    return [(row.state, row.hold, row.wish.label) for row in rows]


def films(*numbers: int) -> list[tuple[str, str, str]]:
    return [("held", "limit", f"Film {n} (2019)") for n in numbers]


async def test_what_there_is_room_for_goes_newest_first_and_the_rest_waits(two: Bench) -> None:
    right = two.trackers["right"]
    right.most[WATCHLIST] = 3
    list_films(two, 1, 5)
    ended = await two.compare()
    assert ended.plan is not None
    assert ended.plan.warnings == ("right, free account: watchlist 0 of 3, room for 3",)
    assert ended.without_room == {("b", WATCHLIST): 2}
    await two.deliver()
    assert listed(two) == {3, 4, 5}
    assert await waiting(two) == films(1, 2)
    for _ in range(3):
        assert await two.cycle() == "nothing", "what waits for room is no news"
    assert await waiting(two) == films(1, 2)


async def test_it_goes_by_itself_when_something_left_the_list(two: Bench) -> None:
    right = two.trackers["right"]
    right.most[WATCHLIST] = 3
    list_films(two, 1, 5)
    await two.cycle()
    await two.cycle()
    film = Subject("", "movie", Movie("Film 4", 2019, MovieIds(tmdb=4)))
    for side in two.trackers.values():
        Person(side).give(WATCHLIST, film, None, two.clock.now())
    for _ in range(2):  # that one is gone is believed when two complete reads lack it
        two.clock.advance(7 * 3_600)
        await two.cycle()
    assert listed(two) == {2, 3, 5}
    assert await waiting(two) == films(1)


async def test_it_goes_by_itself_when_the_account_is_paid_for(two: Bench) -> None:
    right = two.trackers["right"]
    right.most[WATCHLIST], right.tells_most = 3, False
    list_films(two, 1, 5)
    await two.cycle()
    right.vip, right.most[WATCHLIST] = True, 100
    await two.cycle()
    assert listed(two) == {1, 2, 3, 4, 5}
    assert await waiting(two) == []


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("part", [True, False])
async def test_a_limit_that_nobody_told_is_learnt_and_not_run_into_again(two: Bench, names: bool, part: bool) -> None:
    right = two.trackers["right"]
    right.most[WATCHLIST], right.tells_most, right.names_most, right.takes_a_part = 3, False, names, part
    list_films(two, 1, 5)
    refusals = counted(two)
    for _ in range(6):
        await two.cycle()
    assert len(listed(two)) == 3 or not part
    assert len(refusals) <= 2, "a list that was full is left alone"
    assert len(await waiting(two)) == 5 - len(listed(two))


def counted(two: Bench) -> list[int]:
    """One for each refusal, from now on."""
    found: list[int] = []
    right, close = two.trackers["right"], two.trackers["right"]._closed

    def closed(*given):  # type: ignore[no-untyped-def]
        refusal = close(*given)
        found.extend([1] * (refusal is not None))
        return refusal

    right._closed = closed  # type: ignore[method-assign]
    return found


async def test_what_is_only_for_vip_stops_that_list_and_nothing_else(two: Bench) -> None:
    right = two.trackers["right"]
    right.only_vip = frozenset({WATCHLIST})
    list_films(two, 1, 2)
    film = Subject("", "movie", Movie("Film 9", 2019, MovieIds(tmdb=9)))
    Person(two.trackers["left"]).give(RATINGS, film, 8, two.clock.now())
    for _ in range(3):
        await two.cycle()
    assert held(two, RATINGS)[1] == [8]
    assert await waiting(two) == films(1, 2)
    (room,) = await two.store.read(lambda db: allowances.rooms(db, RIGHT, [WATCHLIST]))
    assert room.words() == "watchlist 0, only for VIP"
    right.vip = True
    await two.cycle()
    assert listed(two) == {1, 2}


async def test_somebody_who_knows_better_has_it_tried_again(two: Bench) -> None:
    right = two.trackers["right"]
    right.most[WATCHLIST], right.tells_most = 3, False
    list_films(two, 1, 5)
    for _ in range(3):
        await two.cycle()
    right.most[WATCHLIST] = 10
    assert await two.cycle() == "nothing"
    result = await retried(two)
    assert len(result.done) == len(await waiting(two)) > 0
    await two.deliver()
    assert listed(two) == {1, 2, 3, 4, 5}


async def retried(two: Bench) -> ActionResult:
    return await floods.carried_out(two.store, "retry", None, two.clock.now().timestamp())


@pytest.mark.parametrize("told", [None, 3])
async def test_a_limit_that_was_forgotten_by_a_retry_is_learnt_again(two: Bench, told: int | None) -> None:
    right = two.trackers["right"]
    right.most[WATCHLIST], right.tells_most = 3, told is not None
    list_films(two, 1, 5)
    for _ in range(3):
        await two.cycle()
    refusals = counted(two)
    await retried(two)
    for _ in range(4):
        await two.cycle()
    assert len(listed(two)) == 3
    assert len(refusals) <= 2
    (room,) = await two.store.read(lambda db: allowances.rooms(db, RIGHT, [WATCHLIST]))
    assert (room.most, room.told, room.closed) == (3, told, None)
    assert len(await waiting(two)) == 2


async def test_what_the_service_tells_later_counts_more_than_what_a_refusal_taught(two: Bench) -> None:
    right = two.trackers["right"]
    right.most[WATCHLIST], right.tells_most = 3, False
    list_films(two, 1, 5)
    for _ in range(3):
        await two.cycle()
    right.most[WATCHLIST], right.tells_most = 4, True
    await two.cycle()
    assert listed(two) == {2, 3, 4, 5}


async def test_what_is_parked_waits_for_room_like_the_rest(two: Bench) -> None:
    right = two.trackers["right"]
    right.most[WATCHLIST], right.tells_most = 3, False
    list_films(two, 1, 5)
    right.unknown = frozenset({"movie:tmdb:5"})
    await two.compare()
    await two.deliver(1)
    for _ in range(2):
        await two.cycle()
    right.unknown, refusals = frozenset(), counted(two)
    for _ in range(3):
        two.clock.advance(40 * 86_400)
        await two.cycle()
    assert not refusals
    assert {hold for _, hold, _ in await waiting(two)} == {"limit"}


async def test_a_removal_goes_although_the_list_is_full_and_makes_room(two: Bench) -> None:
    right, left = two.trackers["right"], two.trackers["left"]
    right.most[WATCHLIST], right.tells_most = 3, False
    two.removals = "propagate"
    two.begin()
    list_films(two, 1, 3)
    await two.cycle()
    await two.cycle()
    list_films(two, 4, 2)
    Person(left).give(WATCHLIST, Subject("", "movie", Movie("Film 2", 2019, MovieIds(tmdb=2))), None)
    for _ in range(5):
        two.clock.advance(7 * 3_600)
        await two.cycle()
    assert listed(two) == {1, 3, 5}
    assert await waiting(two) == films(4)


async def test_a_removal_that_is_refused_too_is_not_tried_again_and_again(two: Bench) -> None:
    """A list that holds more than it may can only be read; nobody is asked to make room there."""
    right, left = two.trackers["right"], two.trackers["left"]
    two.removals = "propagate"
    two.begin()
    list_films(two, 1, 3)
    await two.cycle()
    await two.cycle()
    right.most[WATCHLIST], right.locks_over, right.tells_most = 2, True, False
    Person(left).give(WATCHLIST, Subject("", "movie", Movie("Film 2", 2019, MovieIds(tmdb=2))), None)
    refusals = counted(two)
    for _ in range(5):
        two.clock.advance(7 * 3_600)
        await two.cycle()
    assert len(refusals) == 1
    assert await waiting(two) == films(2)
    right.vip = True
    await two.cycle()
    assert listed(two) == {1, 3}
    assert await waiting(two) == []


async def test_other_details_need_no_room(two: Bench) -> None:
    right, left = two.trackers["right"], two.trackers["left"]
    film = Subject("", "movie", Movie("Film 2", 2019, MovieIds(tmdb=2)))
    list_films(two, 1, 3)
    Person(left).give(WATCHLIST, film, {"note": "later"})
    await two.cycle()
    await two.cycle()
    right.most[WATCHLIST], right.tells_most = 3, False
    list_films(two, 4, 1)
    Person(left).give(WATCHLIST, film, {"note": "soon"})
    for _ in range(4):
        await two.cycle()
    assert right.values[WATCHLIST]["movie:tmdb:2"].value == {"note": "soon"}
    assert listed(two) == {1, 2, 3}
    assert await waiting(two) == films(4)


async def test_thousands_are_held_and_let_go_in_portions(two: Bench) -> None:
    right = two.trackers["right"]
    right.most[WATCHLIST], right.tells_most = 3, False
    list_films(two, 1, 1_200)
    await two.compare()
    most = watched_writes(two)
    await two.deliver(3)
    assert len(await waiting(two)) == 200
    assert max(most) <= 3 * allowances.PORTION
    right.vip, right.most[WATCHLIST] = True, 5_000
    await two.compare()
    assert max(most) <= 3 * allowances.PORTION
    right.vip, most[:] = False, []
    await retried(two)
    assert max(most, default=0) <= 3 * allowances.PORTION


def watched_writes(two: Bench) -> list[int]:
    """From now on, how many rows each transaction wrote: of one change up to three, with what counts them."""
    found: list[int] = []
    write = two.store.write

    async def counted(work):  # type: ignore[no-untyped-def]
        def both(db):  # type: ignore[no-untyped-def]
            before = db.total_changes
            answer = work(db)
            found.append(db.total_changes - before)
            return answer

        return await write(both)

    two.store.write = counted  # type: ignore[method-assign]
    return found


async def test_nobody_is_asked_how_much_a_list_may_hold_where_nothing_is_added(two: Bench) -> None:
    asked: list[str] = []
    right = two.trackers["right"]
    allow = right.allowance

    async def allowance():  # type: ignore[no-untyped-def]
        asked.append("right")
        return await allow()

    right.allowance = allowance  # type: ignore[method-assign]
    film = Subject("", "movie", Movie("Film 9", 2019, MovieIds(tmdb=9)))
    Person(two.trackers["left"]).give(RATINGS, film, 8, two.clock.now())
    for _ in range(3):
        await two.cycle()
    assert asked == []
