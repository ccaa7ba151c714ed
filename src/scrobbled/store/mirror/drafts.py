"""Listings that a reading has begun, page by page, until all of it is stored.

A page is whatever the tracker makes of it; number 0 is what it wrote down when it began.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from scrobbled.core.standing import AccountKey

LASTS = 24 * 3_600.0
"""Seconds after which nothing of a reading is believed any more."""
HEAD = 0


def begin(db: sqlite3.Connection, account: AccountKey, listing: str, head: bytes, now: float) -> None:
    """Anew; what was kept of this listing, and whatever is too old, is forgotten."""
    drop(db, account, listing)
    db.execute("DELETE FROM drafts WHERE at < ?", (now - LASTS,))
    keep(db, account, listing, [(HEAD, head)], now)


def keep(
    db: sqlite3.Connection, account: AccountKey, listing: str, pages: Iterable[tuple[int, bytes]], now: float
) -> None:
    """By their numbers."""
    rows = [(*account, listing, number, now, told) for number, told in pages]
    db.executemany("INSERT OR REPLACE INTO drafts VALUES (?,?,?,?,?,?)", rows)


def renew(db: sqlite3.Connection, account: AccountKey, listing: str, head: bytes, first: bytes) -> None:
    """It begins with something else; how old it is stays."""
    query = "UPDATE drafts SET told = ? WHERE viewer = ? AND tracker = ? AND listing = ? AND number = ?"
    db.executemany(query, [(head, *account, listing, HEAD), (first, *account, listing, 1)])


def drop(db: sqlite3.Connection, account: AccountKey, listing: str) -> None:
    db.execute("DELETE FROM drafts WHERE viewer = ? AND tracker = ? AND listing = ?", (*account, listing))


def head(db: sqlite3.Connection, account: AccountKey, listing: str, now: float) -> bytes | None:
    """What it began with; ``None`` for a listing that nobody has begun, or too long ago."""
    row = db.execute(
        "SELECT told FROM drafts WHERE viewer = ? AND tracker = ? AND listing = ? AND number = ? "
        "AND at BETWEEN ? AND ?",
        (*account, listing, HEAD, now - LASTS, now),
    ).fetchone()
    return None if row is None else bytes(row[0])


def page(db: sqlite3.Connection, account: AccountKey, listing: str, after: int) -> tuple[int, bytes] | None:
    """The next one that is kept, and its number."""
    row = db.execute(
        "SELECT number, told FROM drafts WHERE viewer = ? AND tracker = ? AND listing = ? AND number > ? "
        "ORDER BY number LIMIT 1",
        (*account, listing, after),
    ).fetchone()
    return None if row is None else (int(row[0]), bytes(row[1]))


def forget(db: sqlite3.Connection, account: AccountKey) -> None:
    """All of the account."""
    db.execute("DELETE FROM drafts WHERE viewer = ? AND tracker = ?", account)
