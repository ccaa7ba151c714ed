"""Accounts that a person said belong to no viewer."""

from __future__ import annotations

import sqlite3

_GUEST = "guest:"


def listed(db: sqlite3.Connection) -> set[tuple[str, str]]:
    """Accounts, each source and name, that a person said belong to no viewer."""
    rows = db.execute("SELECT name FROM marks WHERE name >= ? AND name < ?", (_GUEST, f"{_GUEST}\U0010ffff"))
    parts = (row[0].removeprefix(_GUEST).partition("/") for row in rows)
    return {(source, account) for source, _, account in parts}


def add(db: sqlite3.Connection, source: str, account: str, now: float) -> None:
    """Nobody is asked about this account any more. It can be claimed all the same."""
    db.execute("INSERT OR REPLACE INTO marks (name, value) VALUES (?,?)", (f"{_GUEST}{source}/{account}", now))


def forget(db: sqlite3.Connection) -> None:
    """Ask about all of them again."""
    db.execute("DELETE FROM marks WHERE name >= ? AND name < ?", (_GUEST, f"{_GUEST}\U0010ffff"))
