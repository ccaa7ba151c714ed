"""The durable queue of changes, the only road to a tracker.

``state`` is an outcome code. ``phase`` refines ``queued``: empty, ``in-flight`` (a write that must not be repeated has
begun) or ``in-doubt`` (it began and its answer is missing: it must be read back before any repeat).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scrobbled.core.errors import Candidate
from scrobbled.core.items import Item
from scrobbled.core.outcomes import PlayOutcome
from scrobbled.core.plays import EARLIEST
from scrobbled.store import floods
from scrobbled.store.codec import decode_item, instant

IN_FLIGHT = "in-flight"
IN_DOUBT = "in-doubt"
INTERRUPTED = "interrupted during the write"
SAME_VIEWING = "the same viewing is play "
"""How the reason begins of a play that is ``already-there`` because another one is; its id follows."""
DROPPED = "dropped by hand"
AGAIN = "taken from where it did not belong, and sent where it does"
TAKEN_BACK = "taken back"
"""How the reason begins of what ``undo`` took back: no report of the same viewing is sent again."""
CANCELLED = "its run was cancelled"
"""Why something was not sent that a later run may find again."""
SET_FREE = f"(outbox.state = 'undone' AND outbox.reason = '{CANCELLED}')"
"""As SQL: nobody has decided about it."""
OF_A_CANCELLED_RUN = "EXISTS (SELECT 1 FROM runs WHERE runs.id = {}.run AND runs.phase = 'cancelling')"
"""As SQL, for a table: it is about to be taken out of the queue, and nothing of it is sent any more."""
NEVER_LATER = 8 * 86_400.0
"""Nothing is put off for longer than a week; what seems to be was put off before the clock was put back."""
DAY = 86_400.0
_TIME_HAS_COME = "(outbox.next_at <= ? OR outbox.next_at > ?)"
TO_BE_TAKEN_BACK = (
    "EXISTS (SELECT 1 FROM amendments WHERE amendments.change_id = outbox.id AND amendments.state IN "
    "('queued', 'parked', 'unmatched', 'dead'))"
)
"""As SQL: somebody wants a change in ``outbox`` taken back, and that is not settled yet."""
_CANCELLED = OF_A_CANCELLED_RUN.format("outbox")
_MAY_BE_SENT = f"outbox.phase = '' AND {_TIME_HAS_COME} AND NOT {TO_BE_TAKEN_BACK} AND NOT {_CANCELLED}"
_TURNS = (
    (PlayOutcome.QUEUED, "AND outbox.run IS NULL"),
    (PlayOutcome.QUEUED, "AND outbox.run IS NOT NULL"),
    (PlayOutcome.PARKED, ""),
)
DONE = "('delivered', 'already-there', 'echo', 'unwanted', 'undone')"
"""As SQL: the outcomes after which nothing waits any more. The indexes of what is open name the same."""
_COLUMNS = (
    "outbox.id, outbox.play_id, outbox.viewer, outbox.tracker, outbox.state, outbox.phase, outbox.watched_at, "
    "outbox.address_key, outbox.address, outbox.how, outbox.rewatch, outbox.attempts, outbox.misses, "
    "outbox.missed_at, outbox.next_at, outbox.received_at, plays.media, plays.item, plays.duration_ms, "
    "outbox.restored, outbox.approved, outbox.run"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One play on its way to one tracker. Times are Unix seconds except ``watched_at``."""

    id: int
    play_id: int
    viewer: str
    tracker: str
    state: PlayOutcome
    phase: str
    watched_at: datetime | None
    address_key: str | None
    address: dict[str, Any] | None
    how: str
    rewatch: bool
    attempts: int
    misses: int
    """How often a catalogue did not know it, or a read-back did not find it."""
    missed_at: float | None
    """When the last complete read-back of a write in doubt missed it."""
    next_at: float
    received_at: float
    item: Item
    duration: timedelta | None
    restored: bool = False
    """It came out of a backup, and may have been delivered since: it is looked up before it is sent."""
    approved: bool = False
    """A person wants it sent, so that no rule holds it again."""
    run: int | None = None
    """The run of a pair that wants it there."""


def due(db: sqlite3.Connection, viewer: str, tracker: str, now: float, limit: int) -> list[Change]:
    """Queued changes whose time has come, oldest viewing first; never those in doubt.

    What a run of a pair wants there comes after what was watched just now, and parked ones come last. What is to be
    taken back is not sent.
    """
    found: list[Change] = []
    for state, whose in _TURNS:
        condition = f"outbox.viewer = ? AND outbox.tracker = ? AND outbox.state = ? {whose} AND {_MAY_BE_SENT}"
        values = (viewer, tracker, state, now, now + NEVER_LATER, limit - len(found))
        found += _select(db, f"{condition} ORDER BY outbox.watched_at, outbox.id LIMIT ?", values)
        if len(found) == limit:
            break
    return found


def coming(
    db: sqlite3.Connection, viewer: str, tracker: str, now: float, after: Change | None, limit: int
) -> list[Change]:
    """All queued changes whose time has come, oldest viewing first, in pages: pass the last one seen."""
    at = -1 if after is None or after.watched_at is None else int(after.watched_at.timestamp())
    return _select(
        db,
        "outbox.viewer = ? AND outbox.tracker = ? AND outbox.state = 'queued' "
        f"AND (outbox.watched_at, outbox.id) > (?, ?) AND {_MAY_BE_SENT} "
        "ORDER BY outbox.watched_at, outbox.id LIMIT ?",
        (viewer, tracker, at, 0 if after is None else after.id, now, now + NEVER_LATER, limit),
    )


def in_doubt(db: sqlite3.Connection, viewer: str, tracker: str, now: float, limit: int) -> list[Change]:
    """Changes to be read back now, oldest viewing first."""
    return _select(
        db,
        # the plus keeps SQLite from looking through everything that is queued
        f"outbox.viewer = ? AND outbox.tracker = ? AND +outbox.state = 'queued' AND outbox.phase = '{IN_DOUBT}' "
        f"AND {_TIME_HAS_COME} ORDER BY outbox.watched_at, outbox.id LIMIT ?",
        (viewer, tracker, now, now + NEVER_LATER, limit),
    )


def next_due(db: sqlite3.Connection, viewer: str, tracker: str) -> float | None:
    """When the next change of this account is due, in Unix seconds; ``None`` where nothing waits for a time."""
    row = db.execute(
        "SELECT min(next_at) FROM outbox WHERE viewer = ? AND tracker = ? AND state IN ('queued', 'parked') "
        f"AND state NOT IN {DONE} AND phase <> ? AND (phase <> '' OR NOT {_CANCELLED})",
        (viewer, tracker, IN_FLIGHT),
    ).fetchone()
    return None if row[0] is None else float(row[0])


def waits(db: sqlite3.Connection, viewer: str, tracker: str) -> bool:
    """Whether a change of this account is on its way, due or put off."""
    row = db.execute(
        f"SELECT 1 FROM outbox WHERE viewer = ? AND tracker = ? AND state = 'queued' AND state NOT IN {DONE} LIMIT 1",
        (viewer, tracker),
    ).fetchone()
    return row is not None


def begin(db: sqlite3.Connection, ids: Collection[int]) -> int:
    """The write that must not be repeated begins: from here on a missing answer means doubt.

    Returns how many of them still waited; the others were dropped meanwhile, and must not be written.
    """
    return db.executemany(
        "UPDATE outbox SET state = 'queued', phase = ?, attempts = attempts + 1, missed_at = NULL "
        f"WHERE id = ? AND state IN ('queued', 'parked') AND phase = '' AND NOT {_CANCELLED}",
        [(IN_FLIGHT, id_) for id_ in ids],
    ).rowcount


def doubt(db: sqlite3.Connection, ids: Collection[int], reason: str, next_at: float) -> None:
    """The answer is missing; ``next_at`` is when to read back."""
    db.executemany(
        "UPDATE outbox SET phase = ?, reason = ?, next_at = ?, missed_at = NULL WHERE id = ?",
        [(IN_DOUBT, reason, next_at, id_) for id_ in ids],
    )


def mark_restored(db: sqlite3.Connection) -> None:
    """The database is as it once was: what waits may have been delivered since. What has begun is read back anyway."""
    db.execute(f"UPDATE outbox SET restored = 1 WHERE state NOT IN {DONE} AND phase = ''")


def doubt_restored(db: sqlite3.Connection, id_: int) -> None:
    """Its address is known now, so it can be read back like any write whose answer is missing."""
    db.execute(
        "UPDATE outbox SET state = 'queued', phase = ?, next_at = 0, missed_at = NULL, restored = 0, "
        "reason = 'restored from a backup: looked up before it is sent' WHERE id = ? AND state IN ('queued', 'parked')",
        (IN_DOUBT, id_),
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
        "UPDATE outbox SET phase = '', missed_at = NULL, next_at = ?, reason = '' WHERE id = ?",
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
        "UPDATE outbox SET state = ?, phase = '', reason = ?, settled_at = ?, next_at = ?, candidates = ?, "
        f"remote_id = coalesce(?, remote_id), misses = misses + ? WHERE id = ? AND state NOT IN {DONE} "
        f"AND (state <> 'held' OR ? IN {DONE})",
        (outcome, reason, now, next_at, listed, remote_id, int(outcome is PlayOutcome.PARKED), id_, outcome),
    ).rowcount
    if settled:
        note(db, id_, now, outcome, reason)


def postpone(db: sqlite3.Connection, id_: int, reason: str, now: float, next_at: float) -> None:
    """Nothing was written; the same again at ``next_at``. One that was dropped or held meanwhile stays so."""
    put_off = db.execute(
        "UPDATE outbox SET state = 'queued', phase = '', reason = ?, next_at = ?, "
        f"attempts = attempts + (phase = '') "  # counted already where it began
        f"WHERE id = ? AND state NOT IN {DONE} AND state <> 'held'",
        (reason, next_at, id_),
    ).rowcount
    if put_off:
        note(db, id_, now, "try-later", reason)


def send_again(db: sqlite3.Connection, id_: int, why: str, now: float, *, in_doubt: bool) -> None:
    """What was delivered is gone by our own doing, and wanted again. ``in_doubt``: it may still be there."""
    db.execute(
        "UPDATE outbox SET state = 'queued', phase = ?, reason = ?, remote_id = NULL, settled_at = NULL, approved = 1, "
        "attempts = 0, misses = 0, missed_at = NULL, next_at = 0 WHERE id = ? AND state = 'delivered'",
        (IN_DOUBT if in_doubt else "", why, id_),
    )
    note(db, id_, now, PlayOutcome.QUEUED, why)


def leave_out(db: sqlite3.Connection, id_: int, now: float) -> None:
    """A person does not want what a cancelled run did not send: no later run finds it again."""
    taken = f"UPDATE outbox SET reason = ? WHERE id = ? AND {SET_FREE}"
    if db.execute(taken, (TAKEN_BACK, id_)).rowcount:
        note(db, id_, now, PlayOutcome.UNDONE, TAKEN_BACK)


def start_anew(db: sqlite3.Connection, id_: int, now: float) -> None:
    """What was delivered to a wrong place is taken from there, and is looked up as if it were new."""
    started = db.execute(
        "UPDATE outbox SET state = 'queued', phase = '', reason = '', address_key = NULL, address = NULL, how = NULL, "
        "confidence = NULL, candidates = NULL, remote_id = NULL, settled_at = NULL, approved = 1, attempts = 0, "
        "misses = 0, missed_at = NULL, next_at = 0 WHERE id = ? AND state = 'delivered'",
        (id_,),
    ).rowcount
    if started:
        note(db, id_, now, PlayOutcome.QUEUED, AGAIN)


def release(db: sqlite3.Connection, viewer: str, tracker: str) -> int:
    """The account works again: what was put off because of the outage is due now. Returns how many."""
    return db.execute(
        "UPDATE outbox SET next_at = 0 WHERE viewer = ? AND tracker = ? AND state = 'queued' AND phase = '' "
        "AND next_at > 0",
        (viewer, tracker),
    ).rowcount


def note(db: sqlite3.Connection, id_: int, now: float, outcome: str, detail: str) -> None:
    """One attempt and its answer, for the play's story; a run of equal ones is kept as its first and last."""
    last = db.execute(
        "SELECT id, outcome, detail FROM attempts WHERE change_id = ? ORDER BY id DESC LIMIT 2", (id_,)
    ).fetchall()
    if len(last) == 2 and all((row[1], row[2]) == (outcome, detail) for row in last):
        db.execute("UPDATE attempts SET at = ? WHERE id = ?", (now, last[0][0]))
        return
    db.execute("INSERT INTO attempts (change_id, at, outcome, detail) VALUES (?,?,?,?)", (id_, now, outcome, detail))


def same_viewing(db: sqlite3.Connection, change: Change, key: str, gap: timedelta) -> int | None:
    """The play of another change that this account already has, or is getting, for the same viewing of ``key``."""
    if change.watched_at is None:
        return None
    at, reach = change.watched_at.timestamp(), gap.total_seconds()
    row = db.execute(
        "SELECT play_id FROM outbox WHERE viewer = ? AND tracker = ? AND address_key = ? AND id <> ? "
        "AND watched_at > ? AND watched_at < ? AND (state = 'delivered' OR (state = 'already-there' AND remote_id IS "
        "NOT NULL) OR (state = 'queued' AND (phase <> '' OR id < ?))) ORDER BY id LIMIT 1",
        (change.viewer, change.tracker, key, change.id, at - reach, at + reach, change.id),
    ).fetchone()
    return None if row is None else int(row[0])


def is_on_its_way(db: sqlite3.Connection, viewer: str, tracker: str, key: str) -> bool:
    """Whether a play of what the tracker keeps as ``key`` is to be sent, or was sent and may have come."""
    query = "SELECT 1 FROM outbox WHERE viewer = ? AND tracker = ? AND address_key = ? AND state = 'queued' LIMIT 1"
    return db.execute(query, (viewer, tracker, key)).fetchone() is not None


def watched_before(db: sqlite3.Connection, change: Change, key: str, gap: timedelta) -> bool:
    """Whether this account has an earlier viewing of ``key``: by the time it was watched, not by when it arrived.

    What lies less than ``gap`` before is another report of the same viewing.
    """
    if change.watched_at is None:
        return False
    row = db.execute(
        "SELECT 1 FROM outbox WHERE viewer = ? AND tracker = ? AND address_key = ? AND id <> ? AND watched_at <= ? "
        f"AND state IN ('queued', 'delivered', 'already-there') AND NOT {TO_BE_TAKEN_BACK} LIMIT 1",
        (change.viewer, change.tracker, key, change.id, (change.watched_at - gap).timestamp()),
    ).fetchone()
    return row is not None


def within_a_day(db: sqlite3.Connection, change: Change, key: str) -> set[int]:
    """Other changes that are plays of ``key`` within a day before and after, delivered or before this one in turn."""
    if change.watched_at is None:
        return set()
    at = change.watched_at.timestamp()
    rows = db.execute(
        "SELECT id FROM outbox WHERE viewer = ? AND tracker = ? AND address_key = ? AND id <> ? "
        "AND watched_at >= ? AND watched_at <= ? AND state IN ('queued', 'delivered') "
        "AND (state = 'delivered' OR phase <> '' OR id < ?)",
        (change.viewer, change.tracker, key, change.id, at - DAY, at + DAY, change.id),
    )
    return {row[0] for row in rows}


def retry(db: sqlite3.Connection, ids: Collection[int] | None) -> list[int]:
    """Make parked, unmatched, dead and waiting changes due now; ``None`` means all. Held ones need an approval.

    Writes in doubt stay in doubt: they are read back now instead of later.
    """
    chosen = _chosen(db, ids, "state IN ('queued', 'parked', 'unmatched', 'dead') AND phase <> 'in-flight'")
    db.executemany(
        "UPDATE outbox SET state = 'queued', next_at = 0, candidates = NULL, "
        "address_key = CASE phase WHEN '' THEN NULL ELSE address_key END WHERE id = ?",
        [(id_,) for id_ in chosen],
    )
    return chosen


def approve(db: sqlite3.Connection, ids: Collection[int] | None) -> list[int]:
    """Let held changes that have a date go; one without a date stays held, as it cannot be sent truthfully.

    No rule holds them again.
    """
    chosen = _chosen(db, ids, f"state = 'held' AND watched_at >= {int(EARLIEST.timestamp())}")
    received = [
        db.execute("SELECT viewer, tracker, received_at FROM outbox WHERE id = ?", (id_,)).fetchone() for id_ in chosen
    ]
    db.executemany(
        "UPDATE outbox SET state = 'queued', reason = '', next_at = 0, hold = '', approved = 1 WHERE id = ?",
        [(id_,) for id_ in chosen],
    )
    floods.approved(db, received)
    return chosen


def drop(db: sqlite3.Connection, ids: Collection[int], now: float) -> list[int]:
    """Give up on waiting changes for good; a write in flight or in doubt cannot be dropped, as it may have happened."""
    chosen = _chosen(db, ids, f"state NOT IN {DONE} AND phase = ''")
    for id_ in chosen:
        settle(db, id_, PlayOutcome.UNDONE, DROPPED, now)
    return chosen


def _chosen(db: sqlite3.Connection, ids: Collection[int] | None, condition: str) -> list[int]:
    rows = db.execute(f"SELECT id FROM outbox WHERE state NOT IN {DONE} AND {condition} ORDER BY id").fetchall()
    wanted = None if ids is None else set(ids)
    return [row[0] for row in rows if wanted is None or row[0] in wanted]


def _select(db: sqlite3.Connection, condition: str, values: Sequence[Any]) -> list[Change]:
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM outbox JOIN plays ON plays.id = outbox.play_id "
        f"WHERE outbox.state NOT IN {DONE} AND {condition}",
        values,
    )
    return [_change(row) for row in rows]


def _change(row: Sequence[Any]) -> Change:
    return Change(
        id=row[0],
        play_id=row[1],
        viewer=row[2],
        tracker=row[3],
        state=PlayOutcome(row[4]),
        phase=row[5],
        watched_at=instant(row[6]) if row[6] is not None else None,
        address_key=row[7],
        address=json.loads(row[8]) if row[8] and row[7] else None,
        how=row[9] or "",
        rewatch=bool(row[10]),
        attempts=row[11],
        misses=row[12] or 0,
        missed_at=row[13],
        next_at=row[14],
        received_at=row[15],
        item=decode_item(row[16], row[17]),
        duration=timedelta(milliseconds=row[18]) if row[18] else None,
        restored=bool(row[19]),
        approved=bool(row[20]),
        run=row[21],
    )


def _candidate(candidate: Candidate) -> dict[str, Any]:
    values = {name: getattr(candidate, name) for name in ("title", "year", "tmdb", "season", "number", "why")}
    return {name: value for name, value in values.items() if value is not None}
