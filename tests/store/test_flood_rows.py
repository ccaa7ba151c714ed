"""What the flood breaker counts and holds: rows in SQLite, whose counts must always equal what can be counted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrobbled.core.sending.safety import WriteLimits, judge_item
from scrobbled.core.words.outcomes import Hold, PlayOutcome
from scrobbled.desk.needs.floods import NamedChanges, act, chosen, stories
from scrobbled.store.file.opening import open_database
from scrobbled.store.keeping.housekeeping import STEPS, HousekeepingTime, forget_arrivals
from scrobbled.store.queue import arrivals, asking, floods, outbox, overview
from store.arrivals import ANNA, Counter


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with closing(open_database(tmp_path / "scrobbled.db")) as db:
        yield Counter(db)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path_factory.mktemp("empty") / "scrobbled.db")) as db:
        yield db


def test_what_waits_is_held_with_the_play_that_trips_the_rule(counter: Counter) -> None:
    ids = counter.flood(22, afterwards=True)
    assert counter.states(ids) == ["held"] * 22
    assert {counter.row(id_)["hold"] for id_ in ids} == {"burst"}
    (flood,) = floods.held(counter.db)
    assert {counter.row(id_)["flood"] for id_ in ids} == {flood.id}
    assert (flood.viewer, flood.tracker, flood.rule, flood.plays, flood.held) == ("anna", "trakt", "burst", 22, 22)
    assert counter.history() == 0, "what is held is no history"


def test_what_has_begun_was_seen_or_was_approved_is_left_alone(counter: Counter) -> None:
    begun, doubted, parked, seen, approved, old = (counter.arrive(witnessed=n == 3) for n in range(6))
    outbox.begin(counter.db, [begun, doubted])
    outbox.doubt(counter.db, [doubted], "no answer", 0.0)
    outbox.settle(counter.db, parked, PlayOutcome.PARKED, "not yet", 0.0)
    counter.db.execute("UPDATE outbox SET approved = 1 WHERE id = ?", (approved,))
    counter.db.execute("UPDATE outbox SET received_at = received_at - 3601 WHERE id = ?", (old,))
    other = counter.arrive(tracker="serializd")
    stopped = counter.arrive()
    counter.flood(21, afterwards=True)
    left = [begun, doubted, parked, seen, approved, old, other]
    assert counter.states(left) == ["queued", "queued", "parked", "queued", "queued", "queued", "queued"]
    assert counter.row(doubted)["phase"] == "in-doubt"
    assert counter.states([stopped]) == ["held"]


def test_a_real_viewing_passes_in_the_middle(counter: Counter) -> None:
    counter.flood(100, afterwards=True)
    seen = counter.arrive(witnessed=True)
    counter.flood(100, afterwards=True)
    assert counter.states([seen]) == ["queued"]
    assert counter.row(seen)["flood"] is None


def test_a_flood_is_over_when_nothing_came_for_an_hour_and_then_another_begins(counter: Counter) -> None:
    counter.flood(30, afterwards=True)
    counter.pass_(minutes=59)
    counter.flood(30, afterwards=True)
    assert len(floods.held(counter.db)) == 1
    counter.pass_(minutes=61)
    counter.flood(30, afterwards=True)
    first, second = floods.held(counter.db)
    assert (first.held, second.held) == (60, 30)
    assert first.closed_at is not None
    assert second.closed_at is None


def test_a_flood_is_over_when_it_was_decided_on(counter: Counter) -> None:
    ids = counter.flood(30, afterwards=True)
    act(counter.db, "drop", chosen(["f1"]), counter.now.timestamp())
    assert counter.states(ids) == ["undone"] * 30
    assert floods.held(counter.db) == []
    again = counter.flood(3, afterwards=True)
    assert counter.states(again) == ["held"] * 3, "what was dropped came all the same"
    assert [flood.id for flood in floods.held(counter.db)] == [2]


def test_what_was_approved_is_sent_and_never_held_again(counter: Counter) -> None:
    ids = counter.flood(30, afterwards=True)
    done = act(counter.db, "approve", chosen(["f1"]), counter.now.timestamp())
    assert done.done == [f"c{id_}" for id_ in ids]
    assert done.left == []
    assert counter.history() == 30
    counter.flood(30, afterwards=True)
    assert counter.states(ids) == ["queued"] * 30
    assert {(row["hold"], row["approved"], row["flood"]) for row in map(counter.row, ids)} == {("", 1, 1)}


def test_what_has_no_date_stays_held_for_that_and_may_be_part_of_a_flood(counter: Counter) -> None:
    alone = counter.arrive(dated=False)
    assert (counter.row(alone)["hold"], counter.row(alone)["flood"]) == ("no-date", None)
    ids = counter.flood(30, dated=False)
    assert {counter.row(id_)["hold"] for id_ in ids} == {"no-date"}
    (flood,) = floods.held(counter.db)
    done = act(counter.db, "approve", chosen(["f1"]), counter.now.timestamp())
    assert done.done == [], "a play without a date cannot be sent truthfully"
    assert done.left == ["f1"]
    assert counter.states(ids) == ["held"] * 30
    done = act(counter.db, "drop", chosen([f"f{flood.id}"]), counter.now.timestamp())
    assert len(done.done) == flood.held
    assert counter.states([alone]) == ["held"]


def test_of_a_mixed_flood_what_has_no_date_is_named_as_left(counter: Counter) -> None:
    counter.flood(25, afterwards=True)
    bare = counter.arrive(dated=False)
    done = act(counter.db, "approve", chosen(["f1"]), counter.now.timestamp())
    assert len(done.done) == 25
    assert done.left == [f"c{bare}"]


def test_accounts_are_counted_apart(counter: Counter) -> None:
    for _ in range(15):
        counter.arrive(afterwards=True)
        counter.arrive(afterwards=True, viewer="ben")
        counter.arrive(afterwards=True, tracker="serializd")
    assert floods.held(counter.db) == []


def test_what_is_spread_out_is_no_flood(counter: Counter) -> None:
    """Ten days in which a household of many, all told late, watched what it could."""
    counter.db.execute("PRAGMA synchronous = OFF")
    ids = [id_ for _ in range(10 * 24) for id_ in counter.flood(20, apart=180, afterwards=True)]
    assert set(counter.states(ids)) == {"queued"}
    assert counter.history() == len(ids)


def test_much_of_what_is_known_within_an_hour_is_a_flood_however_slowly_it_comes(counter: Counter) -> None:
    counter.flood(240, apart=400)
    ids = counter.flood(60, apart=50)
    assert "held" in counter.states(ids)
    (flood,) = floods.held(counter.db)
    assert flood.rule == "share-of-history"
    assert flood.held > 40, "with what waited"


def test_the_same_minute_is_no_way_to_watch(counter: Counter) -> None:
    ids = []
    for number in range(25):
        ids.append(counter.arrive(afterwards=True, minutes=-5 * number - 60))
        counter.pass_(minutes=5)
    assert "held" in counter.states(ids)
    (flood,) = floods.held(counter.db)
    assert "in the same minute" in flood.reason


def test_a_clock_that_was_wrong_for_a_while_holds_nothing_for_ever(counter: Counter) -> None:
    counter.pass_(days=400)
    counter.flood(60, afterwards=True)
    counter.pass_(days=-400)
    ids = counter.flood(20, afterwards=True, apart=1)
    assert counter.states(ids) == ["queued"] * 20
    assert forget_arrivals(counter.db, HousekeepingTime(counter.now, counter.now)) > 0
    left = counter.db.execute("SELECT count(*), max(slot) FROM arrivals").fetchone()
    assert left[1] <= counter.now.timestamp() / arrivals.SLOT


def test_counts_are_forgotten_after_a_day(counter: Counter) -> None:
    assert forget_arrivals in STEPS
    counter.flood(30, apart=15, afterwards=True, minutes=-90)
    counter.pass_(days=1, minutes=30)
    while forget_arrivals(counter.db, HousekeepingTime(counter.now, counter.now)):
        pass
    assert counter.db.execute("SELECT count(*) FROM arrivals").fetchone() == (0,)
    assert counter.db.execute("SELECT count(*) FROM told_minutes").fetchone() == (0,)


def test_a_title_too_many_within_a_day_is_a_flood_of_its_own(counter: Counter) -> None:
    trip = judge_item(4, counter.limits)
    assert trip is not None
    id_ = counter.arrive()
    assert floods.hold(counter.db, id_, ANNA, trip, counter.now.timestamp())
    assert not floods.hold(counter.db, id_, ANNA, trip, counter.now.timestamp()), "it no longer waits"
    counter.flood(30, afterwards=True)
    assert [(flood.rule, flood.held) for flood in floods.held(counter.db)] == [("plays-per-item", 1), ("burst", 30)]


def test_what_a_person_approved_is_held_by_nothing_that_was_judged_before(counter: Counter) -> None:
    trip = judge_item(4, counter.limits)
    assert trip is not None
    id_ = counter.flood(21, afterwards=True)[0]
    assert outbox.approve(counter.db, [id_]) == [id_]
    assert not floods.hold(counter.db, id_, ANNA, trip, counter.now.timestamp())
    assert counter.states([id_]) == ["queued"]


def test_what_is_held_stays_so_until_somebody_decides(counter: Counter) -> None:
    """A courier may be in the middle of looking it up when it is held."""
    id_ = counter.flood(21, afterwards=True)[0]
    outbox.postpone(counter.db, id_, "the catalogue is down", 0.0, 60.0)
    for outcome in (PlayOutcome.PARKED, PlayOutcome.UNMATCHED, PlayOutcome.DEAD):
        outbox.settle(counter.db, id_, outcome, "it was looked up meanwhile", 0.0)
    assert counter.states([id_]) == ["held"]
    assert outbox.begin(counter.db, [id_]) == set()
    assert outbox.retry(counter.db, [id_]) == []
    outbox.settle(counter.db, id_, PlayOutcome.ALREADY_THERE, "play p1", 0.0)
    assert counter.states([id_]) == ["already-there"], "then there is nothing left to decide"


def test_the_list_names_floods_and_leaves_their_changes_to_them(counter: Counter) -> None:
    single = counter.arrive(dated=False)
    counter.pass_(hours=2)
    ids = counter.flood(30, afterwards=True, source="tautulli", title="Low Tide")
    (story,) = stories(counter.db)
    assert (story.id, story.held, story.sources, story.samples) == ("f1", 30, ["tautulli"], ["Low Tide (2019)"])
    assert story.text == "30 plays for anna/trakt came within a minute from tautulli; 30 are held"
    assert [row.id for row in overview.queue(counter.db, apart=True)] == [single]
    assert [row.id for row in overview.queue(counter.db, flood=1)] == ids
    assert [row.id for row in overview.queue(counter.db)] == [single, *ids]
    assert [group.ids for group in asking.asking(counter.db)] == [(single,)]
    assert floods.held_by_reason(counter.db) == {str(hold): 0 for hold in Hold} | {"no-date": 1, "burst": 30}


def test_the_counts_are_read_by_index(counter: Counter) -> None:
    """They are read for each play, and on each scrape; none may grow with what was delivered."""
    plans = [
        ("SELECT sum(plays) FROM arrivals WHERE viewer = 'a' AND tracker = 'b' AND slot BETWEEN 1 AND 2", "SEARCH"),
        ("SELECT count(*) FROM outbox WHERE flood = 1 AND state = 'held'", "outbox_held"),
        ("SELECT hold, count(*) FROM outbox WHERE state = 'held' GROUP BY hold", "outbox_held"),
        (
            f"SELECT id FROM outbox WHERE viewer = '' AND tracker = '' AND {floods._STOPPABLE} AND received_at > 1",
            "stop",
        ),
    ]
    for statement, by in plans:
        plan = " ".join(row[3] for row in counter.db.execute(f"EXPLAIN QUERY PLAN {statement}"))
        assert by in plan, plan


steps = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.booleans(), st.booleans(), st.booleans()),
        st.tuples(st.just("flood"), st.integers(1, 12), st.booleans()),
        st.tuples(st.just("pass"), st.sampled_from([1.0, 30.0, 600.0, 3700.0])),
        st.tuples(st.just("begin"), st.integers(0, 60)),
        st.tuples(st.just("item"), st.integers(0, 60)),
        st.tuples(st.sampled_from(["approve", "drop", "retry"]), st.integers(0, 60)),
        st.tuples(st.sampled_from(["approve-flood", "drop-flood"]), st.integers(1, 3)),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_the_counts_always_equal_what_can_be_counted(empty: sqlite3.Connection, steps: list[tuple[Any, ...]]) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        empty.backup(db)
        counter = Counter(db, limits=WriteLimits(writes_per_hour=25))
        for step in steps:
            _take(counter, step)
            _check(counter)


def _take(counter: Counter, step: tuple[Any, ...]) -> None:
    now = counter.now.timestamp()
    match step:
        case ("arrive", afterwards, witnessed, dated):
            counter.arrive(afterwards=afterwards, witnessed=witnessed, dated=dated)
        case ("flood", plays, afterwards):
            counter.flood(plays, afterwards=afterwards)
        case ("pass", seconds):
            counter.pass_(seconds=seconds)
        case ("begin", id_):
            outbox.begin(counter.db, [id_])
        case ("item", id_):
            trip = judge_item(4, counter.limits)
            assert trip is not None
            floods.hold(counter.db, id_, ANNA, trip, now)
        case ("approve-flood" | "drop-flood", flood):
            act(counter.db, step[0].removesuffix("-flood"), NamedChanges(floods=(flood,)), now)
        case (action, id_):
            act(counter.db, action, NamedChanges(changes=(id_,)), now)


def _check(counter: Counter) -> None:
    def number(query: str) -> int:
        return int(counter.db.execute(query).fetchone()[0] or 0)

    assert counter.history() == number("SELECT count(*) FROM outbox WHERE hold = ''")
    assert number("SELECT sum(plays) FROM arrivals") == number("SELECT count(*) FROM outbox")
    assert number("SELECT sum(held) FROM arrivals") == number("SELECT count(*) FROM outbox WHERE hold <> ''")
    assert number("SELECT count(*) FROM outbox WHERE state = 'held' AND hold = ''") == 0
    assert number("SELECT count(*) FROM outbox WHERE state = 'held' AND witnessed AND hold <> 'plays-per-item'") == 0
    assert number("SELECT count(*) FROM outbox WHERE state = 'held' AND approved") == 0
    assert sum(flood.held for flood in floods.held(counter.db)) == number(
        "SELECT count(*) FROM outbox WHERE state = 'held' AND flood IS NOT NULL"
    )
