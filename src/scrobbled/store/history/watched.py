"""What a viewer watched, read from the plays: pages of history, and how often each film, show and episode was seen.

A play that was taken back everywhere does not count, nor does one that proved to be another play's viewing. Call
``works.catch_up`` until it returns 0 before: plays that lack their work yet are not listed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from scrobbled.core.naming.items import Item, Media
from scrobbled.store.file.codec import instant
from scrobbled.store.queue.words import IS_ANOTHER
from scrobbled.store.works import works

_ASIDE = (
    "SELECT play_id FROM outbox AS a WHERE state IN ('undone', 'already-there') AND NOT EXISTS (SELECT 1 FROM outbox "
    "AS b WHERE b.play_id = a.play_id AND b.state <> 'unwanted' AND b.state <> 'undone' "
    f"AND NOT {IS_ANOTHER.format('b')})"
)
_COUNTS = f"p.work IS NOT NULL AND p.id NOT IN ({_ASIDE})"
_BY_HAND = "p.event_id IS NULL OR (p.source = 'trakt' AND e.kind = 'watched')"


class RowRange(Struct, frozen=True):
    """Rows ``offset`` to ``offset + limit``; ``None`` is all of them."""

    limit: int
    offset: int = 0


class PlayFilter(Struct, frozen=True):
    """Which plays: of one media, of one work or of all of a show, watched from ``start`` to ``end`` (both included)."""

    media: Media | None = None
    work: int | None = None
    show: int | None = None
    start: datetime | None = None
    end: datetime | None = None


class WatchedPlay(Struct, frozen=True):
    """One play. ``by_hand`` says that it was entered, not played."""

    id: int
    item: Item
    watched_at: datetime | None
    by_hand: bool


class WorkTally(Struct, frozen=True):
    """How often a work was watched. ``last`` is ``None`` where no play of it is dated."""

    work: int
    item: Item
    plays: int
    last: datetime | None
    updated: datetime


class Dated(Struct, frozen=True):
    """One play by ids of Trakt's alone. The ``show`` is ``None`` for a film, or where Trakt's id of it is unknown."""

    trakt: int
    watched_at: datetime | None
    show: int | None = None
    season: int | None = None


def history(db: sqlite3.Connection, viewer: str, wanted: PlayFilter, page: RowRange) -> list[WatchedPlay]:
    """The latest first, what has no date at the end."""
    where, values = _where(viewer, wanted)
    rows = db.execute(
        f"SELECT p.id, p.watched_at, {_BY_HAND}, w.kind, w.facts, s.facts FROM plays p JOIN works w ON w.id = p.work "
        f"LEFT JOIN works s ON s.id = w.show LEFT JOIN events e ON e.id = p.event_id WHERE {where} "
        "ORDER BY p.watched_at DESC, p.id DESC LIMIT ? OFFSET ?",
        (*values, page.limit, page.offset),
    )
    return [WatchedPlay(row[0], works.whole(*row[3:6]), _when(row[1]), bool(row[2])) for row in rows]


def history_count(db: sqlite3.Connection, viewer: str, wanted: PlayFilter) -> int:
    where, values = _where(viewer, wanted)
    return int(db.execute(f"SELECT count(*) FROM plays p WHERE {where}", values).fetchone()[0])


def tallies(db: sqlite3.Connection, viewer: str, media: Media, page: RowRange | None = None) -> list[WorkTally]:
    """Each film or each episode, what was watched last first."""
    limit, offset = _bounds(page)
    rows = db.execute(
        "SELECT t.work, t.plays, t.last, t.updated, w.kind, w.facts, s.facts FROM "
        "(SELECT p.work, count(*) AS plays, max(p.watched_at) AS last, max(p.created_at) AS updated FROM plays p "
        f"WHERE p.viewer = ? AND p.media = ? AND {_COUNTS} GROUP BY p.work ORDER BY last DESC, p.work DESC "
        "LIMIT ? OFFSET ?) t JOIN works w ON w.id = t.work LEFT JOIN works s ON s.id = w.show "
        "ORDER BY t.last DESC, t.work DESC",
        (viewer, media, limit, offset),
    )
    return [WorkTally(row[0], works.whole(*row[4:7]), row[1], _when(row[2]), instant(row[3])) for row in rows]


def tally_count(db: sqlite3.Connection, viewer: str, media: Media) -> int:
    row = db.execute(
        f"SELECT count(DISTINCT p.work) FROM plays p WHERE p.viewer = ? AND p.media = ? AND {_COUNTS}", (viewer, media)
    ).fetchone()
    return int(row[0])


def shows(db: sqlite3.Connection, viewer: str, page: RowRange | None = None) -> list[WorkTally]:
    """Each show of which an episode was watched, told as an episode without number; watched last first."""
    limit, offset = _bounds(page)
    rows = db.execute(
        "SELECT w.show, sum(t.plays), max(t.last) AS last, max(t.updated), s.kind, s.facts FROM (SELECT p.work, "
        "count(*) AS plays, max(p.watched_at) AS last, max(p.created_at) AS updated FROM plays p "
        f"WHERE p.viewer = ? AND p.media = 'episode' AND {_COUNTS} GROUP BY p.work) t JOIN works w ON w.id = t.work "
        "JOIN works s ON s.id = w.show GROUP BY w.show ORDER BY last DESC, w.show DESC LIMIT ? OFFSET ?",
        (viewer, limit, offset),
    )
    return [WorkTally(row[0], works.decode(row[4], row[5]), row[1], _when(row[2]), instant(row[3])) for row in rows]


def show_count(db: sqlite3.Connection, viewer: str) -> int:
    row = db.execute(
        "SELECT count(DISTINCT w.show) FROM (SELECT DISTINCT p.work FROM plays p "
        f"WHERE p.viewer = ? AND p.media = 'episode' AND {_COUNTS}) t JOIN works w ON w.id = t.work",
        (viewer,),
    ).fetchone()
    return int(row[0])


def episodes(db: sqlite3.Connection, viewer: str, shows: Sequence[int]) -> dict[int, list[WorkTally]]:
    """The watched episodes of each of these shows, in its order."""
    rows = db.execute(  # a cross join is done in the order it is written in: few episodes first, then their plays
        "SELECT w.show, w.id, count(*), max(p.watched_at), max(p.created_at), w.kind, w.facts FROM works w "
        f"CROSS JOIN plays p ON p.work = w.id WHERE w.show IN ({','.join('?' * len(shows))}) AND p.viewer = ? "
        f"AND {_COUNTS} GROUP BY w.id ORDER BY w.season, w.number, w.id",
        (*shows, viewer),
    )
    found: dict[int, list[WorkTally]] = {show: [] for show in shows}
    for row in rows:
        tally = WorkTally(row[1], works.decode(row[5], row[6]), row[2], _when(row[3]), instant(row[4]))
        found[row[0]].append(tally)
    return found


def by_trakt_id(db: sqlite3.Connection, viewer: str, media: Media) -> list[Dated]:
    """Every play of what Trakt's id is known of, the latest first: a whole library in few words."""
    prefix = f"{media}:trakt:"
    rows = db.execute(
        "SELECT substr(k.key, ?), p.watched_at, (SELECT min(substr(key, 12)) FROM work_keys WHERE work = w.show "
        "AND key >= 'show:trakt:' AND key < 'show:trakt;'), w.season FROM work_keys k JOIN works w ON w.id = k.work "
        f"JOIN plays p ON p.work = k.work WHERE k.key >= ? AND k.key < ? AND p.viewer = ? AND {_COUNTS} "
        "ORDER BY p.watched_at DESC, p.id DESC",
        (len(prefix) + 1, prefix, f"{prefix[:-1]};", viewer),
    )
    return [Dated(int(row[0]), _when(row[1]), int(row[2]) if row[2] else None, row[3]) for row in rows]


def last_changes(db: sqlite3.Connection, viewer: str) -> dict[Media, datetime]:
    """When a play was last added, or taken back; a media without any is missing."""
    added = db.execute("SELECT media, max(created_at) FROM plays WHERE viewer = ? GROUP BY media", (viewer,)).fetchall()
    taken = db.execute(
        "SELECT p.media, max(o.settled_at) FROM outbox o JOIN plays p ON p.id = o.play_id "
        "WHERE o.state IN ('undone', 'already-there') AND p.viewer = ? GROUP BY p.media",
        (viewer,),
    ).fetchall()
    changes: dict[Media, datetime] = {}
    for media, at in sorted((*added, *(row for row in taken if row[1] is not None)), key=lambda row: float(row[1])):
        changes[media] = instant(at)
    return changes


def _where(viewer: str, wanted: PlayFilter) -> tuple[str, list[Any]]:
    conditions = {
        "p.media = ?": wanted.media,
        "p.work = ?": wanted.work,
        "p.work IN (SELECT id FROM works WHERE show = ?)": wanted.show,
        "p.watched_at >= ?": wanted.start and wanted.start.timestamp(),
        "p.watched_at <= ?": wanted.end and wanted.end.timestamp(),
    }
    given = {condition: value for condition, value in conditions.items() if value is not None}
    return " AND ".join(("p.viewer = ?", *given, _COUNTS)), [viewer, *given.values()]


def _bounds(page: RowRange | None) -> Sequence[int]:
    return (-1, 0) if page is None else (page.limit, page.offset)


def _when(seconds: float | None) -> datetime | None:
    return None if seconds is None else instant(seconds)
