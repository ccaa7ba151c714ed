"""Sessions and failed tries over time, and that neither can fill the memory."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from conftest import FakeClock
from scrobbled.desk.settings import passwords
from scrobbled.web.door import sessions
from scrobbled.web.door.sessions import (
    ABSOLUTE,
    FREE_TRIES,
    IDLE,
    MOST_ADDRESSES,
    MOST_SESSIONS,
    MOST_WAITING,
    Attempts,
    Sessions,
    TooSoon,
)
from web.house import PASSWORD, house


def test_a_session_ends_when_it_is_not_used(clock: FakeClock) -> None:
    open_ones = Sessions(clock)
    id_ = open_ones.begin()
    clock.advance(IDLE - 1)
    assert open_ones.is_open([id_])
    clock.advance(IDLE)
    assert not open_ones.is_open([id_])


def test_a_session_ends_however_much_it_is_used(clock: FakeClock) -> None:
    open_ones = Sessions(clock)
    id_ = open_ones.begin()
    for _ in range(int(ABSOLUTE // (IDLE / 2))):
        clock.advance(IDLE / 2)
        assert open_ones.is_open([id_])
    clock.advance(IDLE / 2)
    assert not open_ones.is_open([id_])


def test_ids_are_long_random_and_not_kept(clock: FakeClock) -> None:
    open_ones = Sessions(clock)
    ids = {open_ones.begin() for _ in range(50)}
    assert len(ids) == 50
    assert min(map(len, ids)) >= 43  # 256 bits as base64
    assert not any(id_ in repr(vars(open_ones)) for id_ in ids)


def test_the_sessions_least_used_make_room(clock: FakeClock) -> None:
    open_ones = Sessions(clock)
    first, second = open_ones.begin(), open_ones.begin()
    for _ in range(MOST_SESSIONS - 2):
        open_ones.begin()
    assert open_ones.is_open([first])
    open_ones.begin()
    assert open_ones.is_open([first])
    assert not open_ones.is_open([second])


def test_waiting_grows_up_to_a_quarter_of_an_hour_and_is_forgiven(clock: FakeClock) -> None:
    attempts = Attempts(clock)
    for _ in range(40):
        attempts.failed("192.0.2.1")
    assert attempts.wait("192.0.2.1") == sessions.LONGEST_WAIT
    clock.advance(sessions.FORGIVEN_AFTER)
    attempts.failed("192.0.2.1")
    assert attempts.wait("192.0.2.1") == 0.0


def test_success_forgets_the_failures(clock: FakeClock) -> None:
    attempts = Attempts(clock)
    for _ in range(5):
        attempts.failed("192.0.2.1")
    attempts.succeeded("192.0.2.1")
    assert attempts.wait("192.0.2.1") == 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_a_whole_ipv6_line_waits_together(clock: FakeClock, one: str, other: str, same: bool) -> None:
    attempts = Attempts(clock)
    for _ in range(5):
        attempts.failed(one)
    assert (attempts.wait(other) > 0) == same


def test_a_flood_of_addresses_does_not_fill_the_memory(clock: FakeClock) -> None:
    attempts = Attempts(clock)
    for number in range(MOST_ADDRESSES + 500):
        attempts.failed(f"198.51.{number // 256}.{number % 256}")
    assert len(vars(attempts)["_by_place"]) == MOST_ADDRESSES


def test_many_tries_at_once_are_no_more_than_one_after_the_other(tmp_path: Path) -> None:
    async def check() -> None:
        login = {"username": "admin", "password": passwords.hashed(PASSWORD)}
        async with house(tmp_path, server={"login": login}) as home, home.client("192.0.2.4") as stranger:
            guesses = [{"username": "admin", "password": f"guess-{number}"} for number in range(20)]
            answers = await asyncio.gather(*(stranger.post("/login", data=guess) for guess in guesses))
            looked_at = FREE_TRIES + 1
            assert Counter(answer.status_code for answer in answers) == {401: looked_at, 429: 20 - looked_at}

    asyncio.run(check())


def test_a_crowd_from_everywhere_is_looked_at_one_by_one_and_not_kept_waiting_for_long(clock: FakeClock) -> None:
    busy: list[int] = []
    most: list[int] = []

    def fits() -> bool:
        busy.append(1)
        most.append(len(busy))
        busy.pop()
        return True

    async def check() -> None:
        attempts = Attempts(clock)
        tries = (attempts.tried(f"198.51.100.{number}", fits) for number in range(MOST_WAITING + 5))
        found = await asyncio.gather(*tries, return_exceptions=True)
        assert [type(one) for one in found[MOST_WAITING:]] == [TooSoon] * 5
        assert all(one is True for one in found[:MOST_WAITING])
        assert set(most) == {1}
        assert await attempts.tried("198.51.100.1", fits), "the crowd has gone"

    asyncio.run(check())
