"""What arrives for each account, counted: by this the flood breaker judges. Times are Unix seconds."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from scrobbled.core.sending.safety import HOUR, MINUTE, FloodFacts
from scrobbled.core.standing import AccountKey

SLOT = 20
"""Seconds that are counted together: an hour is then 180 rows at most, however many plays come.

So what is said to be within a minute may be within a third more, never within less.
"""
DAY = 86_400.0
_HISTORY = "coalesce((SELECT plays FROM histories WHERE viewer = ? AND tracker = ?), 0)"


class FloodPlay(Struct, frozen=True):
    """One play as the flood breaker sees it. ``minute`` is that of watching, ``None`` where nobody knows."""

    at: float
    afterwards: bool
    witnessed: bool
    minute: int | None
    marked: bool = False
    """Somebody marked it by hand."""


def count(db: sqlite3.Connection, account: AccountKey, arrival: FloodPlay) -> FloodFacts:
    """Count one more play for ``account`` and tell what came with it."""
    slot = int(arrival.at) // SLOT
    flags = (int(arrival.afterwards), int(arrival.witnessed))
    db.execute(
        "INSERT INTO arrivals (viewer, tracker, slot, plays, afterwards, seen) VALUES (?,?,?,1,?,?) ON CONFLICT DO "
        "UPDATE SET plays = plays + 1, afterwards = afterwards + excluded.afterwards, seen = seen + excluded.seen",
        (*account, slot, *flags),
    )
    minute = slot - int(MINUTE.total_seconds()) // SLOT
    in_hour, in_minute, afterwards, seen, held, history = db.execute(
        "SELECT sum(plays), sum(plays) FILTER (WHERE slot >= ?), sum(afterwards) FILTER (WHERE slot >= ?), sum(seen), "
        f"sum(held), {_HISTORY} FROM arrivals WHERE viewer = ? AND tracker = ? AND slot BETWEEN ? AND ?",
        (minute, minute, *account, *account, slot - int(HOUR.total_seconds()) // SLOT, slot),
    ).fetchone()
    return FloodFacts(
        in_hour=in_hour,
        in_minute=in_minute,
        afterwards_in_minute=afterwards,
        same_minute=_same_minute(db, account, arrival),
        seen_in_hour=seen,
        history=max(0, history - (in_hour - 1 - held)),
        afterwards=arrival.afterwards,
        witnessed=arrival.witnessed,
    )


def let_through(db: sqlite3.Connection, account: AccountKey) -> None:
    """The play counted last goes to its tracker: it is part of the history from now on."""
    remember(db, account, 1)


def kept_back(db: sqlite3.Connection, account: AccountKey, at: float) -> None:
    """The play counted last, which came at ``at``, is held."""
    mark(db, account, [at], held=True)


def forget(db: sqlite3.Connection, now: float, limit: int) -> int:
    """Drop up to ``limit`` counts older than a day, or from the future, where the clock was wrong."""
    slots = db.execute(
        "DELETE FROM arrivals WHERE (viewer, tracker, slot) IN (SELECT viewer, tracker, slot FROM arrivals "
        "WHERE slot < ? OR slot > ? LIMIT ?)",
        (int(now - DAY) // SLOT, int(now + DAY) // SLOT, limit),
    ).rowcount
    minutes = db.execute(
        "DELETE FROM told_minutes WHERE (viewer, tracker, minute) IN (SELECT viewer, tracker, minute "
        "FROM told_minutes WHERE last_at < ? OR last_at > ? LIMIT ?)",
        (now - DAY, now + DAY, limit),
    ).rowcount
    return slots + minutes


def _same_minute(db: sqlite3.Connection, account: AccountKey, arrival: FloodPlay) -> int:
    if not arrival.afterwards or arrival.minute is None:
        return 0
    db.execute(
        "INSERT INTO told_minutes (viewer, tracker, minute, plays, last_at) VALUES (?,?,?,1,?) "
        "ON CONFLICT DO UPDATE SET plays = plays + 1, last_at = excluded.last_at",
        (*account, arrival.minute, arrival.at),
    )
    row = db.execute(
        "SELECT plays FROM told_minutes WHERE viewer = ? AND tracker = ? AND minute = ?", (*account, arrival.minute)
    ).fetchone()
    return int(row[0])


def remember(db: sqlite3.Connection, account: AccountKey, plays: int) -> None:
    db.execute(
        "INSERT INTO histories (viewer, tracker, plays) VALUES (?,?,max(0,?)) "
        "ON CONFLICT DO UPDATE SET plays = max(0, plays + ?)",
        (*account, plays, plays),
    )


def mark(db: sqlite3.Connection, account: AccountKey, times: Iterable[float], *, held: bool) -> None:
    """Keep the count of held ones right; slots that are no longer kept do not come back."""
    step = 1 if held else -1
    db.executemany(
        "UPDATE arrivals SET held = min(plays, max(0, held + ?)) WHERE viewer = ? AND tracker = ? AND slot = ?",
        [(step * n, *account, slot) for slot, n in Counter(int(at) // SLOT for at in times).items()],
    )
