"""Events as they came in, the sessions they fold into, and the plays that follow: one transaction per webhook."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scrobbled.core.events import PlaybackEvent
from scrobbled.core.outcomes import EventOutcome, PlayOutcome
from scrobbled.core.plays import Play
from scrobbled.core.sessions import Session
from scrobbled.store.codec import decode_session, encode_item, encode_session


@dataclass(frozen=True, slots=True)
class Arrival:
    """One webhook to be stored. ``raw`` is its payload as text, secrets already masked."""

    source: str
    received_at: datetime
    raw: str
    event: PlaybackEvent | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """One play's way to one tracker: where it starts and why."""

    tracker: str
    outcome: PlayOutcome
    reason: str


def add_event(db: sqlite3.Connection, arrival: Arrival, outcome: EventOutcome, reason: str) -> int:
    """The new event's id; ids grow."""
    event = arrival.event
    cursor = db.execute(
        "INSERT INTO events (source, received_at, kind, outcome, reason, account, label, raw) VALUES (?,?,?,?,?,?,?,?)",
        (
            arrival.source,
            arrival.received_at.timestamp(),
            event.kind if event else None,
            outcome,
            reason,
            account_label(event) if event else "",
            event.item.label() if event and event.item else None,
            zlib.compress(arrival.raw.encode("utf-8", "surrogatepass"), 1),
        ),
    )
    return int(cursor.lastrowid or 0)


def settle_event(db: sqlite3.Connection, event_id: int, outcome: EventOutcome, reason: str) -> None:
    db.execute("UPDATE events SET outcome = ?, reason = ? WHERE id = ?", (outcome, reason, event_id))


def account_label(event: PlaybackEvent) -> str:
    """How a person would list this account: its name, or its id where it has none."""
    return event.account.name.strip() or event.account.id.strip()


def load_session(db: sqlite3.Connection, key: str) -> Session:
    row = db.execute("SELECT state FROM sessions WHERE key = ?", (key,)).fetchone()
    return decode_session(row[0]) if row else Session()


def save_session(db: sqlite3.Connection, key: str, session: Session, now: datetime) -> None:
    db.execute(
        "INSERT INTO sessions (key, updated_at, state) VALUES (?,?,?) "
        "ON CONFLICT (key) DO UPDATE SET updated_at = excluded.updated_at, state = excluded.state",
        (key, now.timestamp(), encode_session(session)),
    )


def add_play(
    db: sqlite3.Connection, play: Play, event_id: int | None, queued: Sequence[Queued], received_at: datetime
) -> int:
    """The play and its outbox rows, together or not at all; returns the play's id."""
    watched = int(play.watched_at.timestamp()) if play.watched_at else None
    now = received_at.timestamp()
    cursor = db.execute(
        "INSERT INTO plays (event_id, viewer, source, media, label, item, watched_at, duration_ms, created_at) "
        "VALUES (?,?,?,?,?,?,?,?,?)",
        (
            event_id,
            play.viewer,
            play.source,
            play.item.media,
            play.item.label(),
            encode_item(play.item),
            watched,
            play.duration_ms,
            now,
        ),
    )
    play_id = int(cursor.lastrowid or 0)
    db.executemany(
        "INSERT INTO outbox (play_id, viewer, tracker, kind, state, reason, watched_at, received_at) "
        "VALUES (?,?,?,'plays',?,?,?,?)",
        [(play_id, play.viewer, way.tracker, way.outcome, way.reason, watched, now) for way in queued],
    )
    return play_id


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it lies in the database."""

    id: int
    source: str
    received_at: float
    outcome: str
    reason: str
    account: str
    label: str | None
    raw: str


def unclaimed(db: sqlite3.Connection, after: int = 0, limit: int = 500) -> list[StoredEvent]:
    """Events no viewer listed the account of, oldest first, in pages: pass the last id seen as ``after``."""
    rows = db.execute(
        "SELECT id, source, received_at, outcome, reason, account, label, raw FROM events "
        "WHERE outcome = ? AND id > ? ORDER BY id LIMIT ?",
        (EventOutcome.UNCLAIMED, after, limit),
    )
    return [_stored(row) for row in rows if row[7] is not None]


def forget_raw(db: sqlite3.Connection, before: datetime, limit: int = 500) -> int:
    """Drop up to ``limit`` raw bodies received before then; unclaimed events keep theirs, as they may be claimed."""
    return db.execute(
        "UPDATE events SET raw = NULL WHERE id IN "
        "(SELECT id FROM events WHERE raw IS NOT NULL AND outcome <> 'unclaimed' AND received_at < ? LIMIT ?)",
        (before.timestamp(), limit),
    ).rowcount


def forget_sessions(db: sqlite3.Connection, before: datetime, limit: int = 500) -> int:
    """Drop up to ``limit`` sessions in which nothing happened since then."""
    return db.execute(
        "DELETE FROM sessions WHERE key IN (SELECT key FROM sessions WHERE updated_at < ? LIMIT ?)",
        (before.timestamp(), limit),
    ).rowcount


def _stored(row: Sequence[object]) -> StoredEvent:
    raw = row[7]
    text = zlib.decompress(raw).decode("utf-8", "surrogatepass") if isinstance(raw, bytes) else ""
    return StoredEvent(
        id=int(str(row[0])),
        source=str(row[1]),
        received_at=float(str(row[2])),
        outcome=str(row[3]),
        reason=str(row[4]),
        account=str(row[5]),
        label=None if row[6] is None else str(row[6]),
        raw=text,
    )
