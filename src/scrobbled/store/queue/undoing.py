"""What ``undo`` has to know of plays and runs. Read-only but for the catalogue of works."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from scrobbled.core.naming.items import Item
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.file.codec import decode_item, instant
from scrobbled.store.works import works

STEPS = 10
"""After an update there may be years of plays that lack their work; no webhook waits until all of them have it."""


class Sent(Struct, frozen=True):
    """A play at one tracker, as far as it can be taken back."""

    id: int
    """Of the change."""
    play_id: int
    viewer: str
    tracker: str
    state: PlayOutcome
    phase: str
    reason: str
    code: str
    label: str
    item: Item
    watched_at: datetime | None
    address_key: str | None
    remote_id: str
    """The tracker's handle, from its answer or from what was read there since; empty where nobody knows it."""


def of_plays(db: sqlite3.Connection, ids: Collection[int]) -> list[int]:
    """The changes of these plays: by play, then tracker."""
    query = "SELECT id FROM outbox WHERE play_id = ? ORDER BY tracker"
    return [row[0] for id_ in sorted(set(ids)) for row in db.execute(query, (id_,))]


def plays_of(db: sqlite3.Connection, viewer: str, item: Item) -> list[int]:
    """The plays somebody has of ``item``, by whatever source, the newest first; those without a time come last."""
    for _ in range(STEPS):
        if not works.catch_up(db):
            break
    rows = db.execute(
        "SELECT id FROM plays WHERE viewer = ? AND work = ? ORDER BY watched_at DESC, id DESC",
        (viewer, works.work_of(db, item)),
    )
    return [row[0] for row in rows]


def of_run(db: sqlite3.Connection, run: int) -> list[int]:
    """The changes that a run put on their way: not what else became of the same plays."""
    return [row[0] for row in db.execute("SELECT id FROM outbox WHERE run = ? ORDER BY id", (run,))]


def bringer(db: sqlite3.Connection, viewer: str, tracker: str, remote_id: str) -> int | None:
    """The change that brought the play with this handle to the tracker; ``None`` where none of ours is known."""
    delivered = "SELECT id FROM outbox WHERE viewer = ? AND tracker = ? AND kind = 'plays' AND state = 'delivered'"
    read = "SELECT play FROM records WHERE viewer = ? AND tracker = ? AND id = ? AND ours = 1"
    account = (viewer, tracker)
    row = (
        db.execute(f"{delivered} AND remote_id = ? LIMIT 1", (*account, remote_id)).fetchone()
        or db.execute(f"{delivered} AND play_id = ({read}) LIMIT 1", (*account, *account, remote_id)).fetchone()
    )
    return None if row is None else int(row[0])


def sent(db: sqlite3.Connection, changes: Sequence[int]) -> list[Sent]:
    """In that order."""
    rows = [db.execute(f"{_SENT} WHERE outbox.id = ?", (id_,)).fetchone() for id_ in changes]
    return [_read(row) for row in rows if row is not None]


def known(db: sqlite3.Connection, ids: Collection[int]) -> set[int]:
    """Those of ``ids`` that are plays."""
    return {id_ for id_ in ids if db.execute("SELECT 1 FROM plays WHERE id = ?", (id_,)).fetchone()}


def came_between(db: sqlite3.Connection, since: float, until: float) -> list[int]:
    """Plays that came in then (Unix seconds, ``until`` not included), whenever they were watched."""
    rows = db.execute("SELECT id FROM plays WHERE created_at >= ? AND created_at < ? ORDER BY id", (since, until))
    return [row[0] for row in rows]


_MIRRORED = (
    "(SELECT records.id FROM records WHERE records.play = outbox.play_id AND records.viewer = outbox.viewer "
    "AND records.tracker = outbox.tracker AND records.ours = 1 AND records.missed = 0 LIMIT 1)"
)


_SENT = (
    "SELECT outbox.id, outbox.play_id, outbox.viewer, outbox.tracker, outbox.state, outbox.phase, "
    "coalesce(outbox.reason, ''), outbox.code, plays.label, plays.media, plays.item, outbox.watched_at, "
    f"outbox.address_key, coalesce(outbox.remote_id, {_MIRRORED}, '') FROM outbox "
    "JOIN plays ON plays.id = outbox.play_id"
)


def _read(row: Sequence[Any]) -> Sent:
    id_, play_id, viewer, tracker, state, phase, reason, code, *about = row
    label, media, item, watched_at, address_key, remote_id = about
    return Sent(
        id=id_,
        play_id=play_id,
        viewer=viewer,
        tracker=tracker,
        state=PlayOutcome(state),
        phase=phase,
        reason=reason,
        code=code,
        label=label,
        item=decode_item(media, item),
        watched_at=None if watched_at is None else instant(watched_at),
        address_key=address_key,
        remote_id=remote_id,
    )
