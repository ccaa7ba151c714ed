"""A pause of delivery: everything waits, nothing is lost, and it goes on by itself."""

import asyncio
from pathlib import Path

from flows.rig import Rig, episode, in_doubt
from pairing import pairing
from scrobbled.core.errors import TryLater
from scrobbled.delivery.courier import SIGN_IN_EVERY
from scrobbled.store.queue import pausing

HOUR = 3_600.0


def now(rig: Rig) -> float:
    return rig.clock.now().timestamp()


async def pause(rig: Rig, seconds: float | None) -> None:
    until = None if seconds is None else now(rig) + seconds
    await rig.store.write(lambda db: pausing.begin(db, now(rig), until))


async def test_what_comes_in_a_pause_waits_and_goes_out_after_it(rig: Rig) -> None:
    await pause(rig, 600.0)
    first = await rig.play(episode(1), minutes=-5)
    assert await rig.rest() == 600.0
    rig.clock.advance(300.0)
    second = await rig.play(episode(2))
    assert await rig.rest() == 300.0
    assert "add_plays" not in rig.tracker.calls
    assert [await rig.state(one) for one in (first, second)] == ["queued", "queued"]
    rig.clock.advance(300.0)
    await rig.rest()
    assert await rig.counts() == {"delivered": 2}
    assert len(rig.tracker.plays) == 2


async def test_it_survives_a_restart(rig: Rig) -> None:
    await pause(rig, HOUR)
    await rig.play()
    rig.restart()
    assert await rig.rest() == HOUR
    assert not rig.tracker.plays
    rig.clock.advance(HOUR)
    rig.restart()
    await rig.rest()
    assert await rig.counts() == {"delivered": 1}


async def test_without_an_end_it_lasts_until_somebody_ends_it_and_the_sign_in_is_kept_alive(rig: Rig) -> None:
    await pause(rig, None)
    await rig.play()
    for _ in range(30):
        assert await rig.rest() == SIGN_IN_EVERY
        rig.clock.advance(SIGN_IN_EVERY)
    assert rig.tracker.calls.count("sign_in") >= 30
    assert not rig.tracker.plays
    await rig.store.write(pausing.end)
    await rig.rest()
    assert await rig.counts() == {"delivered": 1}


async def test_a_longer_one_takes_the_place_of_a_shorter_and_began_when_that_began(rig: Rig) -> None:
    await pause(rig, 60.0)
    began = now(rig)
    rig.clock.advance(30.0)
    await pause(rig, HOUR)
    found = await rig.store.read(lambda db: pausing.in_force(db, now(rig)))
    assert found == pausing.Pause(began, began + 30.0 + HOUR)
    rig.clock.advance(HOUR)
    assert await rig.store.read(lambda db: pausing.left(db, now(rig))) == 0.0
    await pause(rig, 60.0)
    found = await rig.store.read(lambda db: pausing.in_force(db, now(rig)))
    assert found is not None
    assert found.since == now(rig)  # what is over does not count


async def test_a_write_whose_answer_was_lost_is_read_back_after_the_end(rig: Rig) -> None:
    rig.tracker.fail("added", in_doubt(TryLater))
    await rig.play()
    await rig.rest()
    await pause(rig, HOUR)
    rig.clock.advance(HOUR - 1.0)
    await rig.rest()
    assert "find_plays" not in rig.tracker.calls
    rig.clock.advance(1.0)
    await rig.rest(seconds=60.0)
    assert "find_plays" in rig.tracker.calls
    assert await rig.counts() == {"delivered": 1}
    assert len(rig.tracker.plays) == 1


async def test_a_pair_that_is_paused_is_not_compared_by_the_clock_until_the_pause_ends(tmp_path: Path) -> None:
    async with pairing(tmp_path, every="5m") as two:
        keeper = two.runtime.keeper
        keeper._by_clock = True

        async def runs_by_the_clock() -> int:
            await keeper._begin_what_is_due(0.0)
            await asyncio.gather(*keeper._busy.values())
            return len(await two.sql("SELECT id FROM runs"))

        at, what = two.clock.now().timestamp(), pausing.of_pair("anna", "trakt,serializd")
        await two.runtime.store.write(lambda db: pausing.begin(db, at, at + 3_600, what))
        assert await runs_by_the_clock() == 0
        two.clock.advance(3_599)
        assert await runs_by_the_clock() == 0
        two.clock.advance(2)
        assert await runs_by_the_clock() == 1
