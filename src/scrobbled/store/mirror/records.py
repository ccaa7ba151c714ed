"""What each account held when it was last read: written from reads, and from nothing else."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec import Struct

from scrobbled.core.kinds import PLAYS, Kind
from scrobbled.core.records import DatePrecision, PlayRecord
from scrobbled.core.standing import AccountKey
from scrobbled.store.file.codec import THESE, instant, listed, seconds

GONE = 2
"""Complete reads in a row without a record after which it is gone."""
_COLUMNS = "id, key, at, kept, made_at, stamp, personal, rewatch, missed, play, ours"


class ReadState(Struct, frozen=True):
    """How far an account was read. Times are Unix seconds, 0 for never."""

    cursor: Mapping[str, Any]
    owner: str = ""
    rev: int = 0
    """Number of the last read that was stored completely."""
    read_at: float = 0.0
    full_at: float = 0.0
    """When everything was last read."""
    plays: int = 0
    """How many were there then."""
    doubt: str = ""
    """Why the last listing was not believed to be complete, although it said so."""
    skipped: Mapping[str, int] | None = None


class MirroredPlay(NamedTuple):
    """A record as it lies in the database."""

    record: PlayRecord
    missed: int
    play: int | None
    ours: bool

    @property
    def there(self) -> bool:
        return self.missed < GONE


def state(db: sqlite3.Connection, account: AccountKey) -> ReadState:
    columns = "cursor, owner, rev, read_at, full_at, plays, doubt, skipped"
    row = db.execute(f"SELECT {columns} FROM readings WHERE viewer = ? AND tracker = ?", account).fetchone()
    if row is None:
        return ReadState({})
    values = dict(zip(columns.split(", "), row, strict=True))
    return ReadState(**{**values, "cursor": json.loads(row[0]), "skipped": json.loads(row[7])})


def save_state(db: sqlite3.Connection, account: AccountKey, read: ReadState) -> None:
    """To be called in the transaction that stores the last of what was read."""
    values = (
        json.dumps(dict(read.cursor)),
        read.owner,
        read.rev,
        read.read_at,
        read.full_at,
        read.plays,
        read.doubt,
        json.dumps(dict(read.skipped or {})),
    )
    db.execute(
        "INSERT INTO readings (viewer, tracker, cursor, owner, rev, read_at, full_at, plays, doubt, skipped) "
        "VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET cursor = excluded.cursor, owner = excluded.owner, "
        "rev = excluded.rev, read_at = excluded.read_at, full_at = excluded.full_at, plays = excluded.plays, "
        "doubt = excluded.doubt, "
        "skipped = excluded.skipped",
        (*account, *values),
    )


def forget(db: sqlite3.Connection, account: AccountKey) -> None:
    """As if it had never been read."""
    for name in ("records", "valued", "readings", "drafts"):
        db.execute(f"DELETE FROM {name} WHERE viewer = ? AND tracker = ?", account)


def page(db: sqlite3.Connection, account: AccountKey, after: str, limit: int) -> list[MirroredPlay]:
    """Records of an account by id, in pages: pass the last id seen as ``after``."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM records WHERE viewer = ? AND tracker = ? AND id > ? ORDER BY id LIMIT ?",
        (*account, after, limit),
    )
    return [stored(row) for row in rows]


def of_keys(db: sqlite3.Connection, account: AccountKey, keys: Iterable[str]) -> list[MirroredPlay]:
    """Every record of these keys."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM records INDEXED BY records_of_key WHERE viewer = ? AND tracker = ? AND key IN {THESE}",
        (*account, listed(keys)),
    )
    return [stored(row) for row in rows]


def of_ids(db: sqlite3.Connection, account: AccountKey, ids: Iterable[str]) -> list[MirroredPlay]:
    """Those of these records that were ever there."""
    query = f"SELECT {_COLUMNS} FROM records WHERE viewer = ? AND tracker = ? AND id = ?"
    return [stored(row) for id_ in ids for row in db.execute(query, (*account, id_))]


def touched(db: sqlite3.Connection, account: AccountKey, since: int) -> set[str]:
    """Keys of the records and values that a read after number ``since`` changed."""
    query = "SELECT key FROM {} WHERE viewer = ? AND tracker = ? AND rev > ?"
    rows = [row for name in ("records", "valued") for row in db.execute(query.format(name), (*account, since))]
    return {row[0] for row in rows}


def come(db: sqlite3.Connection, account: AccountKey, after: float, until: float) -> set[str]:
    """Keys of the records whose time lay in the future when they were read, and is between these (Unix seconds) now.

    By an index of such records alone, which are few.
    """
    query = (
        "SELECT key FROM records WHERE viewer = ? AND tracker = ? AND at > first_seen AND at > ? AND at <= ? "
        "AND missed < ?"
    )
    return {row[0] for row in db.execute(query, (*account, after, until, GONE))}


_KEPT = {str(kept): kept for kept in DatePrecision}


def stored(row: Sequence[Any]) -> MirroredPlay:
    record = PlayRecord(
        id=row[0],
        key=sys.intern(row[1]),  # one text in memory for all viewings and for what they are of
        at=None if row[2] is None else instant(row[2]),
        kept=_KEPT[row[3]],
        made_at=None if row[4] is None else instant(row[4]),
        stamp=row[5],
        personal=bool(row[6]),
        rewatch=None if row[7] is None else bool(row[7]),
    )
    return MirroredPlay(record, row[8], row[9], bool(row[10]))


def put(db: sqlite3.Connection, account: AccountKey, records: Iterable[PlayRecord], rev: int, now: float) -> None:
    """These are there. What is known of whose they are stays."""
    db.executemany(
        "INSERT INTO records (viewer, tracker, id, key, at, kept, made_at, stamp, personal, rewatch, rev, first_seen) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET key = excluded.key, at = excluded.at, "
        "kept = excluded.kept, made_at = excluded.made_at, stamp = excluded.stamp, personal = excluded.personal, "
        "rewatch = excluded.rewatch, rev = excluded.rev, missed = 0",
        [(*account, *_values(record), rev, now) for record in records],
    )


def _values(record: PlayRecord) -> tuple[Any, ...]:
    return (
        record.id,
        record.key,
        seconds(record.at),
        record.kept,
        seconds(record.made_at),
        record.stamp,
        int(record.personal),
        None if record.rewatch is None else int(record.rewatch),
    )


def miss(db: sqlite3.Connection, account: AccountKey, ids: Iterable[str], rev: int, *, by: int = 1) -> None:
    """A complete read did not list them, which is as if so many had not."""
    db.executemany(
        "UPDATE records SET missed = missed + ?, rev = ? WHERE viewer = ? AND tracker = ? AND id = ?",
        [(by, rev, *account, id_) for id_ in ids],
    )


def take_off(db: sqlite3.Connection, account: AccountKey, id_: str) -> None:
    """We removed it ourselves: no listing has to say so."""
    db.execute("UPDATE records SET missed = ? WHERE viewer = ? AND tracker = ? AND id = ?", (GONE, *account, id_))


def claim(db: sqlite3.Connection, account: AccountKey, id_: str, play: int, *, ours: bool) -> None:
    """The record is of our play; ``ours``: we wrote it."""
    db.execute(
        "UPDATE records SET play = ?, ours = max(ours, ?) WHERE viewer = ? AND tracker = ? AND id = ?",
        (play, int(ours), *account, id_),
    )


def is_unsure(db: sqlite3.Connection, account: AccountKey, kinds: Collection[Kind]) -> bool:
    """Whether something of these kinds was missing in the last complete read only: another one decides."""
    query = "SELECT 1 FROM {} WHERE viewer = ? AND tracker = ? AND missed = 1 {} LIMIT 1"
    if PLAYS in kinds and db.execute(query.format("records", ""), account).fetchone():
        return True
    return bool(db.execute(query.format("valued", f"AND kind IN {THESE}"), (*account, listed(kinds))).fetchone())


def count(db: sqlite3.Connection, account: AccountKey) -> int:
    """Plays that are there."""
    return state(db, account).plays


_NOT_SENT = (
    "NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.play_id = records.play AND outbox.tracker = records.tracker "
    "AND outbox.kind = 'plays')"
)


def same_viewing_there(
    db: sqlite3.Connection, viewer: str, tracker: str, key: str, watched_at: datetime | None, gap: timedelta
) -> str | None:
    """The id of a record at the tracker that is this viewing, and not the record of a play that we have sent there.

    A play that was made of the record, to be brought elsewhere, was not. What has no date is any viewing there is.
    """
    if watched_at is None:
        return _any_there(db, viewer, tracker, key)
    at, reach = watched_at.timestamp(), gap.total_seconds()
    row = db.execute(
        "SELECT id FROM records INDEXED BY records_of_key "
        "WHERE viewer = ? AND tracker = ? AND key = ? AND at > ? AND at < ? AND missed = 0 "
        f"AND kept = 'exact' AND {_NOT_SENT} ORDER BY abs(at - ?) LIMIT 1",
        (viewer, tracker, key, at - reach, at + reach, at),
    ).fetchone()
    return None if row is None else str(row[0])


def _any_there(db: sqlite3.Connection, viewer: str, tracker: str, key: str) -> str | None:
    row = db.execute(
        "SELECT id FROM records INDEXED BY records_of_key "
        f"WHERE viewer = ? AND tracker = ? AND key = ? AND missed = 0 AND {_NOT_SENT} ORDER BY id LIMIT 1",
        (viewer, tracker, key),
    ).fetchone()
    return None if row is None else str(row[0])


def watched_before_there(db: sqlite3.Connection, viewer: str, tracker: str, key: str, before: datetime) -> bool:
    """Whether the tracker holds a viewing from ``before`` or earlier, or one that nobody knows the time of."""
    row = db.execute(
        "SELECT 1 FROM records INDEXED BY records_of_key WHERE viewer = ? AND tracker = ? AND key = ? AND missed = 0 "
        "AND (at <= ? OR (at IS NULL AND made_at <= ?)) AND NOT EXISTS (SELECT 1 FROM outbox "
        "WHERE outbox.play_id = records.play AND outbox.tracker = records.tracker AND outbox.state = 'undone') LIMIT 1",
        (viewer, tracker, key, before.timestamp(), before.timestamp()),
    ).fetchone()
    return row is not None


def thin_files(db: sqlite3.Connection, before: float, limit: int) -> int:
    """Drop some rows of an imported file that was last read before ``before``; returns how many."""
    row = db.execute(
        "SELECT viewer, tracker FROM readings WHERE tracker GLOB 'file:*' AND read_at < ? LIMIT 1", (before,)
    ).fetchone()
    if row is None:
        return 0
    for name, key in (("records", "id"), ("valued", "key"), ("subjects", "key"), ("placements", "key")):
        chosen = f"SELECT {key} FROM {name} WHERE viewer = ? AND tracker = ? LIMIT ?"
        gone = db.execute(
            f"DELETE FROM {name} WHERE viewer = ? AND tracker = ? AND {key} IN ({chosen})", (*row, *row, limit)
        ).rowcount
        if gone:
            return gone
    pairs = [
        r[0] for r in db.execute("SELECT pair FROM pairs WHERE viewer = ? AND pair LIKE ?", (row[0], f"{row[1]},%"))
    ]
    for name in ("links", "agreed", "pairs"):
        db.executemany(f"DELETE FROM {name} WHERE viewer = ? AND pair = ?", [(row[0], pair) for pair in pairs])
    return db.execute("DELETE FROM readings WHERE viewer = ? AND tracker = ?", row).rowcount
