"""What is older than it is kept for goes, a little at a time: each step is one short transaction.

A table that grows gets a line in ``STEPS``. What is counted stays counted (``tallies``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from scrobbled.store.accounts.sign_ins import mark, set_mark
from scrobbled.store.history import library
from scrobbled.store.inbox import bodies
from scrobbled.store.mirror import records, runs
from scrobbled.store.notes.cache import forget_expired
from scrobbled.store.queue import arrivals

LIMIT = 200
"""Rows at once: no webhook waits noticeably behind them."""
SESSIONS_KEPT = timedelta(days=90)
ATTEMPTS_KEPT = timedelta(days=90)
RUNS_KEPT = timedelta(days=365)
FILES_KEPT = timedelta(days=30)
UNREADABLE_KEPT = timedelta(days=365)
THINNED = "attempts-thinned"
"""Mark: up to which id the attempts were thinned."""
OPTIMIZED = "optimized"
"""Mark: when ``PRAGMA optimize`` ran last, in Unix seconds."""


class HousekeepingTime(Struct, frozen=True):
    """The moment, aware UTC, and before which bodies of webhooks are no longer kept."""

    now: datetime
    raw_before: datetime


HousekeepingTask = Callable[[sqlite3.Connection, HousekeepingTime], int]
"""Does a little and returns how much; 0 when nothing is left to do."""


def compact_events(db: sqlite3.Connection, when: HousekeepingTime) -> int:
    """Drop old bodies, and the rows of events that led to nothing.

    Unclaimed events keep both, as they may be claimed. Of what could not be read the row stays; what was read, and is
    in a form that nobody knows, goes: an add-on may send it every few seconds. The newest row stays, so that no id is
    given twice.
    """
    old = (
        "SELECT id FROM events INDEXED BY events_with_raw WHERE raw IS NOT NULL AND outcome <> 'unclaimed' "
        f"AND received_at < ? ORDER BY received_at LIMIT {LIMIT}"
    )
    ids = [(row[0],) for row in db.execute(old, (when.raw_before.timestamp(),))]
    led_to_nothing = (
        "outcome <> 'unclaimed' AND (outcome <> 'unreadable' OR kind IS NOT NULL) "
        "AND id < (SELECT max(id) FROM events) AND NOT EXISTS (SELECT 1 FROM plays WHERE plays.event_id = events.id)"
    )
    db.executemany(f"DELETE FROM events WHERE head = ? AND {led_to_nothing}", ids)  # the parts of one webhook
    db.executemany(f"DELETE FROM events WHERE id = ? AND {led_to_nothing}", ids)
    db.executemany("UPDATE events SET raw = NULL, stem_id = NULL WHERE id = ?", ids)
    return len(ids)


def forget_unreadable(db: sqlite3.Connection, when: HousekeepingTime) -> int:
    """A sender that is set up wrongly for years must not fill the disk."""
    return db.execute(
        "DELETE FROM events WHERE id IN (SELECT id FROM events INDEXED BY events_unreadable "
        "WHERE outcome = 'unreadable' AND received_at < ? AND id < (SELECT max(id) FROM events) LIMIT ?)",
        ((when.now - UNREADABLE_KEPT).timestamp(), LIMIT),
    ).rowcount


def forget_stems(db: sqlite3.Connection, when: HousekeepingTime) -> int:
    """After the bodies that needed them."""
    before = min(when.raw_before.timestamp(), when.now.timestamp() - bodies.LIVES)
    return bodies.forget_stems(db, before, LIMIT)


def forget_sessions(db: sqlite3.Connection, when: HousekeepingTime) -> int:
    """What nobody went on watching for so long begins anew."""
    return db.execute(
        "DELETE FROM sessions WHERE key IN (SELECT key FROM sessions WHERE updated_at < ? LIMIT ?)",
        ((when.now - SESSIONS_KEPT).timestamp(), LIMIT),
    ).rowcount


def forget_answers(db: sqlite3.Connection, when: HousekeepingTime) -> int:
    """What catalogues said, once it holds no longer."""
    return forget_expired(db, when.now, LIMIT)


def forget_arrivals(db: sqlite3.Connection, when: HousekeepingTime) -> int:
    """The flood breaker looks back a day at most."""
    return arrivals.forget(db, when.now.timestamp(), LIMIT)


def forget_resumes(db: sqlite3.Connection, when: HousekeepingTime) -> int:
    """Nobody goes on watching after so long."""
    return library.forget_resumes(db, when.now - library.RESUMES_KEPT, LIMIT)


def thin_attempts(db: sqlite3.Connection, when: HousekeepingTime) -> int:
    """Of what was done long ago the attempts go: the change itself tells when and how it ended."""
    before = (when.now - ATTEMPTS_KEPT).timestamp()
    rows = db.execute(
        "SELECT id, at FROM attempts WHERE id > ? ORDER BY id LIMIT ?", (int(mark(db, THINNED)), LIMIT)
    ).fetchall()
    old = [row[0] for row in rows if row[1] < before]
    if not rows or rows[0][1] >= before:
        return 0
    db.executemany(
        "DELETE FROM attempts WHERE id = ? AND id < (SELECT max(id) FROM attempts) AND EXISTS (SELECT 1 FROM outbox "
        "WHERE outbox.id = attempts.change_id "
        "AND state IN ('delivered', 'already-there', 'echo', 'unwanted', 'undone'))",
        [(id_,) for id_ in old],
    )
    set_mark(db, THINNED, max(old))
    return len(old)


def optimize(db: sqlite3.Connection, when: HousekeepingTime) -> int:
    """Once a day let SQLite look again at how much lies where; it reads some hundred rows of each index at most."""
    now = when.now.timestamp()
    if abs(now - mark(db, OPTIMIZED)) < 86_400.0:
        return 0
    set_mark(db, OPTIMIZED, now)
    db.execute("PRAGMA analysis_limit = 200")
    db.execute("PRAGMA optimize")
    return 0


def forget_runs(db: sqlite3.Connection, when: HousekeepingTime) -> int:
    """Runs that changed nothing, once they are a year old. The others stay, so that they can be taken back."""
    return runs.drop_old(db, (when.now - RUNS_KEPT).timestamp(), LIMIT)


def forget_files(db: sqlite3.Connection, when: HousekeepingTime) -> int:
    """What imported files held, once everything of them was compared long ago. The plays they led to stay."""
    before = (when.now - FILES_KEPT).timestamp()
    return records.thin_files(db, before, LIMIT)


STEPS: tuple[HousekeepingTask, ...] = (
    compact_events,
    forget_stems,
    forget_unreadable,
    forget_sessions,
    forget_answers,
    forget_arrivals,
    forget_resumes,
    thin_attempts,
    forget_runs,
    forget_files,
    optimize,
)
