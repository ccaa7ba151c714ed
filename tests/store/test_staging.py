"""A copy that was sent: looked through, kept beside the database, and put in its place at a start."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scrobbled.core.errors import StoreError
from scrobbled.store.file import opening
from scrobbled.store.keeping import backup, staging
from scrobbled.store.queue import overview

NOW = datetime(2026, 11, 14, 20, tzinfo=UTC)


def database(folder: Path, name: str, plays: int) -> Path:
    path = folder / name
    with closing(opening.open_database(path)) as db:
        for number in range(plays):
            db.execute(
                "INSERT INTO plays (viewer, source, media, item, watched_at, created_at) VALUES (?,?,?,?,?,?)",
                ("anna", "plex", "movie", "{}", 1000 + number, 0.0),
            )
    return path


def sent(path: Path, copy: Path) -> staging.Staged:
    with staging.draft(path) as draft:
        draft.write_bytes(copy.read_bytes())
        return staging.keep(draft, path)


def test_what_is_sent_is_told_agreed_on_and_restored_at_the_start(tmp_path: Path) -> None:
    path, other = database(tmp_path, "scrobbled.db", 0), database(tmp_path, "other.db", 3)
    copy = backup.make(other, tmp_path / "copy.db").path
    found = sent(path, copy)
    assert (found.plays, found.newest, found.older, found.agreed) == (3, 1002.0, False, False)
    assert staging.taken_up(path, NOW) is None
    assert staging.agree(path).agreed
    with closing(opening.open_database(path)) as db:
        assert overview.play_count(db) == 0
    done = staging.taken_up(path, NOW)
    assert done is not None
    assert done.plays == 3
    assert done.kept is not None
    assert done.kept.exists()
    with closing(opening.open_database(path)) as db:
        assert overview.play_count(db) == 3
    assert staging.staged(path) is None
    assert staging.taken_up(path, NOW) is None
    assert [left.name for left in tmp_path.iterdir() if ".sent" in left.name or "part" in left.name] == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"not a database", "no backup of scrobbled"),
        (b"PK\x03\x04" + b"\0" * 4096, "no backup of scrobbled"),
        (b"SQLite format 3\0" + b"\0" * 4096, "cannot be"),
        (b"SQLite format 3\0" + b"\xff" * 8192, "cannot be"),
    ],
)
def test_what_is_no_backup_is_refused_and_nothing_is_kept(tmp_path: Path, content: bytes, why: str) -> None:
    path = database(tmp_path, "scrobbled.db", 1)
    (tmp_path / "wrong").write_bytes(content)
    with pytest.raises(StoreError, match=why):
        sent(path, tmp_path / "wrong")
    assert staging.staged(path) is None
    assert [left.name for left in tmp_path.iterdir() if "sent" in left.name] == []


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path, strange = database(tmp_path, "scrobbled.db", 1), tmp_path / "strange.db"
    with closing(sqlite3.connect(strange)) as db:
        db.execute("CREATE TABLE plays (id)")
        db.commit()
    with pytest.raises(StoreError, match="not a database of scrobbled"):
        sent(path, strange)


def test_what_is_damaged_meanwhile_is_set_aside_and_the_database_stays(tmp_path: Path) -> None:
    path, other = database(tmp_path, "scrobbled.db", 2), database(tmp_path, "other.db", 3)
    sent(path, backup.make(other, tmp_path / "copy.db").path)
    staging.agree(path)
    waiting = tmp_path / "scrobbled.db.restore-at-start"
    waiting.write_bytes(waiting.read_bytes()[:5000])
    assert staging.taken_up(path, NOW) is None
    assert (tmp_path / "scrobbled.db.not-restored").exists()
    with closing(opening.open_database(path)) as db:
        assert overview.play_count(db) == 2


def test_what_cannot_be_restored_is_set_aside_and_told(tmp_path: Path) -> None:
    path, other = database(tmp_path, "scrobbled.db", 1), database(tmp_path, "other.db", 3)
    with closing(sqlite3.connect(other)) as db:
        db.execute("DROP TABLE tokens")
        db.execute("PRAGMA journal_mode = DELETE")
    sent(path, other)
    staging.agree(path)
    assert staging.taken_up(path, NOW) is None
    assert staging.staged(path) is None
    assert staging.refused(path) == "scrobbled.db.not-restored"
    with closing(opening.open_database(path)) as db:
        assert overview.play_count(db) == 1
    sent(path, backup.make(path, tmp_path / "copy.db").path)
    assert staging.refused(path) is None


@pytest.mark.parametrize(
    ("made", "named"),
    [
        (["CREATE TRIGGER harmless AFTER INSERT ON events BEGIN DELETE FROM tokens; END"], "trigger harmless"),
        (['CREATE VIEW "\x1b[31m\'><b>" AS SELECT 1'], "view"),
        (["CREATE VIRTUAL TABLE found USING fts5(x)"], "table found"),
        (
            ["DROP TRIGGER plays_counted", "CREATE TRIGGER plays_counted AFTER INSERT ON plays BEGIN SELECT 1; END"],
            "plays",
        ),
        (
            [
                "ALTER TABLE plays RENAME TO plays_before",
                "CREATE VIEW plays AS WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) "
                "SELECT id, id AS watched_at FROM n",
            ],
            "view plays",
        ),
    ],
)
def test_what_computes_something_of_its_own_is_not_kept(tmp_path: Path, made: list[str], named: str) -> None:
    path, other = database(tmp_path, "scrobbled.db", 1), database(tmp_path, "other.db", 1)
    with closing(sqlite3.connect(other)) as db:
        for statement in made:
            db.execute(statement)
        db.execute("PRAGMA journal_mode = DELETE")
    with pytest.raises(StoreError, match=named):
        sent(path, other)
    assert staging.staged(path) is None


def test_nothing_is_restored_over_a_running_instance(tmp_path: Path) -> None:
    path, other = database(tmp_path, "scrobbled.db", 2), database(tmp_path, "other.db", 3)
    sent(path, backup.make(other, tmp_path / "copy.db").path)
    staging.agree(path)
    with closing(opening.lock(path)), pytest.raises(StoreError, match="another instance"):
        staging.taken_up(path, NOW)
    assert staging.staged(path) is not None


def test_a_second_one_takes_the_place_of_the_first_and_can_be_discarded(tmp_path: Path) -> None:
    path = database(tmp_path, "scrobbled.db", 0)
    for plays in (1, 2):
        copy = backup.make(database(tmp_path, f"{plays}.db", plays), tmp_path / f"copy-{plays}.db").path
        assert sent(path, copy).plays == plays
        staging.agree(path)
    found = staging.staged(path)
    assert found is not None
    assert found.plays == 2
    assert staging.discard(path)
    assert not staging.discard(path)
    with pytest.raises(StoreError, match="nothing to restore"):
        staging.agree(path)
