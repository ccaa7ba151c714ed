"""A throwaway copy of what reconciling needs, so that a dry run changes nothing."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from scrobbled.store.file.beside import beside, portions
from scrobbled.store.file.database import Store
from scrobbled.store.file.migrations import names

TABLES = (
    *("tokens", "accounts", "cache", "marks", "corrections", "works", "work_keys", "plays", "outbox", "amendments"),
    *("readings", "drafts", "records", "valued", "subjects", "placements", "links", "agreed", "pairs", "runs"),
)
"""Without the webhooks, which are most of a database, and what belongs to them."""


@contextlib.asynccontextmanager
async def copied(path: Path) -> AsyncIterator[Store]:
    """A database of its own with what stands in ``path``, which is only read; an empty one where there is no file.

    Raises ``StoreError`` for a file that cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="scrobbled-") as folder:
        store = Store(Path(folder) / "scratch.db")
        try:
            await store.read(lambda db: _copy(db, path))  # in a transaction of its own
            yield store
        finally:
            await store.aclose()


def _copy(db: sqlite3.Connection, path: Path) -> None:
    if not path.exists():
        return
    with beside(path) as original:
        db.execute("BEGIN")
        for name in TABLES:
            _copy_table(original, db, name)
        names.fill(db)
        db.execute("COMMIT")


def _copy_table(original: sqlite3.Connection, db: sqlite3.Connection, name: str) -> None:
    """Columns that both have: the file may be of an earlier version."""
    theirs, mine = ([row[1] for row in one.execute(f"PRAGMA table_info({name})")] for one in (original, db))
    columns = [column for column in mine if column in theirs]
    if not columns:
        return
    marks = ", ".join("?" * len(columns))
    for rows in portions(original, name, columns):
        db.executemany(f"INSERT OR IGNORE INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows)
