"""Whose a record is: our own writes, recognised when they are read back, so that they are never news."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from scrobbled.core.naming.things import names_of, one_thing
from scrobbled.core.records import PlayRecord, Subject, identity
from scrobbled.core.standing import AccountKey
from scrobbled.store.file.codec import decode_item
from scrobbled.store.mirror import records, subjects
from scrobbled.store.queue import amendments
from scrobbled.store.queue.outbox import SET_FREE

_WRITTEN = "(outbox.state = 'delivered' OR outbox.phase <> '')"


def recognise(db: sqlite3.Connection, account: AccountKey, found: Iterable[PlayRecord], precision: int) -> int:
    """Join each record with the play of ours that it is the record of; returns how many we had written.

    By the handle the tracker gave us; where it gave none, or its answer is missing, by item and time; what has no date
    by item alone. What we moved stays the record of the play it was the record of. Each play has one record at a
    tracker at most.
    """
    echoes, moves = 0, amendments.renamed(db, *account)
    if not moves and not any_for(db, *account):
        return 0
    brought = _brought(db, account)
    for record in found:
        match = (
            _by_handle(db, account, record)
            or _by_move(db, account, record, moves)
            or _by_time(db, account, record, precision)
            or _by_item(db, account, record, brought)
        )
        if match is not None:
            play, ours = match
            records.claim(db, account, record.id, play, ours=ours)
            echoes += ours
    return echoes


def _by_handle(db: sqlite3.Connection, account: AccountKey, record: PlayRecord) -> tuple[int, bool] | None:
    row = db.execute(
        "SELECT play_id, state = 'delivered' FROM outbox WHERE viewer = ? AND tracker = ? AND remote_id = ? "
        "AND kind = 'plays' AND state IN ('delivered', 'already-there', 'undone') LIMIT 1",
        (*account, record.id),
    ).fetchone()
    return None if row is None else (int(row[0]), bool(row[1]))


def _by_move(
    db: sqlite3.Connection, account: AccountKey, record: PlayRecord, moves: Mapping[str, str]
) -> tuple[int, bool] | None:
    """By the handles it had before. What of it was read may be forgotten; what was made of it is not."""
    id_: str | None = record.id
    for _ in moves:
        id_ = moves.get(id_ or "")
        if id_ is None:
            return None
        row = db.execute(
            "SELECT play, ours FROM records WHERE viewer = ? AND tracker = ? AND id = ? AND play IS NOT NULL UNION ALL "
            "SELECT id, 0 FROM plays WHERE viewer = ? AND origin = ? LIMIT 1",
            (*account, id_, account[0], f"{account[1]}:{id_}"),
        ).fetchone()
        if row is not None:
            return int(row[0]), bool(row[1])
    return None


def _by_time(
    db: sqlite3.Connection, account: AccountKey, record: PlayRecord, precision: int
) -> tuple[int, bool] | None:
    if record.at is None:
        return None
    start = int(record.at.timestamp()) // precision * precision
    rows = db.execute(
        "SELECT outbox.play_id, outbox.address_key, plays.media, plays.item FROM outbox "
        "JOIN plays ON plays.id = outbox.play_id WHERE plays.viewer = ? AND plays.watched_at >= ? "
        f"AND plays.watched_at < ? AND outbox.tracker = ? AND {_WRITTEN} AND outbox.remote_id IS NULL AND NOT EXISTS "
        "(SELECT 1 FROM records WHERE records.play = plays.id AND records.viewer = outbox.viewer "
        "AND records.tracker = outbox.tracker AND records.ours = 1) ORDER BY outbox.id",
        (account[0], start, start + precision, account[1]),
    ).fetchall()
    subject = None
    for play, key, media, item in rows:
        if key == record.key:
            return int(play), True
        subject = subject or subjects.those(db, account, [record.key]).get(record.key)
        if subject is not None and _same(subject, media, item):
            return int(play), True
    return None


class _Brought(NamedTuple):
    """A play of ours without a date that no record is known of."""

    play: int
    item: str | None
    """Its name everywhere, as far as it has one."""
    until: float
    """Only records of before then (Unix seconds) can have got their date by the release; 0 where none can."""


def _brought(db: sqlite3.Connection, account: AccountKey) -> dict[str, list[_Brought]]:
    """What we brought to the account without a date: by address, and by name."""
    rows = db.execute(
        "SELECT outbox.play_id, outbox.address_key, plays.media, plays.item, iif(undated = 'released', received_at, 0) "
        "FROM outbox INDEXED BY outbox_undated JOIN plays ON plays.id = outbox.play_id WHERE outbox.viewer = ? "
        f"AND outbox.tracker = ? AND outbox.undated <> '' AND {_WRITTEN} AND outbox.remote_id IS NULL AND NOT EXISTS "
        "(SELECT 1 FROM records WHERE records.play = plays.id AND records.viewer = outbox.viewer "
        "AND records.tracker = outbox.tracker AND records.ours = 1) ORDER BY outbox.id",
        account,
    )
    found: dict[str, list[_Brought]] = {}
    for play, key, media, item, until in rows:
        one = _Brought(play, identity(Subject("", media, decode_item(media, item))), until)
        for name in (key, one.item):
            if name:
                found.setdefault(name, []).append(one)
    return found


def _by_item(
    db: sqlite3.Connection, account: AccountKey, record: PlayRecord, brought: Mapping[str, list[_Brought]]
) -> tuple[int, bool] | None:
    """What has no date, or one that only its release can have given it: the record came after that was wanted."""
    if not brought:
        return None
    at = -1.0 if record.at is None else record.at.timestamp()
    subject = None if record.key in brought else subjects.those(db, account, [record.key]).get(record.key)
    name = record.key if subject is None else identity(subject) or ""
    one = next((one for one in brought.get(name, ()) if record.at is None or at < one.until), None)
    if one is None:
        return None
    for same in (mine for mine in brought.values() if one in mine):
        same.remove(one)
    return one.play, True


def _same(subject: Subject, media: str, item: str) -> bool:
    """Whether an item of a play is certainly what the record is about, under whatever key it was sent."""
    if subject.scope != media:
        return False
    mine = Subject("", subject.scope, decode_item(media, item))
    known = identity(mine)
    by_names = one_thing(*(names_of(one.scope, one.item) for one in (mine, subject)))
    return by_names or (known is not None and known == identity(subject))


class HeldRecord(Struct, frozen=True):
    """One record that a tracker holds; what is asked is whether another tracker is getting it, or was refused it."""

    record: str
    subject: Subject
    key: str | None
    """Where the other tracker keeps the item, if that is known."""
    at: datetime | None
    gap: timedelta
    """How close two plays of the item are one viewing."""
    play: int | None
    """Our play it is the record of."""
    undated: str = ""
    """Of what has no date, the name of the tracker that holds it."""


def any_for(db: sqlite3.Connection, viewer: str, tracker: str) -> bool:
    """Whether there ever was a change for this account."""
    query = "SELECT 1 FROM outbox WHERE viewer = ? AND tracker = ? LIMIT 1"
    return db.execute(query, (viewer, tracker)).fetchone() is not None


def is_settled(db: sqlite3.Connection, target: AccountKey, asked: HeldRecord) -> bool:
    """Whether the viewing has a change for ``target``, in whatever state: what becomes of it is decided there.

    What was not sent because its run was cancelled decides nothing.
    """
    if asked.play is not None and _of_play(db, asked.play, target[1]):
        return True
    if asked.undated and (_is_brought(db, target, asked.key) or _was_brought(db, target, asked)):
        return True
    if asked.at is None:
        return False
    moment, reach = asked.at.timestamp(), asked.gap.total_seconds()
    rows = db.execute(
        "SELECT outbox.address_key, plays.media, plays.item FROM plays "
        "JOIN outbox ON outbox.play_id = plays.id AND outbox.tracker = ? AND outbox.kind = 'plays' "
        "WHERE plays.viewer = ? AND plays.watched_at > ? AND plays.watched_at < ? AND outbox.state <> 'unwanted' "
        f"AND NOT {SET_FREE}",
        (target[1], target[0], moment - reach, moment + reach),
    )
    return any((asked.key is not None and key == asked.key) or _same(asked.subject, m, item) for key, m, item in rows)


def _is_brought(db: sqlite3.Connection, target: AccountKey, key: str | None) -> bool:
    """Whether there is one without a date, too."""
    query = (
        "SELECT 1 FROM outbox WHERE viewer = ? AND tracker = ? AND address_key = ? AND undated <> '' "
        f"AND state <> 'unwanted' AND NOT {SET_FREE} LIMIT 1"
    )
    return db.execute(query, (*target, key)).fetchone() is not None


def _was_brought(db: sqlite3.Connection, target: AccountKey, asked: HeldRecord) -> bool:
    """Whether what is held was made into a play once, also where the tracker has nothing of the item any more."""
    query = "SELECT id FROM plays WHERE viewer = ? AND origin = ?"
    row = db.execute(query, (target[0], f"{asked.undated}:{asked.record}")).fetchone()
    return row is not None and _of_play(db, row[0], target[1])


def _of_play(db: sqlite3.Connection, play: int, tracker: str) -> bool:
    query = f"SELECT 1 FROM outbox WHERE play_id = ? AND tracker = ? AND NOT {SET_FREE} LIMIT 1"
    return db.execute(query, (play, tracker)).fetchone() is not None
