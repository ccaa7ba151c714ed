"""What an account and our own ledger hold comes to stand in a database of charts: all of it real but the network."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pairing import Pairing, built, later, pairing
from scrobbled.runtime import charts
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.influx.server import PASSWORD, TOKEN, USER
from scrobbled.store.charts import runs, waiting
from scrobbled.store.charts.runs import ChartRun

KNOWN: dict[str, dict[str, str]] = {
    "influx2": {"token": TOKEN, "org": "home"},
    "influx3": {"token": TOKEN},
    "influx1": {"username": USER, "password": PASSWORD},
}


class Charted:
    """``anna``'s account at the stand-in of Trakt, exported to that of a server of charts."""

    def __init__(self, home: Pairing) -> None:
        self.home = home
        self.server = home.sandbox["influx"]

    async def export(self, job: str = runs.INCREMENTAL, *options: str) -> ChartRun:
        """One run, until all that came of it is sent."""
        keeper, stopping = self.home.runtime.charts, asyncio.Event()
        number = await keeper.ask("anna", job, "test", frozenset(options))
        task = asyncio.create_task(keeper.run(stopping))
        try:
            async with asyncio.timeout(60):
                while True:
                    found = await self.home.runtime.store.read(lambda db: runs.get(db, number))
                    if found and found.ended_at is not None and not await self._waits():
                        return found
                    await asyncio.sleep(0.001)
        finally:
            stopping.set()
            keeper.news.set()
            await task

    async def _waits(self) -> bool:
        return await self.home.runtime.store.read(lambda db: waiting.is_waiting(db, charts.SINK))

    def events(self) -> list[dict[str, Any]]:
        """Those that are not said to be removed."""
        rows = self.server.buckets["trakt_raw"].state()["points"]
        return [row for row in rows if row["measurement"] == "watch_event" and not row["fields"].get("removed")]

    def days(self, kind: str = "all") -> dict[int, int]:
        """Plays by the number of the day, as the zone has it."""
        rows = self.server.buckets["trakt_agg"].state()["points"]
        return {
            row["time"] // (86_400 * 10**9): row["fields"]["events_count"]
            for row in rows
            if row["measurement"] == "watch_daily" and row["tags"]["media_type"] == kind
        }


@contextlib.asynccontextmanager
async def house(folder: Path, server: str = "influx2", **more: Any) -> AsyncIterator[Charted]:
    async with pairing(folder, zone="Europe/Berlin") as home:
        await home.runtime.aclose()
        home.sandbox["influx"].become(server)
        sink = {"url": "http://sandbox/influx", **KNOWN[server], **more}
        home.settings = {**home.settings, "sinks": {"influx": sink}}
        home.runtime = built(home.folder, home.sandbox, home.clock, home.settings)
        yield Charted(home)


@pytest.mark.parametrize("server", sorted(KNOWN))
async def test_plays_of_an_account_stand_there_and_what_is_removed_goes(tmp_path: Path, server: str) -> None:
    async with house(tmp_path, server) as charted:
        home = charted.home
        first = home.on_trakt(0, 1, 1)
        home.on_trakt(0, 1, 1, later(30)), home.on_trakt(0, 1, 2), home.film_on_trakt(0, later(3))
        assert (await charted.export()).outcome == "done"
        flags = {row["fields"]["history_id"]: row["tags"]["is_rewatch"] for row in charted.events()}
        assert sorted(flags.values()) == ["false", "false", "false", "true"]
        assert sum(charted.days().values()) == 4
        home.off_trakt(first)
        home.clock.advance(7 * 3_600)
        assert (await charted.export(runs.RECONCILE)).outcome == "done"
        left = {row["fields"]["history_id"]: row["tags"]["is_rewatch"] for row in charted.events()}
        assert first not in left
        assert set(left.values()) == {"false"}, "what was a rewatch is the first now"
        assert sum(charted.days().values()) == 3


async def test_an_outage_and_a_restart_lose_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as charted:
        for n in range(1, 4):
            charted.home.on_trakt(0, 1, n, later(n))
        charted.server.faults.add(Fault("POST /api/v2/write*", status=503, times=3))
        assert (await charted.export()).outcome in ("done", "failed")
        await charted.home.restart()
        await charted.export()
        assert len(charted.events()) == 3


async def test_nothing_new_is_one_question_to_the_tracker_and_none_to_the_database(tmp_path: Path) -> None:
    async with house(tmp_path) as charted:
        charted.home.on_trakt(0, 1, 1)
        await charted.export()
        charted.home.clock.advance(900)
        before, asked = len(charted.server.log), charted.home.requests("trakt")
        await charted.export()
        assert charted.home.requests("trakt") - asked <= 3
        assert not [one for one in list(charted.server.log)[before:] if "write" in one.path]


async def test_a_rebuild_fills_a_database_that_was_emptied_and_asks_no_tracker(tmp_path: Path) -> None:
    async with house(tmp_path) as charted:
        charted.home.on_trakt(0, 1, 1)
        await charted.export()
        for bucket in charted.server.buckets.values():
            bucket.tables.clear()
        asked = charted.home.requests("trakt")
        await charted.export(runs.BACKFILL, runs.REBUILD)
        assert (len(charted.events()), charted.home.requests("trakt")) == (1, asked)


async def test_our_own_ledger_is_exported_without_any_tracker_being_asked(tmp_path: Path) -> None:
    async with house(tmp_path, **{"from": "ledger"}) as charted:
        await charted.home.sync()
        asked = charted.home.requests("trakt")
        assert (await charted.export()).outcome == "done"
        assert charted.home.requests("trakt") == asked
