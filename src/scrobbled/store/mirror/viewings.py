"""What is known of a viewing before it is sent: whether the account has it, had it, or had others of it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

from scrobbled.core.sending.judge import Seen
from scrobbled.store.mirror import days, records
from scrobbled.store.queue import outbox
from scrobbled.store.queue.outbox import OutboxChange


def seen(db: sqlite3.Connection, change: OutboxChange, key: str, gap: timedelta, *, is_corrected: bool = False) -> Seen:
    """``key`` is where the tracker keeps the item; ``gap`` is how far apart two viewings are at least.

    What ``is_corrected`` may not have been compared with what the tracker holds of it.
    """
    account, at = (change.viewer, change.tracker), change.watched_at
    twin = outbox.same_viewing(db, change, key, gap)
    there = records.same_viewing_there(db, *account, key, at, gap)
    if is_corrected and twin is None and there is None:
        twin, there = days.twin(db, change, key), days.there(db, change, key)
    return Seen(
        waits=_waits(db, change.id),
        twin=twin,
        undone=outbox.taken_back(db, change, key, gap),
        there=there,
        rewatch=outbox.watched_before(db, change, key, gap)
        or (at is not None and records.watched_before_there(db, *account, key, at - gap)),
        near=frozenset(outbox.within_a_day(db, change, key)),
    )


def others_of(db: sqlite3.Connection, change: int) -> frozenset[str]:
    """The handles of plays of the same thing there that are none of this change: there before it, or of another one."""
    rows = db.execute(
        "SELECT records.id FROM outbox JOIN records INDEXED BY records_of_key ON records.viewer = outbox.viewer "
        "AND records.tracker = outbox.tracker AND records.key = outbox.address_key "
        "AND iif(records.play IS NULL, records.first_seen < outbox.received_at, records.play <> outbox.play_id) "
        "WHERE outbox.id = :change UNION ALL "
        "SELECT other.remote_id FROM outbox JOIN outbox AS other ON other.viewer = outbox.viewer "
        "AND other.tracker = outbox.tracker AND other.address_key = outbox.address_key AND other.id <> outbox.id "
        "WHERE outbox.id = :change AND other.remote_id IS NOT NULL",
        {"change": change},
    )
    return frozenset(row[0] for row in rows)


def _waits(db: sqlite3.Connection, id_: int) -> bool:
    row = db.execute(
        "SELECT 1 FROM outbox WHERE id = ? AND state IN ('queued', 'parked') AND phase = ''", (id_,)
    ).fetchone()
    return row is not None
