"""What a viewer's clients leave with us: what plays, where it was paused, ratings; and when any of it last changed.

Kept here and sent nowhere. All goes by ``store.works``, so that it is found again under other ids.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.items import Episode, Item
from scrobbled.store.file.codec import instant
from scrobbled.store.works import works

RESUMES_KEPT = timedelta(days=183)
_WORK = "JOIN works w ON w.id = work LEFT JOIN works s ON s.id = w.show"


class Resume(Struct, frozen=True):
    """Where something was paused; ``progress`` in percent."""

    id: int
    kind: Scope
    item: Item
    progress: float
    paused_at: datetime


class Rating(Struct, frozen=True):
    """From 1 to 10. Of a show or a season ``item`` is told as an episode without number."""

    kind: Scope
    item: Item
    rating: int
    rated_at: datetime


class Watching(Struct, frozen=True):
    """What plays now, and when it will have ended."""

    item: Item
    started_at: datetime
    ends_at: datetime


def begin_watching(db: sqlite3.Connection, viewer: str, item: Item, at: datetime, ends_at: datetime) -> None:
    """``item`` plays since ``at``; whatever played before does no longer."""
    db.execute(
        "INSERT OR REPLACE INTO watching (viewer, work, started_at, ends_at) VALUES (?,?,?,?)",
        (viewer, works.work_of(db, item), at.timestamp(), ends_at.timestamp()),
    )


def end_watching(db: sqlite3.Connection, viewer: str) -> None:
    db.execute("DELETE FROM watching WHERE viewer = ?", (viewer,))


def watching(db: sqlite3.Connection, viewer: str, now: datetime) -> Watching | None:
    """``None`` where nothing plays, or what did must have ended by now."""
    row = db.execute(
        f"SELECT w.kind, w.facts, s.facts, started_at, ends_at FROM watching {_WORK} WHERE viewer = ? AND ends_at > ?",
        (viewer, now.timestamp()),
    ).fetchone()
    return None if row is None else Watching(works.whole(*row[:3]), instant(row[3]), instant(row[4]))


def save_resume(db: sqlite3.Connection, viewer: str, item: Item, progress: float, at: datetime) -> int:
    """Remember where ``item`` was paused, instead of any earlier place; returns the resume point's id."""
    work = works.work_of(db, item)
    db.execute(
        "INSERT INTO resumes (viewer, work, progress, paused_at) VALUES (?,?,?,?) ON CONFLICT (viewer, work) "
        "DO UPDATE SET progress = excluded.progress, paused_at = excluded.paused_at",
        (viewer, work, progress, at.timestamp()),
    )
    _note(db, viewer, f"{item.media}s.paused_at", at)
    row = db.execute("SELECT id FROM resumes WHERE viewer = ? AND work = ?", (viewer, work)).fetchone()
    return int(row[0])


def forget_resume(db: sqlite3.Connection, viewer: str, item: Item, at: datetime) -> bool:
    """It plays again, or was watched to its end; returns whether there was something to forget."""
    work = works.work_of(db, item)
    found = db.execute("DELETE FROM resumes WHERE viewer = ? AND work = ?", (viewer, work)).rowcount > 0
    if found:
        _note(db, viewer, f"{item.media}s.paused_at", at)
    return found


def remove_resume(db: sqlite3.Connection, viewer: str, id_: int, at: datetime) -> bool:
    """Forget one of the viewer's own resume points by its id; false where there is none."""
    row = db.execute(
        "SELECT w.kind FROM resumes JOIN works w ON w.id = work WHERE resumes.id = ? AND viewer = ?", (id_, viewer)
    ).fetchone()
    if row is None:
        return False
    db.execute("DELETE FROM resumes WHERE id = ?", (id_,))
    _note(db, viewer, f"{row[0]}s.paused_at", at)
    return True


def resumes(db: sqlite3.Connection, viewer: str, now: datetime) -> list[Resume]:
    """The newest first; those of more than ``RESUMES_KEPT`` ago are left out."""
    rows = db.execute(
        f"SELECT resumes.id, w.kind, w.facts, s.facts, progress, paused_at FROM resumes {_WORK} "
        "WHERE viewer = ? AND paused_at >= ? ORDER BY paused_at DESC, resumes.id DESC",
        (viewer, (now - RESUMES_KEPT).timestamp()),
    )
    return [Resume(row[0], row[1], works.whole(*row[1:4]), row[4], instant(row[5])) for row in rows]


def forget_resumes(db: sqlite3.Connection, before: datetime, limit: int = 500) -> int:
    """Drop up to ``limit`` resume points from before then."""
    return db.execute(
        "DELETE FROM resumes WHERE id IN (SELECT id FROM resumes WHERE paused_at < ? LIMIT ?)",
        (before.timestamp(), limit),
    ).rowcount


def rate(
    db: sqlite3.Connection, viewer: str, kind: Scope, item: Item, rating: int, at: datetime, now: datetime
) -> bool:
    """Rated ``rating`` (1 to 10) at ``at``, instead of any earlier rating; false where the item names no such work."""
    work = _work(db, kind, item)
    if work is None:
        return False
    db.execute(
        "INSERT OR REPLACE INTO ratings (viewer, work, rating, rated_at) VALUES (?,?,?,?)",
        (viewer, work, rating, at.timestamp()),
    )
    _note(db, viewer, f"{kind}s.rated_at", now)
    return True


def unrate(db: sqlite3.Connection, viewer: str, kind: Scope, item: Item, now: datetime) -> bool:
    """Take the rating back; false where there was none."""
    work = _work(db, kind, item)
    found = db.execute("DELETE FROM ratings WHERE viewer = ? AND work = ?", (viewer, work)).rowcount > 0
    if found:
        _note(db, viewer, f"{kind}s.rated_at", now)
    return found


def ratings(
    db: sqlite3.Connection, viewer: str, kinds: Sequence[Scope] = (), values: Sequence[int] = ()
) -> list[Rating]:
    """The newest first; without ``kinds`` or ``values`` all of them."""
    wanted, marks = _among("w.kind", kinds)
    rated, numbers = _among("rating", values)
    rows = db.execute(
        f"SELECT w.kind, w.facts, s.facts, rating, rated_at FROM ratings {_WORK} "
        f"WHERE viewer = ? {wanted} {rated} ORDER BY rated_at DESC, w.id DESC",
        (viewer, *marks, *numbers),
    )
    return [Rating(row[0], works.whole(*row[:3]), row[3], instant(row[4])) for row in rows]


def activities(db: sqlite3.Connection, viewer: str) -> dict[str, datetime]:
    """When resume points and ratings last changed, like ``episodes.rated_at``; what never did is missing."""
    return {what: instant(at) for what, at in db.execute("SELECT what, at FROM activities WHERE viewer = ?", (viewer,))}


def _work(db: sqlite3.Connection, kind: Scope, item: Item) -> int | None:
    if kind == "show":
        return works.show_of(db, item) if isinstance(item, Episode) else None
    if kind == "season":
        return works.season_of(db, item) if isinstance(item, Episode) else None
    return works.work_of(db, item) if item.media == kind else None


def _note(db: sqlite3.Connection, viewer: str, what: str, at: datetime) -> None:
    """Never goes back: clients compare it with what they saw last."""
    db.execute(
        "INSERT INTO activities (viewer, what, at) VALUES (?,?,?) ON CONFLICT (viewer, what) "
        "DO UPDATE SET at = max(at, excluded.at)",
        (viewer, what, at.timestamp()),
    )


def _among(column: str, values: Sequence[str] | Sequence[int]) -> tuple[str, Sequence[str] | Sequence[int]]:
    return (f"AND {column} IN ({','.join('?' * len(values))})" if values else ""), values
