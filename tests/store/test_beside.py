"""Several processes at one database: each waits for the other's lock, and nobody holds one for long."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scrobbled.core.errors import StoreError
from scrobbled.store import Store
from scrobbled.store.accounts.sign_ins import mark, set_mark
from scrobbled.store.file import beside as module
from scrobbled.store.file.beside import beside, portions
from scrobbled.store.file.opening import open_database
from scrobbled.store.keeping import scratch

pytestmark = pytest.mark.anyio

PATIENCE = 20_000
"""Milliseconds. Where forty processes wanted two cores, one of them held a lock for more than five seconds."""
HOLDER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN " + sys.argv[2])
db.execute("SELECT count(*) FROM marks").fetchone()
print("held", flush=True)
sys.stdin.read()
db.execute("ROLLBACK")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "it's 100 % mine?.db"
    open_database(path).close()
    return path


@contextlib.contextmanager
def held(path: Path, how: str) -> Iterator[subprocess.Popen[str]]:
    """By another process, until its input ends. ``DEFERRED`` reads, which a commit has to wait for."""
    words = [sys.executable, "-c", HOLDER, str(path), how]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()


def waits_for(db: sqlite3.Connection) -> int:
    """Milliseconds."""
    return int(db.execute("PRAGMA busy_timeout").fetchone()[0])


@pytest.mark.parametrize("how", ["DEFERRED", "IMMEDIATE", "EXCLUSIVE"])
async def test_what_another_process_keeps_from_being_stored_is_stored_when_it_lets_go(path: Path, how: str) -> None:
    store = Store(path)
    with held(path, how) as process:
        write = asyncio.create_task(store.write(lambda db: set_mark(db, "one", 1.0)))
        await asyncio.sleep(0)
        let_go(process)
        await write
    assert await store.read(lambda db: (mark(db, "one"), waits_for(db))) == (1.0, PATIENCE)
    await store.aclose()


async def test_a_lock_that_lasts_is_waited_for_shorter_until_it_has_gone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbled.store.file.opening.BUSY_SECONDS", 0.0)
    store = Store(path)
    monkeypatch.setattr("scrobbled.store.file.opening.BUSY_SECONDS", PATIENCE / 1_000)
    with held(path, "IMMEDIATE") as process:
        with pytest.raises(StoreError):
            await store.write(lambda db: set_mark(db, "one", 1.0))
        assert await store.read(waits_for) == 5_000, "reads do not wait behind one write for long again and again"
        let_go(process)
        await store.write(lambda db: set_mark(db, "one", 1.0))
    assert await store.read(waits_for) == PATIENCE
    await store.aclose()


def test_who_reads_beside_the_service_waits_as_long(path: Path) -> None:
    with beside(path) as db:
        assert waits_for(db) == PATIENCE
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            set_mark(db, "one", 1.0)


def test_what_sqlite_refuses_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbled.store.file.opening.BUSY_SECONDS", 0.0)
    with (
        held(path, "EXCLUSIVE") as process,
        pytest.raises(StoreError, match="cannot be read: database is locked"),
        beside(path) as db,
    ):
        mark(db, "one")
    let_go(process)


def test_all_rows_come_in_portions_between_which_others_commit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PORTION", 2)
    with closing(sqlite3.connect(path, timeout=0.0, isolation_level=None)) as writer, beside(path) as db:
        for name in "edcba":
            set_mark(writer, name, 1.0)
        found = list[tuple[str, ...]]()
        for rows in portions(db, "marks", ["name"]):
            assert len(rows) <= 2
            set_mark(writer, "0", 2.0)
            found += rows
    assert sorted(found) == [(name,) for name in "abcde"]


@pytest.mark.parametrize("table", ["drafts", "records"])
def test_so_do_those_of_a_table_with_several_columns_for_its_key_or_none(
    path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr(module, "PORTION", 2)
    with closing(open_database(path)) as db:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        marks = ", ".join("?" * len(columns))
        rows = [tuple(f"{(n * 7) % 5}{column}" for column in columns) for n in range(5)]
        db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        came = [tuple(map(str, row)) for some in portions(db, table, columns) for row in some]
    assert sorted(came) == sorted(rows)


async def test_a_preview_starts_from_all_that_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PORTION", 2)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        for number in range(5):
            set_mark(writer, f"m{number}", number)
    async with scratch.copied(path) as store:
        kept = await store.read(lambda db: db.execute("SELECT name, value FROM marks ORDER BY name").fetchall())
    assert [row for row in kept if row[0].startswith("m")] == [(f"m{n}", float(n)) for n in range(5)]
