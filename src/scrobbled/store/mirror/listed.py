"""What an account holds of the viewings of films and shows that are on a list: there they leave it by being watched."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from scrobbled.core.agreeing.ledger import KnownViewing
from scrobbled.core.kinds import WATCHED, Kind
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.things import names_of
from scrobbled.core.records import Subject
from scrobbled.core.standing import AccountKey
from scrobbled.store.file.codec import THESE, instant, listed
from scrobbled.store.mirror import subjects
from scrobbled.store.mirror.records import GONE

_TVDB = "json_extract(subjects.item, '$.show_ids.tvdb')"
_THINGS = {
    "key:": ("subjects.key", "subjects.key IN (SELECT value FROM json_each(:these))"),
    "tmdb:": (
        "subjects.show",
        "subjects.scope = 'episode' AND subjects.show IN (SELECT value FROM json_each(:these))",
    ),
    "tvdb:": (
        _TVDB,
        f"subjects.scope = 'episode' AND subjects.show IS NULL AND {_TVDB} IN (SELECT value FROM json_each(:these))",
    ),
}
"""What a film goes by, what the episodes of a show do, and what they do where their show has no TMDB id."""
_PLAYS = (
    "SELECT {of}, max(records.missed < :gone), max(coalesce(records.at, records.made_at, 0)), max(first_seen), 0 "
    "FROM subjects CROSS JOIN records INDEXED BY records_of_key USING (viewer, tracker, key) "
    "WHERE viewer = :viewer AND tracker = :tracker AND {which} GROUP BY 1"
)
_STATES = (
    "SELECT {of}, max(valued.value IS NOT NULL AND valued.missed < :gone), max(valued.at), NULL, "
    "max(valued.at IS NULL) FROM subjects CROSS JOIN valued USING (viewer, tracker, key) "
    "WHERE viewer = :viewer AND tracker = :tracker AND valued.kind = :watched AND {which} GROUP BY 1"
)


def viewings(db: sqlite3.Connection, account: AccountKey, things: Iterable[Subject]) -> dict[Subject, KnownViewing]:
    """Of those of these films and shows that were ever watched there, whatever the account calls them."""
    wanted = {one: set(_tokens(db, account, one)) for one in things}
    known = dict(_known(db, account, set().union(*wanted.values()) if wanted else set()))
    mine = {one: [known[token] for token in sorted(tokens) if token in known] for one, tokens in wanted.items()}
    return {one: functools.reduce(both, found) for one, found in mine.items() if found}


def both(one: KnownViewing, other: KnownViewing) -> KnownViewing:
    """What two say of the same thing."""
    at = None if one.at is None or other.at is None else max(one.at, other.at)
    known_at = max((known for known in (one.known_at, other.known_at) if known is not None), default=None)
    return KnownViewing(one.is_there or other.is_there, at, known_at)


def _tokens(db: sqlite3.Connection, account: AccountKey, thing: Subject) -> Iterator[str]:
    if isinstance(thing.item, Episode):
        ids = thing.item.show_ids.known()
        yield from (f"{service}:{ids[service]}" for service in ("tmdb", "tvdb") if service in ids)
        return
    yield f"key:{thing.key}"
    yield from (f"key:{key}" for key in subjects.keys_named(db, account, names_of(thing.scope, thing.item)))


def _known(db: sqlite3.Connection, account: AccountKey, tokens: set[str]) -> Iterator[tuple[str, KnownViewing]]:
    found: dict[str, KnownViewing] = {}
    told: dict[str, Any] = {"viewer": account[0], "tracker": account[1], "gone": GONE, "watched": WATCHED}
    for prefix, (of, which) in _THINGS.items():
        these = [_as_kept(one.removeprefix(prefix), prefix) for one in tokens if one.startswith(prefix)]
        for query in (_PLAYS, _STATES) if these else ():
            for thing, *rest in db.execute(query.format(of=of, which=which), {**told, "these": listed(these)}):
                seen, token = _viewing(*rest), f"{prefix}{thing}"
                found[token] = both(found[token], seen) if token in found else seen
    yield from found.items()


def _as_kept(id_: str, prefix: str) -> Any:
    """Ids of shows are numbers in the database."""
    return id_ if prefix == "key:" else int(id_)


def _viewing(is_there: int, at: float | None, known_at: float | None, unknown: int) -> KnownViewing:
    when = None if unknown or at is None else instant(at)
    return KnownViewing(bool(is_there), when, None if known_at is None else instant(known_at))


def watched_meanwhile(db: sqlite3.Connection, account: AccountKey, things: Iterable[Subject]) -> set[Subject]:
    """Those of these that are watched at an account of the person, or were just brought to this one as plays."""
    viewer, wanted = account[0], list(things)
    trackers = [row[0] for row in db.execute("SELECT tracker FROM readings WHERE viewer = ?", (viewer,))]
    found = {
        one for tracker in trackers for one, told in viewings(db, (viewer, tracker), wanted).items() if told.is_there
    }
    return found | {one for one in wanted if one not in found and _was_brought(db, account, one)}


def _was_brought(db: sqlite3.Connection, account: AccountKey, film: Subject) -> bool:
    """Whether a play of the film has been delivered there, which no reading may have told yet."""
    keys = [one.removeprefix("key:") for one in _tokens(db, account, film) if one.startswith("key:")]
    query = (
        "SELECT 1 FROM outbox WHERE viewer = ? AND tracker = ? AND kind = 'plays' AND state = 'delivered' "
        f"AND address_key IN {THESE} LIMIT 1"
    )
    return bool(keys) and db.execute(query, (*account, listed(keys))).fetchone() is not None


def agreed_at(db: sqlite3.Connection, viewer: str, pair: str, kind: Kind, keys: Iterable[str]) -> dict[str, datetime]:
    """By canonical key, since when the pair agrees on its value."""
    query = f"SELECT key, at FROM agreed WHERE viewer = ? AND pair = ? AND kind = ? AND key IN {THESE}"
    return {key: instant(at) for key, at in db.execute(query, (viewer, pair, kind, listed(keys)))}
