"""The changes of a run one by one, and how quickly they are settled. Read-only and bounded."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from msgspec import Struct

from scrobbled.core.naming.items import Item
from scrobbled.store.file.codec import decode_item, decode_subject
from scrobbled.store.queue.outbox import DONE

LATELY = 30
"""So many settled changes tell the pace."""
SETTLED = ("delivered", "already-there", "parked", "unmatched", "dead", "unwanted")


class RunItem(Struct, frozen=True):
    """One change of a run, in whatever state. Times are Unix seconds."""

    id: str
    """``c12`` for a play that is added, ``a5`` for an amendment."""
    play: int | None
    tracker: str
    kind: str
    action: str
    label: str
    watched_at: float | None
    before: str
    after: str
    why: str
    state: str
    phase: str
    reason: str
    code: str
    settled_at: float | None
    item: Item | None


class Tempo(Struct, frozen=True):
    """How the changes of a run for one tracker go. Times are Unix seconds."""

    tracker: str
    waiting: int
    a_second: float | None
    """Settled a second lately; ``None`` where too few were to tell."""
    last: float | None
    """When one was last settled."""


class ItemFilter(Struct, frozen=True):
    """Which items; an empty text is any."""

    tracker: str = ""
    state: str = ""
    action: str = ""


def page(db: sqlite3.Connection, run: int, chosen: ItemFilter, after: str, limit: int) -> list[RunItem]:
    """Plays first, each by its id, in pages: pass the last id seen as ``after``, or an empty text."""
    found: list[RunItem] = []
    if not after.startswith("a"):
        found = _plays(db, run, chosen, int(after[1:] or 0) if after else 0, limit)
    if len(found) == limit:
        return found
    start = int(after[1:]) if after.startswith("a") else 0
    return found + _amended(db, run, chosen, start, limit - len(found))


def tempos(db: sqlite3.Connection, run: int, waiting: Mapping[str, int]) -> list[Tempo]:
    """``waiting`` is how many changes are on their way to each tracker."""
    lately = {tracker: _lately(db, run, tracker) for tracker in waiting}
    return [Tempo(name, waiting[name], _pace(times), times[0] if times else None) for name, times in lately.items()]


def added_since(db: sqlite3.Connection, run: int, tracker: str, since: float) -> int:
    """How many plays of a run that tracker got after ``since`` (Unix seconds)."""
    query = (
        "SELECT count(*) FROM outbox INDEXED BY outbox_settled WHERE run = ? AND state = 'delivered' "
        "AND tracker = ? AND settled_at > ?"
    )
    return int(db.execute(query, (run, tracker, since)).fetchone()[0])


def _lately(db: sqlite3.Connection, run: int, tracker: str) -> list[float]:
    """When the last few were settled, the newest first."""
    query = "SELECT settled_at FROM {} WHERE run = ? AND tracker = ? AND state = ? ORDER BY settled_at DESC LIMIT ?"
    times = [
        row[0]
        for name in ("outbox", "amendments")
        for state in SETTLED
        for row in db.execute(query.format(name), (run, tracker, state, LATELY))
        if row[0] is not None
    ]
    return sorted(times, reverse=True)[:LATELY]


def _pace(times: Sequence[float]) -> float | None:
    if len(times) < 3 or times[0] - times[-1] < 1.0:
        return None
    return (len(times) - 1) / (times[0] - times[-1])


def _plays(db: sqlite3.Connection, run: int, chosen: ItemFilter, after: int, limit: int) -> list[RunItem]:
    if chosen.action not in ("", "add"):
        return []
    condition, values = _filtered("outbox", chosen)
    rows = db.execute(
        "SELECT outbox.id, outbox.play_id, outbox.tracker, plays.label, outbox.watched_at, outbox.state, outbox.phase, "
        "coalesce(outbox.reason, ''), outbox.code, outbox.settled_at, plays.item, plays.media FROM outbox JOIN plays "
        f"ON plays.id = outbox.play_id WHERE outbox.run = ? AND outbox.id > ? {condition} ORDER BY outbox.id LIMIT ?",
        (run, after, *values, limit),
    )
    return [
        RunItem(
            id=f"c{row[0]}",
            play=row[1],
            tracker=row[2],
            kind="plays",
            action="add",
            label=row[3],
            watched_at=row[4],
            before="",
            after="",
            why="",
            state=row[5],
            phase=row[6],
            reason=row[7],
            code=row[8],
            settled_at=row[9] if row[5] in DONE else None,
            item=decode_item(row[11], row[10]),
        )
        for row in rows
    ]


def _amended(db: sqlite3.Connection, run: int, chosen: ItemFilter, after: int, limit: int) -> list[RunItem]:
    condition, values = _filtered("amendments", chosen)
    if chosen.action:
        condition, values = f"{condition} AND amendments.action = ?", [*values, chosen.action]
    rows = db.execute(
        "SELECT id, play_id, tracker, kind, action, label, json_extract(wish, '$.watched_at'), before, after, why, "
        f"state, reason, code, settled_at, subject FROM amendments WHERE run = ? AND id > ? {condition} "
        "ORDER BY id LIMIT ?",
        (run, after, *values, limit),
    )
    return [
        RunItem(
            id=f"a{row[0]}",
            play=row[1],
            tracker=row[2],
            kind=row[3],
            action=row[4],
            label=row[5],
            watched_at=row[6],
            before=row[7],
            after=row[8],
            why=row[9],
            state=row[10],
            phase="",
            reason=row[11],
            code=row[12],
            settled_at=row[13] if row[10] in DONE else None,
            item=decode_subject(row[14]).item if row[14] else None,
        )
        for row in rows
    ]


def _filtered(name: str, chosen: ItemFilter) -> tuple[str, list[str]]:
    asked = {f"{name}.tracker": chosen.tracker, f"{name}.state": chosen.state}
    given = {column: value for column, value in asked.items() if value}
    return " ".join(f"AND {column} = ?" for column in given), list(given.values())
