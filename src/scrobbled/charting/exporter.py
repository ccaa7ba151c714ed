"""One verb: what stands in a database of charts is what the plays mean.

Compared into the book, then sent from there: cleared, removed, written, counted. Whatever is cut off is done again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from datetime import tzinfo

from msgspec import Struct

from scrobbled.core.charts.points import DAY, MEASUREMENTS, UTC_DAY, tombstone
from scrobbled.core.errors import ContractDrift
from scrobbled.plumbing.clock import Clock
from scrobbled.sinks.base import ChartSink, SinkAbilities, SinkWrite
from scrobbled.store import Store
from scrobbled.store.charts import book, exports, waiting
from scrobbled.store.charts.exports import Charted, ChartWish
from scrobbled.store.charts.waiting import FIRST, WaitingDay, WaitingPoint, WaitingRemoval

REMOVALS = 500
"""Points that are removed between two entries in the book."""
DAYS = 150
"""Days that are counted in one read of the database."""
Told = Callable[["Exported"], Awaitable[None]]


class Exported(Struct):
    """What was done so far."""

    plays: int = 0
    changed: int = 0
    written: int = 0
    removed: int = 0
    refused: int = 0
    too_old: int = 0
    days: int = 0

    def counts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__struct_fields__}


async def _nobody(sent: Exported) -> None:
    """Nobody wants to know how far it is."""


class Exporter:
    """Of one sink. ``batch`` is how many points are written at once; ``zone`` knows zones by the names of the book."""

    def __init__(
        self, store: Store, sink: ChartSink, clock: Clock, zone: Callable[[str], tzinfo], *, batch: int = 5_000
    ) -> None:
        self._store, self._sink, self._clock, self._zone, self._batch = store, sink, clock, zone, batch

    async def settle(self, wishes: Sequence[ChartWish], can: SinkAbilities) -> None:
        """These are exported from now on."""
        can_forget = forgets(can)
        await self._store.write(lambda db: exports.settle(db, self._sink.name, wishes, can_forget=can_forget))

    async def restart(self, charted: Charted, can: SinkAbilities) -> None:
        """All that stands in this viewer's series is cleared, and written anew from what is stored."""
        can_forget = forgets(can)
        await self._store.write(lambda db: exports.restart(db, self._sink.name, {charted.tag}, can_forget=can_forget))

    async def compare(self, viewers: Sequence[str], sent: Exported, told: Told = _nobody) -> None:
        """The plays of these against the book; no request is sent."""
        for one in await self._store.read(lambda db: exports.all_of(db, self._sink.name)):
            if one.viewer in viewers:
                await self._compare(one, sent, told)

    async def _compare(self, charted: Charted, sent: Exported, told: Told) -> None:
        zone = self._zone(charted.zone)
        if charted.origin != exports.LEDGER:
            await self._store.write(lambda db: book.hear(db, charted))
        more = True
        while more:
            step = await self._store.write(lambda db: _step(db, charted, zone, self._now()))
            more = step.more
            sent.plays, sent.changed = sent.plays + step.plays, sent.changed + step.changed
            await told(sent)

    async def deliver(self, can: SinkAbilities, sent: Exported, told: Told = _nobody) -> None:
        """What waits. Raises what ``ChartSink`` raises; what was taken until then is booked."""
        await self._clear(can)
        unsaid = ""
        if can.strings:
            unsaid = await self._remove(can, sent, told)
            await self._write(sent, told)
        else:
            await self._store.write(lambda db: waiting.book_unsent(db, self._sink.name))
        if can.overwrites or not await self._store.read(lambda db: waiting.waiting_days(db, self._sink.name, 1)):
            await self._count(sent, told)
        else:
            await self._count_all(sent, told)
        if unsaid:
            raise ContractDrift(f"{self._sink.name} does not take it that points are gone, which still stand: {unsaid}")

    async def _clear(self, can: SinkAbilities) -> None:
        for tag in await self._store.read(lambda db: waiting.clears(db, self._sink.name)):
            for measurement, bucket in MEASUREMENTS.items() if forgets(can) else ():
                await self._sink.clear(bucket, measurement, tag)
            await self._store.write(lambda db, tag=tag: waiting.cleared(db, self._sink.name, tag))  # type: ignore[misc]

    async def _remove(self, can: SinkAbilities, sent: Exported, told: Told) -> str:
        """The server's words where it refuses some, which go on waiting."""
        name = self._sink.name
        while those := await self._store.read(lambda db: waiting.removals(db, name, REMOVALS)):
            gone, words = await (self._deleted(those) if can.deletes else self._overwritten(those))
            await self._store.write(
                lambda db, gone=gone: waiting.removed(db, name, gone, overwritten=not can.deletes)  # type: ignore[misc]
            )
            sent.removed += len(gone)
            await told(sent)
            if words:
                return words
        return ""

    async def _deleted(self, those: list[WaitingRemoval]) -> tuple[list[WaitingRemoval], str]:
        spans = await self._store.write(lambda db: waiting.gathered(db, self._sink.name, those))
        await self._sink.delete(spans)
        return those, ""

    async def _overwritten(self, those: list[WaitingRemoval]) -> tuple[list[WaitingRemoval], str]:
        """Those that are told to be gone from now on. What is older than the database keeps is gone as well."""
        answer = await self._sink.write("raw", [tombstone(place.span) for place, _ in those])
        words = {one.index: one.words for one in answer.refused}
        return [one for at, one in enumerate(those) if at not in words], next(iter(words.values()), "")

    async def _write(self, sent: Exported, told: Told) -> None:
        for charted in await self._store.read(lambda db: exports.all_of(db, self._sink.name)):
            after = FIRST
            while True:
                points, last = await self._gathered(charted, after)
                if points:
                    answer = await self._sink.write("raw", [one.point for one in points])
                    await self._store.write(lambda db, p=points, a=answer: _booked(db, p, a))  # type: ignore[misc]
                    _add(sent, len(points), answer)
                    await told(sent)
                if last is None:
                    break
                after = last

    async def _gathered(
        self, charted: Charted, after: waiting.PointMark
    ) -> tuple[list[WaitingPoint], waiting.PointMark | None]:
        """A batch of them, in reads that are short; the mark is ``None`` where nothing comes after."""
        points: list[WaitingPoint] = []
        while len(points) < self._batch:
            page = await self._store.read(lambda db, after=after: waiting.points(db, charted, after))  # type: ignore[misc]
            points += page.points
            if page.last is None:
                return points, None
            after = page.last
        return points, after

    async def _count(self, sent: Exported, told: Told) -> None:
        while those := await self._days():
            points = [point for day in those for point in day.points]
            answer = await self._sink.write("daily", points)
            await self._store.write(lambda db, d=those, a=answer: self._counted(db, d, a))  # type: ignore[misc]
            sent.days += len(those)
            await told(sent)

    async def _days(self) -> list[WaitingDay]:
        return await self._store.read(lambda db: waiting.waiting_days(db, self._sink.name, DAYS))

    def _counted(self, db: sqlite3.Connection, those: Sequence[WaitingDay], answer: SinkWrite) -> None:
        """A day with a point that was refused is told with the server's words; it is written when it changes."""
        words = {refused.index: refused.words for refused in answer.refused}
        at = 0
        good = []
        for one in those:
            said = next((words[at + n] for n in range(len(one.points)) if at + n in words), None)
            at += len(one.points)
            if said is None:
                good.append(one)
            else:
                waiting.day_refused(db, self._sink.name, one, said)
        waiting.counted(db, self._sink.name, good)

    async def _count_all(self, sent: Exported, told: Told) -> None:
        """Where nothing is overwritten, whole series are removed, and all their days written again.

        All of them wait until the last one is written, so that a kill in between begins anew.
        """
        await self._store.write(lambda db: waiting.count_all_anew(db, self._sink.name))
        for measurement in (DAY, UTC_DAY):
            await self._sink.clear(MEASUREMENTS[measurement], measurement)
        await self._count(sent, told)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def forgets(can: SinkAbilities) -> bool:
    """Whether what is there can be cleared: points, or at least whole series."""
    return can.deletes or not can.overwrites


def _step(db: sqlite3.Connection, charted: Charted, zone: tzinfo, now: float) -> book.BookStep:
    """Of the export as it is by now."""
    found = exports.named(db, charted.id)
    if found is None or (found.after is not None and not book.may_pass(db, found)):
        return book.BookStep(more=False)
    return book.catch_up(db, found, zone, now)


def _booked(db: sqlite3.Connection, points: Sequence[WaitingPoint], answer: SinkWrite) -> None:
    words = {refused.index: refused.words for refused in answer.refused}
    old = set(answer.too_old)
    for at, one in enumerate(points):
        if at in words:
            waiting.refused(db, one, words[at])
        elif at in old:
            waiting.unkept(db, one)
    good = [one for at, one in enumerate(points) if at not in words and at not in old]
    waiting.written(db, good)


def _add(sent: Exported, points: int, answer: SinkWrite) -> None:
    sent.refused += len(answer.refused)
    sent.too_old += len(answer.too_old)
    sent.written += points - len(answer.refused) - len(answer.too_old)
