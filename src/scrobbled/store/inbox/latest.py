"""The newest webhook of a source, for whoever waits for the first one."""

from __future__ import annotations

import sqlite3

from scrobbled.core.sessions import TEST_EVENT

LATELY = 5_000
"""How many webhooks, of all sources, are looked through: a source that is silent for long must not cost more."""


def newest(db: sqlite3.Connection, source: str) -> int | None:
    """Its id; ``None`` where none came lately."""
    row = db.execute(
        "SELECT id FROM events WHERE id > (SELECT max(id) FROM events) - ? AND source = ? ORDER BY id DESC LIMIT 1",
        (LATELY, source),
    ).fetchone()
    return None if row is None else int(row[0])


def only_tests(db: sqlite3.Connection, source: str) -> bool:
    """Whether all that came lately were test events of our own."""
    row = db.execute(
        "SELECT 1 FROM events WHERE id > (SELECT max(id) FROM events) - ? AND source = ? "
        "AND coalesce(reason, '') NOT LIKE ? LIMIT 1",
        (LATELY, source, f"{TEST_EVENT}%"),
    ).fetchone()
    return row is None
