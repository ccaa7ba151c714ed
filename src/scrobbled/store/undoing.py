"""What ``undo`` has to know of plays and runs. Read-only."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scrobbled.core.items import Item
from scrobbled.core.outcomes import PlayOutcome
from scrobbled.store.codec import decode_item, instant


@dataclass(frozen=True, slots=True)
class Sent:
    """A play at one tracker, as far as it can be taken back."""

    id: int
    """Of the change."""
    play_id: int
    viewer: str
    tracker: str
    state: PlayOutcome
    phase: str
    reason: str
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


def of_run(db: sqlite3.Connection, run: int) -> list[int]:
    """The changes that a run put on their way: not what else became of the same plays."""
    return [row[0] for row in db.execute("SELECT id FROM outbox WHERE run = ? ORDER BY id", (run,))]


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
    "coalesce(outbox.reason, ''), plays.label, plays.media, plays.item, outbox.watched_at, outbox.address_key, "
    f"coalesce(outbox.remote_id, {_MIRRORED}, '') FROM outbox JOIN plays ON plays.id = outbox.play_id"
)


def _read(row: Sequence[Any]) -> Sent:
    id_, play_id, viewer, tracker, state, phase, reason, label, media, item, watched_at, address_key, remote_id = row
    return Sent(
        id=id_,
        play_id=play_id,
        viewer=viewer,
        tracker=tracker,
        state=PlayOutcome(state),
        phase=phase,
        reason=reason,
        label=label,
        item=decode_item(media, item),
        watched_at=None if watched_at is None else instant(watched_at),
        address_key=address_key,
        remote_id=remote_id,
    )
