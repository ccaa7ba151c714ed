"""Plays of accounts and of the ledger come to stand in a database of charts, through whatever goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from charting.memory import MemorySink
from scrobbled.charting.keeper import ChartKeeper
from scrobbled.charting.means import ChartMeans, ChartRhythm, ChartSettings
from scrobbled.core.cron import parse
from scrobbled.core.errors import LoginNeeded, TryLater
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.core.records import PlayRecord, Subject
from scrobbled.core.standing import AccountKey
from scrobbled.sinks.base import BucketMissing, SinkAbilities
from scrobbled.store import Store
from scrobbled.store.charts import exports, runs, waiting
from scrobbled.store.charts.exports import ChartWish
from scrobbled.store.mirror import records, subjects
from scrobbled.store.mirror.records import GONE, ReadState

NOW = datetime(2026, 11, 25, 20, tzinfo=UTC)
ANNA = ("anna", "trakt")
WISH = ChartWish("anna", "trakt", "Europe/Berlin")


class Still:
    """A clock that passes as soon as somebody waits."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(NOW.timestamp() + self.passed, UTC)

    def monotonic(self) -> float:
        return self.passed

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        await asyncio.sleep(0)
        if not event.is_set():
            self.passed += seconds or 1.0
        return event.is_set()


class Account:
    """What an account holds, and is read of it: all is read at once."""

    def __init__(self, store: Store) -> None:
        self.store, self.plays, self.reads, self.trouble = store, dict[int, int](), list[bool](), list[TryLater]()

    async def read(self, account: AccountKey, full: bool) -> None:
        self.reads.append(full)
        if self.trouble:
            raise self.trouble.pop(0)
        await self.store.write(lambda db: self._keep(db))

    def _keep(self, db: Any) -> None:
        state = records.state(db, ANNA)
        rev = state.rev + 1
        told = [PlayRecord(str(id_), f"m{id_ % 3}", datetime.fromtimestamp(at, UTC)) for id_, at in self.plays.items()]
        there = {one.record.id: one.record for one in records.page(db, ANNA, "", 10_000) if one.there}
        if told == list(there.values()):
            return
        films = [Subject(f"m{n}", "movie", Movie(f"Film {n}", 2020, MovieIds(trakt=n)), 6_000) for n in range(3)]
        subjects.put(db, ANNA, films)
        records.put(db, ANNA, [one for one in told if there.get(one.id) != one], rev, 0.0)
        records.miss(db, ANNA, there.keys() - {one.id for one in told}, rev, by=GONE)
        records.save_state(db, ANNA, ReadState({}, rev=rev, read_at=1.0, full_at=1.0))


class House:
    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, Still()
        self.account, self.sink = Account(store), MemorySink()
        rhythms: dict[str, ChartRhythm] = {runs.INCREMENTAL: 900.0, runs.RECONCILE: parse("30 3 * * *")}
        self.settings: ChartSettings | None = ChartSettings("influx", (WISH,), rhythms, ZoneInfo("Europe/Berlin"), 100)
        self.keeper = self._keeper()

    def _keeper(self) -> ChartKeeper:
        return ChartKeeper(
            ChartMeans(self.store, self.clock, lambda: self.settings, lambda: self.sink, self.account.read, ZoneInfo)
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.keeper = self._keeper()
        stopping = asyncio.Event()
        task = asyncio.create_task(self.keeper.run(stopping))
        try:
            yield
        finally:
            stopping.set()
            self.keeper.news.set()
            await task

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not done():  # noqa: ASYNC110 - the clock tells of nothing
                await asyncio.sleep(0.001)

    async def rested(self) -> None:
        """Until nothing waits to be sent."""
        async with asyncio.timeout(60):
            while await self.store.read(lambda db: waiting.is_waiting(db, "influx")):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.001)

    def there(self) -> dict[int, int]:
        return {int(one.fields["history_id"]): one.at // 10**9 for one in self.sink.events()}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    store = Store(tmp_path / "s.db")
    try:
        yield House(store)
    finally:
        await store.aclose()


def plays(count: int) -> dict[int, int]:
    return {id_: int(NOW.timestamp()) - id_ * 40_000 for id_ in range(1, count + 1)}


async def test_what_an_account_holds_stands_there_and_follows_it(house: House) -> None:
    house.account.plays = plays(250)
    async with house.running():
        await house.until(lambda: house.there() == plays(250))
        house.account.plays = plays(200) | {999: int(NOW.timestamp()) - 5}
        await house.until(lambda: house.there() == house.account.plays)
        await house.rested()
    days = [one for one in house.sink.held.values() if one.measurement == "watch_daily_utc"]
    assert sum(one.fields["events_count"] for one in days if ("media_type", "all") in one.tags) == 201


@pytest.mark.parametrize(
    "trouble",
    [
        TryLater("it does not answer", after=30.0),
        LoginNeeded("the token is refused"),
        BucketMissing("bucket trakt_raw is not there"),
    ],
)
async def test_no_outage_loses_anything(house: House, trouble: TryLater) -> None:
    house.account.plays = plays(250)
    house.sink.trouble = [None, None, trouble, trouble, None, trouble]
    async with house.running():
        await house.until(lambda: house.there() == plays(250) and not house.sink.trouble)
        await house.until(lambda: house.keeper.state == "ok")


async def test_what_is_refused_is_kept_with_its_words_and_all_else_goes_on(house: House) -> None:
    house.account.plays = plays(30)
    house.sink.refuses = {"Film 1"}
    async with house.running():
        await house.until(lambda: len(house.there()) == 20)
        await house.rested()
    [charted] = await house.store.read(lambda db: exports.all_of(db, "influx"))
    counts = await house.store.read(lambda db: waiting.counts(db, charted))
    assert (counts.written, counts.refused) == (20, 10)
    house.sink.refuses = set()
    assert await house.store.write(lambda db: waiting.retry(db, "influx")) == 10
    async with house.running():
        await house.until(lambda: len(house.there()) == 30)


async def test_what_the_database_does_not_keep_is_left_out_and_said(house: House) -> None:
    house.account.plays = plays(10)
    house.sink.keeps_from = NOW.timestamp() - 5 * 40_000
    async with house.running():
        await house.until(lambda: len(house.there()) == 5)
        await house.rested()
    [charted] = await house.store.read(lambda db: exports.all_of(db, "influx"))
    assert (await house.store.read(lambda db: waiting.counts(db, charted))).left_out == {"retention": 5}


async def test_an_account_that_cannot_be_read_takes_nothing_away(house: House) -> None:
    house.account.plays = plays(10)
    async with house.running():
        await house.until(lambda: len(house.there()) == 10)
        house.account.trouble = [TryLater("not now")] * 3
        before = len(house.account.reads)
        await house.until(lambda: len(house.account.reads) > before + 3)
        assert len(house.there()) == 10


async def test_every_night_all_of_it_is_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbled.charting.keeper.LOOK_EVERY", 900.0)
    assert house.settings is not None
    house.settings = replace(house.settings, rhythms={**house.settings.rhythms, runs.INCREMENTAL: 6 * 3_600.0})
    async with house.running():
        await house.until(lambda: house.account.reads.count(True) >= 2)
    assert house.account.reads.count(False) >= 4


async def test_where_nothing_can_be_deleted_what_went_is_said_to_be_removed(house: House) -> None:
    house.sink.can = SinkAbilities(deletes=False)
    house.account.plays = plays(5)
    async with house.running():
        await house.until(lambda: len(house.there()) == 5)
        house.account.plays = plays(3)
        await house.until(lambda: len(house.there()) == 3)
        house.account.plays = plays(5)
        await house.until(lambda: len(house.there()) == 5)
    assert "delete" not in house.sink.calls


async def test_a_removal_that_is_refused_is_none_and_holds_up_nothing_else(house: House) -> None:
    house.sink.can = SinkAbilities(deletes=False)
    house.account.plays = plays(5)
    async with house.running():
        await house.until(lambda: len(house.there()) == 5)
        house.sink.refuses_removals = True
        house.account.plays = {**plays(3), 6: plays(6)[6]}
        await house.until(lambda: house.there().keys() == {1, 2, 3, 4, 5, 6})
        await house.until(lambda: (house.keeper.state, "not this one" in house.keeper.reason) == ("down", True))
        house.sink.refuses_removals = False
        await house.until(lambda: house.there().keys() == {1, 2, 3, 6})
        await house.until(lambda: house.keeper.state == "ok")


async def test_where_nothing_is_overwritten_all_days_are_cleared_and_written_again(house: House) -> None:
    house.sink.can = SinkAbilities(deletes=False, overwrites=False, strings=False)
    house.account.plays = plays(5)
    async with house.running():
        await house.until(lambda: sum(counted(house)) == 5)
        house.account.plays = plays(3)
        await house.until(lambda: sum(counted(house)) == 3)
        await house.rested()
    assert house.sink.events() == []
    assert len(counted(house)) == 3, "and none of a day that is gone"


def counted(house: House) -> list[int]:
    return [
        int(one.fields["events_count"])
        for one in house.sink.held.values()
        if one.measurement == "watch_daily_utc" and ("media_type", "all") in one.tags
    ]


async def test_a_rebuild_asks_no_tracker_and_takes_what_is_not_ours(house: House) -> None:
    house.account.plays = plays(10)
    async with house.running():
        await house.until(lambda: len(house.there()) == 10)
        await house.rested()
        reads, stray = len(house.account.reads), next(iter(house.sink.events()))
        house.sink.held["watch_event", (), 1] = stray
        run = await house.keeper.ask("anna", runs.BACKFILL, "by hand", frozenset({runs.REBUILD}))
        await house.until(lambda: ("watch_event", (), 1) not in house.sink.held and len(house.there()) == 10)
        await ended(house, run)
    assert house.account.reads[reads:].count(True) == 0


async def ended(house: House, run: int) -> runs.ChartRun:
    async with asyncio.timeout(60):
        while True:
            found = await house.store.read(lambda db: runs.get(db, run))
            if found is not None and found.ended_at is not None:
                return found
            await asyncio.sleep(0.001)


async def test_a_backfill_that_is_done_says_so_and_a_dry_run_books_nothing(house: House) -> None:
    house.account.plays = plays(10)
    async with house.running():
        dry = await ended(house, await house.keeper.ask("anna", runs.INCREMENTAL, "by hand", frozenset({runs.DRY})))
        assert dry.outcome == runs.DONE
        await house.until(lambda: len(house.there()) == 10)
        await house.rested()
        again = await ended(house, await house.keeper.ask("anna", runs.BACKFILL, "by hand"))
    assert again.reason == "it is done already; --force-backfill reads and writes everything anew"


async def test_without_a_sink_nothing_is_done(house: House) -> None:
    house.settings = None
    async with house.running():
        await house.until(lambda: house.clock.passed > 1_000)
    assert (house.sink.calls, house.account.reads, house.keeper.state) == ([], [], "off")
