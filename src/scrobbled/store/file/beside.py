"""Reading the database beside whoever writes it: the writer must hardly wait for us, and we wait for the writer."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scrobbled.core.errors import StoreError, said
from scrobbled.store.file import opening

PORTION = 2_000
"""Rows that are read in one go: some milliseconds in which nobody can commit, with a rollback journal."""


@contextlib.contextmanager
def beside(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for reading, for the calling thread. What SQLite refuses in the block is raised as ``StoreError``.

    With a rollback journal a commit waits until the last row of a query is fetched: fetch at once, or in portions.
    """
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        reader = sqlite3.connect(address, uri=True, timeout=opening.BUSY_SECONDS, isolation_level=None)
        with contextlib.closing(reader) as db:
            yield db
    except sqlite3.Error as error:
        raise StoreError(f"the database cannot be read: {said(error)}. scrobbled doctor says more.") from None


def portions(db: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
    """All rows of a table. Between two portions others can commit, and what they do beyond it is seen."""
    key = _primary_key(db, table)
    order, marks, after = ", ".join(key), ", ".join("?" * len(key)), tuple[Any, ...]()
    while True:
        beyond = f"WHERE ({order}) > ({marks})" if after else ""
        asked = f"SELECT {order}, {', '.join(columns)} FROM {table} {beyond} ORDER BY {order} LIMIT {PORTION}"
        rows = db.execute(asked, after).fetchall()
        if not rows:
            return
        after = rows[-1][: len(key)]
        yield [row[len(key) :] for row in rows]


def _primary_key(db: sqlite3.Connection, table: str) -> list[str]:
    places = {row[5]: str(row[1]) for row in db.execute(f"PRAGMA table_info({table})") if row[5]}
    return [places[place] for place in sorted(places)] or ["rowid"]
