"""A copy may have been made by anybody: nothing that others wrote is computed, and a look at it ends."""

import re
import sqlite3
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from scrobbled.core.errors import StoreError
from scrobbled.store.file import foreign, opening
from scrobbled.store.file.migrations import migrations
from scrobbled.store.keeping import backup, looking, restoring, staging

NOW = datetime(2026, 11, 14, 20, tzinfo=UTC)
STEPS = migrations.names
SHOWN = Path("The file")


def database(path: Path, plays: int = 3) -> Path:
    with closing(opening.open_database(path)) as db:
        for number in range(plays):
            db.execute("INSERT INTO events (source, received_at, outcome) VALUES ('plex', 0, 'ignored')")
            db.execute(
                "INSERT INTO plays (viewer, source, media, item, watched_at, created_at) VALUES (?,?,?,?,?,?)",
                ("anna", "plex", "movie", "{}", 1000 + number, 0.0),
            )
        db.execute("PRAGMA journal_mode = DELETE")
    return path


def rewritten(db: sqlite3.Connection, name: str, before: str, after: str) -> None:
    """As an editor of the file does it: what stands in the list of tables, without touching a row."""
    db.execute("PRAGMA writable_schema = ON")
    done = db.execute(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = ? AND instr(sql, ?)",
        (before, after, name, before),
    )
    assert done.rowcount == 1
    db.execute("PRAGMA schema_version = 4711")


def hostile(path: Path) -> None:
    """An index of our name that takes a second for each row, and more memory than there may be."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        rewritten(db, "plays_by_time", "(watched_at)", "(length(hex(zeroblob(100000000 + id % 2))))")


ATTACKS = {
    "an index of another name": ["CREATE INDEX evil ON events(length(hex(zeroblob(100000000 + id % 2))))"],
    "an index of our name over an expression": [
        "DROP INDEX plays_by_time",
        "CREATE INDEX plays_by_time ON plays (abs(watched_at))",
    ],
    "a partial index of our name": [
        "DROP INDEX plays_by_time",
        "CREATE INDEX plays_by_time ON plays (watched_at) WHERE length(hex(zeroblob(id)))",
    ],
    "a table with a check": ["CREATE TABLE more (x CHECK (length(zeroblob(x))))"],
    "a generated column": ["ALTER TABLE plays ADD COLUMN more GENERATED ALWAYS AS (hex(zeroblob(id))) VIRTUAL"],
    "a default that computes": ["CREATE TABLE more (x DEFAULT (randomblob(1000000)))"],
    "a foreign key that deletes": ["CREATE TABLE more (x REFERENCES plays (id) ON DELETE CASCADE)"],
    "a plain table": ["CREATE TABLE more (x)"],
    "a table for the steps with a column that computes": [
        "ALTER TABLE _sqlite_migrations ADD COLUMN more GENERATED ALWAYS AS (hex(zeroblob(id))) VIRTUAL"
    ],
}


STRANGE = "The file has something in it that scrobbled did not put there"


@pytest.mark.parametrize("made", ATTACKS.values(), ids=ATTACKS.keys())
def test_what_computes_is_refused(tmp_path: Path, made: list[str]) -> None:
    with closing(sqlite3.connect(database(tmp_path / "other.db", plays=0))) as db:
        for statement in made:
            db.execute(statement)
        with pytest.raises(StoreError, match=STRANGE):
            foreign.check(db, SHOWN)


@pytest.mark.parametrize(
    ("table", "before", "after"),
    [
        ("events", '"kind" TEXT', '"kind" TEXT CHECK (length(hex(zeroblob(100000000))))'),
        ("events", '"kind" TEXT', '"kind" TEXT DEFAULT (hex(zeroblob(100000000)))'),
        ("events", '"kind" TEXT', '"kind" TEXT REFERENCES plays (id) ON DELETE CASCADE'),
        ("events", '"kind" TEXT', '"kind" TEXT COLLATE NOCASE'),
        ("events", '"kind" TEXT', '"kind" TEXT UNIQUE ON CONFLICT REPLACE'),
        ("plays_by_time", "(watched_at)", "(watched_at) WHERE length(zeroblob(id))"),
        ("plays_by_event", "(event_id)", "('event_id')"),
    ],
)
def test_what_was_put_into_something_of_ours_is_refused(tmp_path: Path, table: str, before: str, after: str) -> None:
    with closing(sqlite3.connect(database(tmp_path / "other.db"), isolation_level=None)) as db:
        rewritten(db, table, before, after)
        with pytest.raises(StoreError, match=STRANGE):
            foreign.check(db, SHOWN)


def test_a_copy_that_would_compute_for_hours_is_refused_at_once_wherever_it_is_taken(tmp_path: Path) -> None:
    path, other = database(tmp_path / "scrobbled.db"), database(tmp_path / "other.db", plays=500)
    hostile(other)
    began = time.monotonic()
    with pytest.raises(StoreError, match=f"{STRANGE}: index plays_by_time"):
        staging.keep(other, path)
    with pytest.raises(StoreError, match=rf"{re.escape(str(other))} has something in it"):
        restoring.restore(other, path, NOW)
    assert time.monotonic() - began < 60  # of them, 500 seconds are in each look
    assert staging.staged(path) is None
    with closing(opening.open_database(path)) as db:
        assert backup.counts(db) == (3, 0)


@pytest.mark.parametrize("kept", range(1, len(STEPS) + 1))
def test_a_copy_of_every_earlier_version_is_ours(kept: int) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrations.apply(db, stop_before=next(iter(STEPS[kept:]), None))
        foreign.check(db, SHOWN)


def test_a_copy_of_the_first_version_is_restored(tmp_path: Path) -> None:
    path, older = database(tmp_path / "scrobbled.db"), tmp_path / "older.db"
    with closing(sqlite3.connect(older, isolation_level=None)) as db:
        migrations.apply(db, stop_before=STEPS[1])
    assert restoring.restore(older, path, NOW).plays == 0


def test_a_copy_that_lacks_a_step_in_the_middle_is_refused(tmp_path: Path) -> None:
    other = database(tmp_path / "other.db")
    with closing(sqlite3.connect(other)) as db:
        db.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (STEPS[2],))
        db.commit()
    with pytest.raises(StoreError, match="a step of its schema is missing"):
        looking.look(other, shown=SHOWN)


def _computes(db: sqlite3.Connection, table: str) -> bool:
    """Whether a column of it is made of others: sqlite-utils leaves such out, and cannot write the table anew."""
    return any(row[6] in (2, 3) for row in db.execute(f'PRAGMA table_xinfo("{table}")'))


def test_tables_that_sqlite_utils_wrote_anew_are_still_ours(tmp_path: Path) -> None:
    other = database(tmp_path / "other.db", plays=0)
    with closing(sqlite3.connect(other, isolation_level=None)) as db:
        db.execute("DELETE FROM tallies")  # a column without NOT NULL would not take its nothing
        changed = Database(db)
        for table in changed.table_names():
            if not table.startswith("sqlite_") and not _computes(db, table):
                changed.table(table).transform()
    assert looking.look(other, shown=SHOWN) == (0, 0)


def test_what_sqlite_itself_adds_is_no_strangers(tmp_path: Path) -> None:
    other = database(tmp_path / "other.db")
    with closing(sqlite3.connect(other, isolation_level=None)) as db:
        db.execute("ANALYZE")
        db.execute("VACUUM")
    assert looking.look(other, shown=SHOWN) == (3, 0)


def test_a_value_larger_than_any_of_ours_is_not_read(tmp_path: Path) -> None:
    other = database(tmp_path / "other.db")
    with closing(sqlite3.connect(other)) as db:
        large = looking.LARGEST_VALUE + 1
        db.execute("UPDATE _sqlite_migrations SET name = CAST(zeroblob(?) AS TEXT) WHERE id = 1", (large,))
        db.commit()
    with pytest.raises(StoreError, match=r"The file cannot be .*too big"):
        looking.look(other, shown=SHOWN)


def test_a_look_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = database(tmp_path / "other.db")
    monkeypatch.setattr(looking, "PATIENCE", -1000.0)
    with pytest.raises(StoreError, match="took too long"):
        looking.look(other, shown=SHOWN)


def test_a_look_ends_when_it_is_no_longer_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the process is busy with: here it never answers."""
    other = database(tmp_path / "other.db")
    busy = tmp_path / "busy"
    busy.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c 'while True: pass'\n")
    busy.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(busy))
    asked = threading.Event()
    timer = threading.Timer(0.5, asked.set)
    timer.start()
    began = time.monotonic()
    with pytest.raises(StoreError):
        looking.look(other, shown=SHOWN, stopped=asked.is_set)
    assert time.monotonic() - began < 10


def test_a_look_that_is_killed_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = database(tmp_path / "other.db")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(StoreError, match="could not be looked through"):
        looking.look(other, shown=SHOWN)


def test_the_process_gets_nothing_of_our_environment_that_could_be_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, noted = database(tmp_path / "other.db"), tmp_path / "environment"
    monkeypatch.setenv("SERIALIZD_PASSWORD", "anna-secret")
    teller = tmp_path / "teller"
    teller.write_text(f"#!/bin/sh\nenv > '{noted}'\n")
    teller.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(teller))
    with pytest.raises(StoreError):
        looking.look(other, shown=SHOWN)
    assert "PATH=" in noted.read_text()
    assert "anna-secret" not in noted.read_text()
