"""Plex without Plex Pass: from the server's event source, over a real connection, to a play."""

import asyncio
import contextlib
import dataclasses
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from conftest import FakeClock
from flows.rig import hurried
from patience import LONGEST, until
from scrobbled.config import loads
from scrobbled.core.errors import ConfigError, ContractDrift, LoginNeeded, TryLater
from scrobbled.runtime.service import Runtime, build
from scrobbled.sandbox.base import Fault
from scrobbled.sandbox.plex.people import ANNA, BEN, NEIGHBOUR
from scrobbled.sandbox.plex.player import payload
from scrobbled.sandbox.server import Sandbox
from scrobbled.servers.doors import doors
from scrobbled.servers.plex import ear as plex_ear
from scrobbled.servers.plex.ear import NO_EVENTS
from scrobbled.servers.plex.live import EVENT_SOURCE
from scrobbled.sources.body import Body
from scrobbled.store import Store

CONFIG = """
storage: {path: PATH}
sources: {plex: {mode: live, url: "BASE/plex", server_token: sandbox-plex-token, catch_up: off}}
viewers:
  - {name: anna, accounts: {plex: anna}, trackers: {memory: {}}}
  - {name: ben, accounts: {plex: "41220078"}, trackers: {memory: {}}}
"""


@dataclass
class Den:
    runtime: Runtime
    sandbox: Sandbox
    clock: FakeClock

    @property
    def plex(self) -> Any:
        return self.sandbox["plex"]

    @property
    def listening(self) -> Any:
        return self.runtime.listening

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncio.Task[None]]:
        """Listening by one connection, which is there."""
        (door,) = doors(self.runtime.config)
        ear = await self.listening.opened(door)
        there = len(self.plex.notices)
        task = asyncio.create_task(ear.listen(self.listening.condition(door).good, asyncio.Event()))
        await until(lambda: task.done() or len(self.plex.notices) > there)
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def do(self, event: str, percent: float, who: Any = ANNA) -> None:
        item = self.plex.library.find(f"{self.sandbox.world.shows[0].title} S1E2")
        before = await self.count("events")
        await self.plex.player.report(event, item, who, self.clock.now(), offset=round(item.duration * percent / 100))

        async def is_more() -> bool:
            return await self.count("events") > before

        await until(is_more, f"{event} is heard")

    async def count(self, table: str) -> int:
        return await self.runtime.store.read(lambda db: int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]))

    async def plays(self) -> list[str]:
        return await self.runtime.store.read(
            lambda db: [row[0] for row in db.execute("SELECT viewer FROM plays ORDER BY id")]
        )


@pytest.fixture
async def den(tmp_path: Path, blank: Path, clock: FakeClock) -> AsyncIterator[Den]:
    shutil.copy(blank, tmp_path / "scrobbled.db")
    sandbox = Sandbox(now=clock.now, only=("plex",))
    store = Store(tmp_path / "scrobbled.db")
    await hurried(store)
    with capture_logs():
        async with sandbox.running() as base:
            config = loads(CONFIG.replace("PATH", str(tmp_path / "scrobbled.db")).replace("BASE", base), {})
            runtime = build(config, store=store, clock=clock)
            yield Den(runtime, sandbox, clock)
            runtime.stop()
            await runtime.aclose()


async def evening(den: Den, who: Any = ANNA, *, upto: float = 96) -> None:
    for event, percent in (("play", 0), ("pause", 40), ("resume", 40), ("stop", upto)):
        await den.do(event, percent, who)
        den.clock.advance(1300)


async def test_an_evening_is_one_play_of_whoever_watched_it(den: Den) -> None:
    async with den.connected():
        await evening(den)
        await evening(den, BEN)
        await evening(den, NEIGHBOUR)
    assert await den.plays() == ["anna", "ben"]
    shown = {part.name: part.state for part in await den.runtime.vitals.components()}
    assert shown["plex live"] == "ok"


async def test_the_same_evening_by_listening_and_webhook_and_history_is_one_play_and_the_next_one_another(
    den: Den,
) -> None:
    (door,) = doors(den.runtime.config)
    await den.runtime.catching_up.once(door)
    item = den.plex.library.find(f"{den.sandbox.world.shows[0].title} S1E2")
    async with den.connected():
        for plays in (1, 2):
            for event, percent in (("play", 0), ("scrobble", 90), ("stop", 98)):
                offset = round(item.duration * percent / 100)
                message = payload(event, item, ANNA, den.clock.now(), offset=offset)
                if event == "scrobble":
                    await den.plex.player.report(event, item, ANNA, den.clock.now(), offset=offset)
                else:
                    await den.do(event, percent)
                await den.runtime.ingest.take("plex", Body(message, json.dumps(message)))
                await den.runtime.catching_up.once(door)
                den.clock.advance(item.duration / 2000)
            assert await den.plays() == ["anna"] * plays
            den.clock.advance(20 * 3600)


async def test_what_was_left_early_is_no_play(den: Den) -> None:
    async with den.connected():
        await evening(den, upto=60)
    assert await den.plays() == []


async def test_a_message_in_a_container_is_read_as_well(den: Den) -> None:
    den.plex.notices.contained = True
    async with den.connected():
        await evening(den)
    assert await den.plays() == ["anna"]


@pytest.mark.parametrize("drop", [True, False])
async def test_a_connection_that_breaks_is_told_and_the_next_one_goes_on(den: Den, *, drop: bool) -> None:
    async with den.connected() as task:
        await den.do("play", 0)
        den.plex.notices.end(drop=drop)
        with pytest.raises(TryLater):
            await task
    den.clock.advance(2500)
    async with den.connected():
        await den.do("pause", 93)
        await den.do("stop", 93)
    assert await den.plays() == ["anna"]


async def test_a_silent_connection_is_made_anew_and_is_no_trouble(den: Den, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plex_ear, "SILENCE", 0.05)
    async with den.connected() as task:
        await asyncio.wait_for(task, LONGEST)
    assert den.listening.conditions[0].state == "ok"


async def test_without_an_event_source_the_sessions_are_looked_at(den: Den, monkeypatch: pytest.MonkeyPatch) -> None:
    den.plex.faults.add(Fault(match=f"GET {EVENT_SOURCE}", status=404))
    (door,) = doors(den.runtime.config)
    ear = await den.listening.opened(door)
    stopping = asyncio.Event()
    looked = ear.live.looked
    steps = [("play", 0), ("pause", 50), ("resume", 50), ("", 95), ("stop", 95)]
    item = den.plex.library.find(f"{den.sandbox.world.shows[0].title} S1E2")

    async def looked_at() -> None:
        event, percent = steps.pop(0)
        if event:
            await den.plex.player.report(
                event, item, ANNA, den.clock.now(), offset=round(item.duration * percent / 100)
            )
        else:
            (place,) = den.plex.player.sessions
            session = den.plex.player.sessions[place]
            den.plex.player.sessions[place] = dataclasses.replace(session, offset=round(item.duration * percent / 100))
        den.clock.advance(600)
        await looked()
        if not steps:
            stopping.set()

    monkeypatch.setattr(ear.live, "looked", looked_at)
    await ear.listen(den.listening.condition(door).good, stopping)
    assert await den.plays() == ["anna"]
    condition = den.listening.conditions[0]
    assert (condition.state, condition.reason) == ("ok", NO_EVENTS)


@pytest.mark.parametrize(
    ("status", "error"), [(401, LoginNeeded), (418, ContractDrift), (503, TryLater), (429, TryLater)]
)
async def test_what_the_server_answers_instead_says_what_to_do(den: Den, status: int, error: type[Exception]) -> None:
    den.plex.faults.add(Fault(match=f"GET {EVENT_SOURCE}", status=status))
    async with den.connected() as task:
        with pytest.raises(error):
            await task


async def test_a_refused_token_rests_and_is_told_at_once(den: Den, monkeypatch: pytest.MonkeyPatch) -> None:
    den.plex.faults.add(Fault(match=f"GET {EVENT_SOURCE}", status=401))
    stopping, rests = asyncio.Event(), []
    (door,) = doors(den.runtime.config)

    async def wait(event: asyncio.Event, seconds: float) -> bool:
        rests.append(seconds)
        event.set()
        return True

    monkeypatch.setattr(den.clock, "wait", wait)
    await den.listening.keep_listening(door, stopping)
    assert rests == [3600.0]
    assert [trouble.subject for trouble in await den.runtime.alerts.open()] == ["plex live"]


async def test_the_rests_grow_up_to_five_minutes(den: Den, monkeypatch: pytest.MonkeyPatch) -> None:
    den.plex.faults.add(Fault(status=503))
    stopping, rests = asyncio.Event(), []
    (door,) = doors(den.runtime.config)

    async def wait(event: asyncio.Event, seconds: float) -> bool:
        rests.append(seconds)
        if len(rests) == 6:
            event.set()
        return True

    monkeypatch.setattr(den.clock, "wait", wait)
    await den.listening.keep_listening(door, stopping)
    assert rests == [30, 60, 120, 240, 300, 300]


async def test_a_changed_configuration_ends_one_connection_and_begins_another(
    den: Den, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = asyncio.Event()

    async def wait(event: asyncio.Event, seconds: float) -> bool:
        await asyncio.sleep(0.005)
        return event.is_set()

    monkeypatch.setattr(den.clock, "wait", wait)
    task = asyncio.create_task(den.listening.run(stopping))
    await until(lambda: len(den.plex.notices) == 1)
    plex = den.runtime.config.sources["plex"]
    den.runtime.config = dataclasses.replace(
        den.runtime.config, sources={"plex": dataclasses.replace(plex, mode="webhook")}
    )
    await until(lambda: len(den.plex.notices) == 0)
    den.runtime.config = dataclasses.replace(den.runtime.config, sources={"plex": plex})
    await until(lambda: len(den.plex.notices) == 1)
    stopping.set()
    await task
    await until(lambda: len(den.plex.notices) == 0)


def test_no_token_of_a_webhook_is_wanted_where_none_comes() -> None:
    live = "sources: {plex: {mode: live, url: http://p, server_token: x}}"
    assert loads(live, {}).sources["plex"].mode == "live"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("plex: {mode: live, url: http://p}", "server_token must be set"),
        ("plex: {token: tttttttttttttttt, mode: both}", "url and server_token must be set"),
        ("plex: {token: tttttttttttttttt, mode: websocket}", "webhook, live, both"),
        ("emby: {token: tttttttttttttttt, mode: live}", "only plex and kodi can be listened to"),
        ("kodi: {token: tttttttttttttttt, catch_up: 5m}", "only plex, jellyfin, emby can be asked"),
        ("emby: {token: tttttttttttttttt, catch_up: 5s}", "too short"),
    ],
)
def test_what_cannot_be_is_told_in_the_configuration(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        loads(f"sources: {{{text}}}", {})


@pytest.mark.parametrize(("written", "seconds"), [("off", 0), ("0s", 0), ("0", 0), ("1h", 3600), ("1m", 60)])
def test_asking_can_be_switched_off(written: str, seconds: float) -> None:
    found = loads(f"sources: {{emby: {{token: tttttttttttttttt, catch_up: {written}}}}}", {})
    assert found.sources["emby"].catch_up == seconds
