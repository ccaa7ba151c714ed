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
    assert change.watched_at is not None
    account = change.viewer, change.tracker
    twin = outbox.same_viewing(db, change, key, gap)
    there = records.same_viewing_there(db, *account, key, change.watched_at, gap)
    if is_corrected and twin is None and there is None:
        twin, there = days.twin(db, change, key), days.there(db, change, key)
    return Seen(
        waits=_waits(db, change.id),
        twin=twin,
        undone=outbox.taken_back(db, change, key, gap),
        there=there,
        rewatch=outbox.watched_before(db, change, key, gap)
        or records.watched_before_there(db, *account, key, change.watched_at - gap),
        near=frozenset(outbox.within_a_day(db, change, key)),
    )


def _waits(db: sqlite3.Connection, id_: int) -> bool:
    row = db.execute(
        "SELECT 1 FROM outbox WHERE id = ? AND state IN ('queued', 'parked') AND phase = ''", (id_,)
    ).fetchone()
    return row is not None
