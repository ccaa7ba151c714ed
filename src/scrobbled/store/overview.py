"""What people and scripts see: counts, the queue, recent plays. Read-only and bounded."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scrobbled.core.outcomes import PLAY_NEXT_STEP, EventOutcome, PlayOutcome

_OPEN = "state NOT IN ('delivered', 'already-there', 'echo', 'unwanted', 'undone')"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits at one tracker in one state; ``oldest`` is when its oldest webhook came, in Unix seconds."""

    viewer: str
    tracker: str
    state: str
    count: int
    oldest: float


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One change that is not delivered. Times are Unix seconds."""

    id: int
    play_id: int
    viewer: str
    tracker: str
    label: str
    watched_at: int | None
    state: str
    phase: str
    reason: str
    attempts: int
    next_at: float
    candidates: tuple[dict[str, Any], ...]

    @property
    def next_step(self) -> str:
        return PLAY_NEXT_STEP[PlayOutcome(self.state)]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A play at one tracker."""

    change_id: int
    tracker: str
    state: str
    phase: str
    reason: str
    how: str
    rewatch: bool
    remote_id: str | None
    settled_at: float | None


@dataclass(frozen=True, slots=True)
class PlayRow:
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
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class EventRow:
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


@dataclass(frozen=True, slots=True)
class UnclaimedAccount:
    """An account no viewer lists, and how often it was heard."""

    source: str
    account: str
    events: int
    last_seen: float


@dataclass(frozen=True, slots=True)
class SourceHeard:
    source: str
    events: int
    last_seen: float


def waiting(db: sqlite3.Connection) -> list[Waiting]:
    rows = db.execute(
        f"SELECT viewer, tracker, state, count(*), min(received_at) FROM outbox WHERE {_OPEN} "
        "GROUP BY viewer, tracker, state"
    )
    return [Waiting(*row) for row in rows]


def event_counts(db: sqlite3.Connection) -> dict[str, int]:
    """Every stored webhook is counted under exactly one outcome."""
    counts = dict(db.execute("SELECT outcome, count(*) FROM events GROUP BY outcome").fetchall())
    return {str(outcome): counts.get(outcome, 0) for outcome in EventOutcome}


def delivery_counts(db: sqlite3.Connection) -> dict[tuple[str, str], dict[str, int]]:
    """Changes by (viewer, tracker) and outcome."""
    result: dict[tuple[str, str], dict[str, int]] = {}
    for viewer, tracker, state, count in db.execute(
        "SELECT viewer, tracker, state, count(*) FROM outbox GROUP BY viewer, tracker, state"
    ):
        result.setdefault((viewer, tracker), {})[state] = count
    return result


def play_count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM plays").fetchone()[0])


def unclaimed_accounts(db: sqlite3.Connection) -> list[UnclaimedAccount]:
    rows = db.execute(
        "SELECT source, account, count(*), max(received_at) FROM events WHERE outcome = ? GROUP BY source, account "
        "ORDER BY 3 DESC LIMIT 100",
        (EventOutcome.UNCLAIMED,),
    )
    return [UnclaimedAccount(*row) for row in rows]


def sources_heard(db: sqlite3.Connection) -> list[SourceHeard]:
    return [
        SourceHeard(*row)
        for row in db.execute("SELECT source, count(*), max(received_at) FROM events GROUP BY source ORDER BY source")
    ]


def lately_heard(db: sqlite3.Connection, among: int = 10_000) -> dict[str, float]:
    """When each source was heard last, as far as it was among the newest events; quick however many there are."""
    rows = db.execute(
        "SELECT source, max(received_at) FROM events WHERE id > (SELECT max(id) FROM events) - ? GROUP BY source",
        (among,),
    )
    return {row[0]: row[1] for row in rows}


def account_states(db: sqlite3.Connection) -> dict[tuple[str, str], tuple[str, str, float, float | None]]:
    """(viewer, tracker) to state, reason, since and expiry, as the serving process last saved them."""
    rows = db.execute("SELECT viewer, tracker, state, reason, since, expires_at FROM accounts")
    return {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in rows}


def signed_in(db: sqlite3.Connection) -> set[tuple[str, str]]:
    """Accounts with a stored sign-in."""
    return {(row[0], row[1]) for row in db.execute("SELECT viewer, tracker FROM tokens")}


def queue(
    db: sqlite3.Connection, *, after: int = 0, limit: int = 200, states: Sequence[str] | None = None
) -> list[QueueRow]:
    """Everything not delivered, oldest change first, in pages: pass the last id seen as ``after``.

    ``states`` leaves out what is in another one; that way is quick with few of them among many.
    """
    chosen = "" if states is None else f"AND outbox.state IN ({','.join('?' * len(states))}) "
    quick = "" if states is None else "INDEXED BY outbox_waiting "
    rows = db.execute(
        "SELECT outbox.id, outbox.play_id, outbox.viewer, outbox.tracker, plays.label, outbox.watched_at, "
        "outbox.state, outbox.phase, outbox.reason, outbox.attempts, outbox.next_at, outbox.candidates "
        f"FROM outbox {quick}JOIN plays ON plays.id = outbox.play_id WHERE outbox.{_OPEN} AND outbox.id > ? "
        f"{chosen}ORDER BY outbox.id LIMIT ?",
        (after, *(states or ()), limit),
    )
    return [QueueRow(*(*row[:11], tuple(json.loads(row[11] or "[]")))) for row in rows]


def plays(db: sqlite3.Connection, *, before: int | None = None, limit: int = 50) -> list[PlayRow]:
    """The newest plays, newest first, in pages: pass the last id seen as ``before``."""
    rows = db.execute(
        "SELECT id, event_id, viewer, source, media, label, item, watched_at, created_at FROM plays "
        "WHERE id < ? ORDER BY id DESC LIMIT ?",
        (before if before is not None else 1 << 62, limit),
    ).fetchall()
    return _with_deliveries(db, rows)


def play(db: sqlite3.Connection, play_id: int) -> PlayRow | None:
    rows = db.execute(
        "SELECT id, event_id, viewer, source, media, label, item, watched_at, created_at FROM plays WHERE id = ?",
        (play_id,),
    ).fetchall()
    found = _with_deliveries(db, rows)
    return found[0] if found else None


def plays_of_event(db: sqlite3.Connection, event_id: int) -> list[PlayRow]:
    """The plays that an event completed, one for each viewer who claims its account."""
    rows = db.execute(
        "SELECT id, event_id, viewer, source, media, label, item, watched_at, created_at FROM plays "
        "WHERE event_id = ? ORDER BY id",
        (event_id,),
    ).fetchall()
    return _with_deliveries(db, rows)


def event(db: sqlite3.Connection, event_id: int) -> EventRow | None:
    row = db.execute(
        "SELECT id, source, received_at, kind, outcome, reason, account, label, raw FROM events WHERE id = ?",
        (event_id,),
    ).fetchone()
    if row is None:
        return None
    raw = None if row[8] is None else zlib.decompress(row[8]).decode("utf-8", "surrogatepass")
    return EventRow(*(*row[:5], row[5] or "", row[6] or "", row[7], raw))


def attempts(db: sqlite3.Connection, play_id: int) -> list[tuple[str, float, str, str]]:
    """Each attempt to deliver a play: tracker, Unix seconds, outcome, detail; oldest first."""
    return db.execute(
        "SELECT outbox.tracker, attempts.at, attempts.outcome, attempts.detail FROM attempts "
        "JOIN outbox ON outbox.id = attempts.change_id WHERE outbox.play_id = ? ORDER BY attempts.id",
        (play_id,),
    ).fetchall()


def _with_deliveries(db: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> list[PlayRow]:
    by_play = _deliveries(db, [row[0] for row in rows])
    return [PlayRow(*(*row[:6], json.loads(row[6]), *row[7:9], tuple(by_play.get(row[0], ())))) for row in rows]


def _deliveries(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, list[Delivery]]:
    wanted = list(ids)
    marks = ",".join("?" * len(wanted))
    result: dict[int, list[Delivery]] = {}
    for row in db.execute(
        "SELECT play_id, id, tracker, state, phase, reason, how, rewatch, remote_id, settled_at FROM outbox "
        f"WHERE play_id IN ({marks}) ORDER BY tracker",
        wanted,
    ):
        result.setdefault(row[0], []).append(
            Delivery(row[1], row[2], row[3], row[4], row[5] or "", row[6] or "", bool(row[7]), row[8], row[9])
        )
    return result
