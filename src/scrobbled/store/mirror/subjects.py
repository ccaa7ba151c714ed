"""What the records of an account are about, and where one tracker keeps what another one calls by another name."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.items import Episode, Media
from scrobbled.core.naming.spelling import searchable
from scrobbled.core.naming.things import names_of
from scrobbled.core.records import Subject, identity
from scrobbled.core.standing import AccountKey
from scrobbled.store.file.codec import THESE, decode_parts, encode_item, listed
from scrobbled.store.mirror.records import GONE

SubjectLookup = tuple[str, str, str]
"""Viewer, the tracker that is asked from, the tracker that is asked about."""
_COLUMNS = "key, scope, item, runtime, places"


def those(db: sqlite3.Connection, account: AccountKey, keys: Iterable[str]) -> dict[str, Subject]:
    """By key, as far as they are known."""
    query = f"SELECT {_COLUMNS} FROM subjects WHERE viewer = ? AND tracker = ? AND key IN {THESE}"
    rows = db.execute(query, (*account, listed(keys)))
    return {row[0]: _subject(row) for row in rows}


def shows(db: sqlite3.Connection, account: AccountKey, keys: Iterable[str]) -> set[int]:
    """TMDB ids of the shows that these are of."""
    query = f"SELECT DISTINCT show FROM subjects WHERE viewer = ? AND tracker = ? AND key IN {THESE}"
    return {row[0] for row in db.execute(query, (*account, listed(keys))) if row[0] is not None}


def titles(db: sqlite3.Connection, account: AccountKey, keys: Iterable[str]) -> set[str]:
    """Of the films that these are, and of the shows that they are of."""
    query = (
        "SELECT DISTINCT coalesce(json_extract(item, '$.show_title'), json_extract(item, '$.title')) FROM subjects "
        f"WHERE viewer = ? AND tracker = ? AND key IN {THESE}"
    )
    return {row[0] for row in db.execute(query, (*account, listed(keys))) if row[0]}


def page(db: sqlite3.Connection, account: AccountKey, after: str, limit: int) -> list[Subject]:
    """By key, in pages: pass the last key seen as ``after``."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM subjects WHERE viewer = ? AND tracker = ? AND key > ? ORDER BY key LIMIT ?",
        (*account, after, limit),
    )
    return [_subject(row) for row in rows]


def keys_named(db: sqlite3.Connection, account: AccountKey, names: Iterable[str]) -> list[str]:
    """Keys of the subjects that have one of these names."""
    query = f"SELECT DISTINCT key FROM subject_names WHERE viewer = ? AND tracker = ? AND name IN {THESE}"
    return [row[0] for row in db.execute(query, (*account, listed(names)))]


def plays_of(db: sqlite3.Connection, account: AccountKey, media: Media) -> int:
    """How many of the plays that are there are of films, or of episodes."""
    query = (
        "SELECT count(*) FROM subjects JOIN records USING (viewer, tracker, key) "
        f"WHERE viewer = ? AND tracker = ? AND subjects.scope = '{media}' AND records.missed < ?"
    )
    return int(db.execute(query, (*account, GONE)).fetchone()[0])


def placements(db: sqlite3.Connection, whose: SubjectLookup, known: str) -> dict[str, str | None]:
    """Where keys of one tracker stand at another; ``None`` where it does not have them.

    Only what was found under the corrections that ``known`` stands for.
    """
    rows = db.execute(
        "SELECT key, to_key FROM placements WHERE viewer = ? AND tracker = ? AND target = ? AND known = ?",
        (*whose, known),
    )
    return dict(rows.fetchall())


def refused(db: sqlite3.Connection, whose: SubjectLookup, known: str, how: str) -> set[str]:
    """Keys that stand nowhere, for the reason ``how``."""
    query = (
        "SELECT key FROM placements WHERE viewer = ? AND tracker = ? AND target = ? AND known = ? AND how = ? "
        "AND to_key IS NULL"
    )
    return {row[0] for row in db.execute(query, (*whose, known, how))}


def any_placed(db: sqlite3.Connection, whose: SubjectLookup) -> bool:
    """Whether anything was ever looked up that its name did not tell."""
    query = "SELECT 1 FROM placements WHERE viewer = ? AND tracker = ? AND target = ? LIMIT 1"
    return db.execute(query, whose).fetchone() is not None


def placed_at(db: sqlite3.Connection, whose: SubjectLookup, keys: Iterable[str]) -> list[str]:
    """Where these keys stand at the other tracker."""
    query = (
        "SELECT to_key FROM placements WHERE viewer = ? AND tracker = ? AND target = ? AND key = ? "
        "AND to_key IS NOT NULL"
    )
    return [row[0] for key in keys for row in db.execute(query, (*whose, key))]


def placed_from(db: sqlite3.Connection, whose: SubjectLookup, keys: Iterable[str]) -> list[str]:
    """What stands at these keys of the other tracker."""
    query = "SELECT key FROM placements WHERE viewer = ? AND tracker = ? AND target = ? AND to_key = ?"
    return [row[0] for key in keys for row in db.execute(query, (*whose, key))]


def put_placements(
    db: sqlite3.Connection, whose: SubjectLookup, found: Iterable[tuple[str, str | None, str]], known: str, now: float
) -> None:
    """Of each its key, where it stands, and how that is known."""
    db.executemany(
        "INSERT INTO placements (viewer, tracker, target, key, to_key, how, known, checked_at) "
        "VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET to_key = excluded.to_key, how = excluded.how, "
        "known = excluded.known, checked_at = excluded.checked_at",
        [(*whose, *one, known, now) for one in found],
    )


def doubt_misses(db: sqlite3.Connection, before: float) -> int:
    """Have a catalogue asked again for what it did not have when it was last asked before ``before``.

    Until then it stays told as a miss.
    """
    return db.execute(
        "UPDATE placements SET known = '' WHERE to_key IS NULL AND checked_at < ? AND known <> ''", (before,)
    ).rowcount


class Miss(NamedTuple):
    """What an account has, and a catalogue did not: ``target`` is the tracker that was asked."""

    viewer: str
    tracker: str
    target: str
    subject: Subject
    reason: str


def misses(db: sqlite3.Connection, limit: int) -> list[Miss]:
    """Of what is there now, and is not known at ``target`` by its name meanwhile."""
    rows = db.execute(
        "SELECT placements.viewer, placements.tracker, target, how, key, scope, item, runtime, places "
        "FROM placements JOIN subjects USING (viewer, tracker, key) WHERE to_key IS NULL AND (EXISTS "
        "(SELECT 1 FROM valued WHERE valued.viewer = placements.viewer AND valued.tracker = placements.tracker AND "
        "valued.key = placements.key AND value IS NOT NULL AND missed < :gone) OR EXISTS (SELECT 1 FROM records WHERE "
        "records.viewer = placements.viewer AND records.tracker = placements.tracker AND records.key = placements.key "
        "AND missed < :gone)) AND NOT EXISTS (SELECT 1 FROM subjects AS theirs WHERE theirs.viewer = placements.viewer "
        "AND theirs.tracker = target AND theirs.identity = subjects.identity) ORDER BY 1, 2, 3, key LIMIT :limit",
        {"gone": GONE, "limit": limit},
    )
    return [Miss(row[0], row[1], row[2], _subject(row[4:]), row[3]) for row in rows]


def forget_placements(db: sqlite3.Connection) -> int:
    """What stands where is looked up anew, where a run wants to know it; returns of how many."""
    return db.execute("DELETE FROM placements").rowcount


def _subject(row: Sequence[Any]) -> Subject:
    key, scope, item, runtime, places = row
    return decode_parts(sys.intern(key), cast(Scope, scope), item, runtime, json.loads(places))


def put(db: sqlite3.Connection, account: AccountKey, found: Iterable[Subject]) -> None:
    """What is known already is replaced; a runtime that is not told any more is kept."""
    put_rows(db, account, rows(found))


def rows(found: Iterable[Subject]) -> list[tuple[Any, ...]]:
    """As they are stored, for ``put_rows``: that takes as long as storing them, and no database."""
    return [_values(one) for one in found]


def put_rows(db: sqlite3.Connection, account: AccountKey, found: Iterable[tuple[Any, ...]]) -> None:
    """As ``put``."""
    db.executemany(
        "INSERT INTO subjects (viewer, tracker, key, scope, item, runtime, places, identity, show, names, text) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET scope = excluded.scope, item = excluded.item, "
        "runtime = coalesce(excluded.runtime, runtime), places = excluded.places, identity = excluded.identity, "
        "show = excluded.show, names = excluded.names, text = excluded.text",
        [(*account, *one) for one in found],
    )


def _values(subject: Subject) -> tuple[Any, ...]:
    return (
        subject.key,
        subject.scope,
        encode_item(subject.item),
        subject.runtime,
        listed(subject.places),
        identity(subject),
        _show(subject),
        listed(names_of(subject.scope, subject.item)),
        searchable(subject.item),
    )


def _show(subject: Subject) -> int | None:
    """TMDB *show* id."""
    return subject.item.show_ids.tmdb if isinstance(subject.item, Episode) else None
