"""A value of any kind between two trackers that are no service: told, changed, taken away and taken back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from flows.test_memory_walk import NAMES, Bench
from scrobbled.core.kinds import KINDS, Kind, KindShape, KindValue, valued
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.records import Subject
from scrobbled.desk.undo import UndoRequest, undo
from scrobbled.reconcile import Options
from scrobbled.store.mirror import runs
from trackers.memory.person import Person

FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
ITEMS: dict[str, Item] = {
    "movie": FILM,
    "show": Episode("Harbour Lights", None, None, show_ids=ShowIds(tmdb=1399)),
    "season": Episode("Harbour Lights", 1, None, show_ids=ShowIds(tmdb=1399)),
    "episode": Episode("Harbour Lights", 1, 4, show_ids=ShowIds(tmdb=1399)),
}


@pytest.fixture(params=[kind.name for kind in valued()])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
async def two(kind: Kind, tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path, "propagate", kinds=(kind,))
    yield bench
    await bench.store.aclose()


def values(kind: Kind) -> tuple[KindValue, KindValue]:
    return (8, 3) if KINDS[kind].shape is KindShape.REGISTER else ({"resolution": "uhd"}, {})


def give(two: Bench, side: str, kind: Kind, value: KindValue | None, scope: Any = "movie") -> None:
    Person(two.trackers[side]).give(kind, Subject("", scope, ITEMS[scope]), value, two.clock.now())


def held(two: Bench, kind: Kind) -> list[list[KindValue]]:
    return [[one.value for one in two.trackers[name].values[kind].values()] for name in NAMES]


async def cycles(two: Bench, count: int) -> list[str]:
    return [await two.cycle() for _ in range(count)]


async def test_what_one_side_has_arrives_at_the_other_once(two: Bench, kind: Kind) -> None:
    value, _ = values(kind)
    for scope in sorted(KINDS[kind].scopes):
        give(two, "left", kind, value, scope)
    assert await cycles(two, 4) == ["done", "nothing", "nothing", "nothing"]
    assert held(two, kind) == [[value] * len(KINDS[kind].scopes)] * 2
    assert not any(two.trackers[name].plays for name in NAMES)


async def test_a_kind_that_is_off_stays_where_it_is(two: Bench, kind: Kind) -> None:
    others = [one.name for one in valued() if one.name != kind]
    for other in others:
        give(two, "left", other, values(other)[0])
    give(two, "right", kind, values(kind)[0])
    assert await cycles(two, 3) == ["done", "nothing", "nothing"]
    assert not any(two.trackers["right"].values[other] for other in others)
    assert held(two, kind) == [[values(kind)[0]]] * 2


async def test_a_change_and_a_loss_follow_it(two: Bench, kind: Kind) -> None:
    value, _ = values(kind)
    give(two, "left", kind, value)
    give(two, "left", kind, value, sorted(KINDS[kind].scopes - {"movie"})[0])
    await cycles(two, 2)
    changed = 5 if KINDS[kind].shape is KindShape.REGISTER else {"resolution": "hd"}
    give(two, "right", kind, changed)
    assert await cycles(two, 3) == ["done", "nothing", "nothing"]
    assert held(two, kind) == [[value, changed]] * 2 or held(two, kind) == [[changed, value], [value, changed]]
    give(two, "right", kind, None)
    for _ in range(4):
        two.clock.advance(7 * 3_600)  # a full read
        await two.cycle()
    assert held(two, kind) == [[value]] * 2
    assert await two.cycle() == "nothing"


async def test_a_run_is_taken_back_and_stays_so(two: Bench, kind: Kind) -> None:
    value, _ = values(kind)
    give(two, "left", kind, value)
    await two.cycle()
    assert held(two, kind) == [[value]] * 2
    (last,) = await two.store.read(lambda db: runs.latest(db, "anna", ",".join(NAMES))[:1])
    await undo(two.store, UndoRequest(run=last.id), two.clock.now().timestamp())
    await two.deliver()
    assert held(two, kind) == [[value], []]
    for _ in range(3):
        two.clock.advance(7 * 3_600)
        await two.cycle()
    assert held(two, kind) == [[value], []]


async def test_other_details_are_taken_back_to_those_before(two: Bench, kind: Kind) -> None:
    value, _ = values(kind)
    give(two, "left", kind, value)
    await cycles(two, 2)
    give(two, "left", kind, 9 if KINDS[kind].shape is KindShape.REGISTER else {"resolution": "hd"})
    await two.cycle()
    (last,) = await two.store.read(lambda db: runs.latest(db, "anna", ",".join(NAMES))[:1])
    await undo(two.store, UndoRequest(run=last.id), two.clock.now().timestamp())
    await two.deliver()
    assert held(two, kind)[1] == [value]


async def test_far_too_many_wait_for_a_yes_in_the_words_of_the_kind(two: Bench, kind: Kind) -> None:
    for n in range(3):
        film = Movie(f"Film {n}", 2019, MovieIds(tmdb=n + 1))
        Person(two.trackers["left"]).give(kind, Subject("", "movie", film), values(kind)[0], two.clock.now())
    two.reconciler._guard._limits = replace(two.reconciler._limits, first=2)
    ended = await two.compare()
    assert (ended.outcome, ended.reason) == ("approval", f"3 {unusual(kind)}")
    assert ended.plan is not None
    assert ended.plan.text().splitlines()[1] == f"right: 3 {KINDS[kind].actions[0].planned[1]}"


def unusual(kind: Kind) -> str:
    return KINDS[kind].actions[0].unusual.format(name="right")


async def test_a_run_may_be_of_some_kinds_only(two: Bench, kind: Kind) -> None:
    made = two.reconciler.policy(Options(kinds=(kind,)))
    assert {name: way for name, way in made.ways.items() if way != "off"} == {kind: "both"}
