"""How far the lists of media servers have been read, what was taken from them, and how asking goes."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable

from msgspec import Struct


class Stream(Struct, frozen=True):
    """One list of one server. ``server`` is its own id: another server at the same address has lists of its own."""

    source: str
    server: str
    name: str

    @property
    def place(self) -> tuple[str, str, str]:
        return self.source, self.server, self.name


class Cursor(Struct, frozen=True):
    """Unix seconds: when a list was read for the first time, and up to when everything in it has been taken."""

    floor: float
    at: float


class ServerState(Struct, frozen=True):
    """How asking a server goes. ``way`` is ``poll`` or ``live``; ``since`` (Unix seconds) is when this began."""

    source: str
    way: str
    state: str
    reason: str
    since: float


def opened(db: sqlite3.Connection, stream: Stream, now: float) -> Cursor:
    """The cursor of a list; one that was never read begins at ``now``."""
    db.execute("INSERT OR IGNORE INTO polls VALUES (?,?,?,?,?)", (*stream.place, now, now))
    row = db.execute(
        "SELECT floor, cursor FROM polls WHERE source = ? AND server = ? AND stream = ?", stream.place
    ).fetchone()
    return Cursor(float(row[0]), float(row[1]))


def move(db: sqlite3.Connection, stream: Stream, to: float, *, forget_before: float) -> None:
    """Everything up to ``to`` has been taken; what lies before ``forget_before`` is never looked at again."""
    db.execute(
        "UPDATE polls SET cursor = max(cursor, ?) WHERE source = ? AND server = ? AND stream = ?", (to, *stream.place)
    )
    db.execute(
        "DELETE FROM polled WHERE source = ? AND server = ? AND stream = ? AND at < ?", (*stream.place, forget_before)
    )


def taken(db: sqlite3.Connection, stream: Stream, keys: Collection[str]) -> frozenset[str]:
    """Those of ``keys`` that were taken already."""
    known = (
        db.execute(
            "SELECT key FROM polled WHERE source = ? AND server = ? AND stream = ? AND key = ?", (*stream.place, key)
        ).fetchone()
        for key in keys
    )
    return frozenset(row[0] for row in known if row)


def take(db: sqlite3.Connection, stream: Stream, rows: Iterable[tuple[str, float]]) -> None:
    """Remember rows, each with the time it is about, in Unix seconds."""
    db.executemany("INSERT OR REPLACE INTO polled VALUES (?,?,?,?,?)", ((*stream.place, *row) for row in rows))


def told_since(db: sqlite3.Connection, session: int, since: float) -> bool:
    """Whether the server has said by itself, after that time, that the item of that session was watched."""
    row = db.execute(
        "SELECT 1 FROM events WHERE session = ? AND kind = 'watched' AND received_at > ? LIMIT 1", (session, since)
    ).fetchone()
    return row is not None


def save_state(db: sqlite3.Connection, told: ServerState) -> None:
    db.execute(
        "INSERT OR REPLACE INTO servers VALUES (?,?,?,?,?)",
        (told.source, told.way, told.state, told.reason, told.since),
    )


def states(db: sqlite3.Connection) -> list[ServerState]:
    """Of every server that was ever asked, as it was last."""
    rows = db.execute("SELECT source, way, state, reason, since FROM servers ORDER BY source, way")
    return [ServerState(*row) for row in rows]
