"""What is asked of the mirror where one side of a pair is a library, and of what we wrote there."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping

from msgspec import Struct

from scrobbled.core.agreeing.bulk import TimedPlay
from scrobbled.core.agreeing.ledger import LeftMark
from scrobbled.core.kinds import COLLECTION, ITEMS, WATCHED, KindValue
from scrobbled.core.standing import AccountKey
from scrobbled.store.file.codec import THESE, decode_value, instant, listed
from scrobbled.store.mirror.records import GONE
from scrobbled.store.mirror.values import MirroredValue

Viewed = tuple[str, float]
"""A key, and when that was watched (Unix seconds)."""


def watched(db: sqlite3.Connection, account: AccountKey, after: Viewed, limit: int) -> list[Viewed]:
    """Of everything that counts as watched there and has a time: its key, and that time (Unix seconds), in pages."""
    rows = db.execute(
        "SELECT key, at FROM valued WHERE viewer = ? AND tracker = ? AND key > ? AND kind = ? AND at IS NOT NULL "
        "AND missed = 0 ORDER BY key LIMIT ?",
        (*account, after[0], WATCHED, limit),
    )
    return rows.fetchall()


def titles(db: sqlite3.Connection, account: AccountKey) -> list[str]:
    """Of the libraries in which something is, by title."""
    query = "SELECT DISTINCT value FROM valued WHERE viewer = ? AND tracker = ? AND kind = ? AND value IS NOT NULL"
    return sorted({title for (told,) in db.execute(query, (*account, ITEMS)) for title in _in(decode_value(told))})


class ItemStand(Struct, frozen=True):
    """One thing that a library holds, or held. ``names`` are the libraries that it is in, ``since`` is Unix seconds."""

    key: str
    names: str
    missed: int
    since: float
    agreed: bool
    """The pair last saw it in the collection of both sides."""


def stands(db: sqlite3.Connection, account: AccountKey, pair: str, after: str, limit: int) -> list[ItemStand]:
    """All that the account holds or held, in pages by key: pass the last one seen as ``after``."""
    viewer, tracker = account
    rows = db.execute(
        "SELECT valued.key, valued.places, valued.missed, valued.since, agreed.key IS NOT NULL FROM valued "
        "LEFT JOIN subjects USING (viewer, tracker, key) LEFT JOIN agreed ON agreed.viewer = valued.viewer "
        "AND agreed.pair = ? AND agreed.kind = ? AND agreed.key = subjects.identity AND valued.missed > 0 "
        "WHERE valued.viewer = ? AND valued.tracker = ? AND valued.key > ? AND valued.kind = ? "
        "AND valued.value IS NOT NULL ORDER BY valued.key LIMIT ?",
        (pair, COLLECTION, viewer, tracker, after, ITEMS, limit),
    )
    return [ItemStand(key, names, missed, since, bool(agreed)) for key, names, missed, since, agreed in rows]


def is_in(item: MirroredValue | None, title: str) -> bool:
    """Whether a thing is in the library of this title, compared trimmed and without case."""
    wanted = title.strip().casefold()
    return item is not None and any(one.strip().casefold() == wanted for one in _in(item.value))


def _in(value: KindValue | None) -> list[str]:
    told = value.get("in") if isinstance(value, Mapping) else None
    return told if isinstance(told, list) else []


def viewed(db: sqlite3.Connection, account: AccountKey, after: Viewed, limit: int) -> list[Viewed]:
    """Keys and times (Unix seconds) of the plays of its history, in pages by key and time; each once."""
    rows = db.execute(
        "SELECT DISTINCT key, at FROM records INDEXED BY records_of_key WHERE viewer = ? AND tracker = ? "
        "AND (key, at) > (?, ?) AND at IS NOT NULL ORDER BY key, at LIMIT ?",
        (*account, *after, limit),
    )
    return rows.fetchall()


def timed(db: sqlite3.Connection, account: AccountKey, after: str, limit: int) -> list[TimedPlay]:
    """The dated plays that are there, with their runtimes, in pages by id: pass the last one seen as ``after``."""
    rows = db.execute(
        "SELECT records.id, records.at, subjects.runtime FROM records LEFT JOIN subjects USING (viewer, tracker, key) "
        "WHERE viewer = ? AND tracker = ? AND records.id > ? AND records.at IS NOT NULL AND records.missed < ? "
        "ORDER BY records.id LIMIT ?",
        (*account, after, GONE, limit),
    )
    return [TimedPlay(id_, instant(at), runtime) for id_, at, runtime in rows]


_TAKEN = (
    "SELECT 1 FROM amendments AS back WHERE back.undoes = amendments.id AND back.run IS NOT NULL "
    "AND back.state = 'delivered'"
)
"""A run had it unticked."""


def marks(db: sqlite3.Connection, account: AccountKey, after: int, limit: int) -> list[tuple[str, LeftMark]]:
    """The ticks that we carried out, or may have, or that a person took back, by canonical key; in pages by number.

    What was watched already, or being played, at the first try was not ticked by us, and nobody tells how it was left.
    At a later one it may have been, by one before. What was not there any more is another file when it comes again.
    """
    rows = db.execute(
        f"SELECT key, id, created_at, settled_at, state, coalesce(left_as, ''), EXISTS ({_TAKEN}) "
        "FROM amendments WHERE viewer = ? AND tracker = ? AND action = 'tick' AND id > ? AND state <> 'unwanted' "
        "AND (state = 'undone' OR attempts > (state = 'already-there' OR (state = 'delivered' AND left_as IS NULL))) "
        "ORDER BY id LIMIT ?",
        (*account, after, limit),
    )
    return [(key, _mark(*rest)) for key, *rest in rows]


def _mark(id_: int, made: float, settled: float | None, state: str, left: str, taken: bool) -> LeftMark:
    """``left`` is how the library told us that it stood after it: count and time."""
    count, _, at = left.partition("@")
    when = float(at) if at.isdecimal() else settled if state == "delivered" else None
    return LeftMark(
        id_,
        instant(made),
        None if when is None else instant(when),
        int(count) if count.isdecimal() else 1,
        undone=state == "undone" and not taken,
        taken=bool(taken),
    )


def entered(db: sqlite3.Connection, account: AccountKey, ids: Collection[str]) -> dict[str, float]:
    """Of these records of an account those that we entered without a date, and when we wanted that (Unix seconds)."""
    query = (
        "SELECT records.id, outbox.received_at FROM records JOIN outbox ON outbox.play_id = records.play "
        "AND outbox.viewer = records.viewer AND outbox.tracker = records.tracker "
        f"WHERE records.viewer = ? AND records.tracker = ? AND records.id IN {THESE} "
        "AND outbox.kind = 'plays' AND outbox.undated <> ''"
    )
    return dict(db.execute(query, (*account, listed(ids))).fetchall())


def came_from(db: sqlite3.Connection, account: AccountKey, source: str, ids: Collection[str]) -> set[str]:
    """Those of these records of an account that are of plays which ``source`` told us of."""
    query = (
        "SELECT records.id FROM records JOIN plays ON plays.id = records.play "
        f"WHERE records.viewer = ? AND records.tracker = ? AND records.id IN {THESE} AND plays.source = ?"
    )
    return {row[0] for row in db.execute(query, (*account, listed(ids), source))}
