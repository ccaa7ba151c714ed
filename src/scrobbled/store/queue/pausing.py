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


def of_pair(viewer: str, names: str) -> str:
    """What is paused: the comparisons of a pair that nobody asks for. ``names`` is like ``trakt,serializd``."""
    return f"pair {viewer}/{names}"


def begin(db: sqlite3.Connection, now: float, until: float | None, what: str = ALL) -> Pause:
    """From now on. One that is in force already goes on, to another end."""
    found = in_force(db, now, what)
    pause = Pause(found.since if found else now, until)
    db.execute("INSERT OR REPLACE INTO pauses (what, since, until) VALUES (?,?,?)", (what, pause.since, until))
    return pause


def end(db: sqlite3.Connection, what: str = ALL) -> None:
    """Go on with it."""
    db.execute("DELETE FROM pauses WHERE what = ?", (what,))


def in_force(db: sqlite3.Connection, now: float, what: str = ALL) -> Pause | None:
    """The pause at this moment."""
    row = db.execute("SELECT since, until FROM pauses WHERE what = ? AND (until IS NULL OR until > ?)", (what, now))
    found = row.fetchone()
    return Pause(*found) if found else None


def left(db: sqlite3.Connection, now: float) -> float:
    """Seconds until delivery goes on: 0 where it is not paused, endless where nobody said for how long."""
    found = in_force(db, now)
    return 0.0 if found is None else math.inf if found.until is None else found.until - now
