"""Stored webhooks, read again: for whoever explains what became of them, and whoever runs them once more."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Struct

from scrobbled.core.naming.items import Item
from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.store.file.codec import decode_item
from scrobbled.store.inbox import events
from scrobbled.store.inbox.bodies import unpacked
from scrobbled.store.queue.words import said

_COLUMNS = (
    "SELECT e.id, e.source, e.received_at, e.kind, e.outcome, e.reason, e.account, e.label, e.session, "
    "coalesce(e.head, e.id), e.part, e.detail, coalesce(e.raw, h.raw), coalesce(e.stem_id, h.stem_id), e.code "
    "FROM events AS e"
)
_WITH_BODY = "LEFT JOIN events AS h ON h.id = e.head WHERE "
_EVENTS = f"{_COLUMNS} {_WITH_BODY}"
NEAREST = 32
"""Plays before a moment, and as many after it, that are compared at most."""
LONGEST = 86_400.0
"""Seconds that a viewing may take, with its pauses."""
LONGEST_SESSION = 20_000
"""Events of one session that are read at most, the newest."""


class StoredEvent(Struct, frozen=True):
    """An event as it lies in the database. ``raw`` is the body it came in, ``None`` once that is no longer kept."""

    id: int
    source: str
    received_at: float
    kind: str | None
    outcome: EventOutcome
    reason: str
    account: str
    label: str | None
    session: int | None
    """The same for all events of one account and one title, ``None`` where no title is known."""
    webhook: int
    """The id of the first event in the same body; its own, where it is the first or the only one."""
    part: int
    detail: dict[str, Any]
    raw: str | None
    code: str = ""

    @property
    def arrived(self) -> tuple[int, int]:
        """What orders events as they came in."""
        return self.webhook, self.part


class StoredPlay(Struct, frozen=True):
    """A play, as far as it tells one viewing from another. ``watched_at`` is Unix seconds."""

    id: int
    event_id: int | None
    viewer: str
    watched_at: int | None


def event(db: sqlite3.Connection, event_id: int) -> StoredEvent | None:
    found = named(db, [event_id])
    return found[0] if found else None


def named(db: sqlite3.Connection, ids: Iterable[int]) -> list[StoredEvent]:
    """Those of these events that there are, as they came in."""
    rows = [row for id_ in set(ids) for row in db.execute(f"{_EVENTS}e.id = ?", (id_,))]
    return _in_order(db, rows)


def page(db: sqlite3.Connection, after: int, since: float, source: str | None, limit: int) -> list[StoredEvent]:
    """The events received since then (Unix seconds), as they came in; pass the last id seen as ``after``."""
    only = "" if source is None else "AND e.source = ? "
    values = (after, since) if source is None else (after, since, source)
    rows = db.execute(f"{_EVENTS}e.id > ? AND e.received_at >= ? {only}ORDER BY e.id LIMIT ?", (*values, limit))
    return [_stored(db, row) for row in rows]


def unclaimed(db: sqlite3.Connection, after: int = 0, limit: int = 100) -> list[StoredEvent]:
    """Events no viewer listed the account of, as they came in; pass the last id seen as ``after``."""
    rows = db.execute(
        f"{_COLUMNS} INDEXED BY events_unclaimed_by_id {_WITH_BODY}"
        "e.outcome = 'unclaimed' AND e.id > ? ORDER BY e.id LIMIT ?",
        (after, limit),
    )
    return [_stored(db, row) for row in rows]


def of_session(db: sqlite3.Connection, session: int) -> list[StoredEvent]:
    """Everything one account told of one title, as it came in."""
    rows = db.execute(f"{_EVENTS}e.session = ? ORDER BY e.id DESC LIMIT ?", (session, LONGEST_SESSION)).fetchall()
    return _in_order(db, rows)


def around(db: sqlite3.Connection, session: int, event_id: int, each: int) -> list[StoredEvent]:
    """An event of a session, and up to ``each`` that came before it and after it, as they came in."""
    before = db.execute(f"{_EVENTS}e.session = ? AND e.id <= ? ORDER BY e.id DESC LIMIT ?", (session, event_id, each))
    rows = before.fetchall()
    rows += db.execute(f"{_EVENTS}e.session = ? AND e.id > ? ORDER BY e.id LIMIT ?", (session, event_id, each))
    return _in_order(db, rows)


def newest(db: sqlite3.Connection) -> int:
    """The highest id that an event has, 0 where there is none."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0])


def first_called(db: sqlite3.Connection, source: str, label: str, *, after: int) -> int | None:
    """The id of the first event of ``source`` beyond ``after`` whose label begins so."""
    row = db.execute(
        "SELECT id FROM events WHERE id > ? AND source = ? AND substr(label, 1, ?) = ? ORDER BY id LIMIT 1",
        (after, source, len(label), label),
    ).fetchone()
    return None if row is None else int(row[0])


def parts(db: sqlite3.Connection, webhook: int) -> list[int]:
    """Which of the events of that webhook have a row."""
    rows = db.execute("SELECT part FROM events WHERE id = ? OR head = ?", (webhook, webhook))
    return [int(part) for (part,) in rows]


def plays_of(db: sqlite3.Connection, event_ids: Sequence[int]) -> list[StoredPlay]:
    """The plays that these events completed."""
    found: list[Sequence[Any]] = []
    for event_id in event_ids:
        found += db.execute("SELECT id, event_id, viewer, watched_at FROM plays WHERE event_id = ?", (event_id,))
    return [StoredPlay(*row) for row in found]


def plays_between(db: sqlite3.Connection, viewer: str, first: float, last: float) -> list[tuple[StoredPlay, Item]]:
    """What somebody watched in that time (Unix seconds), without its ends."""
    rows = db.execute(
        "SELECT id, event_id, viewer, watched_at, media, item FROM plays "
        "WHERE viewer = ? AND watched_at > ? AND watched_at < ?",
        (viewer, first, last),
    )
    return [(StoredPlay(*row[:4]), decode_item(row[4], row[5])) for row in rows]


def plays_around(
    db: sqlite3.Connection, viewer: str, at: float, first: float, last: float
) -> list[tuple[StoredPlay, Item]]:
    """What somebody watched in that time (Unix seconds), without its ends, or was watching at ``at``.

    Without what a run of a pair brought. Where a list was brought in there may be thousands: then those nearest to
    ``at``.
    """
    (before, later) = db.execute(
        f"SELECT ({_BEFORE}), ({_LATER})",
        (viewer, min(first, at - LONGEST), at, NEAREST, first, viewer, at, at + LONGEST, NEAREST, last, at),
    ).fetchone()
    rows = sorted(msgspec.json.decode(before), key=_by_time, reverse=True)
    rows += sorted(msgspec.json.decode(later), key=_by_time)
    return [(StoredPlay(*row[:4]), _lately_decoded(row[4], row[5])) for row in rows]


_NEAR = (
    "SELECT json_group_array(json_array(id, event_id, viewer, watched_at, media, item)) FROM (SELECT * FROM plays "
    "INDEXED BY plays_heard WHERE viewer = ? AND origin IS NULL AND watched_at"
)
"""In one row: between any two the database's thread has to wait for its turn, and webhooks with it."""
_BEFORE = (
    f"{_NEAR} > ? AND watched_at < ? ORDER BY watched_at DESC LIMIT ?) WHERE max(watched_at, coalesce(until, 0)) > ?"
)
_LATER = f"{_NEAR} >= ? AND watched_at < ? ORDER BY watched_at LIMIT ?) WHERE watched_at < ? OR since < ?"
_by_time = itemgetter(3, 0)
_lately_decoded = functools.lru_cache(maxsize=8 * NEAREST)(decode_item)
"""The plays of today are compared with each viewing that ends today."""


def went_on(db: sqlite3.Connection, play: int, at: float) -> None:
    """The viewing ended only then (Unix seconds), long after it was counted."""
    db.execute(
        "UPDATE plays SET until = ? WHERE id = ? AND watched_at < ? AND coalesce(until, 0) < ?", (at, play, at, at)
    )


def undated_plays(db: sqlite3.Connection, viewer: str, label: str) -> list[tuple[StoredPlay, Item]]:
    """Plays of what is called so, watched at a time nobody knows: the newest."""
    rows = db.execute(
        "SELECT id, event_id, viewer, watched_at, media, item FROM plays INDEXED BY plays_undated "
        "WHERE viewer = ? AND watched_at IS NULL AND label = ? ORDER BY id DESC LIMIT ?",
        (viewer, label, NEAREST),
    )
    return [(StoredPlay(*row[:4]), decode_item(row[4], row[5])) for row in rows]


def book(
    db: sqlite3.Connection, event_id: int, event: PlaybackEvent, outcome: EventOutcome, reason: str, at: str
) -> None:
    """What an event turned out to be when it was run again ``at`` that time (ISO 8601)."""
    db.execute(
        "UPDATE events SET kind = ?, account = ?, label = ?, session = ?, outcome = ?, reason = ?, code = ? "
        "WHERE id = ?",
        (
            event.kind,
            events.account_label(event),
            event.item.label() if event.item else None,
            events.session_of(event),
            outcome,
            *said(reason)[:2],
            event_id,
        ),
    )
    events.add_detail(db, event_id, replayed_at=at)


def _in_order(db: sqlite3.Connection, rows: Iterable[Sequence[Any]]) -> list[StoredEvent]:
    return sorted((_stored(db, row) for row in rows), key=lambda stored: stored.arrived)


def _stored(db: sqlite3.Connection, row: Sequence[Any]) -> StoredEvent:
    raw = None if row[12] is None else unpacked(db, row[12], row[13])
    plain = (*row[:4], EventOutcome(row[4]), row[5] or "", row[6] or "", *row[7:11])
    return StoredEvent(*(*plain, json.loads(row[11] or "{}"), raw, row[14]))
