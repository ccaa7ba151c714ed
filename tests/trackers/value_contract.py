"""What holds for every kind of which a thing has one value, at every tracker that can be read and changed for it."""

import pytest

from scrobbled.core.kinds import KINDS, RATINGS, Kind, KindShape, KindValue
from scrobbled.core.records import Subject
from scrobbled.trackers.base import Address, Receipt, SetValue, Tracker
from trackers.contract import EVENING
from trackers.reading_contract import Mirror, ReadingBench, amend, as_told, beside_items, lost_and_repeated, read


def values_of(kind: Kind) -> tuple[KindValue, KindValue]:
    """Two that differ, but for what has no details."""
    if KINDS[kind].shape is KindShape.REGISTER:
        return 8, 3
    return ({}, {}) if kind == "watchlist" else ({"resolution": "uhd_4k"}, {"resolution": "hd_1080p"})


async def located(tracker: Tracker, kind: Kind, subject: Subject) -> Address:
    """Where a value of this kind goes."""
    beyond = kind in tracker.can.beyond
    return await (tracker.beyond.locate_beyond(subject) if beyond else tracker.amends.locate_subject(subject))


class ValueContract:
    """Inherit it beside ``ReadingContract``. A tracker of other kinds than ratings provides ``kind`` as well."""

    @pytest.fixture
    def kind(self) -> Kind:
        return RATINGS

    @pytest.fixture
    async def subject(self, kind: Kind, bench: ReadingBench, signed_in: None) -> Subject:
        """What can have such a value, as another tracker might tell it."""
        what = bench.show if "show" in KINDS[kind].scopes else Subject("elsewhere", bench.item.media, bench.item)
        return await as_told(bench, Mirror(), what)

    async def test_it_says_that_it_can_be_read_and_changed_for_it(self, kind: Kind, bench: ReadingBench) -> None:
        assert kind in bench.tracker.can.reads & bench.tracker.can.amends
        assert bench.tracker.can.writes(kind)

    async def test_a_value_is_read_changed_and_cleared(
        self, kind: Kind, bench: ReadingBench, mirror: Mirror, subject: Subject
    ) -> None:
        address = await located(bench.tracker, kind, subject)
        for value in (*values_of(kind), None):
            bench.give(kind, subject, value)
            await read(bench, mirror, full=True)
            assert {record.key: record.value for record in mirror.values[kind].values()} == (
                {} if value is None else {address.key: value}
            )

    async def test_we_give_change_and_clear_it_as_a_person_would(
        self, kind: Kind, bench: ReadingBench, mirror: Mirror, subject: Subject
    ) -> None:
        address = await located(bench.tracker, kind, subject)
        for value in (*values_of(kind), None):
            results = await amend(bench, SetValue(kind, address, value, EVENING))
            assert all(isinstance(one, Receipt) for one in results)
            await read(bench, mirror, full=True)
            assert [record.value for record in mirror.values[kind].values()] == ([] if value is None else [value])
        assert mirror.records == {}, "a value is no play"
        assert beside_items(mirror) <= mirror.values[kind].keys(), "and none of another kind"

    @pytest.mark.parametrize("last", [False, True])
    async def test_what_lost_its_answer_is_repeated_without_harm(
        self, kind: Kind, bench: ReadingBench, mirror: Mirror, subject: Subject, last: bool
    ) -> None:
        one, other = values_of(kind)
        value = None if last else other
        bench.give(kind, subject, one)
        edit = SetValue(kind, await located(bench.tracker, kind, subject), value)
        await lost_and_repeated(bench, lambda: amend(bench, edit))
        await read(bench, mirror, full=True)
        assert [record.value for record in mirror.values[kind].values()] == ([] if value is None else [value])
