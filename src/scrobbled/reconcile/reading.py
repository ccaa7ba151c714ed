"""An account is asked what it holds; at hand are what of it is stored already, and how far an earlier read has come."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from scrobbled import __version__
from scrobbled.core.errors import ScrobbledError, TrackerError
from scrobbled.core.kinds import ITEMS, PLAYS, WATCHED, Kind
from scrobbled.core.naming.names import called
from scrobbled.core.records import PlayRecord, Reading, Subject, ValueRecord
from scrobbled.core.standing import AccountKey
from scrobbled.plumbing.clock import Clock, SystemClock
from scrobbled.reconcile.steps import RunSteps
from scrobbled.store.file.codec import instant
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import drafts, records, subjects, values
from scrobbled.store.mirror.records import MirroredPlay, ReadState
from scrobbled.store.mirror.values import MirroredValue
from scrobbled.store.queue import amendments
from scrobbled.trackers.base import Tracker

T = TypeVar("T")
FULL_EVERY = 6 * 3_600.0
FULL_SELDOM = 24 * 3_600.0
MANY = 20_000
"""Plays from which on an account is read completely once a day only."""
PAGE = 400
"""Rows in one read of the database: a few thousandths of a second in which no webhook is stored."""
SUBJECTS = 150
"""Of what they are about, of which each is longer."""
QUICK = 1
"""How hard a page is pressed; more takes longer than it spares."""
GATHERED = 4_096
"""Bytes of pages that are stored at once: one transaction for each small page would cost more than reading it."""


class Failed(ScrobbledError):
    """The run cannot go on; the reason says what to do."""


class PairMember(Struct, frozen=True):
    """One side of a pair. ``trouble`` takes what went wrong with the account as a whole."""

    tracker: Tracker
    trouble: Callable[[TrackerError], Awaitable[None]]
    kinds: frozenset[Kind] = frozenset()
    """What the pairs of the person compare there, and others follow: read also in a run that is for less."""
    marks: bool = True
    """Some pair of the person wants to know what is marked there as watched without a play."""
    was_read: Callable[[], Awaitable[None]] | None = None
    """Called when the account has answered everything it was asked."""


class AccountReading(Struct, frozen=True):
    """What an account answered; see ``Reads``. ``full_at`` is when a reading of everything began (Unix seconds)."""

    account: AccountKey
    reading: Reading
    full_at: float | None
    precision: int
    """The tracker's, in seconds."""


async def read(
    store: Store,
    account: AccountKey,
    member: PairMember,
    clock: Clock,
    *,
    kinds: frozenset[Kind],
    full: bool,
    steps: RunSteps,
) -> AccountReading:
    """Raises ``Failed``. ``full`` reads everything; else that is done where it is due."""
    began, can = clock.now().timestamp(), member.tracker.can
    tells = can.reads | {ITEMS} if can.is_library else can.reads
    kinds, before = kinds & tells, await store.read(lambda db: records.state(db, account))
    full = full or await is_due(store, account, kinds, before, began)
    known = StoredKnown(store, account, marks=member.marks, clock=clock, steps=steps)
    try:
        reading = await member.tracker.reads.read(kinds, before.cursor, known, full=full)
    except TrackerError as error:
        await member.trouble(error)
        raise Failed(f"{called(account[1])} could not be read: {error.reason}") from error
    finally:
        await known.stored()
    if member.was_read is not None:
        await member.was_read()
    return AccountReading(account, reading, began if full and not reading.unread else None, can.precision)


async def is_due(store: Store, account: AccountKey, kinds: frozenset[Kind], before: ReadState, now: float) -> bool:
    """Whether everything is to be read: also where something was missing the last time, or a play was removed or moved
    by us since, as a service need not say anywhere that one is gone.
    """
    unsure, taken, held = await store.read(
        lambda db: (
            records.is_unsure(db, account, kinds | {WATCHED} if PLAYS in kinds else kinds),
            amendments.took_since(db, *account, before.full_at),
            records.count(db, account),
        )
    )
    return unsure or taken or not 0.0 <= now - before.full_at < (FULL_SELDOM if held > MANY else FULL_EVERY)


async def all_of(store: Store, account: AccountKey) -> AsyncIterator[list[MirroredPlay]]:
    """All plays of it that are stored, also those that are missing, a page at a time."""
    after: str | None = ""
    while after is not None:
        page = await store.read(lambda db, after=after: records.page(db, account, after, PAGE))  # type: ignore[misc]
        yield page
        after = page[-1].record.id if len(page) == PAGE else None


async def values_of(store: Store, account: AccountKey, kinds: Collection[Kind]) -> AsyncIterator[list[MirroredValue]]:
    """All that is stored of these kinds, a page at a time."""
    after: tuple[str, Kind] | None = ("", "") if kinds else None
    while after is not None:
        page = await store.read(lambda db, after=after: values.page(db, account, kinds, after, PAGE))  # type: ignore[misc]
        yield page
        after = (page[-1].key, page[-1].kind) if len(page) == PAGE else None


class StoredKnown:
    """Its ``EarlierReads``: what of an account lies in the database."""

    def __init__(
        self,
        store: Store,
        account: AccountKey,
        *,
        marks: bool = True,
        clock: Clock | None = None,
        steps: RunSteps | None = None,
    ) -> None:
        """``steps`` are told how far reading is."""
        self.marks = marks
        self._store, self._account, self._clock = store, account, clock or SystemClock()
        self._steps = steps or RunSteps(store, self._clock)
        self._drafts: dict[str, StoredDraft] = {}

    def draft(self, listing: str) -> StoredDraft:
        made = StoredDraft(self._store, self._account, listing, clock=self._clock, steps=self._steps)
        return self._drafts.setdefault(listing, made)

    async def stored(self) -> None:
        """What is gathered of drafts lies in the database when this returns."""
        for draft in self._drafts.values():
            await draft.stored()

    async def plays(self, begin: str = "") -> Sequence[PlayRecord]:
        found: list[PlayRecord] = []
        async for page in all_of(self._store, self._account):
            found += [one.record for one in page if one.there and one.record.id.startswith(begin)]
        return found

    async def subjects(self) -> Mapping[str, Subject]:
        found: dict[str, Subject] = {}
        after: str | None = ""
        while after is not None:
            page = await self._store.read(lambda db, after=after: subjects.page(db, self._account, after, SUBJECTS))  # type: ignore[misc]
            found |= {subject.key: subject for subject in page}
            after = page[-1].key if len(page) == SUBJECTS else None
        return found

    async def valued(self, kind: Kind) -> Mapping[str, ValueRecord]:
        found: dict[str, ValueRecord] = {}
        async for page in values_of(self._store, self._account, [kind]):
            found |= {
                one.key: ValueRecord(one.key, one.value, None if one.at is None else instant(one.at), one.id)
                for one in page
                if one.value is not None and not one.missed
            }
        return found


class StoredDraft:
    """A ``ListingDraft``. One that another version has written is none."""

    def __init__(self, store: Store, account: AccountKey, listing: str, *, clock: Clock, steps: RunSteps) -> None:
        self._store, self._account, self._listing = store, account, listing
        self._clock, self._steps = clock, steps
        self._gathered: list[tuple[int, bytes]] = []

    async def head(self, kind: type[T]) -> T | None:
        now = self._clock.now().timestamp()
        told = await self._store.read(lambda db: drafts.head(db, self._account, self._listing, now))
        try:
            version, head = (None, None) if told is None else _opened(told, tuple[str, kind])  # type: ignore[valid-type]
        except (msgspec.DecodeError, zlib.error):
            return None
        return head if version == __version__ else None

    async def begin(self, head: Any) -> None:
        now, told = self._clock.now().timestamp(), _packed((__version__, head))
        self._gathered = []
        await self._store.write(lambda db: drafts.begin(db, self._account, self._listing, told, now))

    async def keep(self, number: int, page: Any) -> None:
        self._gathered.append((number, _packed(page)))
        if sum(len(told) for _, told in self._gathered) >= GATHERED:
            await self.stored()

    async def stored(self) -> None:
        now, gathered, self._gathered = self._clock.now().timestamp(), self._gathered, []
        if gathered:
            await self._store.write(lambda db: drafts.keep(db, self._account, self._listing, gathered, now))

    async def renew(self, head: Any, first: Any) -> None:
        await self.stored()
        told, page = _packed((__version__, head)), _packed(first)
        await self._store.write(lambda db: drafts.renew(db, self._account, self._listing, told, page))

    async def drop(self) -> None:
        self._gathered = []
        await self._store.write(lambda db: drafts.drop(db, self._account, self._listing))

    async def pages(self, kind: type[T]) -> AsyncIterator[tuple[int, T]]:
        await self.stored()
        after = drafts.HEAD
        while (found := await self._store.read(self._after(after))) is not None:
            after = found[0]
            yield after, _opened(found[1], kind)

    async def step(self, done: int, of: int | None) -> None:
        await self._steps.take(self._account[1], self._listing, done, of)

    async def waits(self, seconds: float) -> None:
        await self._steps.wait(self._account[1], self._listing, seconds)

    def _after(self, number: int) -> Callable[[Any], tuple[int, bytes] | None]:
        return lambda db: drafts.page(db, self._account, self._listing, number)


def _packed(value: Any) -> bytes:
    return zlib.compress(msgspec.json.encode(value), QUICK)


def _opened(told: bytes, kind: type[T]) -> T:
    return msgspec.json.decode(zlib.decompress(told), type=kind)
