"""Writing down how far a change has come, and each attempt with its answer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from scrobbled.core.errors import Candidate
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.queue.verbs import PLAYS
from scrobbled.store.queue.words import DONE, IN_DOUBT, IN_FLIGHT, INTERRUPTED, RESTORED, SAYS, SAYS_NOTHING, said


def doubt(db: sqlite3.Connection, ids: Collection[int], reason: str, next_at: float) -> None:
    """The answer is missing; ``next_at`` is when to read back."""
    db.executemany(
        f"UPDATE outbox SET phase = ?, {SAYS}, next_at = ?, missed_at = NULL WHERE id = ?",
        [(IN_DOUBT, *said(reason), next_at, id_) for id_ in ids],
    )


def mark_restored(db: sqlite3.Connection) -> None:
    """The database is as it once was: what waits may have been delivered since. What has begun is read back anyway."""
    db.execute(f"UPDATE outbox SET restored = 1 WHERE state NOT IN {DONE} AND phase = ''")


def doubt_restored(db: sqlite3.Connection, id_: int) -> None:
    """Its address is known now, so it can be read back like any write whose answer is missing."""
    db.execute(
        f"UPDATE outbox SET state = 'queued', phase = ?, {SAYS}, next_at = 0, missed_at = NULL, restored = 0 "
        "WHERE id = ? AND state IN ('queued', 'parked')",
        (IN_DOUBT, *said(RESTORED), id_),
    )


def doubt_in_flight(db: sqlite3.Connection, viewer: str, tracker: str, now: float = 0.0) -> int:
    """After an interruption: a write that began and was never booked is in doubt. Returns how many.

    With ``now`` (Unix seconds) it becomes part of their stories.
    """
    found = db.execute(
        f"SELECT id FROM outbox WHERE viewer = ? AND tracker = ? AND state NOT IN {DONE} AND phase = ?",
        (viewer, tracker, IN_FLIGHT),
    ).fetchall()
    doubt(db, [id_ for (id_,) in found], INTERRUPTED, 0.0)
    if now:
        for (id_,) in found:
            note(db, id_, now, IN_DOUBT, INTERRUPTED)
    return len(found)


def missed(db: sqlite3.Connection, ids: Collection[int], now: float, next_at: float) -> None:
    """A complete read-back did not find them; one at ``next_at`` or later decides. The first miss is what counts.

    Unless it lies in the future, because the clock was put back.
    """
    first = "CASE WHEN missed_at <= ? THEN missed_at ELSE ? END"
    db.executemany(
        f"UPDATE outbox SET missed_at = {first}, next_at = {first} + ? WHERE id = ?",
        [(now, now, now, now, next_at - now, id_) for id_ in ids],
    )


def clear_doubt(db: sqlite3.Connection, due_at: Collection[tuple[int, float]]) -> None:
    """Proven absent, or never sent: each (id, Unix seconds) may be sent again from then on."""
    db.executemany(
        f"UPDATE outbox SET phase = '', missed_at = NULL, next_at = ?, {SAYS_NOTHING} WHERE id = ?",
        [(at, id_) for id_, at in due_at],
    )


def locate(
    db: sqlite3.Connection, id_: int, key: str, address: Any, how: str, *, rewatch: bool, confidence: str | None = None
) -> None:
    """Remember where the tracker keeps the item, and how sure that is."""
    db.execute(
        "UPDATE outbox SET address_key = ?, address = ?, how = ?, confidence = ?, rewatch = ? WHERE id = ?",
        (key, json.dumps(address), how, confidence, int(rewatch), id_),
    )


def settle(
    db: sqlite3.Connection,
    id_: int,
    outcome: PlayOutcome,
    reason: str,
    now: float,
    *,
    remote_id: str | None = None,
    candidates: Sequence[Candidate] = (),
    next_at: float = 0.0,
) -> None:
    """The change reached ``outcome``; ``next_at`` matters for ``parked`` only. One that was dropped stays dropped.

    One that was held meanwhile stays held, unless it needs no decision any more.
    """
    listed = json.dumps([_candidate(c) for c in candidates]) if candidates else None
    settled = db.execute(
        f"UPDATE outbox SET state = ?, phase = '', {SAYS}, settled_at = ?, next_at = ?, candidates = ?, "
        f"remote_id = coalesce(?, remote_id), misses = misses + ? WHERE id = ? AND state NOT IN {DONE} "
        f"AND (state <> 'held' OR ? IN {DONE})",
        (outcome, *said(reason), now, next_at, listed, remote_id, int(outcome is PlayOutcome.PARKED), id_, outcome),
    ).rowcount
    if settled:
        note(db, id_, now, outcome, reason)


def postpone(db: sqlite3.Connection, id_: int, reason: str, now: float, next_at: float) -> None:
    """Nothing was written; the same again at ``next_at``. One that was dropped or held meanwhile stays so."""
    if PLAYS.postpone(db, id_, reason, next_at):
        note(db, id_, now, "try-later", reason)


def note(db: sqlite3.Connection, id_: int, now: float, outcome: str, detail: str) -> None:
    """One attempt and its answer, for the play's story; a run of equal ones is kept as its first and last."""
    last = db.execute(
        "SELECT id, outcome, detail FROM attempts WHERE change_id = ? ORDER BY id DESC LIMIT 2", (id_,)
    ).fetchall()
    if len(last) == 2 and all((row[1], row[2]) == (outcome, detail) for row in last):
        db.execute("UPDATE attempts SET at = ? WHERE id = ?", (now, last[0][0]))
        return
    db.execute("INSERT INTO attempts (change_id, at, outcome, detail) VALUES (?,?,?,?)", (id_, now, outcome, detail))


def _candidate(candidate: Candidate) -> dict[str, Any]:
    values = {name: getattr(candidate, name) for name in ("title", "year", "tmdb", "season", "number", "why")}
    return {name: value for name, value in values.items() if value is not None}
