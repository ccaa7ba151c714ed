"""What is opened, what is refused, and that nothing is ever replaced silently."""

import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from scrobbled.core.errors import StoreError
from scrobbled.store import Store
from scrobbled.store.file import opening
from scrobbled.store.file.migrations import migrations
from scrobbled.store.file.opening import journal_mode, lock, open_database

pytestmark = pytest.mark.usefixtures("durable")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "scrobbled.db"


@pytest.fixture
def existing(path: Path) -> Path:
    """A database with something in it."""
    with contextlib.closing(open_database(path)) as db:
        db.execute("INSERT INTO marks (name, value) VALUES ('kept', 7)")
    return path


@pytest.fixture
def one_step_more() -> Iterator[list[str]]:
    """As if an update had brought two more migrations, the second of which goes wrong while the list says so."""
    fails: list[str] = []

    @migrations(name="second_for_a_test")
    def second(db: Database) -> None:
        db.execute("ALTER TABLE marks ADD COLUMN note TEXT")
        db.execute("UPDATE marks SET note = 'migrated'")

    @migrations(name="third_for_a_test")
    def third(db: Database) -> None:
        db.execute("DELETE FROM marks")
        if fails:
            db.execute("INSERT INTO there_is_no_such_table VALUES (1)")
        db.execute("CREATE TABLE third (id INTEGER)")

    yield fails
    migrations.all[:] = [m for m in migrations.all if not m.name.endswith("_for_a_test")]


def kept(path: Path) -> list[tuple[str, float]]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT name, value FROM marks").fetchall()


def refused(path: Path, *, create: bool = True) -> str:
    with pytest.raises(StoreError) as caught:
        open_database(path, create=create)
    return str(caught.value)


def test_a_new_file_is_complete_private_and_leaves_nothing_beside_it(path: Path) -> None:
    open_database(path).close()
    assert [found.name for found in path.parent.iterdir() if "-wal" not in found.name and "-shm" not in found.name] == [
        "scrobbled.db"
    ]
    assert path.stat().st_mode & 0o077 == 0, "it will hold sign-ins"
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert not migrations.pending(db)


def test_opening_again_finds_what_was_stored(existing: Path) -> None:
    open_database(existing).close()
    assert kept(existing) == [("kept", 7.0)]


def test_writes_reach_the_disk_before_they_are_confirmed(existing: Path) -> None:
    with contextlib.closing(open_database(existing)) as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA journal_mode").fetchone()[0].upper() == journal_mode(sqlite3.sqlite_version_info)


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "TRUNCATE"),
        ((3, 44, 5), "TRUNCATE"),
        ((3, 44, 6), "WAL"),
        ((3, 44, 9), "WAL"),
        ((3, 45, 0), "TRUNCATE"),
        ((3, 46, 1), "TRUNCATE"),
        ((3, 50, 6), "TRUNCATE"),
        ((3, 50, 7), "WAL"),
        ((3, 50, 9), "WAL"),
        ((3, 51, 0), "TRUNCATE"),
        ((3, 51, 2), "TRUNCATE"),
        ((3, 51, 3), "WAL"),
        ((3, 52, 0), "WAL"),
        ((4, 0, 0), "WAL"),
    ],
)
def test_wal_only_where_sqlite_does_not_lose_it(version: tuple[int, int, int], mode: str) -> None:
    assert journal_mode(version) == mode


# -- refusals ------------------------------------------------------------------------------------------------------


def test_an_empty_file_is_refused_and_stays(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert "is empty" in refused(path)
    assert path.stat().st_size == 0


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough " * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database_is_refused_and_stays_byte_for_byte(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    message = refused(path)
    assert "damaged" in message
    assert "backup" in message
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"x", b"\n", b"\0" * 511])
def test_a_file_too_short_to_be_a_database_is_refused_and_stays(path: Path, content: bytes) -> None:
    """SQLite takes anything below 512 bytes for a new database, and would write over it."""
    path.parent.mkdir()
    path.write_bytes(content)
    assert "It was left as it is" in refused(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("page", [1, 2, 5])
def test_a_damaged_page_is_found_and_the_file_stays(existing: Path, page: int) -> None:
    size = int.from_bytes(existing.read_bytes()[16:18], "big")
    content = bytearray(existing.read_bytes())
    content[page * size : (page + 1) * size] = os.urandom(size)
    existing.write_bytes(content)
    assert "damaged" in refused(existing)
    assert existing.read_bytes() == bytes(content)


def test_a_truncated_file_is_refused(existing: Path) -> None:
    content = existing.read_bytes()
    existing.write_bytes(content[: len(content) // 2])
    assert "damaged" in refused(existing)
    assert existing.stat().st_size == len(content) // 2


@pytest.mark.parametrize("suffix", ["-journal", "-wal"])
def test_leftovers_without_their_file_are_refused(path: Path, suffix: str) -> None:
    path.parent.mkdir()
    leftover = path.with_name(path.name + suffix)
    leftover.write_bytes(b"the only copy of something")
    assert leftover.name in refused(path)
    assert leftover.read_bytes() == b"the only copy of something"
    assert not path.exists()


def test_the_database_of_another_program_is_refused_and_stays(path: Path) -> None:
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE photos (id INTEGER)")
    before = path.read_bytes()
    assert "not a database of scrobbled" in refused(path)
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_newer_schema_is_refused_and_stays(existing: Path, one_step_more: list[str]) -> None:
    open_database(existing).close()
    migrations.all[:] = [m for m in migrations.all if not m.name.endswith("_for_a_test")]
    before = existing.read_bytes()
    message = refused(existing)
    assert "newer version" in message
    assert "second_for_a_test, third_for_a_test" in message
    assert existing.read_bytes() == before


def test_a_missing_file_is_only_made_where_that_is_wanted(path: Path) -> None:
    assert "does not exist yet" in refused(path, create=False)
    assert not path.exists()
    open_database(path).close()
    open_database(path, create=False).close()


@pytest.mark.parametrize("place", ["a-file/scrobbled.db", "a-file/deeper/scrobbled.db", "a-folder"])
def test_a_place_where_no_file_can_be_is_an_error_that_names_it(tmp_path: Path, place: str) -> None:
    (tmp_path / "a-file").write_text("in the way")
    (tmp_path / "a-folder").mkdir()
    assert str(tmp_path / place) in refused(tmp_path / place)


def test_a_folder_that_cannot_be_made_is_an_error_for_the_lock_too(tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("in the way")
    with pytest.raises(StoreError, match="a-file"):
        lock(tmp_path / "a-file" / "scrobbled.db")


def test_a_refused_file_is_let_go(path: Path) -> None:
    """Somebody has to be able to put a backup in its place, also where open files are counted."""
    path.parent.mkdir()
    path.write_bytes(b"not a database at all, but long enough " * 100)
    with pytest.raises(StoreError) as caught:
        open_database(path)
    handles = [link for link in Path("/proc/self/fd").iterdir() if link.exists() and link.resolve() == path]
    assert (handles, caught.type) == ([], StoreError)


def test_a_store_that_cannot_be_opened_says_why_to_whoever_makes_it(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with pytest.raises(StoreError, match="is empty"):
        Store(path)


# -- making and migrating ------------------------------------------------------------------------------------------


def test_a_crash_while_making_it_leaves_no_half_database(path: Path, one_step_more: list[str]) -> None:
    one_step_more.append("fails")
    refused(path)
    assert not path.exists()
    one_step_more.clear()
    open_database(path).close()
    assert kept(path) == []


def test_many_processes_make_one_database(path: Path) -> None:
    script = (
        "import sys, pathlib; from scrobbled.store.file.opening import open_database;"
        "db = open_database(pathlib.Path(sys.argv[1]));"
        "db.execute('INSERT INTO marks VALUES (?, 1)', (sys.argv[2],))"
    )
    starts = [subprocess.Popen([sys.executable, "-c", script, str(path), f"p{n}"]) for n in range(4)]
    assert [start.wait(60) for start in starts] == [0, 0, 0, 0]
    assert sorted(name for name, _ in kept(path)) == ["p0", "p1", "p2", "p3"]


def test_without_hard_links_the_file_of_a_quicker_process_is_not_replaced(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs.db"
    with contextlib.closing(open_database(theirs)) as db:
        db.execute("INSERT INTO marks (name, value) VALUES ('theirs', 1)")

    def link(source: Path, target: Path) -> None:
        shutil.copy(theirs, target)
        raise OSError("hard links are not supported here")

    monkeypatch.setattr(opening.os, "link", link)
    open_database(path).close()
    assert kept(path) == [("theirs", 1.0)]


def test_without_hard_links_a_database_can_still_be_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: Path, target: Path) -> None:
        raise OSError("hard links are not supported here")

    monkeypatch.setattr(opening.os, "link", link)
    open_database(path).close()
    assert kept(path) == []


def test_a_migration_keeps_what_was_there_and_a_backup_of_before(existing: Path, one_step_more: list[str]) -> None:
    with contextlib.closing(open_database(existing)) as db:
        assert db.execute("SELECT count(*) FROM third").fetchone() == (0,)
    (backup,) = existing.parent.glob("scrobbled.db.before-*")
    assert backup.name.startswith("scrobbled.db.before-second_for_a_test-")
    assert kept(backup) == [("kept", 7.0)]
    assert backup.stat().st_mode & 0o077 == 0, "it holds the sign-ins as well"


def test_a_migration_that_fails_is_rolled_back_with_a_backup_beside_it(
    existing: Path, one_step_more: list[str]
) -> None:
    one_step_more.append("fails")
    message = refused(existing)
    assert "third_for_a_test" in message or "there_is_no_such_table" in message
    (backup,) = existing.parent.glob("scrobbled.db.before-*")
    assert backup.name in message
    assert kept(backup) == [("kept", 7.0)]
    with contextlib.closing(sqlite3.connect(existing)) as db:
        assert db.execute("SELECT name, value, note FROM marks").fetchall() == [("kept", 7.0, "migrated")]
        assert not Database(db)["third"].exists()
    one_step_more.clear()
    open_database(existing).close()


def test_an_update_that_fails_at_every_start_fills_no_disk(existing: Path, one_step_more: list[str]) -> None:
    """The copy of what was before the first attempt stays, however often a container is started again."""
    one_step_more.append("fails")
    for number in range(4):
        refused(existing)
        for copy in existing.parent.glob("scrobbled.db.before-*"):  # as if made a day ago each time
            copy.rename(copy.with_name(f"{copy.name[:-14]}2024010{number + 1}000000"))
    copies = sorted(existing.parent.glob("scrobbled.db.before-*"))
    assert [copy.name.split("-")[1] for copy in copies] == ["second_for_a_test", "third_for_a_test"]
    assert kept(copies[0]) == [("kept", 7.0)]
    with contextlib.closing(sqlite3.connect(copies[0])) as db:
        assert not [row for row in db.execute("PRAGMA table_info(marks)") if row[1] == "note"]


def test_the_copies_of_the_last_updates_are_kept_and_nothing_else_is_touched(
    existing: Path, one_step_more: list[str]
) -> None:
    steps = migrations.names[:5]
    for day, step in enumerate(steps, start=1):
        existing.with_name(f"scrobbled.db.before-{step}-2024010{day}000000").touch()
    others = [f"scrobbled.db.{name}-20200101000000" for name in ("before-restore", "before-reset", "before-my-own")]
    for name in others:
        existing.with_name(name).touch()
    open_database(existing).close()
    left = {copy.name for copy in existing.parent.glob("scrobbled.db.before-*")}
    assert left > set(others)
    ours = sorted(left - set(others))
    assert len(ours) == 3
    assert {name.split("-")[1] for name in ours} == {"second_for_a_test", *steps[3:5]}


def test_a_copy_that_does_not_fit_is_not_left_behind(
    existing: Path, one_step_more: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def small(database: Any, *given: Any, **more: Any) -> sqlite3.Connection:
        connection = connect(database, *given, **more)
        if "before-" in str(database):
            connection.execute("PRAGMA max_page_count = 2")
        return connection

    monkeypatch.setattr(opening.sqlite3, "connect", small)
    assert "Check free space" in refused(existing)
    monkeypatch.undo()
    assert list(existing.parent.glob("scrobbled.db.before-*")) == []


def test_no_migration_no_backup(existing: Path) -> None:
    open_database(existing).close()
    assert list(existing.parent.glob("*.before-*")) == []


# -- the lock ------------------------------------------------------------------------------------------------------


def test_a_second_instance_is_refused_and_told_who_is_first(path: Path) -> None:
    with contextlib.closing(lock(path)):
        with pytest.raises(StoreError, match=rf"process {os.getpid()}\) is using"):
            lock(path)
        with contextlib.closing(lock(path.with_name("other.db"))):
            pass
    lock(path).close()


@pytest.mark.parametrize("there", [False, True])
def test_the_lock_is_nobody_elses_business_either(path: Path, there: bool) -> None:
    kept = path.with_name(path.name + ".lock")
    if there:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.touch()
        kept.chmod(0o644)
    lock(path).close()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_the_lock_ends_with_its_process(path: Path) -> None:
    script = (
        "import sys, pathlib; from scrobbled.store.file.opening import lock; kept = lock(pathlib.Path(sys.argv[1]));"
        "print('locked', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdin is not None
    assert other.stdout.readline() == "locked\n"
    with pytest.raises(StoreError, match=rf"process {other.pid}\)"):
        lock(path)
    other.kill()
    other.wait(10)
    other.stdout.close()
    other.stdin.close()
    lock(path).close()


def test_commands_open_the_database_beside_a_running_service(existing: Path) -> None:
    with contextlib.closing(lock(existing)), contextlib.closing(open_database(existing)) as db:
        assert db.execute("SELECT value FROM marks").fetchone() == (7.0,)
