"""Other changes of the same account that are plays of the same thing."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

from scrobbled.core.naming.identity import same_item
from scrobbled.store.file.codec import decode_item
from scrobbled.store.queue.outbox.waiting import OutboxChange
from scrobbled.store.queue.words import ANY_TO_BE_TAKEN_BACK, DONE, TO_BE_TAKEN_BACK, WAS_TAKEN_BACK

DAY = 86_400.0
_OTHERS = "outbox.viewer = :viewer AND outbox.tracker = :tracker AND outbox.id <> :id"
_NEAR = "outbox.watched_at > :first AND outbox.watched_at < :last"
_UNDATED = "outbox.watched_at IS NULL AND outbox.undated <> ''"
_TWIN = (
    f"SELECT outbox.play_id FROM outbox WHERE {_OTHERS} AND outbox.address_key = :key AND {{}} "
    "AND (state = 'delivered' OR (state = 'already-there' AND remote_id IS NOT NULL) "
    "OR (state = 'queued' AND (phase <> '' OR id < :id))) ORDER BY id LIMIT 1"
)
_LOCATED = (
    f"SELECT min(outbox.play_id) FROM outbox WHERE {_OTHERS} AND outbox.address_key = :key AND {{}} "
    f"AND ({WAS_TAKEN_BACK} OR (outbox.state <> 'undone' AND {TO_BE_TAKEN_BACK}))"
)
_NOT_LOCATED = (
    "SELECT plays.id, plays.media, plays.item FROM outbox INDEXED BY {} CROSS JOIN plays ON plays.id = outbox.play_id "
    f"WHERE {_OTHERS} AND {{{{}}}} AND outbox.address_key IS NULL AND {{}}"
)
_TAKEN = _NOT_LOCATED.format("outbox_taken_back", WAS_TAKEN_BACK)
_TO_BE_TAKEN = _NOT_LOCATED.format(
    "outbox_waiting",
    "outbox.state IN ('queued', 'held', 'parked', 'unmatched', 'dead') "
    f"AND outbox.state NOT IN {DONE} AND {TO_BE_TAKEN_BACK}",
)


def same_viewing(db: sqlite3.Connection, change: OutboxChange, key: str, gap: timedelta) -> int | None:
    """The play of another change that this account already has, or is getting, for the same viewing of ``key``.

    Of what has no date any play tells that it was watched.
    """
    when = "1" if change.watched_at is None else _NEAR
    row = db.execute(_TWIN.format(when), _asked(change, key, gap)).fetchone()
    return None if row is None else int(row[0])


def taken_back(db: sqlite3.Connection, change: OutboxChange, key: str, gap: timedelta) -> int | None:
    """The play that was taken back from this account and is the same viewing; it may never have been looked up."""
    when, asked = _UNDATED if change.watched_at is None else _NEAR, _asked(change, key, gap)
    found = [play for (play,) in db.execute(_LOCATED.format(when), asked) if play is not None]
    rows = db.execute(_TAKEN.format(when), asked).fetchall()
    if db.execute(ANY_TO_BE_TAKEN_BACK, asked).fetchone():  # else nobody looks through all that waits
        rows += db.execute(_TO_BE_TAKEN.format(when), asked)
    found += [play for play, media, item in rows if same_item(decode_item(media, item), change.item)]
    return min(found, default=None)


def _asked(change: OutboxChange, key: str, gap: timedelta) -> dict[str, Any]:
    asked: dict[str, Any] = {"viewer": change.viewer, "tracker": change.tracker, "id": change.id, "key": key}
    if change.watched_at is None:
        return asked
    at, reach = change.watched_at.timestamp(), gap.total_seconds()
    return asked | {"first": at - reach, "last": at + reach}


def is_on_its_way(db: sqlite3.Connection, viewer: str, tracker: str, key: str) -> bool:
    """Whether a play of what the tracker keeps as ``key`` is to be sent, or was sent and may have come."""
    query = "SELECT 1 FROM outbox WHERE viewer = ? AND tracker = ? AND address_key = ? AND state = 'queued' LIMIT 1"
    return db.execute(query, (viewer, tracker, key)).fetchone() is not None


def watched_before(db: sqlite3.Connection, change: OutboxChange, key: str, gap: timedelta) -> bool:
    """Whether this account has an earlier viewing of ``key``: by the time it was watched, not by when it arrived.

    What lies less than ``gap`` before is another report of the same viewing.
    """
    if change.watched_at is None:
        return False
    row = db.execute(
        "SELECT 1 FROM outbox WHERE viewer = ? AND tracker = ? AND address_key = ? AND id <> ? AND watched_at <= ? "
        f"AND state IN ('queued', 'delivered', 'already-there') AND NOT {TO_BE_TAKEN_BACK} LIMIT 1",
        (change.viewer, change.tracker, key, change.id, (change.watched_at - gap).timestamp()),
    ).fetchone()
    return row is not None


def within_a_day(db: sqlite3.Connection, change: OutboxChange, key: str) -> set[int]:
    """Other changes that are plays of ``key`` within a day before and after, delivered or before this one in turn."""
    if change.watched_at is None:
        return set()
    at = change.watched_at.timestamp()
    rows = db.execute(
        "SELECT id FROM outbox WHERE viewer = ? AND tracker = ? AND address_key = ? AND id <> ? "
        "AND watched_at >= ? AND watched_at <= ? AND state IN ('queued', 'delivered') "
        "AND (state = 'delivered' OR phase <> '' OR id < ?)",
        (change.viewer, change.tracker, key, change.id, at - DAY, at + DAY, change.id),
    )
    return {row[0] for row in rows}
