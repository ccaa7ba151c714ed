"""Floods: plays of one account that were stopped together, until somebody decides. Times are Unix seconds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from msgspec import Struct

from scrobbled.core.sending.safety import HOUR, MARKS_APART, MARKS_WITHIN, Trip
from scrobbled.core.standing import AccountKey
from scrobbled.core.words.outcomes import Hold
from scrobbled.store.queue import arrivals
from scrobbled.store.queue.arrivals import SLOT, FloodPlay
from scrobbled.store.queue.words import SAYS, said

SAMPLES = 3
_STOPPABLE = "state = 'queued' AND phase = '' AND attempts = 0 AND approved = 0 AND witnessed = 0"


class Flood(Struct, frozen=True):
    """Plays of one account that were held together. ``plays`` came in all, ``held`` of them wait for a decision."""

    id: int
    viewer: str
    tracker: str
    rule: str
    reason: str
    began_at: float
    opened_at: float
    last_at: float
    plays: int
    held: int
    closed_at: float | None
    told_at: float | None
    decided_at: float | None


class Contents(Struct, frozen=True):
    """What is held of a flood: its sources, and a few titles of it."""

    sources: tuple[str, ...]
    samples: tuple[str, ...]


def join(db: sqlite3.Connection, account: AccountKey, trip: Trip, at: float) -> int:
    """The flood that a held play belongs to: the one that goes on, or a new one. Returns its id.

    One is over when nothing of it is held any more, or when nothing came for an hour.
    """
    flood = _going_on(db, account, trip, at)
    if flood is None:
        return _open(db, account, trip, at)
    db.execute(
        "UPDATE floods SET plays = plays + 1, reason = ?, last_at = max(last_at, ?) WHERE id = ?",
        (trip.reason, at, flood),
    )
    return flood


def stop_waiting(db: sqlite3.Connection, account: AccountKey, flood: int, trip: Trip, at: float) -> int:
    """Hold what came within the hour before and was not begun; returns how many.

    Left alone is what was seen as it happened, and what a person approved.
    """
    rows = db.execute(
        f"SELECT id, received_at FROM outbox WHERE viewer = ? AND tracker = ? AND {_STOPPABLE} "
        "AND received_at > ? AND received_at <= ?",
        (*account, at - HOUR.total_seconds(), at),
    ).fetchall()
    db.executemany(
        f"UPDATE outbox SET state = 'held', hold = ?, flood = ?, {SAYS} WHERE id = ?",
        [(trip.rule, flood, *said(trip.coded), row[0]) for row in rows],
    )
    arrivals.mark(db, account, [row[1] for row in rows], held=True)
    arrivals.remember(db, account, -len(rows))
    return len(rows)


_MARKED = (
    "outbox INDEXED BY outbox_marked WHERE viewer = ? AND tracker = ? AND marked = 1 AND received_at > ? "
    "AND received_at <= ? AND (watched_at IS NULL OR ? IS NULL OR abs(watched_at - ?) <= ?)"
)


def marked_together(db: sqlite3.Connection, account: AccountKey, arrival: FloodPlay) -> int:
    """How many marks came with this one that say the same time, itself not counted."""
    return int(db.execute(f"SELECT count(*) FROM {_MARKED}", _marked_with(account, arrival)).fetchone()[0])


def stop_marks(db: sqlite3.Connection, account: AccountKey, flood: int, trip: Trip, arrival: FloodPlay) -> None:
    """Hold the marks that came with this one and were not begun, so that all of them are decided on together.

    Those without a date are held anyway; they join.
    """
    rows = db.execute(
        f"SELECT id, received_at, state FROM {_MARKED} AND flood IS NULL AND (state = 'held' OR ({_STOPPABLE}))",
        _marked_with(account, arrival),
    ).fetchall()
    waiting = [row for row in rows if row[2] == "queued"]
    joined = [(flood, *said(trip.coded), row[0]) for row in rows]
    db.executemany(f"UPDATE outbox SET flood = ?, {SAYS} WHERE id = ?", joined)
    db.executemany("UPDATE outbox SET state = 'held', hold = ? WHERE id = ?", [(trip.rule, row[0]) for row in waiting])
    arrivals.mark(db, account, [row[1] for row in waiting], held=True)
    arrivals.remember(db, account, -len(waiting))
    db.execute(f"UPDATE floods SET plays = max(plays, 1 + {_HELD}) WHERE id = ?", (flood,))


def _marked_with(account: AccountKey, arrival: FloodPlay) -> tuple[object, ...]:
    minute = None if arrival.minute is None else 60 * arrival.minute
    since = arrival.at - MARKS_WITHIN.total_seconds()
    return *account, since, arrival.at, minute, minute, MARKS_APART.total_seconds()


def hold(db: sqlite3.Connection, change: int, account: AccountKey, trip: Trip, at: float) -> bool:
    """Hold one queued change, with others that the same rule holds; false where it no longer waits to be sent.

    What a person approved meanwhile goes.
    """
    held = db.execute(
        f"UPDATE outbox SET state = 'held', hold = ?, {SAYS}, next_at = 0 "
        "WHERE id = ? AND state IN ('queued', 'parked') AND phase = '' AND NOT approved",
        (trip.rule, *said(trip.coded), change),
    ).rowcount
    if not held:
        return False
    db.execute("UPDATE outbox SET flood = ? WHERE id = ?", (join(db, account, trip, at), change))
    received = db.execute("SELECT received_at FROM outbox WHERE id = ?", (change,)).fetchone()[0]
    arrivals.mark(db, account, [received], held=True)
    arrivals.remember(db, account, -1)
    return True


def approved(db: sqlite3.Connection, received: Iterable[tuple[str, str, float]]) -> None:
    """Held changes, each (viewer, tracker, received), go to their trackers after all: they are history too."""
    accounts: dict[AccountKey, list[float]] = {}
    for viewer, tracker, at in received:
        accounts.setdefault((viewer, tracker), []).append(at)
    for account, times in accounts.items():
        arrivals.mark(db, account, times, held=False)
        arrivals.remember(db, account, len(times))


def held_changes(db: sqlite3.Connection, flood: int) -> list[int]:
    """Ids of what is held of a flood, oldest first."""
    rows = db.execute("SELECT id FROM outbox WHERE flood = ? AND state = 'held' ORDER BY id", (flood,))
    return [row[0] for row in rows]


def held_by_reason(db: sqlite3.Connection) -> dict[str, int]:
    """How many changes are held for each ``Hold``; every one is named."""
    counts = {str(hold): 0 for hold in Hold}
    for waiting in ("outbox", "amendments"):
        for hold, count in db.execute(f"SELECT hold, count(*) FROM {waiting} WHERE state = 'held' GROUP BY hold"):
            counts[hold] = counts.get(hold, 0) + count
    return counts


_HELD = "(SELECT count(*) FROM outbox WHERE outbox.flood = floods.id AND outbox.state = 'held')"
_FLOOD = (
    "SELECT id, viewer, tracker, rule, reason, began_at, opened_at, last_at, plays, "
    f"{_HELD}, closed_at, told_at, decided_at FROM floods"
)


def undecided(db: sqlite3.Connection) -> list[Flood]:
    """Floods that somebody has to be told of, or has been told of and did not decide yet; oldest first."""
    return [Flood(*row) for row in db.execute(f"{_FLOOD} WHERE decided_at IS NULL ORDER BY id")]


def held(db: sqlite3.Connection) -> list[Flood]:
    """Floods of which something is held, oldest first."""
    return [flood for flood in undecided(db) if flood.held]


def flood(db: sqlite3.Connection, id_: int) -> Flood | None:
    row = db.execute(f"{_FLOOD} WHERE id = ?", (id_,)).fetchone()
    return Flood(*row) if row else None


def contents(db: sqlite3.Connection, id_: int) -> Contents:
    held = "FROM outbox JOIN plays ON plays.id = outbox.play_id WHERE outbox.flood = ? AND outbox.state = 'held'"
    sources = db.execute(f"SELECT DISTINCT plays.source {held} ORDER BY 1", (id_,)).fetchall()
    samples = db.execute(
        f"SELECT plays.label {held} GROUP BY plays.label ORDER BY min(outbox.id) LIMIT {SAMPLES}", (id_,)
    ).fetchall()
    return Contents(tuple(row[0] for row in sources), tuple(row[0] for row in samples))


def told(db: sqlite3.Connection, ids: Sequence[int], now: float) -> None:
    db.executemany("UPDATE floods SET told_at = ? WHERE id = ?", [(now, id_) for id_ in ids])


def decided(db: sqlite3.Connection, ids: Sequence[int], now: float) -> None:
    """Nothing of these is held any more, so what comes next is another flood."""
    db.executemany(
        "UPDATE floods SET decided_at = ?, closed_at = coalesce(closed_at, ?) WHERE id = ?",
        [(now, now, id_) for id_ in ids],
    )


def _going_on(db: sqlite3.Connection, account: AccountKey, trip: Trip, at: float) -> int | None:
    """Plays of one title are another matter than plays of all sorts, and are decided apart."""
    row = db.execute(
        "SELECT id, last_at FROM floods WHERE viewer = ? AND tracker = ? AND (rule = ?) = ? AND closed_at IS NULL "
        "AND decided_at IS NULL ORDER BY id DESC LIMIT 1",
        (*account, Hold.PLAYS_PER_ITEM, trip.rule is Hold.PLAYS_PER_ITEM),
    ).fetchone()
    if row is None:
        return None
    if abs(at - row[1]) <= HOUR.total_seconds() and _holds(db, row[0]):
        return int(row[0])
    db.execute("UPDATE floods SET closed_at = ? WHERE id = ?", (at, row[0]))
    return None


def _holds(db: sqlite3.Connection, flood: int) -> bool:
    return bool(db.execute("SELECT 1 FROM outbox WHERE flood = ? AND state = 'held' LIMIT 1", (flood,)).fetchone())


def _open(db: sqlite3.Connection, account: AccountKey, trip: Trip, at: float) -> int:
    """It began with the first play that the rule counted. Those seen as they happened were no part of it."""
    slot, window = int(at) // SLOT, int(trip.window.total_seconds()) // SLOT
    first, plays = db.execute(
        "SELECT min(slot), sum(plays - seen) FROM arrivals WHERE viewer = ? AND tracker = ? AND slot BETWEEN ? AND ? "
        "AND plays > seen",
        (*account, slot - window, slot),
    ).fetchone()
    if trip.rule is Hold.PLAYS_PER_ITEM:
        first, plays = slot, 1
    began = min(at, float((first if first is not None else slot) * SLOT))
    return int(
        db.execute(
            "INSERT INTO floods (viewer, tracker, rule, reason, began_at, opened_at, last_at, plays) "
            "VALUES (?,?,?,?,?,?,?,?)",
            (*account, trip.rule, trip.reason, began, at, at, max(1, plays or 0)),
        ).lastrowid
        or 0
    )
