"""What runs of pairs ask a person: which of two values is to stand, and whether something is to be removed."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from msgspec import Struct

from scrobbled.core.naming.items import Item
from scrobbled.store.queue import amendments
from scrobbled.store.queue.amendment import Amendment

_ASKED = "amendments.state = 'held' AND amendments.hold = 'ask' AND amendments.run IS NOT NULL"
_FROM = f"FROM amendments JOIN runs ON runs.id = amendments.run WHERE {_ASKED}"
_ONE = (
    "amendments.viewer, amendments.key, amendments.kind, amendments.action, CASE WHEN amendments.action IN "
    "('rate', 'retime') THEN '' ELSE amendments.target END"
)
"""Equal for alternatives, as ``amendments.approve`` tells them."""


class Question(Struct, frozen=True):
    """Alternatives, of which one is to be done or none. ``pair`` is that of the run that asked last."""

    viewer: str
    pair: str
    ways: tuple[Amendment, ...]
    """The one with the lowest id first."""

    @property
    def item(self) -> Item | None:
        return self.ways[0].wish.subject.item if self.ways[0].wish.subject else None


def listing(
    db: sqlite3.Connection, *, viewer: str | None = None, pair: str | None = None, after: int = 0, limit: int = 20
) -> list[Question]:
    """Oldest first, in pages: pass the first id of the last question seen as ``after``."""
    condition, values = _whose(viewer, pair)
    rows = db.execute(
        f"SELECT min(amendments.id), group_concat(amendments.id), runs.viewer, runs.pair {_FROM} {condition} "
        f"GROUP BY {_ONE} HAVING min(amendments.id) > ? ORDER BY min(amendments.id) LIMIT ?",
        (*values, after, limit),
    ).fetchall()
    return [Question(row[2], row[3], _ways(db, row[1])) for row in rows]


def count(db: sqlite3.Connection, viewer: str | None = None, pair: str | None = None) -> int:
    condition, values = _whose(viewer, pair)
    query = f"SELECT count(*) FROM (SELECT 1 {_FROM} {condition} GROUP BY {_ONE})"
    return int(db.execute(query, values).fetchone()[0])


def favouring(db: sqlite3.Connection, viewer: str, pair: str, winner: str, limit: int) -> list[int]:
    """Of what asks which value is to stand, the amendments that write the one of ``winner`` to the other side."""
    condition, values = _whose(viewer, pair)
    chosen = "amendments.action IN ('rate', 'retime') AND amendments.tracker <> ?"
    query = f"SELECT amendments.id {_FROM} {condition} AND {chosen} ORDER BY amendments.id LIMIT ?"
    return [row[0] for row in db.execute(query, (*values, winner, limit))]


def removals(db: sqlite3.Connection, viewer: str, pair: str, limit: int) -> list[int]:
    """The amendments that ask whether something is to be removed, as it is gone from the other side."""
    condition, values = _whose(viewer, pair)
    chosen = "amendments.action IN ('remove', 'unrate')"
    query = f"SELECT amendments.id {_FROM} {condition} AND {chosen} ORDER BY amendments.id LIMIT ?"
    return [row[0] for row in db.execute(query, (*values, limit))]


def asked(db: sqlite3.Connection, ids: Collection[int]) -> list[int]:
    """Those of ``ids`` that are such amendments and still ask."""
    query = f"SELECT amendments.id {_FROM} AND amendments.id = ?"
    return [id_ for id_ in ids if db.execute(query, (id_,)).fetchone() is not None]


def _whose(viewer: str | None, pair: str | None) -> tuple[str, list[str]]:
    asked = {"runs.viewer": viewer, "runs.pair": pair}
    given = {column: value for column, value in asked.items() if value is not None}
    return " ".join(f"AND {column} = ?" for column in given), list(given.values())


def _ways(db: sqlite3.Connection, ids: str) -> tuple[Amendment, ...]:
    numbers = sorted(int(text) for text in ids.split(","))
    found = (amendments.get(db, number) for number in numbers)
    return tuple(one for one in found if one is not None)
