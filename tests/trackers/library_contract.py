"""What every library must do: a tracker that keeps no list of plays, but whether something was watched, and when last.

``tests/trackers/shelf`` without a history, where there is nothing but that state, is the reference.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from scrobbled.core.errors import NotInCatalogue, Refused, TrackerError
from scrobbled.core.kinds import ITEMS, PLAYS, STATES, WATCHED
from scrobbled.core.naming.items import Item
from scrobbled.core.records import Subject, ValueRecord, ViewingsKept, identity
from scrobbled.trackers.base import Address, AddResult, Receipt, Tick, Untick
from trackers.contract import EVENING, rounded
from trackers.reading_contract import (
    LibraryBench,
    Mirror,
    ReadingContract,
    amend,
    as_told,
    lost_and_repeated,
    read,
)


def subject_of(item: Item) -> Subject:
    """As another tracker might tell it."""
    return Subject("elsewhere", item.media, item)


def keys_of(mirror: Mirror, item: Item) -> set[str]:
    wanted = identity(subject_of(item))
    return {key for key in mirror.values[ITEMS] if identity(mirror.told[key]) == wanted}


def watched(mirror: Mirror, item: Item) -> ValueRecord | None:
    """What was read of it last, if it counts as watched."""
    found = [mirror.values[WATCHED][key] for key in keys_of(mirror, item) if key in mirror.values[WATCHED]]
    return found[0] if found else None


def counted(mirror: Mirror, item: Item) -> int:
    told = watched(mirror, item)
    return _told(told)["count"] if told else 0


def _told(record: ValueRecord) -> Any:
    return record.value


class LibraryContract(ReadingContract):
    """Whether it keeps the last time or only that something was seen."""

    keeps: ViewingsKept

    @pytest.fixture
    def bench(self) -> LibraryBench:
        raise NotImplementedError

    async def _address(self, bench: LibraryBench, mirror: Mirror, item: Item) -> Address:
        return await bench.tracker.amends.locate_subject(await as_told(bench, mirror, subject_of(item)))

    async def _ticked(self, bench: LibraryBench, address: Address, at: datetime | None = None) -> AddResult:
        (result,) = await amend(bench, Tick(address, at))
        bench.pass_time()
        return result

    async def test_it_says_that_it_is_one(self, bench: LibraryBench) -> None:
        can = bench.tracker.can
        assert can.keeps is self.keeps
        assert (can.is_library, can.adds, can.ticks, can.writes(PLAYS)) == (True, False, True, True)
        assert can.place_of, "what came from there never goes back"

    # -- what it tells ------------------------------------------------------------------------------------------------

    async def test_what_it_holds_is_told_watched_or_not(self, bench: LibraryBench, mirror: Mirror) -> None:
        reading = await read(bench, mirror, full=True)
        assert set(STATES) <= reading.values.keys()
        assert mirror.values[WATCHED] == {}
        for item in (bench.item, bench.other):
            (key,) = keys_of(mirror, item)
            assert mirror.told[key].scope == item.media
            assert mirror.told[key].places

    async def test_what_it_tells_is_at_an_address_with_that_key(self, bench: LibraryBench, mirror: Mirror) -> None:
        await read(bench, mirror, full=True)
        for key in mirror.values[ITEMS]:
            assert (await bench.tracker.amends.locate_subject(mirror.told[key])).key == key

    async def test_what_was_watched_counts_at_its_last_time(self, bench: LibraryBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        await read(bench, mirror)
        bench.put(bench.item, EVENING + timedelta(hours=5))
        bench.put(bench.other, EVENING)
        await read(bench, mirror)
        twice, once = watched(mirror, bench.item), watched(mirror, bench.other)
        assert twice is not None
        assert once is not None
        precision = bench.tracker.can.precision
        assert (counted(mirror, bench.item), twice.at) == (2, rounded(EVENING + timedelta(hours=5), precision))
        assert (counted(mirror, bench.other), once.at) == (1, rounded(EVENING, precision))
        assert not _told(twice)["begun"]

    async def test_what_was_marked_by_hand_is_watched_and_no_play(self, bench: LibraryBench, mirror: Mirror) -> None:
        bench.put(bench.other, EVENING)
        await read(bench, mirror)
        before = dict(mirror.records)
        bench.mark(bench.item)
        await read(bench, mirror)
        assert counted(mirror, bench.item) == 1
        await read(bench, mirror, full=True)
        assert counted(mirror, bench.item) == 1
        assert mirror.records == before

    async def test_what_was_begun_again_says_so_and_counts_as_before(self, bench: LibraryBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        await read(bench, mirror)
        bench.begin(bench.item)
        await read(bench, mirror)
        told = watched(mirror, bench.item)
        assert told is not None
        assert (_told(told)["begun"], _told(told)["count"]) == (True, 1)

    async def test_what_was_only_begun_is_not_watched(self, bench: LibraryBench, mirror: Mirror) -> None:
        bench.begin(bench.item)
        await read(bench, mirror, full=True)
        assert watched(mirror, bench.item) is None
        assert mirror.records == {}

    @pytest.mark.parametrize("full", [False, True])
    async def test_what_was_unmarked_is_there_and_not_watched(
        self, bench: LibraryBench, mirror: Mirror, full: bool
    ) -> None:
        bench.put(bench.item, EVENING)
        bench.put(bench.other, EVENING)
        await read(bench, mirror, full=True)
        bench.unmark(bench.item)
        await read(bench, mirror, full=full)
        assert keys_of(mirror, bench.item)
        assert (counted(mirror, bench.item), counted(mirror, bench.other)) == (0, 1)

    async def test_what_has_no_file_any_more_is_neither_there_nor_watched(
        self, bench: LibraryBench, mirror: Mirror
    ) -> None:
        bench.put(bench.other, EVENING)
        await read(bench, mirror, full=True)
        bench.lose_file(bench.other)
        reading = await read(bench, mirror, full=True)
        assert reading.values[ITEMS].complete
        assert keys_of(mirror, bench.item)
        assert keys_of(mirror, bench.other) == set()
        assert mirror.values[WATCHED] == {}

    async def test_two_copies_are_one_thing_at_two_places(self, bench: LibraryBench, mirror: Mirror) -> None:
        bench.put(bench.other, EVENING)
        await read(bench, mirror, full=True)
        (key,) = keys_of(mirror, bench.other)
        bench.copy(bench.other)
        await read(bench, mirror, full=True)
        assert keys_of(mirror, bench.other) == {key}
        assert len(mirror.told[key].places) == 2
        assert counted(mirror, bench.other) == 1

    # -- what we tell it ----------------------------------------------------------------------------------------------

    async def test_a_tick_makes_it_watched_once_and_is_no_play(self, bench: LibraryBench, mirror: Mirror) -> None:
        address = await self._address(bench, mirror, bench.item)
        first = await self._ticked(bench, address)
        await read(bench, mirror)
        assert isinstance(first, Receipt)
        assert first.note == ""
        assert first.remote_id, "how it was left, which tells it from a person's"
        assert (counted(mirror, bench.item), mirror.records) == (1, {})
        again = await self._ticked(bench, address)
        assert isinstance(again, Receipt)
        assert again.note, "there was nothing to do, and nothing is to be taken back"
        await read(bench, mirror, full=True)
        assert (counted(mirror, bench.item), mirror.records) == (1, {})
        assert counted(mirror, bench.other) == 0

    async def test_what_was_watched_stays_as_it_is(self, bench: LibraryBench, mirror: Mirror) -> None:
        bench.put(bench.item, EVENING)
        result = await self._ticked(bench, await self._address(bench, mirror, bench.item))
        before = watched(mirror, bench.item)
        await read(bench, mirror, full=True)
        assert isinstance(result, Receipt)
        assert result.note
        assert watched(mirror, bench.item) == before

    async def test_a_tick_whose_answer_was_lost_counts_once(self, bench: LibraryBench, mirror: Mirror) -> None:
        address = await self._address(bench, mirror, bench.item)
        await lost_and_repeated(bench, lambda: amend(bench, Tick(address)))
        await read(bench, mirror, full=True)
        assert counted(mirror, bench.item) == 1

    async def test_every_copy_is_watched_by_one_tick(self, bench: LibraryBench, mirror: Mirror) -> None:
        bench.copy(bench.other)
        await self._ticked(bench, await self._address(bench, mirror, bench.other))
        await read(bench, mirror, full=True)
        told = watched(mirror, bench.other)
        assert told is not None
        assert (_told(told)["count"], len(_told(told)["on"])) == (1, 2)

    async def test_a_tick_is_taken_back_once_and_for_all(self, bench: LibraryBench, mirror: Mirror) -> None:
        address = await self._address(bench, mirror, bench.item)
        await self._ticked(bench, address)
        await lost_and_repeated(bench, lambda: amend(bench, Untick(address)))
        await read(bench, mirror, full=True)
        assert keys_of(mirror, bench.item)
        assert mirror.values[WATCHED] == {}

    async def test_what_is_gone_is_told_and_holds_nothing_up(self, bench: LibraryBench, mirror: Mirror) -> None:
        gone = await self._address(bench, mirror, bench.other)
        there = await self._address(bench, mirror, bench.item)
        bench.lose_file(bench.other)
        missing, ticked = await amend(bench, Tick(gone), Tick(there))
        assert isinstance(missing, NotInCatalogue | Refused)
        assert isinstance(ticked, Receipt)
        bench.pass_time()
        await read(bench, mirror, full=True)
        assert mirror.values[WATCHED].keys() == keys_of(mirror, bench.item)

    async def test_nothing_is_ticked_while_it_is_down(self, bench: LibraryBench, mirror: Mirror) -> None:
        address = await self._address(bench, mirror, bench.item)
        bench.go_down()
        for edit in (Tick(address), Untick(address)):
            with pytest.raises(TrackerError) as caught:
                await amend(bench, edit)
            assert not caught.value.in_doubt


class SeenContract(LibraryContract):
    """It sets the time by itself."""

    keeps = ViewingsKept.SEEN

    async def test_the_time_of_a_tick_is_its_own(self, bench: LibraryBench, mirror: Mirror) -> None:
        address, now = await self._address(bench, mirror, bench.item), bench.now()
        await self._ticked(bench, address, EVENING)
        await read(bench, mirror)
        told = watched(mirror, bench.item)
        assert told is not None
        assert told.at is not None
        assert abs(told.at - now) < timedelta(minutes=1) < now - EVENING


class LastContract(LibraryContract):
    """It takes the time that it is told."""

    keeps = ViewingsKept.LAST

    async def test_a_tick_has_the_time_that_was_told(self, bench: LibraryBench, mirror: Mirror) -> None:
        await self._ticked(bench, await self._address(bench, mirror, bench.item), EVENING)
        await read(bench, mirror)
        told = watched(mirror, bench.item)
        assert told is not None
        assert told.at == rounded(EVENING, bench.tracker.can.precision)
