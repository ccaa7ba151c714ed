"""What every tracker must do that can be compared with another.

There are suites by kind, ``plays_contract.py`` and ``value_contract.py``, and by what is kept of a viewing: every play
(``EveryContract``), or a state (``library_contract.py``). A tracker inherits those that it declares, which
``test_suites.py`` holds it to, and provides ``bench``, nothing else.
"""

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from scrobbled.core.errors import TrackerError
from scrobbled.core.kinds import COLLECTION, ITEMS, PLAYS, RATINGS, STATES, Kind, KindValue
from scrobbled.core.naming.items import Item
from scrobbled.core.records import PlayRecord, Reading, Subject, ValueRecord, identity
from scrobbled.trackers.base import AddResult, EarlierReads, Edit, Receipt, Tracker
from trackers.contract import EVENING
from trackers.doubles import Drafts


@dataclass
class ReadingBench:
    """A tracker on its own account at a stand-in, and a person who changes by hand what is there."""

    tracker: Tracker
    item: Item
    other: Item
    show: Subject
    """The show of ``item``, as another tracker might tell it: its ``key`` is not ours."""
    put: Callable[[Item, datetime], Any]
    """The person adds a play; in a library they watch it to its end, which is told at that time."""
    give: Callable[[Kind, Subject, KindValue | None], Any]
    """The person gives a thing a value of a kind, or takes that away."""
    lose_next_answer: Callable[[], None]
    """The next change of a record takes effect and its answer never arrives."""
    go_down: Callable[[], None]
    pass_time: Callable[[], None] = lambda: None
    """As long as reads may lag behind writes there."""


@dataclass(kw_only=True)
class EveryBench(ReadingBench):
    """Of a tracker that keeps every play."""

    take: Callable[[str], Any]
    """The person removes the play with that handle."""


@dataclass(kw_only=True)
class LibraryBench(ReadingBench):
    """Of a library, in which ``item`` and ``other`` are held, and the show of ``item``; nothing was watched there."""

    mark: Callable[[Item], Any]
    """The person marks it as watched, by hand."""
    unmark: Callable[[Item], Any]
    begin: Callable[[Item], Any]
    """The person begins it, and stops in the middle."""
    lose_file: Callable[[Item], Any]
    copy: Callable[[Item], Any]
    """A further file of it comes."""
    now: Callable[[], datetime]
    """The clock of the library."""


@dataclass
class Mirror(Drafts):
    """Stores what was read, as a caller has to; asked by reads as ``EarlierReads``."""

    cursor: Mapping[str, Any] = field(default_factory=dict)
    records: dict[str, PlayRecord] = field(default_factory=dict)
    values: dict[Kind, dict[str, ValueRecord]] = field(default_factory=lambda: defaultdict(dict))
    told: dict[str, Subject] = field(default_factory=dict)

    async def plays(self, begin: str = "") -> Sequence[PlayRecord]:
        return [play for play in self.records.values() if play.id.startswith(begin)]

    async def subjects(self) -> Mapping[str, Subject]:
        return self.told

    async def valued(self, kind: Kind) -> Mapping[str, ValueRecord]:
        return self.values[kind]

    def store(self, reading: Reading) -> None:
        """The cursor goes through JSON."""
        self.drafts.clear()
        self.cursor = json.loads(json.dumps(dict(reading.cursor)))
        self.told |= reading.subjects
        if reading.plays:
            before = {} if reading.plays.complete else self.records
            self.records = before | {record.id: record for record in reading.plays.records}
        for kind, told in reading.values.items():
            kept = {} if told.complete else self.values[kind]
            kept = {key: record for key, record in kept.items() if key not in told.cleared}
            self.values[kind] = kept | {record.key: record for record in told.records}


async def read(bench: ReadingBench, mirror: Mirror, *, full: bool = False) -> Reading:
    bench.pass_time()
    known: EarlierReads = mirror
    reading = await bench.tracker.reads.read(bench.tracker.can.reads, mirror.cursor, known, full=full)
    mirror.store(reading)
    return reading


async def amend(bench: ReadingBench, *edits: Edit) -> list[AddResult]:
    results: list[AddResult] = []
    for start in range(0, len(edits), bench.tracker.can.batch):
        results += await bench.tracker.amends.amend(edits[start : start + bench.tracker.can.batch])
    return results


async def lost_and_repeated(bench: ReadingBench, deed: Callable[[], Awaitable[list[AddResult]]]) -> None:
    """Once with its answer lost, and once more. A tracker may find out by itself what became of the first."""
    bench.lose_next_answer()
    first = await _tried(deed)
    assert not first.in_doubt if isinstance(first, TrackerError) else _all_done(first)
    bench.pass_time()
    assert _all_done(await deed())


async def _tried(deed: Callable[[], Awaitable[list[AddResult]]]) -> list[AddResult] | TrackerError:
    try:
        return await deed()
    except TrackerError as error:
        return error


def _all_done(results: list[AddResult]) -> bool:
    return all(isinstance(result, Receipt) for result in results)


def beside_items(mirror: Mirror) -> set[str]:
    """The keys of all that is told, but for what a library only holds, and for its files."""
    left = {ITEMS, COLLECTION} if mirror.values.get(ITEMS) else {ITEMS}
    told = (values for kind, values in mirror.values.items() if kind not in left)
    return {record.key for record in mirror.records.values()} | {key for values in told for key in values}


async def as_told(bench: ReadingBench, mirror: Mirror, subject: Subject) -> Subject:
    """A tracker is handed what others tell; a library its own, with the copies that it told of."""
    if not bench.tracker.can.is_library:
        return subject
    await read(bench, mirror, full=True)
    return next(one for one in mirror.told.values() if identity(one) == identity(subject))


class ReadingContract:
    """Whatever it reads and keeps. Inherit it and provide ``bench``."""

    @pytest.fixture
    def bench(self) -> ReadingBench:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    async def signed_in(self, bench: ReadingBench):
        await bench.tracker.sign_in()
        yield
        await bench.tracker.aclose()

    @pytest.fixture
    def mirror(self) -> Mirror:
        return Mirror()

    async def test_an_empty_account_is_read_as_empty_and_whole(self, bench: ReadingBench, mirror: Mirror) -> None:
        reading = await read(bench, mirror, full=True)
        assert reading.plays is not None
        assert reading.plays.complete
        assert all(told.complete for told in reading.values.values())
        assert beside_items(mirror) == set()

    async def test_every_record_has_a_subject(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        bench.put(bench.other, EVENING)
        bench.give(RATINGS, bench.show, 8)
        await read(bench, mirror)
        assert len(beside_items(mirror)) == 3
        assert beside_items(mirror) | mirror.values[ITEMS].keys() <= mirror.told.keys()

    async def test_when_nothing_moved_nothing_is_told(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        bench.give(RATINGS, bench.show, 8)
        await read(bench, mirror, full=True)
        reading = await read(bench, mirror)
        assert (reading.plays, reading.values) == (None, {})

    async def test_a_read_that_failed_tells_nothing(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        await read(bench, mirror, full=True)
        before = beside_items(mirror)
        bench.go_down()
        for full in (False, True):
            with pytest.raises(TrackerError) as caught:
                await read(bench, mirror, full=full)
            assert not caught.value.in_doubt
        assert len(before) == 1
        assert beside_items(mirror) == before

    async def test_the_account_is_named_and_always_the_same(self, bench: ReadingBench, mirror: Mirror) -> None:
        first, second = await read(bench, mirror), await read(bench, mirror, full=True)
        assert first.owner == second.owner != ""

    async def test_only_the_kinds_that_are_asked_for_are_told(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        bench.give(RATINGS, bench.show, 8)
        bench.pass_time()
        reading = await bench.tracker.reads.read(frozenset({RATINGS}), {}, mirror, full=True)
        assert reading.plays is None
        assert set(reading.values) == {RATINGS}
        bench.pass_time()
        reading = await bench.tracker.reads.read(frozenset({PLAYS}), {}, mirror, full=True)
        assert reading.plays is not None
        assert set(reading.values) <= set(STATES)
