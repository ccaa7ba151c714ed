"""A plan's additions become plays like any other, on their way to the one tracker that lacks them."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from msgspec import Struct

from scrobbled.core.naming.items import Item
from scrobbled.store.file.codec import encode_item, seconds
from scrobbled.store.queue.words import SAYS_NOTHING, SET_FREE
from scrobbled.store.works import wall


class NewAddition(Struct, frozen=True):
    """One play that a tracker holds and another lacks. ``watched_at`` is aware UTC, ``None`` where nobody knows."""

    viewer: str
    holder: str
    """The tracker that holds it."""
    record: str
    """Its handle there; of what is held without any play, whatever names it for good."""
    target: str
    """The tracker that lacks it."""
    item: Item
    watched_at: datetime | None
    runtime: int | None
    """Seconds."""
    play: int | None = None
    """Our play it is the record of, if we know one."""
    undated: str = ""
    """How the target is told that nobody knows when it was; with ``watched_at`` empty, and only then."""


def add(db: sqlite3.Connection, wanted: NewAddition, run: int, now: float) -> bool:
    """Queue it, approved; false where it is queued, or was ever dealt with, already. May be repeated.

    One that was not sent because its run was cancelled is queued again.
    """
    play = wanted.play if wanted.play is not None else _play_of(db, wanted, now)
    watched = seconds(wanted.watched_at)
    cursor = db.execute(
        "INSERT INTO outbox (play_id, viewer, tracker, kind, state, watched_at, received_at, approved, run, undated) "
        "VALUES (?,?,?,'plays','queued',?,?,1,?,?) ON CONFLICT (play_id, tracker, kind) DO UPDATE SET "
        f"state = 'queued', {SAYS_NOTHING}, settled_at = NULL, next_at = 0, attempts = 0, misses = 0, "
        "watched_at = excluded.watched_at, received_at = excluded.received_at, approved = 1, run = excluded.run, "
        f"undated = excluded.undated WHERE {SET_FREE}",
        (play, wanted.viewer, wanted.target, watched, now, run, wanted.undated),
    )
    db.execute(
        "UPDATE records SET play = coalesce(play, ?) WHERE viewer = ? AND tracker = ? AND id = ?",
        (play, wanted.viewer, wanted.holder, wanted.record),
    )
    return cursor.rowcount > 0


def _play_of(db: sqlite3.Connection, wanted: NewAddition, now: float) -> int:
    """The play that this record was made into before, or a new one."""
    origin = f"{wanted.holder}:{wanted.record}"
    row = db.execute("SELECT id FROM plays WHERE viewer = ? AND origin = ?", (wanted.viewer, origin)).fetchone()
    if row is not None:
        return int(row[0])
    item, watched = wanted.item, seconds(wanted.watched_at)
    lasting = None if wanted.runtime is None else wanted.runtime * 1000
    cursor = db.execute(
        "INSERT INTO plays (viewer, source, media, label, item, watched_at, duration_ms, created_at, origin) "
        "VALUES (?,?,?,?,?,?,?,?,?)",
        (wanted.viewer, wanted.holder, item.media, item.label(), encode_item(item), watched, lasting, now, origin),
    )
    play = int(cursor.lastrowid or 0)
    wall.describe(db, play, item)
    return play
