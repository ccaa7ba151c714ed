"""Other changes of the same account that are plays of the same thing."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

from scrobbled.store.outbox.waiting import Change
from scrobbled.store.outbox.words import TO_BE_TAKEN_BACK

DAY = 86_400.0


def same_viewing(db: sqlite3.Connection, change: Change, key: str, gap: timedelta) -> int | None:
    """The play of another change that this account already has, or is getting, for the same viewing of ``key``."""
    if change.watched_at is None:
        return None
    at, reach = change.watched_at.timestamp(), gap.total_seconds()
    row = db.execute(
        "SELECT play_id FROM outbox WHERE viewer = ? AND tracker = ? AND address_key = ? AND id <> ? "
        "AND watched_at > ? AND watched_at < ? AND (state = 'delivered' OR (state = 'already-there' AND remote_id IS "
        "NOT NULL) OR (state = 'queued' AND (phase <> '' OR id < ?))) ORDER BY id LIMIT 1",
        (change.viewer, change.tracker, key, change.id, at - reach, at + reach, change.id),
    ).fetchone()
    return None if row is None else int(row[0])


def is_on_its_way(db: sqlite3.Connection, viewer: str, tracker: str, key: str) -> bool:
    """Whether a play of what the tracker keeps as ``key`` is to be sent, or was sent and may have come."""
    query = "SELECT 1 FROM outbox WHERE viewer = ? AND tracker = ? AND address_key = ? AND state = 'queued' LIMIT 1"
    return db.execute(query, (viewer, tracker, key)).fetchone() is not None


def watched_before(db: sqlite3.Connection, change: Change, key: str, gap: timedelta) -> bool:
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


def within_a_day(db: sqlite3.Connection, change: Change, key: str) -> set[int]:
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
