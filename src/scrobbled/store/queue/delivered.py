"""What became of changes once they left the queue: where plays were delivered, and when last."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from msgspec import Struct

from scrobbled.core.naming.items import Item
from scrobbled.store.file.codec import THESE, decode_item
from scrobbled.store.history.titles import OF_THE_SHOW

MOST = 500
_QUEUES = {"a": "amendments", "c": "outbox"}


class Delivered(Struct, frozen=True):
    """A change that was carried out; ``key`` is the tracker's own for where to."""

    id: int
    viewer: str
    tracker: str
    label: str
    item: Item
    key: str


def of_the_same(db: sqlite3.Connection, play: int | None) -> list[Delivered]:
    """What was delivered of the same show or film as this play, the newest first."""
    rows = db.execute(
        "SELECT outbox.id, outbox.viewer, outbox.tracker, plays.label, plays.media, plays.item, outbox.address_key "
        "FROM plays JOIN outbox ON outbox.play_id = plays.id WHERE outbox.state = 'delivered' "
        f"AND (plays.id = ? OR plays.work IN ({OF_THE_SHOW})) ORDER BY outbox.id DESC LIMIT {MOST}",
        (play, play),
    )
    return [Delivered(*(*row[:4], decode_item(row[4], row[5]), row[6] or "")) for row in rows]


def last(db: sqlite3.Connection, viewer: str, tracker: str) -> float | None:
    """When something last reached the account, in Unix seconds."""
    row = db.execute(
        "SELECT settled_at FROM outbox WHERE viewer = ? AND tracker = ? AND state = 'delivered' "
        "ORDER BY id DESC LIMIT 1",
        (viewer, tracker),
    ).fetchone()
    return None if row is None else row[0]


def outcomes(db: sqlite3.Connection, names: Sequence[str]) -> dict[str, int]:
    """How many of these changes, like ``c12`` and ``a7``, are in which state."""
    counts: dict[str, int] = {}
    for letter, queue in _QUEUES.items():
        numbers = json.dumps([int(name[1:]) for name in names if name[0] == letter])
        query = f"SELECT state, count(*) FROM {queue} WHERE id IN {THESE} GROUP BY state"
        for state, count in db.execute(query, (numbers,)):
            counts[state] = counts.get(state, 0) + count
    return counts
