"""An account is read once for all who want to know, and not sooner than they want to know again."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conftest import FakeClock
from pairing import Pairing, pairing
from scrobbled.core.errors import TrackerError, TryLater
from scrobbled.core.kinds import Kind
from scrobbled.core.records import Reading
from scrobbled.plumbing.metrics import Metrics
from scrobbled.reconcile.accounts import AccountReads, ReadWish, Wanted
from scrobbled.reconcile.reading import Failed, PairMember
from scrobbled.sandbox.faults import Fault
from scrobbled.store import Store
from scrobbled.store.mirror import records
from scrobbled.trackers.given import EarlierReads
from trackers.memory.tracker import MemoryTracker

ACCOUNT = ("anna", "memory")
PLAYS: frozenset[Kind] = frozenset({"plays"})
BOTH: frozenset[Kind] = frozenset({"plays", "ratings"})
TRAKT = ("anna", "trakt")


class Counted(MemoryTracker):
    """Knows how often it was read, and of what."""

    asked: int = 0

    async def read(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        self.asked += 1
        return await super().read(kinds, cursor, known, full=full)


class House:
    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock, self.tracker = store, clock, Counted()
        self.reads = AccountReads(store, clock, Metrics())

    async def keep(self, *, kinds: frozenset[Kind] = PLAYS, ago: float | None = 60.0, marks: bool = False) -> bool:
        since = None if ago is None else self.clock.now().timestamp() - ago
        member = PairMember(self.tracker, _untold, marks=marks)
        return await self.reads.keep(ACCOUNT, member, Wanted(kinds, 10.0, since=since))


async def _untold(error: TrackerError) -> None: ...


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock):
    store = Store(tmp_path / "s.db")
    yield House(store, clock)
    await store.aclose()


async def test_what_was_read_a_moment_ago_is_not_read_again(house: House) -> None:
    assert await house.keep()
    house.clock.advance(59)
    assert not await house.keep()
    house.clock.advance(1)
    assert await house.keep(), "it began as long ago as that, and not after"
    assert house.tracker.asked == 2


async def test_who_names_no_age_has_it_read_now(house: House) -> None:
    assert await house.keep()
    assert await house.keep(ago=None)


async def test_what_the_last_read_left_out_is_read(house: House) -> None:
    await house.keep()
    house.clock.advance(1)
    assert await house.keep(kinds=BOTH)
    assert not await house.keep(), "that brought the plays as well"
    assert await house.keep(marks=True)


async def test_what_was_forgotten_meanwhile_is_read(house: House) -> None:
    await house.keep()
    house.clock.advance(1)
    await house.store.write(lambda db: records.forget(db, ACCOUNT))
    assert await house.keep()


async def test_a_read_that_failed_is_none(house: House) -> None:
    await house.keep()
    before = await house.store.read(lambda db: records.state(db, ACCOUNT))
    house.clock.advance(100)
    house.tracker.fail_next(TryLater("it is down"))
    with pytest.raises(Failed):
        await house.keep()
    assert await house.store.read(lambda db: records.state(db, ACCOUNT)) == before
    assert await house.keep()


async def test_a_clock_that_was_put_back_makes_nothing_fresh(house: House) -> None:
    await house.keep()
    house.clock.advance(-3_600)
    assert await house.keep()


# with the clock


async def kept_for(home: Pairing, every: float, *, seconds: int) -> int:
    """How many times Trakt was asked what moved, where somebody follows the plays there."""
    keeper, before = home.runtime.keeper, home.sandbox["trakt"].counts["GET /sync/last_activities"]
    keeper._by_clock, keeper._wishes = True, lambda: [ReadWish(TRAKT, PLAYS, every)]
    for _ in range(seconds // 30):
        await keeper._begin_what_is_due(0.0)
        await asyncio.gather(*keeper._busy.values())
        home.clock.advance(30)
    return int(home.sandbox["trakt"].counts["GET /sync/last_activities"] - before)


async def test_an_account_of_no_pair_is_read_by_its_own_timetable(tmp_path: Path) -> None:
    async with pairing(tmp_path, plays="off", ratings="off") as home:
        home.on_trakt(0, 1, 1)
        assert await kept_for(home, 600.0, seconds=1_800) == 3
        assert await home.sql("SELECT count(*) FROM records WHERE tracker = 'trakt'") == [(1,)]
        assert home.requests("serializd") == 0
        assert await home.sql("SELECT count(*) FROM runs") == [(0,)]
        await home.restart()
        assert await kept_for(home, 600.0, seconds=600) == 1


async def test_what_a_pair_has_read_is_not_read_for_others(tmp_path: Path) -> None:
    async with pairing(tmp_path, every="10m") as home:
        assert await kept_for(home, 600.0, seconds=1_800) == 3


async def test_a_run_reads_what_others_follow_as_well(tmp_path: Path) -> None:
    """What is left out of one read is all read anew by the next one that wants it."""
    async with pairing(tmp_path, every="10m", ratings="off") as home:
        home.rate_episode(0, 1, 1, 8)
        keeper, diary = home.runtime.keeper, "GET /api/user/{username}/diary"
        keeper._by_clock = True
        keeper._wishes = lambda: [ReadWish(("anna", "serializd"), frozenset({"ratings"}), 600.0)]
        for _ in range(60):
            await keeper._begin_what_is_due(0.0)
            await asyncio.gather(*keeper._busy.values())
            home.clock.advance(30)
        reads = home.sandbox["serializd"].counts[diary]
        assert reads == 3
        assert home.sandbox["serializd"].counts["GET /api/user/{username}/reviewspage_v3/"] == 1


async def test_a_pair_is_content_with_what_was_just_read(tmp_path: Path) -> None:
    async with pairing(tmp_path, every="10m") as home:
        home.clock.advance(3_600)
        await home.runtime.keeper._kept(ReadWish(TRAKT, PLAYS | BOTH, 60.0))
        home.clock.advance(10)
        before = home.requests("trakt")
        home.on_trakt(0, 1, 1)
        home.runtime.keeper._by_clock = True
        await home.runtime.keeper._begin_what_is_due(0.0)
        await asyncio.gather(*home.runtime.keeper._busy.values())
        assert home.requests("trakt") == before
        assert await home.sql("SELECT outcome FROM runs") == [("nothing",)]


async def test_a_timetable_that_cannot_be_kept_tries_again(tmp_path: Path) -> None:
    async with pairing(tmp_path, plays="off", ratings="off") as home:
        home.sandbox["trakt"].faults.add(Fault(match="GET *", kind="status", status=500, times=99))
        assert await kept_for(home, 3_600.0, seconds=1_800) == 2
        home.sandbox["trakt"].faults.clear()
        await kept_for(home, 3_600.0, seconds=900)
        assert await home.sql("SELECT count(*) FROM readings WHERE tracker = 'trakt'") == [(1,)]
