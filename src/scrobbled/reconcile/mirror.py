"""From a read to the database: what is new, what changed, what is missing, a little at a time.

Webhooks are stored in between, and a crash in the middle loses nothing: the cursor moves with the last piece, so that
until then the same is read again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.clock import Clock
from scrobbled.core.records import PlayRecord, RatingRecord, Reading, Subject
from scrobbled.store import amendments, claims, records, subjects
from scrobbled.store.database import Store
from scrobbled.store.records import Account, Rated, ReadState, Stored

T = TypeVar("T")
PIECE = 100
"""Rows in one transaction: a few milliseconds in which no webhook is stored."""
PAGE = 1_000
BELIEVED = 10.0
"""Percent of the records that a complete listing may always lack at once and still be believed."""
FEW = 10


class Absorbed(Struct, frozen=True):
    """What one read changed. ``echoes`` are writes of ours that came back."""

    new: int = 0
    changed: int = 0
    missing: int = 0
    echoes: int = 0
    doubt: str = ""
    """Why the listing was not taken for complete, although it said so."""
    stranger: str = ""
    """Whose account it is, where that is somebody else's: then nothing of it was stored."""

    @property
    def moved(self) -> bool:
        return bool(self.new or self.changed or self.missing)


@dataclass(slots=True)
class _News:
    put: list[PlayRecord] = field(default_factory=list)
    new: list[PlayRecord] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    rate: list[RatingRecord] = field(default_factory=list)
    clear: list[str] = field(default_factory=list)
    unrated: list[str] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)


class StoredKnown:
    """A ``Known``: what of an account lies in the database."""

    def __init__(self, store: Store, account: Account) -> None:
        self._store, self._account = store, account

    async def plays(self) -> Sequence[PlayRecord]:
        return [found.record for found in await _everything(self._store, self._account) if found.there]

    async def subjects(self) -> Mapping[str, Subject]:
        found: dict[str, Subject] = {}
        after: str | None = ""
        while after is not None:
            page = await self._store.read(lambda db, after=after: subjects.page(db, self._account, after, PAGE))  # type: ignore[misc]
            found |= {subject.key: subject for subject in page}
            after = page[-1].key if len(page) == PAGE else None
        return found


async def absorb(
    store: Store,
    account: Account,
    reading: Reading,
    clock: Clock,
    *,
    full_at: float | None,
    precision: int,
    may_lack: float = BELIEVED,
) -> Absorbed:
    """Store what was read. ``precision`` is the tracker's, in seconds. Raises ``StoreError``.

    ``full_at``: everything was read, and this is when that began (Unix seconds). ``may_lack`` is the percentage of its
    records that a complete listing may lack at once, where that is more than ``BELIEVED``.
    """
    before = await store.read(lambda db: records.state(db, account))
    rev, now = before.rev + 1, clock.now().timestamp()
    known = await _known(store, account, reading)
    if _is_strange(before, reading, known):
        return await _turned_away(store, account, before, reading.owner)
    rated = await store.read(lambda db: records.ratings(db, account)) if reading.ratings else {}
    may_lack = max(may_lack, BELIEVED)
    doubt, removed = _doubt(reading, known, rated, may_lack), set[str]()
    if doubt:
        taken = await store.read(lambda db: amendments.taken(db, *account))
        doubt = _doubt(reading, known, rated, may_lack, taken)
        removed = await store.read(lambda db: amendments.removed(db, *account))
    belief = _Belief(not doubt, not doubt and not before.doubt, removed)
    news = await asyncio.to_thread(_compared, reading, known, rated, belief)
    for keys in _pieces(list(reading.subjects)):
        known_subjects = await store.read(_named(account, keys))
        news.subjects += [one for key in keys if _is_news(one := reading.subjects[key], known_subjects.get(key))]
    await _put(store, account, news, rev, now)
    echoes = 0
    for piece in _pieces(news.new):
        echoes += await store.write(_claiming(account, piece, precision))
    complete = reading.plays is not None and reading.plays.complete
    plays = (sum(found.there for found in known.values()) if complete else before.plays) + _more(news, known)
    await _finish(store, account, reading, replace(before, plays=plays), rev, now, doubt=doubt, full_at=full_at)
    changed = len(news.put) - len(news.new) + len(news.rate) + len(news.clear)
    return Absorbed(len(news.new), changed, len(news.missing) + len(news.unrated), echoes, doubt)


async def _known(store: Store, account: Account, reading: Reading) -> dict[str, Stored]:
    """What is stored of the plays that were read; of a complete listing everything."""
    if reading.plays is None:
        return {}
    if reading.plays.complete:
        return {found.record.id: found for found in await _everything(store, account)}
    found: list[Stored] = []
    for piece in _pieces([record.id for record in reading.plays.records]):
        found += await store.read(_those(account, piece))
    return {one.record.id: one for one in found}


def _those(account: Account, ids: Sequence[str]) -> Callable[[Any], list[Stored]]:
    return lambda db: records.of_ids(db, account, ids)


async def _everything(store: Store, account: Account) -> list[Stored]:
    found: list[Stored] = []
    while True:
        after = found[-1].record.id if found else ""
        page = await store.read(_paged(account, after))
        found += page
        if len(page) < PAGE:
            return found


def _paged(account: Account, after: str) -> Callable[[Any], list[Stored]]:
    return lambda db: records.page(db, account, after, PAGE)


def _is_strange(before: ReadState, reading: Reading, known: Mapping[str, Stored]) -> bool:
    """Whether it is not the account it was. Under another name it is, where it lists most of what it held."""
    if not before.owner or not reading.owner or before.owner == reading.owner:
        return False
    listed = {record.id for record in reading.plays.records} if reading.plays else set()
    held = [id_ for id_, found in known.items() if found.there]
    return sum(id_ in listed for id_ in held) * 2 <= len(held)


async def _turned_away(store: Store, account: Account, before: ReadState, owner: str) -> Absorbed:
    doubt = f"this is the account of {owner}, and before it was that of {before.owner}"
    await store.write(lambda db: records.save_state(db, account, replace(before, doubt=doubt, full_at=0.0)))
    return Absorbed(doubt=doubt, stranger=owner)


def _doubt(
    reading: Reading,
    known: Mapping[str, Stored],
    rated: Mapping[str, Rated],
    may_lack: float,
    taken: Collection[str] = frozenset(),
) -> str:
    """Why a listing cannot be complete, whatever it says; empty where nothing speaks against it.

    What we have ``taken`` away ourselves is missing from it with good reason, with the rating that stood on it, and so
    is a play without a date where one with a date has come in its place.
    """
    if reading.plays and reading.plays.complete:
        dated = {record.key for record in reading.plays.records if record.at is not None}
        there = (one.record for id_, one in known.items() if one.there and id_ not in taken)
        held = [record.id for record in there if record.at is not None or record.key not in dated]
        if why := _shrunk(held, {record.id for record in reading.plays.records}, "plays", may_lack):
            return why
    if reading.ratings and reading.ratings.complete:
        given = (key for key, one in rated.items() if one.value is not None and one.missed < records.GONE)
        keys = [key for key in given if key not in taken and rated[key].id not in taken]
        return _shrunk(keys, {record.key for record in reading.ratings.records}, "ratings", may_lack)
    return ""


def _shrunk(held: Collection[str], listed: Collection[str], what: str, may_lack: float) -> str:
    lost = sum(id_ not in listed for id_ in held)
    if len(held) and not listed:
        return f"it lists no {what} at all, and there were {len(held):,}"
    if len(held) >= FEW and lost * 100 > len(held) * may_lack:
        return (
            f"it lacks {lost:,} of {len(held):,} {what} (if you removed them yourself, set safety.max_removals_percent "
            f"to {ceil(lost * 100 / len(held))} for the next two complete readings)"
        )
    return ""


@dataclass(frozen=True, slots=True)
class _Belief:
    """How far a complete listing is believed. ``again``: so was the one before, so that it can be the second one.

    That a play is missing which we have ``removed`` ourselves is believed in any case.
    """

    whole: bool
    again: bool
    removed: Collection[str]


def _compared(reading: Reading, known: Mapping[str, Stored], rated: Mapping[str, Rated], belief: _Belief) -> _News:
    news = _News()
    if reading.plays:
        _compare_plays(reading.plays.records, known, news)
        if reading.plays.complete:
            news.missing = list(_missing(reading.plays.records, known, belief))
    if reading.ratings:
        _compare_ratings(reading.ratings.records, rated, news)
        news.clear = [key for key in reading.ratings.cleared if key in rated and rated[key].value is not None]
        if reading.ratings.complete and belief.whole:
            seen = {record.key for record in reading.ratings.records} | reading.ratings.cleared
            news.unrated = [k for k, one in rated.items() if k not in seen and one.missed < records.GONE]
    return news


def _missing(complete: Sequence[PlayRecord], known: Mapping[str, Stored], belief: _Belief) -> Iterator[str]:
    """What is not believed makes unsure what it lacks, and no more: what is new beside that may be the same, moved."""
    listed = {record.id for record in complete}
    for id_, found in known.items():
        if not found.there or id_ in listed:
            continue
        if id_ in belief.removed or belief.again or (not found.missed and (complete or belief.whole)):
            yield id_


def _compare_plays(listed: Sequence[PlayRecord], known: Mapping[str, Stored], news: _News) -> None:
    for record in {record.id: record for record in listed}.values():
        before = known.get(record.id)
        if before is None:
            news.new.append(record)
        elif before.missed == 0 and before.record == record:
            continue
        news.put.append(record)


def _compare_ratings(listed: Sequence[RatingRecord], rated: Mapping[str, Rated], news: _News) -> None:
    for record in listed:
        before = rated.get(record.key)
        if before is None or before.value != record.value or before.missed:
            news.rate.append(record)


def _more(news: _News, known: Mapping[str, Stored]) -> int:
    """By how many the plays grew that are there; one is gone when a second listing in a row lacks it."""
    back = sum(not known[record.id].there for record in news.put if record.id in known)
    gone = sum(known[id_].missed == records.GONE - 1 for id_ in news.missing)
    return len(news.new) + back - gone


def _named(account: Account, keys: Sequence[str]) -> Callable[[Any], dict[str, Subject]]:
    return lambda db: subjects.those(db, account, keys)


def _is_news(told: Subject, known: Subject | None) -> bool:
    """Whether more, or something else, is said of it now."""
    return known is None or told != replace(known, runtime=told.runtime if told.runtime is None else known.runtime)


async def _put(store: Store, account: Account, news: _News, rev: int, now: float) -> None:
    for told in _pieces(news.subjects):
        await store.write(lambda db, told=told: subjects.put(db, account, told))  # type: ignore[misc]
    for plays in _pieces(news.put):
        await store.write(lambda db, p=plays: records.put(db, account, p, rev, now))  # type: ignore[misc]
    for ids in _pieces(news.missing):
        await store.write(lambda db, i=ids: records.miss(db, account, i, rev))  # type: ignore[misc]
    for ratings in _pieces(news.rate):
        await store.write(lambda db, r=ratings: records.put_ratings(db, account, r, rev, now))  # type: ignore[misc]
    for keys in _pieces(news.clear):
        await store.write(lambda db, k=keys: records.clear_ratings(db, account, k, rev, now))  # type: ignore[misc]
    for keys in _pieces(news.unrated):
        await store.write(lambda db, k=keys: records.miss_ratings(db, account, k, rev, now))  # type: ignore[misc]


def _pieces(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + PIECE] for start in range(0, len(rows), PIECE))


def _claiming(account: Account, piece: Sequence[PlayRecord], precision: int) -> Callable[[Any], int]:
    return lambda db: claims.recognise(db, account, piece, precision)


async def _finish(
    store: Store,
    account: Account,
    reading: Reading,
    before: ReadState,
    rev: int,
    now: float,
    *,
    doubt: str,
    full_at: float | None,
) -> None:
    """The cursor moves here, and only here. One that was not believed leads to a full read next time."""
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
    await store.write(lambda db: records.save_state(db, account, after))
