"""Runs that were cut short, and what earlier runs have left on its way."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.facts import steps
from scrobbled.store.file.opening import open_database
from scrobbled.store.keeping.housekeeping import RUNS_KEPT, HousekeepingTime, forget_runs
from scrobbled.store.mirror import run_changes, runs
from scrobbled.store.mirror.runs import RunStep
from scrobbled.store.queue import additions, amendments
from scrobbled.store.queue.amendment import Details, NewAmendment

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
T = NOW.timestamp()
PAIR = "trakt,serializd"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "scrobbled.db")) as found:
        yield found


def asked(db: sqlite3.Connection, pair: str = PAIR, **options: Any) -> int:
    return runs.ask(db, "anna", pair, "sync", options, T)


def begun(db: sqlite3.Connection, **options: Any) -> int:
    run = asked(db, **options)
    runs.begin(db, run, T)
    return run


def queued(db: sqlite3.Connection, run: int, record: str = "1") -> None:
    film = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
    additions.add(db, additions.NewAddition("anna", "serializd", record, "trakt", film, NOW, None), run, T)


def left(db: sqlite3.Connection, run: int) -> int:
    found = runs.get(db, run)
    assert found is not None
    return run_changes.left_over(db, found)


def test_whoever_waits_for_a_run_that_was_cut_short_may_ask_again(db: sqlite3.Connection) -> None:
    run = begun(db)
    assert not runs.again(db, run), "it is under way"
    runs.abandon(db, T)
    assert runs.again(db, run)
    assert [one.id for one in runs.asked(db)] == [run]
    runs.begin(db, run, T)
    runs.end(db, run, T, "failed", "trakt could not be read")
    assert not runs.again(db, run), "that has an end of its own"


def test_a_plan_is_carried_out_as_a_whole_or_asked_about_anew(db: sqlite3.Connection) -> None:
    early, late = begun(db, plan="one"), begun(db, plan="two")
    runs.phase(db, late, "queueing", {"trakt add plays": 3})
    runs.abandon(db, T)
    assert (runs.again(db, early), runs.again(db, late)) == (True, False)


def test_what_an_earlier_run_of_the_pair_left_is_counted_until_it_is_delivered(db: sqlite3.Connection) -> None:
    first, other, last = asked(db), asked(db, "trakt,memory"), asked(db)
    queued(db, first, "1"), queued(db, other, "2"), queued(db, last, "3")
    assert (left(db, last), left(db, first)) == (1, 0)
    db.execute("UPDATE outbox SET state = 'delivered' WHERE run = ?", (first,))
    assert left(db, last) == 0


def test_what_is_to_be_taken_back_is_counted_though_no_run_wants_it(db: sqlite3.Connection) -> None:
    run = asked(db)
    details = Details(remote_id="r1", watched_at=NOW)
    wish = NewAmendment("anna", "trakt", "plays", "remove", "movie:1399", "Harbour Atlas (2019)", details)
    row = amendments.add(db, wish, T)
    assert left(db, run) == 1
    amendments.settle(db, row, PlayOutcome.DELIVERED, "", T)
    assert left(db, run) == 0


def ended(db: sqlite3.Connection, outcome: str, at: float) -> int:
    run = asked(db)
    runs.begin(db, run, at - 1)
    runs.end(db, run, at, outcome, "")
    return run


def test_runs_are_kept_for_a_year_and_those_that_did_something_for_good(db: sqlite3.Connection) -> None:
    day = 86_400.0
    old, newer = ended(db, "nothing", T - 366 * day), ended(db, "nothing", T - 364 * day)
    done = ended(db, "done", T - 800 * day)
    last = [ended(db, "nothing", T - 400 * day) for _ in range(2)]
    when = HousekeepingTime(NOW, NOW)
    assert forget_runs(db, when) == 0, "the last two hundred stay in any case"
    assert runs.drop_old(db, (NOW - RUNS_KEPT).timestamp(), 200, keep=2) == 1
    assert [one.id for one in runs.listing(db)] == [*reversed(last), done, newer]
    assert old not in [one.id for one in runs.listing(db)]


def test_requests_are_added_up_by_service_also_of_a_run_that_is_gone(db: sqlite3.Connection) -> None:
    run = begun(db)
    runs.add_requests(db, {run: {"trakt": 3}, 99: {"trakt": 1}})
    runs.add_requests(db, {run: {"trakt": 2, "serializd": 1}})
    found = runs.get(db, run)
    assert found is not None
    assert found.requests == {"trakt": 5, "serializd": 1}


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (lambda db: runs.listing(db, outcomes=("", "done")), "runs_telling"),
        (lambda db: runs.latest_success(db, "anna", PAIR), "runs_succeeded"),
        (lambda db: runs.drop_old(db, T, 10), "runs_by_end"),
    ],
)
def test_a_year_of_runs_that_found_nothing_is_passed_over_by_an_index(
    db: sqlite3.Connection, query: Callable[[sqlite3.Connection], Any], index: str
) -> None:
    asked_for: list[str] = []
    db.set_trace_callback(asked_for.append)
    query(db)
    db.set_trace_callback(None)
    plans = [row[3] for statement in asked_for for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert any(index in step for step in plans), plans


def test_the_pace_of_a_step_is_told_once_it_is_known() -> None:
    step = RunStep("history", 10, 40, T, 4)
    assert (step.a_second(T + 0.5), step.left(T + 0.5)) == (None, None)
    assert (step.a_second(T + 3), step.left(T + 3)) == (2.0, 15.0)
    assert RunStep("history", 10, None, T, 4).left(T + 3) is None
    assert steps.rate(0.1) == "6 a minute, "
    assert steps.rate(None) == ""
