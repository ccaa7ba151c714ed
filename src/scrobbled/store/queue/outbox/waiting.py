"""Reading the queue: what is due, and when there is something next."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from scrobbled.core.naming.items import Item
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.file.codec import decode_item, instant
from scrobbled.store.queue.words import DONE, IN_DOUBT, IN_FLIGHT, OF_A_CANCELLED_RUN, TO_BE_TAKEN_BACK

NEVER_LATER = 8 * 86_400.0
"""Nothing is put off for longer than a week; what seems to be was put off before the clock was put back."""
BEFORE_ALL = -(2**62)
"""An earlier time than any, in Unix seconds: there are plays from before 1970."""
_TIME_HAS_COME = "(outbox.next_at <= ? OR outbox.next_at > ?)"
_CANCELLED = OF_A_CANCELLED_RUN.format("outbox")
_MAY_BE_SENT = f"outbox.phase = '' AND {_TIME_HAS_COME} AND NOT {TO_BE_TAKEN_BACK} AND NOT {_CANCELLED}"
_TURNS = (
    (PlayOutcome.QUEUED, "AND outbox.run IS NULL"),
    (PlayOutcome.QUEUED, "AND outbox.run IS NOT NULL"),
    (PlayOutcome.PARKED, ""),
)
_COLUMNS = (
    "outbox.id, outbox.play_id, outbox.viewer, outbox.tracker, outbox.state, outbox.phase, outbox.watched_at, "
    "outbox.address_key, outbox.address, outbox.how, outbox.rewatch, outbox.attempts, outbox.misses, "
    "outbox.missed_at, outbox.next_at, outbox.received_at, plays.media, plays.item, plays.duration_ms, "
    "outbox.restored, outbox.approved, outbox.run, outbox.undated"
)


class OutboxChange(Struct, frozen=True):
    """One play on its way to one tracker. Times are Unix seconds except ``watched_at``."""

    id: int
    play_id: int
    viewer: str
    tracker: str
    state: PlayOutcome
    phase: str
    watched_at: datetime | None
    address_key: str | None
    address: dict[str, Any] | None
    how: str
    rewatch: bool
    attempts: int
    misses: int
    """How often a catalogue did not know it, or a read-back did not find it."""
    missed_at: float | None
    """When the last complete read-back of a write in doubt missed it."""
    next_at: float
    received_at: float
    item: Item
    duration: timedelta | None
    restored: bool = False
    """It came out of a backup, and may have been delivered since: it is looked up before it is sent."""
    approved: bool = False
    """A person wants it sent, so that no rule holds it again."""
    run: int | None = None
    """The run of a pair that wants it there."""
    undated: str = ""
    """How it is told that nobody knows when it was, where ``watched_at`` is missing; see ``Addition``."""


def due(db: sqlite3.Connection, viewer: str, tracker: str, now: float, limit: int) -> list[OutboxChange]:
    """Queued changes whose time has come, oldest viewing first; never those in doubt.

    What a run of a pair wants there comes after what was watched just now, and parked ones come last. What is to be
    taken back is not sent.
    """
    found: list[OutboxChange] = []
    for state, whose in _TURNS:
        condition = f"outbox.viewer = ? AND outbox.tracker = ? AND outbox.state = ? {whose} AND {_MAY_BE_SENT}"
        values = (viewer, tracker, state, now, now + NEVER_LATER, limit - len(found))
        found += _select(db, f"{condition} ORDER BY outbox.watched_at, outbox.id LIMIT ?", values)
        if len(found) == limit:
            break
    return found


def coming(
    db: sqlite3.Connection, viewer: str, tracker: str, now: float, after: OutboxChange | None, limit: int
) -> list[OutboxChange]:
    """All queued changes whose time has come, oldest viewing first, in pages: pass the last one seen."""
    at = BEFORE_ALL if after is None or after.watched_at is None else int(after.watched_at.timestamp())
    return _select(
        db,
        "outbox.viewer = ? AND outbox.tracker = ? AND outbox.state = 'queued' "
        f"AND (outbox.watched_at, outbox.id) > (?, ?) AND {_MAY_BE_SENT} "
        "ORDER BY outbox.watched_at, outbox.id LIMIT ?",
        (viewer, tracker, at, 0 if after is None else after.id, now, now + NEVER_LATER, limit),
    )


def in_doubt(db: sqlite3.Connection, viewer: str, tracker: str, now: float, limit: int) -> list[OutboxChange]:
    """Changes to be read back now, oldest viewing first."""
    return _select(
        db,
        # the plus keeps SQLite from looking through everything that is queued
        f"outbox.viewer = ? AND outbox.tracker = ? AND +outbox.state = 'queued' AND outbox.phase = '{IN_DOUBT}' "
        f"AND {_TIME_HAS_COME} ORDER BY outbox.watched_at, outbox.id LIMIT ?",
        (viewer, tracker, now, now + NEVER_LATER, limit),
    )


def next_due(db: sqlite3.Connection, viewer: str, tracker: str) -> float | None:
    """When the next change of this account is due, in Unix seconds; ``None`` where nothing waits for a time."""
    row = db.execute(
        "SELECT min(next_at) FROM outbox WHERE viewer = ? AND tracker = ? AND state IN ('queued', 'parked') "
        f"AND state NOT IN {DONE} AND phase <> ? AND (phase <> '' OR NOT {_CANCELLED})",
        (viewer, tracker, IN_FLIGHT),
    ).fetchone()
    return None if row[0] is None else float(row[0])


def _select(db: sqlite3.Connection, condition: str, values: Sequence[Any]) -> list[OutboxChange]:
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM outbox JOIN plays ON plays.id = outbox.play_id "
        f"WHERE outbox.state NOT IN {DONE} AND {condition}",
        values,
    )
    return [_change(row) for row in rows]


def _change(row: Sequence[Any]) -> OutboxChange:
    return OutboxChange(
        id=row[0],
        play_id=row[1],
        viewer=row[2],
        tracker=row[3],
        state=PlayOutcome(row[4]),
        phase=row[5],
        watched_at=instant(row[6]) if row[6] is not None else None,
        address_key=row[7],
        address=json.loads(row[8]) if row[8] and row[7] else None,
        how=row[9] or "",
        rewatch=bool(row[10]),
        attempts=row[11],
        misses=row[12] or 0,
        missed_at=row[13],
        next_at=row[14],
        received_at=row[15],
        item=decode_item(row[16], row[17]),
        duration=timedelta(milliseconds=row[18]) if row[18] else None,
        restored=bool(row[19]),
        approved=bool(row[20]),
        run=row[21],
        undated=row[22],
    )
