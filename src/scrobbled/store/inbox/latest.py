"""The newest webhooks: for whoever waits for the first of a source, and for whoever asks what became of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.core.words.reasons import TESTS

LATELY = 5_000
"""How many webhooks, of all sources, are looked through: a source that is silent for long must not cost more."""

MOST = 200_000


class LatestWebhook(NamedTuple):
    """What became of one webhook; ``at`` is Unix seconds."""

    source: str
    at: float
    outcome: str
    reason: str
    code: str


def since(db: sqlite3.Connection, moment: float) -> Iterator[LatestWebhook]:
    """Backwards from the newest until it is old enough: a million older events cost nothing."""
    rows = db.execute(
        "SELECT source, received_at, outcome, coalesce(reason, ''), code FROM events ORDER BY id DESC LIMIT ?", (MOST,)
    )
    return takewhile(lambda one: one.at >= moment, map(LatestWebhook._make, rows))


def outcomes(db: sqlite3.Connection, first: int, count: int) -> list[EventOutcome]:
    """Of so many events from this id on: what was stored together has ids that follow on one another."""
    rows = db.execute("SELECT outcome FROM events WHERE id >= ? ORDER BY id LIMIT ?", (first, count))
    return [EventOutcome(row[0]) for row in rows]


def newest(db: sqlite3.Connection, source: str) -> int | None:
    """Its id; ``None`` where none came lately."""
    row = db.execute(
        "SELECT id FROM events WHERE id > (SELECT max(id) FROM events) - ? AND source = ? ORDER BY id DESC LIMIT 1",
        (LATELY, source),
    ).fetchone()
    return None if row is None else int(row[0])


def counted_by(db: sqlite3.Connection, event_id: int) -> int | None:
    """The event by which the viewing of ``event_id`` became a play; ``None`` where none of its session did."""
    row = db.execute(
        "SELECT max(plays.event_id) FROM events AS asked JOIN events ON events.session = asked.session "
        "AND events.id <= asked.id JOIN plays ON plays.event_id = events.id WHERE asked.id = ?",
        (event_id,),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def only_tests(db: sqlite3.Connection, source: str) -> bool:
    """Whether all that came lately were test events of our own."""
    row = db.execute(
        "SELECT 1 FROM events WHERE id > (SELECT max(id) FROM events) - ? AND source = ? "
        "AND code NOT IN (?, ?) LIMIT 1",
        (LATELY, source, *TESTS),
    ).fetchone()
    return row is None
