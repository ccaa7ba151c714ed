"""What was read of an account is stored: what is new, what changed, what is missing, a little at a time.

Webhooks are stored in between, and a crash in the middle loses nothing: the cursor moves with the last piece, so that
until then the same is read again.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.naming.names import called
from scrobbled.core.records import PlayRecord, Reading, Subject
from scrobbled.core.standing import AccountKey
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.metrics import Metrics
from scrobbled.reconcile import belief
from scrobbled.reconcile.belief import BELIEVED, Belief, MirrorNews
from scrobbled.reconcile.pairs import Sides, pieces
from scrobbled.reconcile.reading import AccountReading, Failed, everything
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import claims, drafts, records, subjects, values
from scrobbled.store.mirror.records import MirroredPlay, ReadState
from scrobbled.store.queue import amendments

PIECE = 150
"""Rows in one transaction: a few milliseconds in which no webhook is stored."""
log = structlog.get_logger("reconcile")


class Absorbed(Struct, frozen=True):
    """What came of one read. ``echoes`` are writes of ours that came back."""

    echoes: int = 0
    doubt: str = ""
    """Why the listing was not taken for complete, although it said so."""
    stranger: str = ""
    """Whose account it is, where that is somebody else's: then nothing of it was stored."""


async def keep(
    store: Store, read: AccountReading, sides: Sides, clock: Clock, *, metrics: Metrics, may_lack: float
) -> None:
    """Store what one side brought. Raises ``Failed`` where that is not the account it was; see ``absorb``."""
    account = read.account
    before = await store.read(lambda db: records.state(db, account))
    absorbed = await absorb(store, read, clock, may_lack=may_lack)
    if absorbed.echoes:
        metrics.echoes.labels(account[1]).inc(absorbed.echoes)
    if absorbed.stranger:
        raise Failed(_strange(sides, called(account[1]), before.owner, absorbed.stranger))
    if absorbed.doubt:
        log.warning("listing not believed", action="read", account="/".join(account), why=absorbed.doubt)


def _strange(sides: Sides, name: str, owner: str, stranger: str) -> str:
    return (
        f"{name} is signed in to the account of {stranger}, and before it was that of {owner}, so nothing of it is "
        f"taken over. Sign in as {owner} again; or, where {stranger} is meant from now on, forget the other one: "
        f"scrobbled reset-state --pair {sides.pair} --viewer {sides.viewer}"
    )


async def absorb(store: Store, read: AccountReading, clock: Clock, *, may_lack: float = BELIEVED) -> Absorbed:
    """Store what was read. Raises ``StoreError``.

    ``may_lack`` is the percentage of its records that a complete listing may lack at once, where that is more than
    ``BELIEVED``.
    """
    account, reading = read.account, read.reading
    before = await store.read(lambda db: records.state(db, account))
    rev, now = before.rev + 1, clock.now().timestamp()
    known = await _known(store, account, reading)
    if belief.is_strange(before, reading, known):
        return await _turned_away(store, account, before, reading.owner)
    valued = await store.read(lambda db: {kind: values.of_kind(db, account, kind) for kind in reading.values})
    may_lack = max(may_lack, BELIEVED)
    doubt, removed = belief.doubt(reading, known, valued, may_lack), set[str]()
    if doubt:
        taken = await store.read(lambda db: amendments.taken(db, *account))
        doubt = belief.doubt(reading, known, valued, may_lack, taken)
        removed = await store.read(lambda db: amendments.removed(db, *account))
    believed = Belief(not doubt, not doubt and not before.doubt, removed)
    news = await asyncio.to_thread(belief.compared, reading, known, valued, believed)
    for keys in pieces(list(reading.subjects), PIECE):
        known_subjects = await store.read(_named(account, keys))
        news.subjects += [one for key in keys if _is_news(one := reading.subjects[key], known_subjects.get(key))]
    await _put(store, account, news, rev, now)
    echoes = 0
    for piece in pieces(news.new, PIECE):
        echoes += await store.write(_claiming(account, piece, read.precision))
    complete = reading.plays is not None and reading.plays.complete
    plays = (sum(found.there for found in known.values()) if complete else before.plays) + belief.more(news, known)
    await _finish(store, read, replace(before, plays=plays), rev, now, doubt=doubt)
    return Absorbed(echoes, doubt)


async def _known(store: Store, account: AccountKey, reading: Reading) -> dict[str, MirroredPlay]:
    """What is stored of the plays that were read; of a complete listing everything."""
    if reading.plays is None:
        return {}
    if reading.plays.complete:
        return {found.record.id: found for found in await everything(store, account)}
    found: list[MirroredPlay] = []
    for piece in pieces([record.id for record in reading.plays.records], PIECE):
        found += await store.read(_those(account, piece))
    return {one.record.id: one for one in found}


def _those(account: AccountKey, ids: Sequence[str]) -> Callable[[Any], list[MirroredPlay]]:
    return lambda db: records.of_ids(db, account, ids)


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


async def _put(store: Store, account: AccountKey, news: MirrorNews, rev: int, now: float) -> None:
    work: tuple[tuple[Callable[..., None], Sequence[Any], tuple[float, ...]], ...] = (
        (subjects.put, news.subjects, ()),
        (records.put, news.put, (rev, now)),
        (records.miss, news.missing, (rev,)),
    )
    of_kinds = [
        (partial(put, kind=kind), rows, (rev, now))
        for kind, one in news.values.items()
        for put, rows in ((values.put, one.put), (values.clear, one.clear), (values.miss, one.missing))
    ]
    for put, rows, when in (*work, *of_kinds):
        for piece in pieces(rows, PIECE):
            await store.write(lambda db, put=put, piece=piece, when=when: put(db, account, piece, *when))  # type: ignore[misc]


def _claiming(account: AccountKey, piece: Sequence[PlayRecord], precision: int) -> Callable[[Any], int]:
    return lambda db: claims.recognise(db, account, piece, precision)


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
        drafts.forget(db, read.account)

    await store.write(save)
