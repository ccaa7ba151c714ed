"""What is known of a viewing before it is sent: whether the account has it, had it, or had others of it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

from msgspec import Struct

from scrobbled.core.identity import same_item
from scrobbled.store import days, outbox, records
from scrobbled.store.codec import decode_item
from scrobbled.store.outbox import TAKEN_BACK, TO_BE_TAKEN_BACK, Change


class Seen(Struct, frozen=True):
    """``waits`` is false where the change is no longer to be sent."""

    waits: bool
    twin: int | None
    """The play of another change of this account that is the same viewing."""
    undone: int | None
    """The play that is the same viewing and was taken back."""
    there: str | None
    """The handle of a record of the tracker that is the same viewing, as it was last read."""
    rewatch: bool
    near: frozenset[int]
    """Other changes that are plays of the same within a day before and after."""

    @property
    def is_new(self) -> bool:
        return self.waits and self.twin is None and self.undone is None and self.there is None


def seen(db: sqlite3.Connection, change: Change, key: str, gap: timedelta, *, is_corrected: bool = False) -> Seen:
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
        undone=taken_back(db, change, key, gap),
        there=there,
        rewatch=outbox.watched_before(db, change, key, gap)
        or records.watched_before_there(db, *account, key, change.watched_at - gap),
        near=frozenset(outbox.within_a_day(db, change, key)),
    )


def taken_back(db: sqlite3.Connection, change: Change, key: str, gap: timedelta) -> int | None:
    """The play that was taken back from this account and is the same viewing; it may never have been looked up."""
    if change.watched_at is None:
        return None
    at, reach = change.watched_at.timestamp(), gap.total_seconds()
    rows = db.execute(
        "SELECT plays.id, outbox.address_key, plays.media, plays.item FROM plays JOIN outbox "
        "ON outbox.play_id = plays.id AND outbox.tracker = ? WHERE plays.viewer = ? AND plays.watched_at > ? "
        "AND plays.watched_at < ? AND outbox.id <> ? AND ((outbox.state = 'undone' AND outbox.reason LIKE ?) "
        f"OR (outbox.state <> 'undone' AND {TO_BE_TAKEN_BACK})) ORDER BY plays.id",
        (change.tracker, change.viewer, at - reach, at + reach, change.id, f"{TAKEN_BACK}%"),
    ).fetchall()
    for play, address_key, media, item in rows:
        if address_key == key or (address_key is None and same_item(decode_item(media, item), change.item)):
            return int(play)
    return None


def _waits(db: sqlite3.Connection, id_: int) -> bool:
    row = db.execute(
        "SELECT 1 FROM outbox WHERE id = ? AND state IN ('queued', 'parked') AND phase = ''", (id_,)
    ).fetchone()
    return row is not None
