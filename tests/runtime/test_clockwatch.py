"""A wrong clock is noticed, told, and no reason to throw anything away."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from conftest import FakeClock
from scrobbled.plumbing.http import Http
from scrobbled.runtime.clockwatch import ClockWatch


class Ears:
    """An ``Alerts`` that only remembers."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def report(self, trouble: Any) -> None:
        self.told.append(trouble.title)

    async def recovered(self, kind: str, subject: str, title: str, text: str) -> None:
        self.told.append(title)


class SetClock(FakeClock):
    """One that can be set to another time without any passing."""

    def set(self, seconds: float) -> None:
        self._start += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Iterator[SetClock]:
    return SetClock()  # type: ignore[return-value]


async def told(watch: ClockWatch, ears: Ears) -> list[str]:
    ears.told.clear()
    await watch.look()
    return ears.told


async def test_a_clock_that_agrees_is_not_mentioned(clock: SetClock) -> None:
    ears = Ears()
    watch = ClockWatch(clock, ears)  # type: ignore[arg-type]
    assert await told(watch, ears) == ["The clock is right again"], "in case the process before ended with a wrong one"
    watch.heard(clock.now() - timedelta(seconds=2), 1.5)
    clock.advance(90_000)
    assert await told(watch, ears) == []
    assert watch.ahead == 0


@pytest.mark.parametrize(("off", "words"), [(365 * 86_400, "52 weeks|365 days|12 months"), (-7_200, "2 hours")])
async def test_a_clock_that_disagrees_with_a_service_is_told_with_how_much(
    clock: SetClock, off: float, words: str
) -> None:
    ears = Ears()
    watch = ClockWatch(clock, ears)  # type: ignore[arg-type]
    watch.heard(clock.now() - timedelta(seconds=off), 0.1)
    (title,) = await told(watch, ears)
    assert title.endswith("ahead" if off > 0 else "behind")
    assert any(word in title for word in words.split("|")), title
    assert watch.is_misleading
    watch.heard(clock.now(), 0.1)
    assert await told(watch, ears) == ["The clock is right again"]
    assert not watch.is_misleading


@pytest.mark.parametrize("compared", [False, True])
async def test_a_jump_is_noticed_before_any_service_was_asked_again(clock: SetClock, compared: bool) -> None:
    ears = Ears()
    watch = ClockWatch(clock, ears)  # type: ignore[arg-type]
    if compared:
        watch.heard(clock.now(), 0.1)
    clock.set(86_400 * 400)
    assert watch.is_misleading
    assert len(await told(watch, ears)) == 1
    clock.set(-86_400 * 400)
    assert await told(watch, ears) == ["The clock is right again"]


async def test_a_jump_that_put_the_clock_right_is_no_trouble(clock: SetClock) -> None:
    """A machine without a battery: it starts in the past, and is set by the network."""
    ears = Ears()
    watch = ClockWatch(clock, ears)  # type: ignore[arg-type]
    watch.heard(clock.now() + timedelta(days=30), 0.1)
    await watch.look()
    clock.set(30 * 86_400)
    assert await told(watch, ears) == ["The clock is right again"]


async def test_a_slow_answer_is_no_wrong_clock(clock: SetClock) -> None:
    watch = ClockWatch(clock, Ears())  # type: ignore[arg-type]
    watch.heard(clock.now() - timedelta(seconds=80), 80)
    assert watch.ahead == 0


@pytest.mark.parametrize(
    ("headers", "heard"),
    [
        ({"date": "Sat, 14 Nov 2026 20:00:00 GMT"}, [datetime(2026, 11, 14, 20, tzinfo=UTC)]),
        ({"date": "Sat, 14 Nov 2026 20:00:00 GMT", "age": "0"}, [datetime(2026, 11, 14, 20, tzinfo=UTC)]),
        ({"date": "Sat, 14 Nov 2026 20:00:00 GMT", "age": "4000"}, []),
        ({"date": "yesterday"}, []),
        ({}, []),
    ],
)
async def test_the_date_of_each_answer_is_passed_on(headers: dict[str, str], heard: list[datetime]) -> None:
    found: list[datetime] = []
    transport = httpx.MockTransport(lambda request: httpx.Response(200, headers=headers, json={}))
    http = Http("http://service", transport=transport, dates=lambda date, seconds: found.append(date))
    await http.at("http://service/elsewhere").send("GET", "/")
    await http.aclose()
    assert found == heard
