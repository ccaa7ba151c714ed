"""What each account held when it was last read, of all kinds that are no records: ratings, what it has collected."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from scrobbled.core.kinds import Kind, KindValue
from scrobbled.core.records import ValueRecord
from scrobbled.core.standing import AccountKey
from scrobbled.store.file.codec import THESE, decode_value, encode_value, listed, unlisted
from scrobbled.store.mirror.records import GONE

_THERE = "value IS NOT NULL AND missed < ?"


class MirroredValue(Struct, frozen=True):
    """As it lies in the database; ``value`` is ``None`` where it was seen to be cleared. Times are Unix seconds."""

    kind: Kind
    key: str
    value: KindValue | None
    at: float | None
    since: float
    """Since when this value stands: as the service says, else when it was first seen."""
    missed: int
    id: str = ""
    places: tuple[str, ...] = ()


def page(
    db: sqlite3.Connection, account: AccountKey, kinds: Iterable[Kind], after: tuple[str, Kind], limit: int
) -> list[MirroredValue]:
    """All of these kinds, in pages by key and kind: pass those of the last one seen as ``after``."""
    condition = f"kind IN {THESE} AND (key, kind) > (?, ?) ORDER BY key, kind LIMIT ?"
    return list(_select(db, account, condition, listed(kinds), *after, limit))


def of_keys(db: sqlite3.Connection, account: AccountKey, keys: Iterable[str]) -> dict[str, dict[Kind, MirroredValue]]:
    """By key, of whatever kinds there are; keys without any are missing."""
    found: dict[str, dict[Kind, MirroredValue]] = defaultdict(dict)
    for one in _select(db, account, f"key IN {THESE}", listed(keys)):
        found[one.key][one.kind] = one
    return dict(found)


def keys(db: sqlite3.Connection, account: AccountKey, after: str, limit: int) -> list[str]:
    """Keys that there is or was a value of, in pages: pass the last one seen as ``after``."""
    query = "SELECT DISTINCT key FROM valued WHERE viewer = ? AND tracker = ? AND key > ? ORDER BY key LIMIT ?"
    return [row[0] for row in db.execute(query, (*account, after, limit))]


def of_kinds(db: sqlite3.Connection, account: AccountKey, kinds: Iterable[Kind]) -> set[str]:
    """Keys that there is or was a value of one of these kinds of."""
    query = f"SELECT DISTINCT key FROM valued WHERE viewer = ? AND tracker = ? AND kind IN {THESE}"
    return {row[0] for row in db.execute(query, (*account, listed(kinds)))}


def _select(db: sqlite3.Connection, account: AccountKey, condition: str, *told: str | int) -> Iterable[MirroredValue]:
    query = "SELECT kind, key, value, places, at, since, missed, id FROM valued WHERE viewer = ? AND tracker = ? AND "
    for kind, key, value, places, at, since, missed, id_ in db.execute(query + condition, (*account, *told)):
        held = None if value is None else decode_value(value)
        yield MirroredValue(kind, key, held, at, since, missed, id_, unlisted(places))


def count(db: sqlite3.Connection, account: AccountKey) -> dict[Kind, int]:
    """How many are there, by kind."""
    query = f"SELECT kind, count(*) FROM valued WHERE viewer = ? AND tracker = ? AND {_THERE} GROUP BY kind"
    return dict(db.execute(query, (*account, GONE)).fetchall())


def put(
    db: sqlite3.Connection, account: AccountKey, found: Iterable[ValueRecord], rev: int, now: float, *, kind: Kind
) -> None:
    """These are there. Where the service's own time did not move with the value, it is new since ``now``."""
    for one in found:
        at = None if one.at is None else one.at.timestamp()
        db.execute(
            "INSERT INTO valued (viewer, tracker, kind, key, value, at, id, places, since, rev) "
            "VALUES (?,?,?,?,?,?,?,?,?,?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value, at = excluded.at, id = excluded.id, "
            "places = excluded.places, "
            "since = CASE WHEN value IS excluded.value AND at IS excluded.at AND missed = 0 THEN since "
            "WHEN at IS excluded.at THEN ? ELSE excluded.since END, rev = excluded.rev, missed = 0",
            (*account, kind, one.key, encode_value(one.value), at, one.id, listed(one.places), at or now, rev, now),
        )


def clear(
    db: sqlite3.Connection, account: AccountKey, keys: Iterable[str], rev: int, now: float, *, kind: Kind
) -> None:
    """They were seen to be cleared."""
    db.executemany(
        "UPDATE valued SET value = NULL, at = NULL, since = ?, rev = ?, missed = ? WHERE viewer = ? AND tracker = ? "
        "AND kind = ? AND key = ? AND value IS NOT NULL",
        [(now, rev, GONE, *account, kind, key) for key in keys],
    )


def miss(
    db: sqlite3.Connection,
    account: AccountKey,
    keys: Iterable[str],
    rev: int,
    now: float,
    *,
    kind: Kind,
    by: int = 1,
) -> None:
    """A complete read did not list them, which is as if so many had not."""
    db.executemany(
        "UPDATE valued SET missed = missed + ?, since = CASE missed WHEN 0 THEN ? ELSE since END, rev = ? "
        "WHERE viewer = ? AND tracker = ? AND kind = ? AND key = ?",
        [(by, now, rev, *account, kind, key) for key in keys],
    )
