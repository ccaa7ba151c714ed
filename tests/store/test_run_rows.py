"""Runs that were cut short, and what earlier runs have left on its way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.file.opening import open_database
from scrobbled.store.mirror import run_changes, runs
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
