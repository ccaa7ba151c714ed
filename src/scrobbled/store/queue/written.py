"""What we wrote to an account, for telling it from news of the same place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

from scrobbled.core.agreeing.leaving import OwnEntry
from scrobbled.core.kinds import KINDS, Kind, KindValue, valued
from scrobbled.core.records import Subject
from scrobbled.core.standing import AccountKey
from scrobbled.store.file.codec import THESE, decode_subject, decode_value, instant, listed


class OwnWrite(Struct, frozen=True):
    """A change that was carried out, or may have been. Times are Unix seconds."""

    action: str
    subject: Subject
    value: KindValue | None
    asked_at: float
    done_at: float | None
    """``None`` while nobody knows whether it was."""
    told_at: float | None = None
    """When it was last watched, as a tick said, where the library takes that."""


class WriteWindow(Struct, frozen=True):
    """When it was written what is looked for (Unix seconds): between ``since`` and ``until``.

    What was written before ``near`` counts only as a tick of what is not on the ``server``; empty where none is known.
    Whenever it was written, a tick counts that says it was watched between ``near`` and ``until``.
    """

    since: float
    near: float
    until: float
    server: str


_TOLD = "json_extract(wish, '$.at')"
"""Of a tick, when it says that it was watched (Unix seconds)."""


def within(
    db: sqlite3.Connection,
    account: AccountKey,
    actions: Iterable[str],
    window: WriteWindow,
    keys: Iterable[str] | None = None,
) -> list[OwnWrite]:
    """Those that were carried out then, or are under way; with ``keys`` what is about those of the tracker alone."""
    rows = db.execute(
        f"SELECT action, subject, json_quote(json_extract(wish, '$.value')), created_at, settled_at, {_TOLD} "
        "FROM amendments "
        f"WHERE viewer = ? AND tracker = ? {'' if keys is None else f'AND address_key IN {THESE}'} "
        f"AND action IN {THESE} AND subject IS NOT NULL AND ((settled_at IS NULL AND attempts > 0) "
        "OR (state = 'delivered' AND settled_at BETWEEN ? AND ? AND (settled_at >= ? OR "
        "(action = 'tick' AND ? <> '' AND instr(subject, ?) = 0))) "
        f"OR (state = 'delivered' AND action = 'tick' AND {_TOLD} BETWEEN ? AND ?))",
        (
            *account,
            *(() if keys is None else (listed(keys),)),
            listed(actions),
            *(window.since, window.until, window.near, window.server, f"{window.server}/"),
            *(window.near, window.until),
        ),
    )
    return [
        OwnWrite(action, decode_subject(subject), decode_value(value), asked, done, told)
        for action, subject, value, asked, done, told in rows
    ]


def given(db: sqlite3.Connection, account: AccountKey) -> dict[tuple[Kind, str], tuple[KindValue | None, float]]:
    """By kind and canonical key, the value that we gave or took away last, and when (Unix seconds)."""
    rows = db.execute(
        "SELECT kind, key, json_quote(json_extract(wish, '$.value')), settled_at FROM amendments "
        "WHERE viewer = ? AND tracker = ? AND kind <> 'plays' AND state = 'delivered' ORDER BY id",
        account,
    )
    return {(kind, key): (decode_value(value), at) for kind, key, value, at in rows}


def entered(
    db: sqlite3.Connection, account: AccountKey, kind: Kind, after: int, limit: int
) -> list[tuple[int, str, OwnEntry]]:
    """What we entered in this set that was not there, and nobody took back since: number and canonical key of each, in
    pages: pass the last number seen as ``after``. Of several with one key the last one counts.
    """
    entry = KINDS[kind]
    rows = db.execute(
        "SELECT id, key, json_extract(wish, '$.rated_at'), settled_at FROM amendments WHERE viewer = ? AND tracker = ? "
        "AND kind = ? AND action = ? AND json_extract(inverse, '$[0]') = ? AND state = 'delivered' AND id > ? "
        "ORDER BY id LIMIT ?",
        (*account, kind, entry.put, entry.cleared, after, limit),
    )
    return [(id_, key, OwnEntry(None if at is None else instant(at), instant(done))) for id_, key, at, done in rows]


def cleared(db: sqlite3.Connection, account: AccountKey, kind: Kind) -> dict[str, float]:
    """By the tracker's key, when we last cleared a value of this kind (Unix seconds)."""
    rows = db.execute(
        "SELECT address_key, max(settled_at) FROM amendments "
        f"WHERE viewer = ? AND tracker = ? AND kind = ? AND action IN {THESE} AND state = 'delivered' "
        "AND address_key IS NOT NULL GROUP BY address_key",
        (*account, kind, listed(entry.cleared for entry in valued())),
    )
    return dict(rows.fetchall())
