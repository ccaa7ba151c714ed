"""What holds of viewings that are told as records, and of a tracker that keeps every one of them with its time."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from msgspec.structs import replace

from scrobbled.core.errors import Refused, TrackerError
from scrobbled.core.records import DatePrecision, PlayRecord, Subject
from scrobbled.trackers.base import Address, Flag, Receipt, Remove, Retime
from trackers.contract import EVENING, add, play_of, rounded
from trackers.reading_contract import (
    EveryBench,
    Mirror,
    ReadingBench,
    ReadingContract,
    amend,
    lost_and_repeated,
    read,
)


class PlaysContract(ReadingContract):
    """The kind ``plays``: for whatever tells of viewings as records, also a library that has a history."""

    async def test_what_a_person_added_is_read_with_what_it_is(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        await read(bench, mirror)
        (record,) = mirror.records.values()
        assert record.at == rounded(EVENING, bench.tracker.can.precision)
        subject = mirror.told[record.key]
        assert subject.scope == bench.item.media
        assert subject.key == record.key == (await bench.tracker.amends.locate_subject(subject)).key

    async def test_two_viewings_are_two_records_whose_handles_stay(self, bench: ReadingBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        bench.put(bench.item, EVENING + timedelta(hours=5))
        await read(bench, mirror)
        before = dict(mirror.records)
        assert len(before) == 2
        await read(bench, mirror, full=True)
        assert mirror.records == before

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


class EveryContract(PlaysContract):
    """Every play is kept, and each can be changed."""

    @pytest.fixture
    def bench(self) -> EveryBench:
        raise NotImplementedError

    async def test_what_we_added_is_read_under_the_key_it_was_sent_to(self, bench: EveryBench, mirror: Mirror) -> None:
        play = await play_of(bench.tracker, bench.item)
        (receipt,) = await add(bench.tracker, [play])
        await read(bench, mirror)
        (record,) = mirror.records.values()
        assert (record.key, record.at, record.kept) == (play.address.key, play.watched_at, DatePrecision.EXACT)
        assert receipt.remote_id in ("", record.id)
        assert not record.personal

    async def test_what_was_removed_is_not_in_a_full_read(self, bench: EveryBench, mirror: Mirror) -> None:
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

    async def test_a_subject_has_one_stable_address(self, bench: EveryBench) -> None:
        amends = bench.tracker.amends
        first, again = await amends.locate_subject(bench.show), await amends.locate_subject(bench.show)
        item = await bench.tracker.adds.locate(bench.item)
        episode = await amends.locate_subject(Subject("elsewhere", bench.item.media, bench.item))
        assert first.key == again.key != episode.key == item.key

    async def test_a_play_is_told_of_what_is_located_for_its_item(self, bench: EveryBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        await read(bench, mirror)
        assert {record.key for record in mirror.records.values()} == {(await bench.tracker.adds.locate(bench.item)).key}

    async def _placed(self, bench: EveryBench, mirror: Mirror) -> tuple[PlayRecord, PlayRecord, Address]:
        """Two plays of one item, by hand, and where it is kept."""
        bench.put(bench.item, EVENING)
        bench.put(bench.item, EVENING + timedelta(hours=5))
        await read(bench, mirror, full=True)
        first, second = sorted(mirror.records.values(), key=lambda record: record.at or EVENING)
        return first, second, await bench.tracker.adds.locate(bench.item)

    @pytest.mark.parametrize("by", ["handle", "time"])
    async def test_exactly_one_play_is_removed(
        self, bench: EveryBench, mirror: Mirror, by: Literal["handle", "time"]
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

    async def test_what_changed_since_it_was_read_is_not_removed(self, bench: EveryBench, mirror: Mirror) -> None:
        first, second, address = await self._placed(bench, mirror)
        assert first.at is not None
        assert second.at is not None
        (refused,) = await amend(bench, Remove(address, first.at, first.id, stamp="another"))
        assert isinstance(refused, Refused)
        await amend(bench, Remove(address, second.at, second.id, stamp=second.stamp))
        await read(bench, mirror, full=True)
        assert set(mirror.records) == {first.id}

    async def test_a_play_gets_another_time_and_there_is_no_second_one(self, bench: EveryBench, mirror: Mirror) -> None:
        first, second, address = await self._placed(bench, mirror)
        moved = rounded(EVENING - timedelta(days=3), bench.tracker.can.precision)
        edit = Retime(address, first.id, moved)
        await lost_and_repeated(bench, lambda: amend(bench, edit))
        await read(bench, mirror, full=True)
        assert sorted(record.at for record in mirror.records.values() if record.at) == [moved, second.at]

    async def test_a_rewatch_is_marked_or_refused(self, bench: EveryBench, mirror: Mirror) -> None:
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

    async def test_nothing_is_changed_while_the_service_is_down(self, bench: EveryBench, mirror: Mirror) -> None:
        first, _, address = await self._placed(bench, mirror)
        bench.go_down()
        with pytest.raises(TrackerError) as caught:
            await amend(bench, Remove(address, first.at or datetime(2026, 1, 1, tzinfo=UTC), first.id))
        assert not caught.value.in_doubt
