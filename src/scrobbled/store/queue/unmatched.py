"""What could not be told at a tracker: changes that wait for it, and what its catalogue did not have when asked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from scrobbled.core.naming.unmatched import UnmatchedThing
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import Code
from scrobbled.store.file.codec import decode_parts
from scrobbled.store.mirror import subjects
from scrobbled.store.queue.outbox import DONE

MOST = 20_000
"""Of each sort; more are not looked at."""
_WAIT = ("unmatched", "parked")
_FOUND_NOWHERE = {Code.NOT_FOUND, Code.NOT_IN_CATALOGUE, Code.UNCERTAIN}


class UnmatchedRow(NamedTuple):
    """As it lies in the database: quick to read, and ``thing`` makes of it what it is about, beside the database."""

    viewer: str
    tracker: str
    origin: str
    state: str
    reason: str
    change: str
    candidates: str
    scope: str
    item: str
    label: str


def rows(db: sqlite3.Connection) -> list[UnmatchedRow]:
    """All of them; what waits comes first, oldest first."""
    found = [*_plays(db), *_others(db)]
    return found + [
        UnmatchedRow(one.viewer, one.target, one.tracker, "unmatched", one.reason, "", "[]", one.scope, one.item, "")
        for one in subjects.misses(db, MOST)
    ]


def thing(row: UnmatchedRow) -> UnmatchedThing:
    subject = decode_parts("", row.scope, row.item, None)  # type: ignore[arg-type]  # what we wrote is a scope
    return UnmatchedThing(
        row.viewer,
        row.tracker,
        row.origin,
        subject.item,
        row.label or subject.label(),
        PlayOutcome(row.state),
        row.reason,
        row.change,
        tuple(json.loads(row.candidates)),
    )


def _plays(db: sqlite3.Connection) -> Iterator[UnmatchedRow]:
    accounts = db.execute(
        "SELECT DISTINCT one, two, three FROM tallies WHERE what = 'changes' AND count > 0 "
        "AND three IN (?, ?, 'dead') ORDER BY one, two, three DESC",
        _WAIT,
    )
    for viewer, tracker, state in accounts.fetchall():
        found = db.execute(
            "SELECT outbox.code, plays.source, coalesce(outbox.reason, ''), outbox.id, "
            "coalesce(outbox.candidates, '[]'), plays.media, plays.item, plays.label FROM outbox "
            "INDEXED BY outbox_waiting JOIN plays ON plays.id = outbox.play_id "
            f"WHERE outbox.viewer = ? AND outbox.tracker = ? AND outbox.state = ? AND outbox.state NOT IN {DONE} "
            "ORDER BY outbox.id LIMIT ?",
            (viewer, tracker, state, MOST),
        )
        for code, origin, reason, id_, *rest in found:
            if state in _WAIT or code in _FOUND_NOWHERE:
                yield UnmatchedRow(viewer, tracker, origin, state, reason, f"c{id_}", *rest)


def _others(db: sqlite3.Connection) -> Iterator[UnmatchedRow]:
    found = db.execute(
        "SELECT viewer, tracker, '', state, reason, 'a' || id, '[]', json_extract(subject, '$[1]'), "
        f"json_extract(subject, '$[2]'), label FROM amendments WHERE state NOT IN {DONE} AND state IN (?, ?) "
        "AND subject IS NOT NULL ORDER BY id LIMIT ?",
        (*_WAIT, MOST),
    )
    return (UnmatchedRow(*row) for row in found)
