"""Many plays at once: one write to the tracker, one transaction before it and one after, and each its own outcome."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from flows.amending import ABLE, Amendable, amendment, rating, removal, wish
from flows.rig import FILM, Rig, episode, rigged
from scrobbled.core.errors import NotInCatalogue, Refused, TryLater
from scrobbled.core.sending.safety import WriteLimits
from scrobbled.trackers.base import Receipt
from trackers.memory.tracker import Kept, key_of


@pytest.fixture
async def rig(tmp_path: Path):
    async with rigged(tmp_path / "scrobbled.db", Amendable(can=replace(ABLE, batch=100))) as rig:
        yield rig


async def writes_of(rig: Rig, steps: int) -> int:
    """How many transactions so many steps take."""
    count, write = 0, rig.store.write

    async def counting(work, **how):
        nonlocal count
        count += 1
        return await write(work, **how)

    rig.store.write = counting
    for _ in range(steps):
        await rig.courier.step()
    rig.store.write = write
    return count


async def test_a_batch_is_announced_once_and_settled_once_whatever_becomes_of_each(rig: Rig) -> None:
    await rig.rest()
    await rig.play(FILM, -100)
    await rig.rest()
    rig.tracker.unknown = frozenset({key_of(episode(7)), key_of(episode(8))})
    ids = [await rig.play(episode(number), number) for number in range(1, 31)]
    twin = await rig.play(FILM, -95)
    assert await writes_of(rig, 1) == 3, "what is not sent, the announcement, and what came of it"
    states = {id_: await rig.state(id_) for id_ in ids}
    assert [number for number, id_ in enumerate(ids, 1) if states[id_] == "parked"] == [7, 8]
    assert sum(state == "delivered" for state in states.values()) == 28
    assert await rig.state(twin) == "already-there"
    assert [len(sent) for sent in rig.tracker.sent] == [1, 28]


async def test_each_answer_of_a_batch_settles_its_own_play(rig: Rig) -> None:
    await rig.rest()
    ids = [await rig.play(episode(number), number) for number in range(1, 4)]
    rig.tracker.answers = [Receipt("r1"), NotInCatalogue("not yet"), Refused("never")]
    await rig.rest()
    rows = [await rig.row(id_) for id_ in ids]
    assert [row["state"] for row in rows] == ["delivered", "parked", "dead"]
    assert rows[0]["remote_id"] == "r1"


async def test_what_hangs_on_the_outcome_of_another_in_its_batch_waits_for_that(rig: Rig) -> None:
    """The second is held, so it is no viewing that the third could be another report of."""
    first, second = [await rig.play(FILM, minutes) for minutes in (0, 360)]
    rig.tracker.fail("sent", TryLater("busy"))
    await rig.courier.step()
    third = await rig.play(FILM, 365)
    rig.limits = WriteLimits(plays_per_item_per_day=1)
    rig.restart()
    await rig.rest(seconds=60.0)
    assert [await rig.state(id_) for id_ in (first, second, third)] == ["delivered", "held", "held"]
    assert (await rig.row(third))["hold"] == "plays-per-item"


async def test_amendments_are_carried_out_a_hundred_at_a_time_with_two_transactions(rig: Rig) -> None:
    await rig.rest()
    ids = [await wish(rig, rating(episode(number), number % 10 + 1)) for number in range(130)]
    rig.tracker.unknown = frozenset({key_of(episode(3))})
    assert await writes_of(rig, 1) == 3, "what is not there, the announcement, and what came of it"
    assert rig.tracker.batches == [99]
    await rig.rest()
    assert rig.tracker.batches == [99, 30]
    outcomes = [(await amendment(rig, id_)).state for id_ in ids]
    assert [number for number, outcome in enumerate(outcomes) if outcome != "delivered"] == [3]
    assert len(rig.tracker.rated) == 129


async def test_plays_that_are_taken_back_without_a_handle_are_looked_for_together(rig: Rig) -> None:
    await rig.rest()
    start = rig.clock.now()
    rig.tracker.answers = [Receipt()] * 4
    changes = [await rig.play(episode(number), number) for number in range(4)]
    await rig.rest()
    rig.tracker.calls.clear()
    for number in range(3):  # the fourth was never kept there
        rig.tracker.plays.append(Kept(f"h{number}", key_of(episode(number)), start + timedelta(minutes=number), False))
    ids = [await wish(rig, await removal(rig, change)) for change in changes]
    await rig.rest()
    assert rig.tracker.calls.count("find_plays") == 1
    assert [(await amendment(rig, id_)).state for id_ in ids] == ["delivered"] * 4
    assert [edit.remote_id for edit in rig.tracker.edits] == ["h0", "h1", "h2"]
    assert (await amendment(rig, ids[3])).reason == "it is not there any more"
