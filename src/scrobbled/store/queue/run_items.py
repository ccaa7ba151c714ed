"""The changes of a run one by one, and how quickly they are settled. Read-only and bounded."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from scrobbled.core.kinds import PLAYS
from scrobbled.core.naming.items import Item
from scrobbled.store.file.codec import decode_item, decode_subject, iso_or_none
from scrobbled.store.queue.outbox import DONE

LATELY = 30
"""So many settled changes tell the pace."""
SETTLED = ("delivered", "already-there", "parked", "unmatched", "dead", "unwanted")


class ItemStory(Struct, frozen=True):
    """One change of a run, and what became of it; times are ISO 8601 in UTC. ``id`` is like ``c12`` or ``a5``."""

    id: str
    play_id: str | None
    tracker: str
    action: str
    kind: str
    label: str
    title: str
    watched_at: str | None
    before: str
    after: str
    why: str
    outcome: str
    phase: str
    reason: str
    settled_at: str | None
    poster: str
    reason_code: str = ""


RunItem = tuple[ItemStory, Item | None]
"""And what it is about, by which whoever tells it finds title and poster."""


class ItemFilter(Struct, frozen=True):
    """Which items; an empty text, and no action, is any."""

    tracker: str = ""
    state: str = ""
    actions: tuple[str, ...] = ()
    kind: str = ""
    left: bool = False
    """Only what neither arrived nor is on its way."""


def page(db: sqlite3.Connection, run: int, chosen: ItemFilter, after: str, limit: int) -> list[RunItem]:
    """Plays first, each by its id, in pages: pass the last id seen as ``after``, or an empty text."""
    found: list[RunItem] = []
    if not after.startswith("a"):
        found = _plays(db, run, chosen, int(after[1:] or 0) if after else 0, limit)
    if len(found) == limit:
        return found
    start = int(after[1:]) if after.startswith("a") else 0
    return found + _amended(db, run, chosen, start, limit - len(found))


def pace(db: sqlite3.Connection, run: int, tracker: str) -> tuple[float | None, float | None]:
    """How many changes of a run were settled a second lately (``None`` where too few were to tell), and when the last
    one was (Unix seconds)."""
    times = _lately(db, run, tracker)
    a_second = (len(times) - 1) / (times[0] - times[-1]) if len(times) > 2 and times[0] - times[-1] >= 1.0 else None
    return a_second, times[0] if times else None


def added_since(db: sqlite3.Connection, run: int, tracker: str, since: float) -> int:
    """How many plays and ticks of a run that tracker got after ``since`` (Unix seconds)."""
    told = "WHERE run = ? AND state = 'delivered' AND tracker = ? AND settled_at > ?"
    plays = f"SELECT count(*) FROM outbox INDEXED BY outbox_settled {told}"
    ticks = f"SELECT count(*) FROM amendments {told} AND action = 'tick'"
    return sum(int(db.execute(query, (run, tracker, since)).fetchone()[0]) for query in (plays, ticks))


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


def _plays(db: sqlite3.Connection, run: int, chosen: ItemFilter, after: int, limit: int) -> list[RunItem]:
    if (chosen.actions and "add" not in chosen.actions) or chosen.kind not in ("", PLAYS):
        return []
    condition, values = _filtered("outbox", chosen)
    rows = db.execute(
        "SELECT 'c' || outbox.id, 'p' || outbox.play_id, outbox.tracker, 'add', 'plays', plays.label, "
        "outbox.watched_at, '', '', '', outbox.state, outbox.phase, coalesce(outbox.reason, ''), outbox.settled_at, "
        "outbox.code, plays.item, plays.media FROM outbox JOIN plays ON plays.id = outbox.play_id "
        f"WHERE outbox.run = ? AND outbox.id > ? {condition} ORDER BY outbox.id LIMIT ?",
        (run, after, *values, limit),
    )
    return [(_story(row), decode_item(row[16], row[15])) for row in rows]


def _amended(db: sqlite3.Connection, run: int, chosen: ItemFilter, after: int, limit: int) -> list[RunItem]:
    condition, values = _filtered("amendments", chosen)
    if chosen.kind:
        condition, values = f"{condition} AND amendments.kind = ?", [*values, chosen.kind]
    if chosen.actions:
        marks = ", ".join("?" * len(chosen.actions))
        condition, values = f"{condition} AND amendments.action IN ({marks})", [*values, *chosen.actions]
    rows = db.execute(
        "SELECT 'a' || id, 'p' || play_id, tracker, action, kind, label, json_extract(wish, '$.watched_at'), before, "
        "after, why, state, '', reason, settled_at, code, subject FROM amendments "
        f"WHERE run = ? AND id > ? {condition} ORDER BY id LIMIT ?",
        (run, after, *values, limit),
    )
    return [(_story(row), decode_subject(row[15]).item if row[15] else None) for row in rows]


def _story(row: Sequence[Any]) -> ItemStory:
    label, watched_at, state, settled_at = row[5], row[6], row[10], row[13]
    settled = iso_or_none(settled_at if state in DONE else None)
    told: tuple[Any, ...] = (*row[:6], label, iso_or_none(watched_at), *row[7:13], settled, "", row[14])
    return ItemStory(*told)


def _filtered(name: str, chosen: ItemFilter) -> tuple[str, list[str]]:
    asked = {f"{name}.tracker": chosen.tracker, f"{name}.state": chosen.state}
    given = {column: value for column, value in asked.items() if value}
    left = f" AND {name}.state NOT IN ('queued', 'delivered')" if chosen.left else ""
    return " ".join(f"AND {column} = ?" for column in given) + left, list(given.values())
