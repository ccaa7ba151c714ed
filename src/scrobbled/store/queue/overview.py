"""What people and scripts see of the queue: counts, and what waits. Read-only and bounded."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from scrobbled.core.words.outcomes import PLAY_NEXT_STEP, EventOutcome, PlayOutcome
from scrobbled.store.queue.outbox import DONE

_OPEN = f"state NOT IN {DONE}"


class WaitingCount(Struct, frozen=True):
    """What waits at one tracker in one state; ``oldest`` is when its oldest webhook came, in Unix seconds."""

    viewer: str
    tracker: str
    state: str
    count: int
    oldest: float


class WaitReason(Struct, frozen=True):
    """So many changes in a state that needs more than their turn, for reasons of one code; of what is held that is the
    hold. ``reason`` is the text, empty where they have several.
    """

    state: str
    code: str
    count: int
    reason: str


class QueueRow(Struct, frozen=True):
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
    hold: str = ""
    flood: int | None = None

    @property
    def next_step(self) -> str:
        return PLAY_NEXT_STEP[PlayOutcome(self.state)]


class UnclaimedAccount(Struct, frozen=True):
    """An account no viewer lists, and how often it was heard. ``label`` is the last that it watched, where known."""

    source: str
    account: str
    events: int
    last_seen: float
    label: str = ""


class SourceHeard(Struct, frozen=True):
    source: str
    events: int
    last_seen: float


def waiting(db: sqlite3.Connection) -> list[WaitingCount]:
    """Plays and amendments; quick however many wait."""
    rows = db.execute(
        "SELECT one, two, three, count, (SELECT min(at) FROM (SELECT min(received_at) AS at FROM outbox "
        f"INDEXED BY outbox_oldest WHERE viewer = one AND tracker = two AND state = three AND {_OPEN} UNION ALL "
        f"SELECT min(created_at) FROM amendments WHERE viewer = one AND tracker = two AND state = three AND {_OPEN})) "
        f"FROM tallies WHERE what = 'changes' AND count > 0 AND three NOT IN {DONE}"
    )
    return [WaitingCount(*row) for row in rows]


def why_waiting(db: sqlite3.Connection, viewer: str, tracker: str) -> list[WaitReason]:
    """Of one account, most first: plays and amendments."""
    told = (
        "SELECT state, CASE state WHEN 'held' THEN hold ELSE code END AS why, coalesce(reason, '') AS reason FROM {} "
        f"WHERE viewer = ? AND tracker = ? AND state IN ('held', 'parked', 'unmatched', 'dead') AND {_OPEN}"
    )
    rows = db.execute(
        "SELECT state, why, count(*), CASE WHEN min(reason) = max(reason) THEN min(reason) ELSE '' END "
        f"FROM ({told.format('outbox')} UNION ALL {told.format('amendments')}) "
        "GROUP BY state, why ORDER BY count(*) DESC, state, why",
        (viewer, tracker) * 2,
    )
    return [WaitReason(*row) for row in rows]


def needing(db: sqlite3.Connection, viewer: str, tracker: str, state: str, samples: int) -> tuple[int, list[str]]:
    """How many changes of an account are in that state of waiting, and the labels of the newest ``samples``."""
    chosen = f"WHERE outbox.{_OPEN} AND outbox.viewer = ? AND outbox.tracker = ? "
    chosen += "AND outbox.state = ?"
    given = (viewer, tracker, state)
    count = int(db.execute(f"SELECT count(*) FROM outbox {chosen}", given).fetchone()[0])
    rows = db.execute(
        "SELECT plays.label FROM plays JOIN (SELECT outbox.play_id AS play_id, outbox.watched_at AS at, outbox.id AS n "
        f"FROM outbox {chosen} ORDER BY outbox.watched_at DESC, outbox.id DESC LIMIT ?) ON plays.id = play_id "
        "ORDER BY at DESC, n DESC",
        (*given, samples),
    )
    amended = f"FROM amendments WHERE viewer = ? AND tracker = ? AND state = ? AND {_OPEN}"
    more = int(db.execute(f"SELECT count(*) {amended}", given).fetchone()[0])
    labels = db.execute(f"SELECT label {amended} ORDER BY id DESC LIMIT ?", (*given, samples)).fetchall()
    return count + more, [row[0] for row in (*rows, *labels)][:samples]


def needing_by_action(db: sqlite3.Connection, viewer: str, tracker: str, state: str) -> dict[str, int]:
    """How many changes of an account are in that state of waiting, by what they do; plays are added."""
    given = f"WHERE viewer = ? AND tracker = ? AND state = ? AND {_OPEN}"
    rows = db.execute(
        f"SELECT 'add', count(*) FROM outbox {given} UNION ALL "
        f"SELECT action, count(*) FROM amendments {given} GROUP BY action",
        (viewer, tracker, state) * 2,
    )
    return {action: count for action, count in rows if count}


def event_counts(db: sqlite3.Connection) -> dict[str, int]:
    """Every webhook that was ever stored is counted under exactly one outcome."""
    counts = dict(db.execute("SELECT two, sum(count) FROM tallies WHERE what = 'events' GROUP BY two").fetchall())
    return {str(outcome): counts.get(outcome, 0) for outcome in EventOutcome}


def delivery_counts(db: sqlite3.Connection) -> dict[tuple[str, str], dict[str, int]]:
    """Changes by (viewer, tracker) and outcome."""
    result: dict[tuple[str, str], dict[str, int]] = {}
    for viewer, tracker, state, count in db.execute(
        "SELECT one, two, three, count FROM tallies WHERE what = 'changes' AND count > 0"
    ):
        result.setdefault((viewer, tracker), {})[state] = count
    return result


def play_count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT sum(count) FROM tallies WHERE what = 'plays'").fetchone()[0] or 0)


def unclaimed_accounts(db: sqlite3.Connection) -> list[UnclaimedAccount]:
    """The hundred that were heard most often."""
    rows = db.execute(
        "SELECT one, two, count, (SELECT max(received_at) FROM events INDEXED BY events_unclaimed "
        "WHERE source = one AND account = two AND outcome = 'unclaimed'), coalesce((SELECT label FROM events "
        "INDEXED BY events_unclaimed WHERE source = one AND account = two AND outcome = 'unclaimed' "
        "ORDER BY received_at DESC LIMIT 1), '') "
        "FROM tallies WHERE what = 'unclaimed' AND count > 0 ORDER BY count DESC, one, two LIMIT 100"
    )
    return [UnclaimedAccount(*row) for row in rows]


def sources_heard(db: sqlite3.Connection) -> list[SourceHeard]:
    """How often each source was heard, and when last."""
    rows = db.execute(
        "SELECT one, sum(count), max(last) FROM tallies WHERE what = 'events' GROUP BY one HAVING sum(count) > 0"
    )
    return [SourceHeard(*row) for row in rows]


def account_states(db: sqlite3.Connection) -> dict[tuple[str, str], tuple[str, str, float, float | None]]:
    """(viewer, tracker) to state, reason, since and expiry, as the serving process last saved them."""
    rows = db.execute("SELECT viewer, tracker, state, reason, since, expires_at FROM accounts")
    return {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in rows}


def signed_in(db: sqlite3.Connection) -> set[tuple[str, str]]:
    """Accounts with a stored sign-in; a note of a refused password alone is none."""
    rows = db.execute(
        "SELECT viewer, tracker FROM tokens "
        "WHERE coalesce(json_extract(secret, '$.token'), json_extract(secret, '$.access_token'), '') != ''"
    )
    return {(row[0], row[1]) for row in rows}


def queue(
    db: sqlite3.Connection,
    *,
    after: int = 0,
    limit: int = 200,
    states: Sequence[str] | None = None,
    flood: int | None = None,
    apart: bool = False,
) -> list[QueueRow]:
    """Everything not delivered, oldest change first, in pages: pass the last id seen as ``after``.

    ``states`` leaves out what is in another one; that way is quick with few of them among many. ``flood`` leaves out
    what that flood does not hold, ``apart`` what any holds.
    """
    chosen, quick, given = "", "outbox_open", tuple(states or ())
    if states is not None:
        chosen, quick = f"AND outbox.state IN ({','.join('?' * len(states))}) ", "outbox_waiting"
    if flood is not None:
        chosen, quick = f"{chosen}AND outbox.state = 'held' AND outbox.flood = {int(flood)} ", "outbox_held"
    if apart:
        chosen += "AND NOT (outbox.state = 'held' AND outbox.flood IS NOT NULL) "
    rows = db.execute(
        f"{_QUEUED} INDEXED BY {quick} JOIN plays ON plays.id = outbox.play_id "
        f"WHERE outbox.{_OPEN} AND outbox.id > ? "
        f"{chosen}ORDER BY outbox.id LIMIT ?",
        (after, *given, limit),
    )
    return [_queue_row(row) for row in rows]


def queued(db: sqlite3.Connection, ids: Sequence[int]) -> list[QueueRow]:
    """Those of ``ids`` that are not delivered, oldest first."""
    rows = db.execute(
        f"{_QUEUED} JOIN plays ON plays.id = outbox.play_id WHERE outbox.{_OPEN} "
        "AND outbox.id IN (SELECT value FROM json_each(?)) ORDER BY outbox.id",
        (json.dumps(list(ids)),),
    )
    return [_queue_row(row) for row in rows]


_QUEUED = (
    "SELECT outbox.id, outbox.play_id, outbox.viewer, outbox.tracker, plays.label, outbox.watched_at, outbox.state, "
    "outbox.phase, outbox.reason, outbox.attempts, outbox.next_at, outbox.candidates, outbox.hold, outbox.flood "
    "FROM outbox"
)


def _queue_row(row: Sequence[Any]) -> QueueRow:
    return QueueRow(*(*row[:11], tuple(json.loads(row[11] or "[]")), row[12] or "", row[13]))
