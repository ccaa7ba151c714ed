"""Taking a cancelled run out of the queue: a piece at a time, and never what has begun."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.store.file.opening import open_database
from scrobbled.store.mirror import run_changes, runs
from scrobbled.store.notes.shelf import LineStory, PlanLine, StoredPlan
from scrobbled.store.queue import additions, amendments, cancelling, outbox, run_items
from scrobbled.store.queue.amendment import Details, NewAmendment
from scrobbled.store.queue.run_items import ItemFilter

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
T = NOW.timestamp()
PAIR = "trakt,serializd"
FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "scrobbled.db")) as found:
        yield found


def run_of(db: sqlite3.Connection, plays: int, *, outcome: str = "done") -> int:
    run = runs.ask(db, "anna", PAIR, "sync", {}, T)
    runs.begin(db, run, T)
    for n in range(plays):
        add(db, run, n)
    if outcome:
        runs.end(db, run, T, outcome, "")
    return run


def add(db: sqlite3.Connection, run: int, n: int) -> bool:
    watched = NOW - timedelta(days=n)
    return additions.add(db, additions.NewAddition("anna", "trakt", str(n), "serializd", FILM, watched, None), run, T)


def rated(db: sqlite3.Connection, run: int, *, ask: bool = False) -> int:
    wish = NewAmendment(
        "anna", "trakt", "ratings", "rate", "movie:tmdb:1399", "Harbour Atlas", Details(value=8), ask=ask, run=run
    )
    return amendments.add(db, wish, T)


def states(db: sqlite3.Connection) -> list[str]:
    return [row[0] for name in ("outbox", "amendments") for row in db.execute(f"SELECT state FROM {name} ORDER BY id")]


def test_it_leaves_the_queue_piece_by_piece(db: sqlite3.Connection) -> None:
    run = run_of(db, 5)
    rated(db, run)
    assert cancelling.cancel(db, run, T)
    assert [cancelling.take_out(db, run, T, 2) for _ in range(4)] == [2, 2, 2, 0]
    assert states(db) == ["undone"] * 6
    assert cancelling.unfinished(db) == []


def test_from_the_cancelling_on_nothing_of_it_is_due_or_begun(db: sqlite3.Connection) -> None:
    run, account = run_of(db, 3), ("anna", "serializd")
    change = rated(db, run)
    assert len(outbox.due(db, *account, T, 10)) == 3
    cancelling.cancel(db, run, T)
    assert outbox.due(db, *account, T, 10) == []
    assert outbox.begin(db, [1, 2, 3]) == set()
    assert outbox.next_due(db, *account) is None
    assert amendments.due(db, "anna", "trakt", T, 10) == []
    assert amendments.begin(db, [change]) == set()
    assert amendments.next_due(db, "anna", "trakt") is None


def test_a_write_that_has_begun_stays_until_it_is_settled(db: sqlite3.Connection) -> None:
    run = run_of(db, 2)
    outbox.begin(db, [1])
    cancelling.cancel(db, run, T)
    assert cancelling.take_out(db, run, T, 10) == 1
    assert cancelling.unfinished(db) == [run]
    outbox.doubt(db, [1], "no answer", T)
    assert outbox.next_due(db, "anna", "serializd") == T
    outbox.clear_doubt(db, [(1, T)])
    assert outbox.due(db, "anna", "serializd", T, 10) == []
    assert cancelling.take_out(db, run, T, 10) == 1
    assert cancelling.unfinished(db) == []


@pytest.mark.parametrize("outcome", ["nothing", "approval", "failed", "cancelled"])
def test_only_what_is_under_way_can_be_cancelled(db: sqlite3.Connection, outcome: str) -> None:
    assert not cancelling.cancel(db, run_of(db, 1, outcome=outcome), T)
    assert not cancelling.cancel(db, 99, T)


def test_a_run_that_only_asks_is_not_under_way(db: sqlite3.Connection) -> None:
    run = run_of(db, 0)
    rated(db, run, ask=True)
    assert not cancelling.cancel(db, run, T)


def test_what_a_person_is_asked_stays_asked_and_can_be_answered_later(db: sqlite3.Connection) -> None:
    run = run_of(db, 1)
    question = rated(db, run, ask=True)
    cancelling.cancel(db, run, T)
    assert [cancelling.take_out(db, run, T, 9) for _ in range(2)] == [1, 0]
    assert cancelling.unfinished(db) == []
    assert amendments.approve(db, [question], T) == [question]
    assert [one.id for one in amendments.due(db, "anna", "trakt", T, 9)] == [question]


def test_a_later_run_queues_again_what_was_set_free_and_nothing_else(db: sqlite3.Connection) -> None:
    run = run_of(db, 3)
    outbox.drop(db, [2], T)
    cancelling.cancel(db, run, T)
    cancelling.take_out(db, run, T, 10)
    outbox.leave_out(db, 3, T)
    later = runs.ask(db, "anna", PAIR, "sync", {}, T)
    assert [add(db, later, n) for n in range(3)] == [True, False, False]
    assert states(db) == ["queued", "undone", "undone"]
    assert db.execute("SELECT run FROM outbox WHERE id = 1").fetchone() == (later,)


def test_a_run_that_was_cancelled_begins_no_more(db: sqlite3.Connection) -> None:
    run = runs.ask(db, "anna", PAIR, "sync", {}, T)
    assert cancelling.cancel(db, run, T)
    assert not runs.begin(db, run, T)
    assert runs.asked(db) == []
    runs.phase(db, run, "queueing", {"trakt add plays": 1})
    runs.end(db, run, T, "done", "")
    found = runs.get(db, run)
    assert found is not None
    assert (found.phase, found.outcome, found.counts) == ("cancelling", "cancelled", {})


def test_changes_of_a_run_come_page_by_page_plays_first(db: sqlite3.Connection) -> None:
    run = run_of(db, 3)
    rated(db, run)
    seen, after = list[str](), ""
    while page := run_items.page(db, run, ItemFilter(), after, 2):
        seen += [one.id for one, _ in page]
        after = seen[-1]
    assert seen == ["c1", "c2", "c3", "a1"]
    assert [one.id for one, _ in run_items.page(db, run, ItemFilter(tracker="trakt"), "", 9)] == ["a1"]
    assert [one.id for one, _ in run_items.page(db, run, ItemFilter(actions=("add",), state="queued"), "c1", 9)] == [
        "c2",
        "c3",
    ]
    assert sorted(run_changes.progress(db, run).changes) == [
        ("serializd", "add", "queued", 3),
        ("trakt", "rate", "queued", 1),
    ]


def test_a_run_is_followed_without_looking_at_its_changes(db: sqlite3.Connection) -> None:
    """Of a hundred thousand changes that would take longer than a webhook may wait."""
    told = db.execute(
        "EXPLAIN QUERY PLAN SELECT state, count(*), min(settled_at) FROM outbox INDEXED BY outbox_settled "
        "WHERE run = 1 GROUP BY state"
    ).fetchall()
    assert "COVERING INDEX outbox_settled" in told[0][3]


def line(n: int, tracker: str = "trakt", action: str = "add") -> PlanLine:
    return LineStory(n, tracker, action, "plays", f"Film {n}", f"Film {n}", None, "", "", "", ""), f"movie:tmdb:{n}"


def test_a_shelf_hands_out_pages_and_counts() -> None:
    with closing(StoredPlan([line(1, "", "decide"), *(line(n, "serializd") for n in range(2, 9)), line(9)])) as shelf:
        assert shelf.counts() == [("", "decide", 1, 0), ("serializd", "add", 7, 7), ("trakt", "add", 1, 1)]
        page = shelf.page(tracker="serializd", action="add", after=3, limit=3)
        assert [one.n for one, _ in page] == [4, 5, 6]
        assert [one.n for one, _ in shelf.page(tracker=None, action=None, after=7, limit=9_999)] == [8, 9]
        assert shelf.page(tracker="trakt", action="'; DROP TABLE lines", after=0, limit=9) == []
