"""Keeping to a service's pace, however many ask at once."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import FakeClock
from scrobbled.plumbing.pace import Pace, Window


async def times(pace: Pace, clock: FakeClock, count: int) -> list[float]:
    """When each of so many callers, who all ask at once, gets its turn."""
    found: list[float] = []

    async def caller() -> None:
        await pace.turn()
        found.append(clock.monotonic())

    await asyncio.gather(*(caller() for _ in range(count)))
    return found


async def test_turns_come_one_by_one(clock: FakeClock) -> None:
    assert await times(Pace(clock, every=1.5), clock, 4) == pytest.approx([0, 1.5, 3.0, 4.5])


async def test_a_burst_goes_at_once_and_then_the_pace_holds(clock: FakeClock) -> None:
    pace = Pace(clock, every=2.0, burst=3)
    assert await times(pace, clock, 5) == pytest.approx([0, 0, 0, 2, 4])
    clock.advance(4.0)
    assert await times(pace, clock, 3) == pytest.approx([8, 8, 10])
    clock.advance(1000.0)
    assert await times(pace, clock, 4) == pytest.approx([1010, 1010, 1010, 1012])


async def test_no_pace_is_no_waiting(clock: FakeClock) -> None:
    pace = Pace(clock, every=0.0)
    assert await times(pace, clock, 50) == [0.0] * 50
    assert pace.delay() == 0.0


@pytest.mark.parametrize(("passed", "wanted", "delay"), [(0, 1, 2), (0, 2, 4), (1, 1, 1), (2, 1, 0), (9, 2, 2)])
async def test_the_delay_is_known_beforehand(clock: FakeClock, passed: float, wanted: float, delay: float) -> None:
    pace = Pace(clock, every=2.0)
    await pace.turn()
    clock.advance(passed)
    assert pace.delay(wanted) == pytest.approx(delay)


async def test_after_a_slow_answer_the_next_request_keeps_its_distance(clock: FakeClock) -> None:
    pace = Pace(clock, every=2.0)
    await pace.turn()
    clock.advance(30.0)
    pace.finished()
    assert pace.delay() == pytest.approx(2.0)


async def test_one_who_gives_up_takes_no_turn(clock: FakeClock) -> None:
    pace = Pace(clock, every=1.0)
    await pace.turn()
    impatient = asyncio.create_task(pace.turn())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    assert await times(pace, clock, 2) == pytest.approx([1.0, 2.0])


@given(every=st.floats(0.1, 10), burst=st.integers(1, 5), gaps=st.lists(st.floats(0, 30), min_size=1, max_size=25))
def test_in_any_stretch_of_time_no_more_go_than_burst_and_pace_allow(
    every: float, burst: int, gaps: list[float]
) -> None:
    async def run() -> list[float]:
        clock = FakeClock()
        pace = Pace(clock, every=every, burst=burst)
        found = []
        for gap in gaps:
            clock.advance(gap)
            await pace.turn()
            found.append(clock.monotonic())
        return found

    at = asyncio.run(run())
    for first in range(len(at)):
        for last in range(first, len(at)):
            allowed = burst + (at[last] - at[first]) / every
            assert last - first + 1 <= allowed + 1e-3


@given(st.lists(st.floats(0.0, 40.0), min_size=1, max_size=60), st.integers(1, 8))
def test_a_window_never_holds_more_than_there_is_room_for(pauses: list[float], most: int) -> None:
    clock = FakeClock()
    window, sent = Window(clock, seconds=30.0), list[float]()
    for pause in pauses:
        clock.advance(pause)
        while (wait := window.room_in(most)) > 0:
            clock.advance(wait)
        window.add()
        sent.append(clock.monotonic())
        assert sum(at > clock.monotonic() - 30.0 + 1e-6 for at in sent) <= most
