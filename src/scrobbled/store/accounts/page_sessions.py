"""Sessions of the page, so that a restart signs nobody out."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

SessionRow = tuple[bytes, float, float]
"""The hash of a session's id, when it began and when it was last used, in Unix seconds."""


def kept(db: sqlite3.Connection) -> list[SessionRow]:
    """Those used least recently first."""
    return db.execute("SELECT key, began, used FROM page_sessions ORDER BY used, key").fetchall()


def keep(db: sqlite3.Connection, rows: Sequence[SessionRow]) -> None:
    """These and no others."""
    db.execute("DELETE FROM page_sessions")
    db.executemany("INSERT INTO page_sessions VALUES (?, ?, ?)", rows)
