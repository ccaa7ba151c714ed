"""Recent plays with what became of each at each tracker, and the webhooks that they came of. Read-only and bounded."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from scrobbled.store.inbox.bodies import unpacked


class PlayDelivery(Struct, frozen=True):
    """A play at one tracker."""

    change_id: int
    tracker: str
    state: str
    phase: str
    reason: str
    code: str
    how: str
    rewatch: bool
    remote_id: str | None
    settled_at: float | None


class PlayRow(Struct, frozen=True):
    """A play with all its deliveries. ``watched_at`` and ``created_at`` are Unix seconds."""

    id: int
    event_id: int | None
    viewer: str
    source: str
    media: str
    label: str
    item: dict[str, Any]
    watched_at: int | None
    created_at: float
    deliveries: tuple[PlayDelivery, ...]
    brought: bool = False
    """It was made of a record of another side, and nobody told of it."""


class EventRow(Struct, frozen=True):
    """One webhook. ``raw`` is its body with secrets masked, ``None`` once it is no longer kept."""

    id: int
    source: str
    received_at: float
    kind: str | None
    outcome: str
    reason: str
    account: str
    label: str | None
    raw: str | None
    code: str


_PLAYS = (
    "SELECT id, event_id, viewer, source, media, label, item, watched_at, created_at, origin IS NOT NULL FROM plays"
)


def plays(db: sqlite3.Connection, *, before: int | None = None, limit: int = 50) -> list[PlayRow]:
    """The newest plays, newest first, in pages: pass the last id seen as ``before``."""
    rows = db.execute(
        f"{_PLAYS} WHERE id < ? ORDER BY id DESC LIMIT ?",
        (before if before is not None else 1 << 62, limit),
    ).fetchall()
    return _with_deliveries(db, rows)


def play(db: sqlite3.Connection, play_id: int) -> PlayRow | None:
    rows = db.execute(
        f"{_PLAYS} WHERE id = ?",
        (play_id,),
    ).fetchall()
    found = _with_deliveries(db, rows)
    return found[0] if found else None


def plays_of_event(db: sqlite3.Connection, event_id: int) -> list[PlayRow]:
    """The plays that an event completed, one for each viewer who claims its account."""
    rows = db.execute(
        f"{_PLAYS} WHERE event_id = ? ORDER BY id",
        (event_id,),
    ).fetchall()
    return _with_deliveries(db, rows)


def event(db: sqlite3.Connection, event_id: int) -> EventRow | None:
    row = db.execute(
        "SELECT id, source, received_at, kind, outcome, reason, account, label, raw, stem_id, code FROM events "
        "WHERE id = ?",
        (event_id,),
    ).fetchone()
    if row is None:
        return None
    raw = None if row[8] is None else unpacked(db, row[8], row[9])
    return EventRow(*(*row[:5], row[5] or "", row[6] or "", row[7], raw, row[10]))


def attempts(db: sqlite3.Connection, play_id: int) -> list[tuple[str, float, str, str]]:
    """Each attempt to deliver a play: tracker, Unix seconds, outcome, detail; oldest first."""
    return db.execute(
        "SELECT outbox.tracker, attempts.at, attempts.outcome, attempts.detail FROM attempts "
        "JOIN outbox ON outbox.id = attempts.change_id WHERE outbox.play_id = ? ORDER BY attempts.id",
        (play_id,),
    ).fetchall()


def _with_deliveries(db: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> list[PlayRow]:
    by_play = _deliveries(db, [row[0] for row in rows])
    return [
        PlayRow(*(*row[:6], json.loads(row[6]), *row[7:9], tuple(by_play.get(row[0], ())), bool(row[9])))
        for row in rows
    ]


def _deliveries(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, list[PlayDelivery]]:
    wanted = list(ids)
    marks = ",".join("?" * len(wanted))
    result: dict[int, list[PlayDelivery]] = {}
    for row in db.execute(
        "SELECT play_id, id, tracker, state, phase, reason, code, how, rewatch, remote_id, settled_at FROM outbox "
        f"WHERE play_id IN ({marks}) ORDER BY tracker",
        wanted,
    ):
        result.setdefault(row[0], []).append(
            PlayDelivery(row[1], row[2], row[3], row[4], row[5] or "", row[6], row[7] or "", bool(row[8]), *row[9:])
        )
    return result
