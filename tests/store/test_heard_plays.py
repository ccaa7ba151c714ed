"""Whether a viewing is a play already is looked up by an index, however many plays a pair has brought."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import archive

HOUR = 3_600.0


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "scrobbled.db")) as found:
        found.execute("BEGIN")
        yield found


def play(db: sqlite3.Connection, number: int, at: float, origin: str | None = None) -> None:
    db.execute(
        "INSERT INTO plays (id, viewer, source, media, label, item, watched_at, created_at, origin) "
        """VALUES (?, 'anna', 'plex', 'movie', 'A Film', '{"title": "A Film"}', ?, ?, ?)""",
        (number, at, at, origin),
    )


def steps(db: sqlite3.Connection, at: float) -> int:
    """Instructions of SQLite's machine that the look-up takes."""
    count = 0

    def more() -> int:
        nonlocal count
        count += 1
        return 0

    db.set_progress_handler(more, 1)
    archive.plays_around(db, "anna", at, at - HOUR, at + HOUR)
    db.set_progress_handler(None, 0)
    return count


def test_thousands_of_one_day_that_a_pair_brought_cost_nothing(db: sqlite3.Connection) -> None:
    play(db, 1, 1000 * HOUR)
    before = steps(db, 1000 * HOUR + 60)
    for number in range(2, 3000):
        play(db, number, 1000 * HOUR + number, f"trakt {number}")
    assert steps(db, 1000 * HOUR + 60) == before


def test_plays_of_years_cost_no_more_than_those_around(db: sqlite3.Connection) -> None:
    for number in range(1, 3000):
        play(db, number, number * HOUR)
    few = steps(db, 100 * HOUR)
    for number in range(3000, 6000):
        play(db, number, number * HOUR)
    assert steps(db, 100 * HOUR) == few
    found = archive.plays_around(db, "anna", 100 * HOUR + 60, 99.5 * HOUR, 100.5 * HOUR)
    assert [one.id for one, _ in found] == [100]


def test_what_was_watched_today_is_decoded_once_however_often_it_is_compared(db: sqlite3.Connection) -> None:
    play(db, 1, 1000 * HOUR)
    ((_, first),) = archive.plays_around(db, "anna", 1000 * HOUR + 60, 999 * HOUR, 1001 * HOUR)
    ((_, again),) = archive.plays_around(db, "anna", 1000 * HOUR + 90, 999 * HOUR, 1001 * HOUR)
    assert again is first


def test_plays_around_come_in_one_row_those_before_first_and_the_nearest_first(db: sqlite3.Connection) -> None:
    for number, minutes in enumerate((10, 50, 30, 70, 90), 1):
        play(db, number, 1000 * HOUR + 60 * minutes)
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    found = archive.plays_around(db, "anna", 1001 * HOUR, 1000 * HOUR, 1002 * HOUR)
    db.set_trace_callback(None)
    assert [one.id for one, _ in found] == [2, 3, 1, 4, 5]
    assert len(asked) == 1, "the database's thread waits for its turn at each row"
