"""Events as they came in, the sessions they fold into, and the plays that follow: one transaction per webhook."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from scrobbled.core.watching.ends import still_to_come
from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.core.watching.plays import Play
from scrobbled.core.watching.sessions import Session
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.store.accounts import sign_ins
from scrobbled.store.file.codec import decode_session, encode_item, encode_session
from scrobbled.store.inbox import servers
from scrobbled.store.inbox.bodies import packed
from scrobbled.store.queue.words import said
from scrobbled.store.works import wall


class Arrival(Struct, frozen=True):
    """One webhook to be stored. ``raw`` is its payload as text, secrets already masked."""

    source: str
    received_at: datetime
    raw: str
    event: PlaybackEvent | None = None
    head: int | None = None
    """The event that carries the body, where one webhook holds several events; ``None`` for the first of them."""
    part: int = 0
    """Its place among the events of its webhook."""


class Queued(Struct, frozen=True):
    """One play's way to one tracker: where it starts and why."""

    tracker: str
    outcome: PlayOutcome
    reason: str
    hold: str = ""
    """Why it is held, a ``Hold``."""
    flood: int | None = None
    witnessed: bool = False
    """Seen as it happened, so that no flood takes it along."""
    marked: bool = False
    """Somebody marked it by hand."""
    next_at: float = 0.0
    """It is not sent before that (Unix seconds)."""


def add_event(db: sqlite3.Connection, arrival: Arrival, outcome: EventOutcome, reason: str) -> int:
    """The new event's id; ids grow."""
    event = arrival.event
    raw, stem_id = None, None
    if arrival.head is None:
        raw, stem_id = packed(db, _likeness(arrival), arrival.raw, arrival.received_at.timestamp())
    cursor = db.execute(
        "INSERT INTO events (source, received_at, kind, outcome, reason, code, account, label, raw, stem_id, session, "
        "head, part) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            arrival.source,
            arrival.received_at.timestamp(),
            event.kind if event else None,
            outcome,
            *said(reason)[:2],
            account_label(event) if event else "",
            event.item.label() if event and event.item else None,
            raw,
            stem_id,
            session_of(event),
            arrival.head,
            arrival.part,
        ),
    )
    if event is not None:
        servers.note(db, event, arrival.received_at)
    return int(cursor.lastrowid or 0)


def session_of(event: PlaybackEvent | None) -> int | None:
    """A number for ``session_key``, so that the events of one viewing can be found; 63 bits, as SQLite keeps."""
    if event is None or event.item is None:
        return None
    key = event.session_key().encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") >> 1


def _likeness(arrival: Arrival) -> str:
    """The same for events whose bodies hardly differ: those of one viewing."""
    event = arrival.event
    about = event.item.label() if event and event.item else event.kind if event else ""
    return f"{arrival.source}|{about}|{account_label(event) if event else ''}"


def settle_event(db: sqlite3.Connection, event_id: int, outcome: EventOutcome, reason: str) -> None:
    settled = "UPDATE events SET outcome = ?, reason = ?, code = ? WHERE id = ?"
    db.execute(settled, (outcome, *said(reason)[:2], event_id))


def add_detail(db: sqlite3.Connection, event_id: int, **detail: Any) -> None:
    """What is to be known of an event beyond its outcome: JSON values by name, beside those that are there."""
    (text,) = db.execute("SELECT detail FROM events WHERE id = ?", (event_id,)).fetchone()
    merged = {**json.loads(text or "{}"), **detail}
    db.execute("UPDATE events SET detail = ? WHERE id = ?", (json.dumps(merged, ensure_ascii=False), event_id))


def account_label(event: PlaybackEvent) -> str:
    """How a person would list this account: its name, or its id where it has none."""
    return event.account.name.strip() or event.account.id.strip()


def load_session(db: sqlite3.Connection, key: str) -> Session:
    row = db.execute("SELECT state FROM sessions WHERE key = ?", (key,)).fetchone()
    return decode_session(row[0]) if row else Session()


def save_session(
    db: sqlite3.Connection, key: str, session: Session, now: datetime, event_id: int | None = None
) -> None:
    """``event_id`` is the event of a player that was heard ``now``; without one, nothing was heard of any player."""
    rest = None if event_id is None else still_to_come(session)
    db.execute(
        "INSERT INTO sessions (key, updated_at, state, event_id, silent_at) VALUES (?,?,?,?,?) "
        "ON CONFLICT (key) DO UPDATE SET updated_at = excluded.updated_at, state = excluded.state, "
        "event_id = coalesce(excluded.event_id, event_id), "
        "silent_at = CASE WHEN excluded.event_id IS NULL THEN silent_at ELSE excluded.silent_at END",
        (key, now.timestamp(), encode_session(session), event_id, None if rest is None else (now + rest).timestamp()),
    )


def add_play(
    db: sqlite3.Connection, play: Play, event_id: int | None, queued: Sequence[Queued], received_at: datetime
) -> int:
    """The play and its outbox rows, together or not at all; returns the play's id.

    One that was watched before the database was put back is looked up at the trackers before it is sent.
    """
    watched = int(play.watched_at.timestamp()) if play.watched_at else None
    now = received_at.timestamp()
    cursor = db.execute(
        "INSERT INTO plays (event_id, viewer, source, media, label, item, watched_at, duration_ms, created_at, since) "
        "VALUES (?,?,?,?,?,?,?,?,?,?)",
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
            None if play.since is None else play.since.timestamp(),
        ),
    )
    play_id = int(cursor.lastrowid or 0)
    wall.describe(db, play_id, play.item)
    rows = [
        (
            *(play_id, play.viewer, way.tracker, way.outcome, *said(way.reason), watched, now),
            *(way.hold, way.flood, way.witnessed, watched, sign_ins.RESTORED, way.marked, way.next_at),
        )
        for way in queued
    ]
    if rows:  # one statement for all: after each the database's thread waits for its turn
        db.execute(f"{_QUEUE} {', '.join([_ROW] * len(rows))}", [value for row in rows for value in row])
    return play_id


_QUEUE = (
    "INSERT INTO outbox (play_id, viewer, tracker, kind, state, reason, code, about, watched_at, received_at, hold, "
    "flood, witnessed, restored, marked, next_at) VALUES"
)
_ROW = "(?,?,?,'plays',?,?,?,?,?,?,?,?,?,coalesce(? <= (SELECT value FROM marks WHERE name = ?), 0),?,?)"
