"""A run that somebody cancelled: from one commit on nothing more of it is sent, and then it is taken out of the queue.

What was written stays booked, and so does a write that has begun: what became of that is found out first. What was not
sent is no decision about anything: a later run finds it again.
"""

from __future__ import annotations

import sqlite3

from scrobbled.core.words.outcomes import WAITING, Hold, PlayOutcome
from scrobbled.store.queue import outbox
from scrobbled.store.queue.words import SAYS, said

OUTCOME = "cancelled"
REASON = (
    "you cancelled it: what was written stays, and the rest was taken out of the queue. The next scheduled run "
    "finds it again, and asks you first"
)
_OPEN = f"state IN ({', '.join(repr(str(state)) for state in sorted(WAITING))})"
"""Named one by one, so that an index leads to them."""
_IS_NO_QUESTION = f"hold <> '{Hold.ASK}'"


def cancel(db: sqlite3.Connection, run: int, now: float) -> bool:
    """From this commit on nothing of the run is sent any more; false where nothing of it was under way.

    Its pair is compared completely the next time.
    """
    moves = "run = :run AND state IN ('queued', 'parked')"
    done = db.execute(
        "UPDATE runs SET phase = 'cancelling', ended_at = coalesce(ended_at, :now), outcome = :outcome, "
        "reason = :reason WHERE id = :run AND (ended_at IS NULL OR (outcome = 'done' AND ("
        f"EXISTS (SELECT 1 FROM outbox WHERE {moves} AND phase = '') "
        f"OR EXISTS (SELECT 1 FROM amendments WHERE {moves}))))",
        {"run": run, "now": now, "outcome": OUTCOME, "reason": REASON},
    ).rowcount
    if done:
        _compare_anew(db, run)
    return bool(done)


def take_out(db: sqlite3.Connection, run: int, now: float, limit: int) -> int:
    """Take up to ``limit`` changes of a cancelled run out of the queue; returns how many, 0 where none is left.

    With the last one the run is over, and what a run beside it took for coming has to be looked at again. A change
    whose write has begun is left until that is settled, and what a person is asked stays asked.
    """
    query = f"SELECT id FROM outbox INDEXED BY outbox_settled WHERE run = ? AND {_OPEN} AND phase = '' LIMIT ?"
    ids = [row[0] for row in db.execute(query, (run, limit))]
    for id_ in ids:
        outbox.settle(db, id_, PlayOutcome.UNDONE, outbox.CANCELLED, now)
    amended = db.execute(
        f"UPDATE amendments SET state = 'undone', {SAYS}, settled_at = ?, next_at = 0 WHERE id IN "
        f"(SELECT id FROM amendments WHERE run = ? AND {_OPEN} AND {_IS_NO_QUESTION} LIMIT ?)",
        (*said(outbox.CANCELLED), now, run, limit - len(ids)),
    ).rowcount
    rest = (
        f"AND NOT EXISTS (SELECT 1 FROM outbox WHERE run = :run AND {_OPEN}) "
        f"AND NOT EXISTS (SELECT 1 FROM amendments WHERE run = :run AND {_OPEN} AND {_IS_NO_QUESTION})"
    )
    over = f"UPDATE runs SET phase = 'ended' WHERE id = :run AND phase = 'cancelling' {rest}"
    if db.execute(over, {"run": run}).rowcount:
        _compare_anew(db, run)
    return len(ids) + amended


def stamp(db: sqlite3.Connection, viewer: str, pair: str) -> tuple[int, int]:
    """Another one as soon as a run of the pair was cancelled, or was taken out of the queue as a whole."""
    query = (
        f"SELECT count(*), count(CASE WHEN phase = 'cancelling' THEN 1 END) FROM runs "
        f"WHERE viewer = ? AND pair = ? AND outcome = '{OUTCOME}'"
    )
    cancelled, under_way = db.execute(query, (viewer, pair)).fetchone()
    return cancelled, under_way


def _compare_anew(db: sqlite3.Connection, run: int) -> None:
    whose = "SELECT 1 FROM runs WHERE runs.id = ? AND runs.viewer = pairs.viewer AND runs.pair = pairs.pair"
    db.execute(f"UPDATE pairs SET policy = '' WHERE EXISTS ({whose})", (run,))


def unfinished(db: sqlite3.Connection) -> list[int]:
    """Cancelled runs of which something is not settled yet."""
    return [row[0] for row in db.execute("SELECT id FROM runs WHERE phase = 'cancelling' ORDER BY id")]


def last_was_cancelled(db: sqlite3.Connection, run: int) -> int | None:
    """The run of the same pair before ``run`` that came to an end of its own or was cancelled, if it was the latter."""
    row = db.execute(
        "SELECT before.id, before.outcome FROM runs AS before JOIN runs AS this ON this.id = ? "
        "WHERE before.viewer = this.viewer AND before.pair = this.pair AND before.id < this.id "
        f"AND before.outcome IN ('done', 'nothing', 'incomplete', '{OUTCOME}') ORDER BY before.id DESC LIMIT 1",
        (run,),
    ).fetchone()
    return int(row[0]) if row is not None and row[1] == OUTCOME else None


def is_over(db: sqlite3.Connection, run: int) -> bool:
    """Whether the run has ended: while it is still at work only because somebody cancelled it."""
    row = db.execute("SELECT ended_at FROM runs WHERE id = ?", (run,)).fetchone()
    return row is not None and row[0] is not None
