"""Delivery that a person paused: everything waits in the queue, and goes on by itself when the time is over."""

from __future__ import annotations

import math
import sqlite3

from msgspec import Struct

ALL = ""
"""What is paused: all delivery."""


class Pause(Struct, frozen=True):
    """Unix seconds. Without ``until`` it lasts until somebody ends it."""

    since: float
    until: float | None


def begin(db: sqlite3.Connection, now: float, until: float | None) -> Pause:
    """From now on. One that is in force already goes on, to another end."""
    found = in_force(db, now)
    pause = Pause(found.since if found else now, until)
    db.execute("INSERT OR REPLACE INTO pauses (what, since, until) VALUES (?,?,?)", (ALL, pause.since, until))
    return pause


def end(db: sqlite3.Connection) -> None:
    """Deliver again."""
    db.execute("DELETE FROM pauses WHERE what = ?", (ALL,))


def in_force(db: sqlite3.Connection, now: float) -> Pause | None:
    """The pause at this moment."""
    row = db.execute("SELECT since, until FROM pauses WHERE what = ? AND (until IS NULL OR until > ?)", (ALL, now))
    found = row.fetchone()
    return Pause(*found) if found else None


def left(db: sqlite3.Connection, now: float) -> float:
    """Seconds until delivery goes on: 0 where it is not paused, endless where nobody said for how long."""
    found = in_force(db, now)
    return 0.0 if found is None else math.inf if found.until is None else found.until - now
