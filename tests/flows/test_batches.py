"""Many plays at once: one write to the tracker, one transaction before it and one after, and each its own outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.rig import FILM, Rig, episode, rigged
from scrobbled.core.errors import NotInCatalogue, Refused, TryLater
from scrobbled.core.sending.safety import WriteLimits
from scrobbled.trackers.base import Receipt
from trackers.memory.tracker import key_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig(tmp_path: Path):
    async with rigged(tmp_path / "scrobbled.db") as rig:
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
