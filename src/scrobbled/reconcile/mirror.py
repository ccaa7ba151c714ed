"""What was read of an account is stored: what is new, what changed, what is missing, a little at a time.

Webhooks are stored in between, and a crash in the middle loses nothing: the cursor moves with the last piece, so that
until then the same is read again.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.kinds import Kind, entry_of
from scrobbled.core.naming.names import called
from scrobbled.core.records import PlayRecord, Plays, Reading, Subject
from scrobbled.core.standing import AccountKey
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.metrics import Metrics
from scrobbled.reconcile import belief
from scrobbled.reconcile.belief import BELIEVED, Absence, Belief, ValueNews
from scrobbled.reconcile.pairs import pieces
from scrobbled.reconcile.reading import AccountReading, Failed, all_of, values_of
from scrobbled.reconcile.until_watched import watched_of
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import claims, drafts, records, subjects, values
from scrobbled.store.mirror.records import ReadState
from scrobbled.store.mirror.values import MirroredValue
from scrobbled.store.queue import amendments, written

PIECE = 150
"""Rows in one transaction: a few milliseconds in which no webhook is stored."""
SUBJECTS = 75
"""Of what plays are about: each is stored with all its names."""
log = structlog.get_logger("reconcile")


class Absorbed(Struct, frozen=True):
    """What came of one read. ``echoes`` are writes of ours that came back."""

    echoes: int = 0
    doubt: str = ""
    """Why the listing was not taken for complete, although it said so."""
    stranger: str = ""
    """Whose account it is, where that is somebody else's: then nothing of it was stored."""


async def keep(
    store: Store, read: AccountReading, clock: Clock, *, metrics: Metrics, may_lack: float, forget: str
) -> None:
    """Store what one read brought, see ``absorb``. Raises ``Failed`` where that is not the account it was.

    ``forget`` is the command that lets it be another one from now on.
    """
    account = read.account
    before = await store.read(lambda db: records.state(db, account))
    absorbed = await absorb(store, read, clock, may_lack=may_lack)
    if absorbed.echoes:
        metrics.echoes.labels(account[1]).inc(absorbed.echoes)
    if absorbed.stranger:
        raise Failed(_strange(called(account[1]), before.owner, absorbed.stranger, forget))
    if absorbed.doubt:
        log.warning("listing not believed", action="read", account="/".join(account), why=absorbed.doubt)


def _strange(name: str, owner: str, stranger: str, forget: str) -> str:
    told = (
        f"{name} is signed in to the account of {stranger}, and before it was that of {owner}, so nothing of it is "
        f"taken over. Sign in as {owner} again"
    )
    return f"{told}; or, where {stranger} is meant from now on, forget the other one: {forget}" if forget else told


async def absorb(store: Store, read: AccountReading, clock: Clock, *, may_lack: float = BELIEVED) -> Absorbed:
    """Store what was read. Raises ``StoreError``.

    ``may_lack`` is the percentage of its records that a complete listing may lack at once, where that is more than
    ``BELIEVED``.
    """
    account, reading = read.account, read.reading
    before = await store.read(lambda db: records.state(db, account))
    rev, now = before.rev + 1, clock.now().timestamp()
    absence = await _absence(store, account, reading.plays)
    if belief.is_strange(before, reading, absence):
        return await _turned_away(store, account, before, reading.owner)
    valued = await _valued(store, account, reading)
    may_lack = max(may_lack, BELIEVED)
    watched = await _watched(store, account, reading, valued)
    doubt = "" if reading.rechosen else belief.doubt(reading, absence, valued, may_lack, watched=watched)
    removed = set[str]()
    if doubt:
        taken = await store.read(lambda db: amendments.taken(db, *account))
        absent = await _absence(store, account, reading.plays, taken)
        doubt = belief.doubt(reading, absent, valued, may_lack, taken, watched)
        removed = await store.read(lambda db: amendments.removed(db, *account))
    believed = Belief(not doubt, not doubt and not before.doubt, removed)
    await _put_subjects(store, account, reading.subjects)
    echoes, more = await _put_plays(store, read, absence, believed, rev, now)
    for kind, told in reading.values.items():
        news = belief.news_of_values(told, valued[kind], believed)
        if news.missing:
            cleared = await store.read(lambda db, kind=kind: written.cleared(db, account, kind))  # type: ignore[misc]
            news = belief.explained(news, valued[kind], cleared)
        await _put_values(store, read, kind, news, rev, now)
    complete = reading.plays is not None and reading.plays.complete
    plays = (absence.there if complete else before.plays) + more
    await _finish(store, read, replace(before, plays=plays), rev, now, doubt=doubt)
    return Absorbed(echoes, doubt)


async def _absence(
    store: Store, account: AccountKey, plays: Plays | None, taken: Collection[str] = frozenset()
) -> Absence:
    """What is stored of the plays that were read, and of a complete listing everything, beside that listing."""
    if plays is None or not await store.read(lambda db: records.page(db, account, "", 1)):
        return Absence()
    listed = {record.id for record in plays.records}
    absence = Absence(listed, {record.key for record in plays.records if record.at is not None}, taken, stored=True)
    if plays.complete:
        async for page in all_of(store, account):
            absence.see(page)
    else:
        for ids in pieces(list(listed), PIECE):
            absence.see(await store.read(lambda db, ids=ids: records.of_ids(db, account, ids)))  # type: ignore[misc]
    return absence


async def _valued(store: Store, account: AccountKey, reading: Reading) -> Mapping[Kind, Mapping[str, MirroredValue]]:
    """What is stored of the kinds that were read: all where a listing is complete, else what it tells of."""
    found: dict[Kind, dict[str, MirroredValue]] = {kind: {} for kind in reading.values}
    whole = {kind for kind, told in reading.values.items() if told.complete}
    async for page in values_of(store, account, whole):
        for one in page:
            found[one.kind][one.key] = one
    for kind in found.keys() - whole:
        told = reading.values[kind]
        for keys in pieces([*(record.key for record in told.records), *told.cleared], PIECE):
            known = await store.read(lambda db, keys=keys: values.of_keys(db, account, keys))  # type: ignore[misc]
            found[kind] |= {key: one[kind] for key, one in known.items() if kind in one}
    return found


async def _watched(
    store: Store, account: AccountKey, reading: Reading, valued: Mapping[Kind, Mapping[str, MirroredValue]]
) -> set[str]:
    """Of what is missing from lists that things leave as they are watched, what was."""
    missing: set[str] = set()
    for kind, told in reading.values.items():
        if told.complete and entry_of(kind).until_watched:
            missing |= {one.key for one in belief.there(valued[kind].values())} - {one.key for one in told.records}
    return await watched_of(store, account, reading, missing) if missing else set()


async def _turned_away(store: Store, account: AccountKey, before: ReadState, owner: str) -> Absorbed:
    doubt = f"this is the account of {owner}, and before it was that of {before.owner}"

    def save(db: sqlite3.Connection) -> None:
        records.save_state(db, account, replace(before, doubt=doubt, full_at=0.0))
        drafts.forget(db, account)

    await store.write(save)
    return Absorbed(doubt=doubt, stranger=owner)


def _named(account: AccountKey, keys: Sequence[str]) -> Callable[[Any], dict[str, Subject]]:
    return lambda db: subjects.those(db, account, keys)


def _is_news(told: Subject, known: Subject | None) -> bool:
    """Whether more, or something else, is said of it now."""
    return known is None or told != replace(known, runtime=told.runtime if told.runtime is None else known.runtime)


async def _put_subjects(store: Store, account: AccountKey, told: Mapping[str, Subject]) -> None:
    for keys in pieces(list(told), SUBJECTS):
        known = await store.read(_named(account, keys))
        if news := [one for key in keys if _is_news(one := told[key], known.get(key))]:
            rows = await asyncio.to_thread(subjects.rows, news)  # half of the work, and it needs no database
            await store.write(lambda db, rows=rows: subjects.put_rows(db, account, rows), bulk=True)  # type: ignore[misc]


async def _put_plays(
    store: Store, read: AccountReading, absence: Absence, believed: Belief, rev: int, now: float
) -> tuple[int, int]:
    """How many of them were ours, and by how many the plays grew: one is gone when a second listing lacks it."""
    account, plays = read.account, read.reading.plays
    if plays is None:
        return 0, 0
    lacks, by = belief.missing(plays, absence, believed) if plays.complete else [], _by(read)
    for missing in pieces([one.record.id for one in lacks], PIECE):
        await store.write(lambda db, ids=missing: records.miss(db, account, ids, rev, by=by), bulk=True)  # type: ignore[misc]
    echoes, more = 0, -sum(one.missed >= records.GONE - by for one in lacks)
    for piece in pieces(plays.records, PIECE):
        ours, grew = await store.write(_taking_in(read, list(piece), rev, now, known=absence.stored), bulk=True)
        echoes, more = echoes + ours, more + grew
    return echoes, more


def _by(read: AccountReading) -> int:
    """What was left out by choice is not waited for: one listing says as much as two."""
    return records.GONE if read.reading.rechosen else 1


async def _put_values(store: Store, read: AccountReading, kind: Kind, news: ValueNews, rev: int, now: float) -> None:
    account = read.account
    work: tuple[tuple[Callable[..., None], Sequence[Any]], ...] = (
        (values.put, news.put),
        (values.clear, news.clear),
        (partial(values.miss, by=_by(read)), news.missing),
    )
    for put, rows in work:
        for piece in pieces(rows, PIECE):
            await store.write(
                lambda db, put=put, piece=piece: put(db, account, piece, rev, now, kind=kind),  # type: ignore[misc]
                bulk=True,
            )


def _taking_in(
    read: AccountReading, listed: Sequence[PlayRecord], rev: int, now: float, *, known: bool
) -> Callable[[sqlite3.Connection], tuple[int, int]]:
    """What is new of them is stored, and in the same moment seen to be ours where it is."""
    account = read.account

    def take(db: sqlite3.Connection) -> tuple[int, int]:
        before = records.of_ids(db, account, [record.id for record in listed]) if known else []
        news = belief.news_of(listed, {one.record.id: one for one in before})
        records.put(db, account, [*news.changed, *news.new], rev, now)
        return claims.recognise(db, account, news.new, read.precision), len(news.new) + news.back

    return take


async def _finish(store: Store, read: AccountReading, before: ReadState, rev: int, now: float, *, doubt: str) -> None:
    """The cursor moves here, and only here. One that was not believed leads to a full read next time."""
    reading, full_at = read.reading, read.full_at
    after = ReadState(
        cursor=reading.cursor,
        plays=before.plays,
        owner=reading.owner or before.owner,
        rev=rev,
        read_at=now,
        full_at=0.0 if doubt else before.full_at if full_at is None else full_at,
        doubt=doubt,
        skipped=reading.skipped if full_at is not None or reading.skipped else before.skipped,
    )

    def save(db: sqlite3.Connection) -> None:
        records.save_state(db, read.account, after)
        if not reading.unread:  # a listing that broke off is gone on with
            drafts.forget(db, read.account)

    await store.write(save)
