"""What a person decides about changes, and what follows from it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from scrobbled.core.watching.plays import EARLIEST
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import TAKEN_BACK
from scrobbled.store.file.codec import THESE
from scrobbled.store.queue import floods
from scrobbled.store.queue.outbox.booking import note, settle
from scrobbled.store.queue.verbs import PLAYS
from scrobbled.store.queue.words import AGAIN, DROPPED, IN_DOUBT, SAYS, SAYS_NOTHING, SET_FREE, said


def approve(db: sqlite3.Connection, ids: Collection[int] | None) -> list[int]:
    """Let held changes that have a date go; one without a date stays held, as it cannot be sent truthfully.

    No rule holds them again.
    """
    chosen = PLAYS.chosen(db, ids, f"state = 'held' AND watched_at >= {int(EARLIEST.timestamp())}")
    received = [
        db.execute("SELECT viewer, tracker, received_at FROM outbox WHERE id = ?", (id_,)).fetchone() for id_ in chosen
    ]
    db.executemany(
        f"UPDATE outbox SET state = 'queued', {SAYS_NOTHING}, next_at = 0, hold = '', approved = 1 WHERE id = ?",
        [(id_,) for id_ in chosen],
    )
    floods.approved(db, received)
    return chosen


def plays_of(db: sqlite3.Connection, ids: Collection[int]) -> int:
    """How many plays these changes are of: one that goes to two trackers is one play."""
    of_these = f"SELECT COUNT(DISTINCT play_id) FROM outbox WHERE id IN {THESE}"
    count: int = db.execute(of_these, (json.dumps(list(ids)),)).fetchone()[0]
    return count


def drop(db: sqlite3.Connection, ids: Collection[int], now: float) -> list[int]:
    """Give up on waiting changes for good; a write in flight or in doubt cannot be dropped, as it may have happened."""
    chosen = PLAYS.chosen(db, ids, PLAYS.idle)
    for id_ in chosen:
        settle(db, id_, PlayOutcome.UNDONE, DROPPED, now)
    return chosen


def send_again(db: sqlite3.Connection, id_: int, why: str, now: float, *, in_doubt: bool) -> None:
    """What was delivered is gone by our own doing, and wanted again. ``in_doubt``: it may still be there."""
    db.execute(
        f"UPDATE outbox SET state = 'queued', phase = ?, {SAYS}, remote_id = NULL, settled_at = NULL, approved = 1, "
        "attempts = 0, misses = 0, missed_at = NULL, next_at = 0 WHERE id = ? AND state = 'delivered'",
        (IN_DOUBT if in_doubt else "", *said(why), id_),
    )
    note(db, id_, now, PlayOutcome.QUEUED, why)


def leave_out(db: sqlite3.Connection, id_: int, now: float) -> None:
    """A person does not want what a cancelled run did not send: no later run finds it again."""
    taken = f"UPDATE outbox SET {SAYS} WHERE id = ? AND {SET_FREE}"
    if db.execute(taken, (*said(TAKEN_BACK), id_)).rowcount:
        note(db, id_, now, PlayOutcome.UNDONE, TAKEN_BACK)


def start_anew(db: sqlite3.Connection, id_: int, now: float) -> None:
    """What was delivered to a wrong place is taken from there, and is looked up as if it were new."""
    started = db.execute(
        f"UPDATE outbox SET state = 'queued', phase = '', {SAYS_NOTHING}, address_key = NULL, address = NULL, "
        "how = NULL, confidence = NULL, candidates = NULL, remote_id = NULL, settled_at = NULL, approved = 1, "
        "attempts = 0, misses = 0, missed_at = NULL, next_at = 0 WHERE id = ? AND state = 'delivered'",
        (id_,),
    ).rowcount
    if started:
        note(db, id_, now, PlayOutcome.QUEUED, AGAIN)
