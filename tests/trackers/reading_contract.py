"""What every tracker must do that can be compared with another and whose records can be changed.

As ``contract.py``: inherit it and provide ``bench``, nothing else.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from scrobbled.core.errors import Refused, TrackerError
from scrobbled.core.kinds import RATINGS, Kind, KindValue
from scrobbled.core.naming.items import Item
from scrobbled.core.records import DatePrecision, PlayRecord, Reading, Subject, ValueRecord
from scrobbled.trackers.base import (
    Address,
    AddResult,
    EarlierReads,
    Edit,
    Flag,
    Receipt,
    Remove,
    Retime,
    Tracker,
)
from trackers.contract import EVENING, add, play_of, rounded
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
    """The person adds a play."""
    take: Callable[[str], Any]
    """The person removes the play with that handle."""
    give: Callable[[Kind, Subject, KindValue | None], Any]
    """The person gives a thing a value of a kind, or takes that away."""
    lose_next_answer: Callable[[], None]
    """The next change of a record takes effect and its answer never arrives."""
    go_down: Callable[[], None]
    pass_time: Callable[[], None] = lambda: None
    """As long as reads may lag behind writes there."""


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
    """Once with its answer lost, and once more."""
    bench.lose_next_answer()
    with pytest.raises(TrackerError) as caught:
        await deed()
    assert not caught.value.in_doubt
    bench.pass_time()
    assert all(isinstance(result, Receipt) for result in await deed())


@pytest.mark.anyio
class ReadingContract:
    """Inherit it and provide ``bench``."""

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

    # -- reading ------------------------------------------------------------------------------------------------------

    async def test_an_empty_account_is_read_as_empty_and_whole(self, bench: ReadingBench, mirror: Mirror) -> None:
        reading = await read(bench, mirror, full=True)
        assert reading.plays is not None
        assert reading.plays.complete
        assert mirror.records == {}
        assert not any(mirror.values.values())

    async def test_what_we_added_is_read_under_the_key_it_was_sent_to(self, bench: ReadingBench, mirror) -> None:
        play = await play_of(bench.tracker, bench.item)
        (receipt,) = await add(bench.tracker, [play])
        await read(bench, mirror)
        (record,) = mirror.records.values()
        assert (record.key, record.at, record.kept) == (play.address.key, play.watched_at, DatePrecision.EXACT)
        assert receipt.remote_id in ("", record.id)
        assert not record.personal

    async def test_what_a_person_added_is_read_with_what_it_is(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        await read(bench, mirror)
        (record,) = mirror.records.values()
        assert record.at == rounded(EVENING, bench.tracker.can.precision)
        assert record.key == (await bench.tracker.adds.locate(bench.item)).key
        subject = mirror.told[record.key]
        assert subject.scope == bench.item.media
        assert subject.key == record.key

    async def test_every_record_has_a_subject(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        bench.put(bench.other, EVENING)
        bench.give(RATINGS, bench.show, 8)
        await read(bench, mirror)
        keys = {record.key for record in mirror.records.values()} | {
            key for told in mirror.values.values() for key in told
        }
        assert len(keys) == 3
        assert keys <= mirror.told.keys()

    async def test_two_viewings_are_two_records_whose_handles_stay(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        bench.put(bench.item, EVENING + timedelta(hours=5))
        await read(bench, mirror)
        before = dict(mirror.records)
        assert len(before) == 2
        await read(bench, mirror, full=True)
        assert mirror.records == before

    async def test_when_nothing_moved_nothing_is_told(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        bench.give(RATINGS, bench.show, 8)
        await read(bench, mirror, full=True)
        reading = await read(bench, mirror)
        assert (reading.plays, reading.values) == (None, {})

    async def test_what_is_new_is_read_by_the_next_read(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        await read(bench, mirror, full=True)
        bench.put(bench.other, EVENING + timedelta(hours=1))
        await read(bench, mirror)
        assert len(mirror.records) == 2

    async def test_a_play_of_two_years_ago_is_found(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        await read(bench, mirror, full=True)
        bench.put(bench.item, EVENING - timedelta(days=730))
        await read(bench, mirror)
        await read(bench, mirror, full=True)
        assert {record.at for record in mirror.records.values()} == {
            rounded(when, bench.tracker.can.precision) for when in (EVENING, EVENING - timedelta(days=730))
        }

    async def test_what_was_removed_is_not_in_a_full_read(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        bench.put(bench.other, EVENING)
        await read(bench, mirror, full=True)
        gone = next(iter(mirror.records))
        bench.take(gone)
        reading = await read(bench, mirror, full=True)
        assert reading.plays is not None
        assert reading.plays.complete
        assert gone not in mirror.records
        assert len(mirror.records) == 1

    async def test_a_read_that_failed_tells_nothing(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        await read(bench, mirror, full=True)
        bench.go_down()
        for full in (False, True):
            with pytest.raises(TrackerError) as caught:
                await read(bench, mirror, full=full)
            assert not caught.value.in_doubt
        assert len(mirror.records) == 1

    async def test_the_account_is_named_and_always_the_same(self, bench: ReadingBench, mirror: Mirror) -> None:
        first, second = await read(bench, mirror), await read(bench, mirror, full=True)
        assert first.owner == second.owner != ""

    async def test_a_subject_has_one_stable_address(self, bench: ReadingBench) -> None:
        amends = bench.tracker.amends
        first, again = await amends.locate_subject(bench.show), await amends.locate_subject(bench.show)
        item = await bench.tracker.adds.locate(bench.item)
        episode = await amends.locate_subject(Subject("elsewhere", bench.item.media, bench.item))
        assert first.key == again.key != episode.key == item.key

    # -- plays --------------------------------------------------------------------------------------------------------

    async def _placed(self, bench: ReadingBench, mirror: Mirror) -> tuple[PlayRecord, PlayRecord, Address]:
        """Two plays of one item, by hand, and where it is kept."""
        bench.put(bench.item, EVENING)
        bench.put(bench.item, EVENING + timedelta(hours=5))
        await read(bench, mirror, full=True)
        first, second = sorted(mirror.records.values(), key=lambda record: record.at or EVENING)
        return first, second, await bench.tracker.adds.locate(bench.item)

    @pytest.mark.parametrize("by", ["handle", "time"])
    async def test_exactly_one_play_is_removed(
        self, bench: ReadingBench, mirror: Mirror, by: Literal["handle", "time"]
    ) -> None:
        first, second, address = await self._placed(bench, mirror)
        assert first.at is not None
        edit = Remove(address, first.at, first.id if by == "handle" else "")
        await amend(bench, edit)
        await read(bench, mirror, full=True)
        assert set(mirror.records) == {second.id}
        assert all(isinstance(result, Receipt) for result in await amend(bench, edit)), "gone is as wanted"
        await read(bench, mirror, full=True)
        assert set(mirror.records) == {second.id}

    async def test_what_changed_since_it_was_read_is_not_removed(self, bench: ReadingBench, mirror: Mirror) -> None:
        first, second, address = await self._placed(bench, mirror)
        assert first.at is not None
        assert second.at is not None
        (refused,) = await amend(bench, Remove(address, first.at, first.id, stamp="another"))
        assert isinstance(refused, Refused)
        await amend(bench, Remove(address, second.at, second.id, stamp=second.stamp))
        await read(bench, mirror, full=True)
        assert set(mirror.records) == {first.id}

    async def test_a_play_gets_another_time_and_there_is_no_second_one(
        self, bench: ReadingBench, mirror: Mirror
    ) -> None:
        first, second, address = await self._placed(bench, mirror)
        moved = rounded(EVENING - timedelta(days=3), bench.tracker.can.precision)
        edit = Retime(address, first.id, moved)
        await lost_and_repeated(bench, lambda: amend(bench, edit))
        await read(bench, mirror, full=True)
        assert sorted(record.at for record in mirror.records.values() if record.at) == [moved, second.at]

    async def test_a_rewatch_is_marked_or_refused(self, bench: ReadingBench, mirror: Mirror) -> None:
        first, second, address = await self._placed(bench, mirror)
        edit = Flag(address, second.id, rewatch=True)
        (result,) = await amend(bench, edit)
        await read(bench, mirror, full=True)
        if not bench.tracker.can.flags_rewatches:
            assert isinstance(result, Refused)
            return
        assert isinstance(result, Receipt)
        assert mirror.records[second.id] == replace(second, rewatch=True, stamp=mirror.records[second.id].stamp), (
            "nothing else of it changed"
        )
        assert mirror.records[first.id] == first
        assert isinstance((await amend(bench, edit))[0], Receipt)

    async def test_nothing_is_changed_while_the_service_is_down(self, bench: ReadingBench, mirror: Mirror) -> None:
        first, _, address = await self._placed(bench, mirror)
        bench.go_down()
        with pytest.raises(TrackerError) as caught:
            await amend(bench, Remove(address, first.at or datetime(2026, 1, 1, tzinfo=UTC), first.id))
        assert not caught.value.in_doubt
