"""Ticking off without a date at Serializd: once, without a diary row, and not over what is there."""

from scrobbled.core.records import Subject
from scrobbled.trackers.base import Address, AddResult, Receipt, Tick, Untick
from scrobbled.trackers.serializd.amending import LOGGED
from scrobbled.trackers.serializd.tracker import CAN, SerializdTracker
from trackers.contract import EVENING, add, play_of
from trackers.serializd_setup import ADD, Setup

TICK = "POST /api/episode_log/add"


async def place(setup: Setup, tracker: SerializdTracker) -> Address:
    return await tracker.locate_subject(Subject("elsewhere", "episode", setup.episode()))


async def ticked(tracker: SerializdTracker, address: Address) -> AddResult:
    (result,) = await tracker.amend([Tick(address)])
    return result


async def test_a_tick_is_a_tick_and_no_diary_row(setup: Setup) -> None:
    tracker = setup.tracker()
    assert CAN.ticks
    assert await ticked(tracker, await place(setup, tracker)) == Receipt()
    assert len(setup.service.calls(TICK)) == 1
    assert setup.service.calls(ADD) == []
    assert list(setup.service.accounts["anna"].reviews) == []


async def test_what_is_ticked_there_already_stays_as_it_is(setup: Setup) -> None:
    tracker = setup.tracker()
    setup.service.log_play("anna", 90000, 1, 4, EVENING)
    address = await place(setup, tracker)
    await ticked(tracker, address)
    again = await ticked(setup.tracker(), address)
    assert isinstance(again, Receipt)
    assert len(setup.service.accounts["anna"].reviews) == 1


async def test_a_tick_is_taken_back_and_may_be_set_again(setup: Setup) -> None:
    tracker = setup.tracker()
    address = await place(setup, tracker)
    for _ in range(2):
        await ticked(tracker, address)
        assert len(setup.ticked()) == 1
        assert await tracker.amend([Untick(address)]) == [Receipt()]
        assert setup.ticked() == []


async def test_the_tick_of_what_was_watched_since_stays(setup: Setup) -> None:
    tracker = setup.tracker()
    address = await place(setup, tracker)
    await ticked(tracker, address)
    await add(tracker, [await play_of(tracker, setup.episode(), EVENING)])
    assert await tracker.amend([Untick(address)]) == [Receipt(note=LOGGED)]
    assert len(setup.ticked()) == 1


async def test_a_viewing_after_a_tick_gets_its_own_row(setup: Setup) -> None:
    tracker = setup.tracker()
    address = await place(setup, tracker)
    await ticked(tracker, address)
    await add(tracker, [await play_of(tracker, setup.episode(), EVENING)])
    assert len(setup.service.accounts["anna"].reviews) == 1
