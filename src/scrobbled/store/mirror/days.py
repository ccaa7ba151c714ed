"""Whether a tracker has a viewing of which only the day is known, as ``core.lineup`` pairs such records.

A comparison sees to that by itself. This is for what it could not compare, as nobody had said yet what it was.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from scrobbled.core.agreeing.lineup import DAY
from scrobbled.store.queue.outbox import OutboxChange
from scrobbled.store.queue.words import IS_ANOTHER

_UNPAIRED = (
    "NOT EXISTS (SELECT 1 FROM links WHERE links.viewer = records.viewer AND ((links.pair = :ab AND links.b = "
    "records.id) OR (links.pair = :ba AND links.a = records.id)))"
)
"""As SQL: a comparison with the holder has not found another row for this one."""


def twin(db: sqlite3.Connection, change: OutboxChange, key: str) -> int | None:
    """The play that was delivered to ``key`` on that day; each is the twin of one such play at most."""
    if (asked := _asked(db, change, key)) is None or asked["kept"] != "day":
        return None
    row = db.execute(
        "SELECT outbox.play_id FROM outbox WHERE viewer = :viewer AND tracker = :tracker AND address_key = :key "
        "AND id <> :id AND watched_at BETWEEN :first AND :last AND state = 'delivered' AND NOT EXISTS (SELECT 1 FROM "
        "outbox AS other WHERE other.viewer = :viewer AND other.tracker = :tracker AND other.address_key = :key "
        f"AND {IS_ANOTHER.format('other')} AND other.about = outbox.play_id) "
        "AND NOT EXISTS (SELECT 1 FROM records WHERE records.play = outbox.play_id AND records.tracker = :tracker "
        f"AND NOT {_UNPAIRED}) ORDER BY abs(watched_at - :at) LIMIT 1",
        asked,
    ).fetchone()
    return None if row is None else int(row[0])


def there(db: sqlite3.Connection, change: OutboxChange, key: str) -> str | None:
    """The handle of a record of ``key`` that may be that viewing and is no other; not of a play that we sent."""
    if (asked := _asked(db, change, key)) is None:
        return None
    row = db.execute(
        "SELECT id FROM records INDEXED BY records_of_key WHERE viewer = :viewer AND tracker = :tracker "
        "AND key = :key AND at BETWEEN :first AND :last AND missed = 0 AND kept <> 'none' "
        "AND (kept = 'day' OR :kept = 'day') AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.play_id = "
        f"records.play AND outbox.tracker = records.tracker AND outbox.kind = 'plays') AND {_UNPAIRED} "
        "ORDER BY abs(at - :at) LIMIT 1",
        asked,
    ).fetchone()
    return None if row is None else str(row[0])


def _asked(db: sqlite3.Connection, change: OutboxChange, key: str) -> dict[str, Any] | None:
    """``None`` where the play was not made of a record that is still known."""
    row = db.execute(
        "SELECT plays.source, records.kept FROM plays JOIN records ON records.viewer = plays.viewer "
        "AND records.tracker = plays.source AND records.id = substr(plays.origin, length(plays.source) + 2) "
        "WHERE plays.id = ? AND plays.origin IS NOT NULL",
        (change.play_id,),
    ).fetchone()
    if row is None or change.watched_at is None:
        return None
    holder, kept = row
    at, reach = change.watched_at.timestamp(), DAY.total_seconds()
    return {
        "id": change.id,
        "viewer": change.viewer,
        "tracker": change.tracker,
        "key": key,
        "at": at,
        "first": at - reach,
        "last": at + reach,
        "kept": kept,
        "ab": f"{holder},{change.tracker}",
        "ba": f"{change.tracker},{holder}",
    }
