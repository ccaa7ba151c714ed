"""The database file itself: how it is written, how large it is, and whether it is whole."""

from __future__ import annotations

import sqlite3
import time
from typing import NamedTuple

STEPS = 20_000
"""SQLite's own, between two looks at the clock."""


class Pages(NamedTuple):
    """``free`` ones are reused before the file grows; ``size`` of one is in bytes."""

    all: int
    free: int
    size: int


def journal(db: sqlite3.Connection) -> str:
    """``wal``, ``delete`` and the like, in lower case."""
    return str(db.execute("PRAGMA journal_mode").fetchone()[0]).lower()


def pages(db: sqlite3.Connection) -> Pages:
    names = ("page_count", "freelist_count", "page_size")
    return Pages(*(int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in names))


def damage(db: sqlite3.Connection, seconds: float) -> str | None:
    """What is wrong, empty where nothing is; ``None`` where not all was read in time: a large file takes minutes."""
    ends = time.monotonic() + seconds
    db.set_progress_handler(lambda: time.monotonic() > ends, STEPS)
    try:
        said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if "interrupt" not in str(error):
            raise
        return None
    finally:
        db.set_progress_handler(None, 0)
    return "" if said == "ok" else said
