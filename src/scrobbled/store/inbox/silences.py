"""Viewings that go on, and from which nothing is heard any more. Times are Unix seconds."""

from __future__ import annotations

import sqlite3

from msgspec import Struct

SLACK = 3_600.0
"""Seconds by which the clock may be put right without anything being forgotten."""


class Silence(Struct, frozen=True):
    """A session (``key``) whose end should have been told at ``silent_at``; ``event_id`` is its last event."""

    key: str
    event_id: int
    heard_at: float
    silent_at: float


def over(db: sqlite3.Connection, before: float, limit: int) -> list[Silence]:
    """Those whose end should have been told before that, the oldest first."""
    rows = db.execute(
        "SELECT key, event_id, updated_at, silent_at FROM sessions WHERE silent_at < ? ORDER BY silent_at LIMIT ?",
        (before, limit),
    )
    return [Silence(*row) for row in rows]


def end(db: sqlite3.Connection, silence: Silence) -> bool:
    """It is not looked at again; false where something was heard meanwhile, so that it goes on."""
    ended = db.execute(
        "UPDATE sessions SET silent_at = NULL WHERE key = ? AND event_id = ? AND silent_at = ?",
        (silence.key, silence.event_id, silence.silent_at),
    ).rowcount
    return bool(ended)


def goes_on(db: sqlite3.Connection, key: str) -> bool:
    """Whether the end of that session has still to be told, or to be given up."""
    return db.execute("SELECT 1 FROM sessions WHERE key = ? AND silent_at IS NOT NULL", (key,)).fetchone() is not None


def going_on(db: sqlite3.Connection, now: float, limit: int) -> list[tuple[str, int, float]]:
    """Sessions whose end is still to come: key, last event and when that was heard, the latest first.

    What was heard later than now was heard by a clock that was put back, and is over.
    """
    return db.execute(
        "SELECT key, event_id, updated_at FROM sessions WHERE silent_at >= ? AND updated_at < ? "
        "ORDER BY updated_at DESC LIMIT ?",
        (now, now + SLACK, limit),
    ).fetchall()
