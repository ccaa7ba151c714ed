"""What is known of one play at each tracker, and of each attempt to deliver it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from scrobbled.core.naming.items import Item
from scrobbled.store.file.codec import decode_item


class Attempted(Struct, frozen=True):
    """One attempt and its answer; ``at`` is Unix seconds."""

    at: float
    outcome: str
    detail: str


class Played(Struct, frozen=True):
    """A play, by itself or as that of a change."""

    id: int
    viewer: str
    source: str
    label: str
    item: Item


class Traced(Struct, frozen=True):
    """One change with everything that is kept of it. Times are Unix seconds."""

    id: int
    viewer: str
    tracker: str
    state: str
    phase: str
    reason: str
    code: str
    hold: str
    flood: int | None
    how: str
    confidence: str | None
    candidates: list[dict[str, Any]]
    address_key: str | None
    """``None`` until it was looked up, and again while it is to be looked up anew."""
    address: dict[str, Any]
    rewatch: bool
    remote_id: str | None
    watched_at: int | None
    received_at: float
    settled_at: float | None
    next_at: float
    attempts: tuple[Attempted, ...]


def changes(db: sqlite3.Connection, play_id: int) -> list[Traced]:
    """By tracker."""
    rows = db.execute(
        "SELECT id, viewer, tracker, state, phase, coalesce(reason, ''), code, hold, flood, coalesce(how, ''), "
        "confidence, candidates, address_key, address, rewatch, remote_id, watched_at, received_at, settled_at, "
        "next_at FROM outbox WHERE play_id = ? ORDER BY tracker",
        (play_id,),
    ).fetchall()
    return [_traced(db, row) for row in rows]


def play_of_change(db: sqlite3.Connection, change_id: int) -> int | None:
    row = db.execute("SELECT play_id FROM outbox WHERE id = ?", (change_id,)).fetchone()
    return None if row is None else int(row[0])


def played(db: sqlite3.Connection, letter: str, id_: int) -> Played | None:
    """The play of a change (``c``), or the play itself (``p``); ``None`` where there is none."""
    if (play := play_of_change(db, id_) if letter == "c" else id_) is None:
        return None
    row = db.execute("SELECT id, viewer, source, label, media, item FROM plays WHERE id = ?", (play,)).fetchone()
    return None if row is None else Played(*(*row[:4], decode_item(row[4], row[5])))


def earlier_play(db: sqlite3.Connection, change: Traced) -> int | None:
    """The latest play of the same item that this account had before."""
    if change.address_key is None or change.watched_at is None:
        return None
    row = db.execute(
        "SELECT play_id FROM outbox WHERE viewer = ? AND tracker = ? AND address_key = ? AND id <> ? "
        "AND watched_at <= ? AND state IN ('queued', 'delivered', 'already-there') ORDER BY watched_at DESC LIMIT 1",
        (change.viewer, change.tracker, change.address_key, change.id, change.watched_at),
    ).fetchone()
    return None if row is None else int(row[0])


def _attempts(db: sqlite3.Connection, change_id: int) -> tuple[Attempted, ...]:
    rows = db.execute(
        "SELECT at, outcome, coalesce(detail, '') FROM attempts WHERE change_id = ? ORDER BY id", (change_id,)
    )
    return tuple(Attempted(*row) for row in rows)


def _traced(db: sqlite3.Connection, row: Sequence[Any]) -> Traced:
    candidates, address = json.loads(row[11] or "[]"), json.loads(row[13] or "{}")
    return Traced(*(*row[:11], candidates, row[12], address, bool(row[14]), *row[15:], _attempts(db, row[0])))
