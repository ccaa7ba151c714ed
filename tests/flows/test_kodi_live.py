"""Kodi without an add-on: from its own websocket, over a real connection, to a play."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.server import serve

from conftest import FakeClock
from flows.rig import hurried
from patience import LONGEST, until
from scrobbled.config import loads
from scrobbled.core.errors import ConfigError, ContractDrift, StoreError, TryLater
from scrobbled.runtime.service import Runtime, build
from scrobbled.sandbox.kodi.app import METHODS
from scrobbled.sandbox.server import Sandbox
from scrobbled.servers.doors import ServerAccess, doors
from scrobbled.servers.kodi.ear import KodiEar
from scrobbled.servers.kodi.live import KodiLive
from scrobbled.servers.kodi.socket import LONGEST_MESSAGE, KodiNotice, connected
from scrobbled.sources.body import Body
from scrobbled.sources.kodi import KodiSource
from scrobbled.store import Store
from scrobbled.store.inbox.bodies import unpacked

CONFIG = """
storage: {path: PATH}
sources: {kodi: {mode: live, url: "SOCKET"}}
viewers:
  - {name: anna, accounts: {kodi: anna}, trackers: {memory: {}}}
"""
MINUTES = 60.0


@dataclass
class Room:
    """A Kodi, and a service that listens to it."""

    runtime: Runtime
    sandbox: Sandbox
    clock: FakeClock
    ear: Any = None
    heard: list[str] = field(default_factory=list)
    """The notifications that were dealt with, by their methods."""

    @property
    def kodi(self) -> Any:
        return self.sandbox["kodi"]

    @property
    def door(self) -> ServerAccess:
        (door,) = doors(self.runtime.config)
        return door

    def episode(self, number: int = 2) -> Any:
        return self.kodi.library.find(f"{self.sandbox.world.shows[0].title} S1E{number}")

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncio.Task[None]]:
        """Listening by one connection, which is there."""
        listening = self.runtime.listening
        self.ear = self.ear or self._noting(await listening.opened(self.door))
        asked = len(self.kodi.socket.asked)
        task = asyncio.create_task(self.ear.listen(listening.condition(self.door).good, asyncio.Event()))
        await until(lambda: task.done() or len(self.kodi.socket.asked) > asked)
        await until(lambda: task.done() or listening.condition(self.door).state == "ok")
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await until(lambda: not self.kodi.socket.there)

    def _noting(self, ear: Any) -> Any:
        deal = ear.live.heard

        async def heard(line: Any, notice: KodiNotice) -> None:
            await deal(line, notice)
            self.heard.append(notice.method)

        ear.live.heard = heard
        return ear

    async def do(self, event: str, place: float, *, ended: bool = False, item: Any = None) -> None:
        """Returns when it was dealt with. A look in between, which comes when it comes, may have told the same."""
        last = "Player.OnAVStart" if event == "play" else METHODS[event]
        before = self.heard.count(last)
        await self.kodi.do(event, item or self.episode(), place, ended=ended)
        await until(lambda: self.heard.count(last) > before, f"{last} is heard")

    async def kinds(self) -> list[str]:
        """Of the events, in their order; however many of one kind came one after the other."""
        return [kind for kind, _ in groupby(row[0] for row in await self.rows("SELECT kind FROM events ORDER BY id"))]

    async def evening(self, *, upto: float = 0.96, ended: bool = False) -> None:
        for event, place in (("play", 0.0), ("pause", 0.4), ("resume", 0.4), ("seek", upto)):
            await self.do(event, place)
            self.clock.advance(10 * MINUTES)
        await self.do("stop", upto, ended=ended)

    async def count(self, table: str) -> int:
        return await self.runtime.store.read(lambda db: int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]))

    async def rows(self, sql: str) -> list[Any]:
        return await self.runtime.store.read(lambda db: list(db.execute(sql)))

    async def plays(self) -> list[str]:
        return [row[0] for row in await self.rows("SELECT viewer FROM plays ORDER BY id")]


@pytest.fixture
async def room(tmp_path: Path, blank: Path, clock: FakeClock) -> AsyncIterator[Room]:
    shutil.copy(blank, tmp_path / "scrobbled.db")
    sandbox = Sandbox(now=clock.now, only=("kodi",))
    store = Store(tmp_path / "scrobbled.db")
    await hurried(store)
    with capture_logs():
        async with sandbox["kodi"].listening() as address:
            config = loads(CONFIG.replace("PATH", str(tmp_path / "scrobbled.db")).replace("SOCKET", address), {})
            runtime = build(config, store=store, clock=clock)
            yield Room(runtime, sandbox, clock)
            runtime.stop()
            await runtime.aclose()


@pytest.mark.parametrize("ended", [True, False])
async def test_an_evening_is_one_play_with_the_ids_of_episode_and_show(room: Room, *, ended: bool) -> None:
    async with room.connected():
        await room.evening(ended=ended)
    assert await room.plays() == ["anna"]
    ((written,),) = await room.rows("SELECT item FROM plays")
    item, show = json.loads(written), room.sandbox.world.shows[0]
    assert item["show_ids"]["tmdb"] == show.tmdb
    assert item["ids"]["tmdb"] == room.episode().episode.tmdb
    assert {part.name: part.state for part in await room.runtime.vitals.components()}["kodi live"] == "ok"


async def test_what_was_left_early_is_no_play(room: Room) -> None:
    async with room.connected():
        await room.evening(upto=0.6)
    assert await room.plays() == []


async def test_an_end_that_comes_at_half_is_a_share_that_broke_off(room: Room) -> None:
    async with room.connected():
        await room.do("play", 0.0)
        await room.do("seek", 0.3)
        await room.do("stop", 0.3, ended=True)
    assert await room.plays() == []


async def test_the_same_viewing_by_websocket_and_by_an_add_on_is_one_play_and_the_next_one_another(room: Room) -> None:
    item = room.episode()
    async with room.connected():
        for plays in (1, 2):
            for event, place in (("play", 0.0), ("pause", 0.5), ("resume", 0.5), ("seek", 0.95), ("stop", 0.96)):
                await room.do(event, place)
                message = {
                    "method": f"Player.On{event.capitalize()}",
                    "params": {"data": room.kodi._posted(event, item, place, ended=False)},
                }
                await room.runtime.ingest.take("kodi", Body(message, json.dumps(message)))
                room.clock.advance(item.duration / 4000)
            await room.do("update", 1.0)
            assert await room.plays() == ["anna"] * plays
            room.clock.advance(20 * 3600)


async def test_what_kodi_counts_itself_right_after_a_stop_has_the_time_of_the_stop(room: Room) -> None:
    """Its own threshold may be lower than ours; a mark without a date would be held."""
    async with room.connected():
        await room.evening(upto=0.85)
        assert await room.plays() == []
        room.clock.advance(5)
        await room.do("update", 1.0)
    assert await room.plays() == ["anna"]
    ((at,),) = await room.rows("SELECT watched_at FROM plays")
    assert at == room.clock.now().timestamp()


async def test_a_mark_by_hand_is_a_mark(room: Room) -> None:
    async with room.connected():
        await room.do("update", 1.0, item=room.kodi.library.find(room.sandbox.world.movies[0].title))
    ((kind, raw, stem),) = await room.rows("SELECT kind, raw, stem_id FROM events")
    message = json.loads(await room.runtime.store.read(lambda db: unpacked(db, raw, stem)))
    assert (kind, message["polled"], message["method"]) == ("watched", "notice", "VideoLibrary.OnUpdate")
    assert message["params"]["data"]["item"]["uniqueid"]["tmdb"] == str(room.sandbox.world.movies[0].tmdb)
    assert [row[0] for row in await room.rows("SELECT watched_at FROM plays")] == [None]


async def test_the_next_of_a_playlist_ends_the_one_before(room: Room) -> None:
    async with room.connected():
        await room.do("play", 0.0)
        room.clock.advance(40 * MINUTES)
        await room.do("seek", 0.97)
        await room.do("play", 0.0, item=room.episode(3))
    assert await room.plays() == ["anna"]
    assert await room.kinds() == ["start", "progress", "stop", "start"]


async def test_who_leaps_to_the_end_and_stops_at_once_has_been_there(room: Room) -> None:
    """When the leap is heard there is nobody to be asked any more."""
    item = room.episode()
    async with room.connected():
        await room.do("play", 0.0)
        room.clock.advance(40 * MINUTES)
        room.kodi.playing = None
        player = {"playerid": 1, "speed": 1, "time": {"minutes": 44}, "seekoffset": {"minutes": 4}}
        data = {"item": {"type": "episode", "id": int(item.rating_key)}, "player": player}
        await room.kodi.socket.tell({"jsonrpc": "2.0", "method": "Player.OnSeek", "params": {"data": data}})
        await room.do("stop", 0.0)
    assert await room.plays() == ["anna"]


async def test_what_goes_on_is_not_told_to_begin_again(room: Room) -> None:
    for _ in range(2):
        async with room.connected():
            if not room.kodi.playing:
                await room.do("play", 0.0)
    assert await room.count("events") == 1


async def test_what_is_no_film_or_episode_is_nothing(room: Room) -> None:
    song = {"item": {"type": "song", "id": 3}, "player": {"playerid": 0, "speed": 1}}
    channel = {"item": {"type": "channel", "id": 9, "title": "News"}, "player": {"playerid": 1, "speed": 1}}
    async with room.connected():
        await room.do("play", 0.0)
        for data in (song, channel):
            for method in ("Player.OnAVStart", "Player.OnStop", "VideoLibrary.OnUpdate", "Player.OnSpeedChanged"):
                await room.kodi.socket.tell({"jsonrpc": "2.0", "method": method, "params": {"data": data}})
        await room.do("pause", 0.5)
    assert [row[0] for row in await room.rows("SELECT kind FROM events ORDER BY id")] == ["start", "pause"]


async def test_a_scan_of_the_library_asks_nothing(room: Room) -> None:
    async with room.connected():
        asked = len(room.kodi.socket.asked)
        for number in range(3000):
            data = {"item": {"type": "episode", "id": number}, "added": True, "transaction": True}
            note = {"jsonrpc": "2.0", "method": "VideoLibrary.OnUpdate", "params": {"data": data}}
            await room.kodi.socket.tell(note)
        await room.do("play", 0.0)
    assert len(room.kodi.socket.asked) - asked < 6


async def test_a_connection_that_breaks_is_told_and_the_next_one_goes_on(room: Room) -> None:
    async with room.connected() as task:
        await room.do("play", 0.0)
        for connection in list(room.kodi.socket.there):
            await connection.close()
        with pytest.raises(TryLater, match="ended the connection"):
            await task
    room.clock.advance(40 * MINUTES)
    await room.kodi.do("seek", room.episode(), 0.95)
    async with room.connected():
        await until(lambda: room.ear.live._on and room.ear.live._on.position)
        await room.do("stop", 0.95)
    assert await room.plays() == ["anna"]


async def test_what_ended_while_nobody_listened_ends_with_the_next_connection(room: Room) -> None:
    async with room.connected():
        await room.do("play", 0.0)
        room.clock.advance(40 * MINUTES)
        await room.do("seek", 0.95)
    await room.kodi.do("stop", room.episode(), 0.98)
    async with room.connected():
        await until(room.plays, "the play")
    assert await room.plays() == ["anna"]


async def test_how_far_it_is_is_told_once_a_minute_and_asked_more_often(room: Room) -> None:
    async with room.connected():
        await room.do("play", 0.0)
    async with connected(room.door.url) as line:
        for step in range(1, 13):
            await room.kodi.do("seek", room.episode(), step / 100)
            room.clock.advance(10)
            await room.ear.live.looked(line)
    kinds = [row[0] for row in await room.rows("SELECT kind FROM events ORDER BY id")]
    assert kinds == ["start", "progress", "progress"]


async def test_a_player_that_is_gone_without_a_word_has_stopped(room: Room) -> None:
    async with room.connected():
        await room.do("play", 0.0)
        room.clock.advance(40 * MINUTES)
        await room.do("seek", 0.94)
    room.kodi.playing = None
    async with connected(room.door.url) as line:
        await room.ear.live.looked(line)
        await room.ear.live.looked(line)
    assert await room.plays() == ["anna"]
    assert room.kodi.socket.asked[-1] == "JSONRPC.Ping"


async def test_a_look_at_the_next_episode_says_nothing_of_the_one_before(room: Room) -> None:
    """The next of a playlist may be on for a moment before Kodi tells of it."""
    async with room.connected():
        await room.do("play", 0.0)
        room.clock.advance(40 * MINUTES)
        await room.do("seek", 0.97)
    room.kodi.playing = replace(room.kodi.playing, item=room.episode(3), place=0.0)
    async with connected(room.door.url) as line:
        await room.ear.live.looked(line)
    assert await room.plays() == ["anna"]


async def test_where_nobody_answers_it_says_what_to_switch_on(room: Room) -> None:
    with pytest.raises(TryLater, match="Allow remote control from applications"):
        async with connected("ws://127.0.0.1:1"):
            pass


async def test_what_is_no_kodi_is_told_apart(room: Room) -> None:
    async with room.sandbox.running() as base:
        with pytest.raises(ContractDrift, match="not Kodi's websocket"):
            async with connected(base.replace("http", "ws")):
                pass


@pytest.mark.parametrize(
    ("text", "error", "why"),
    [
        ("hello", ContractDrift, "does not speak Kodi's JSON-RPC"),
        ("[" * 100_000, ContractDrift, "does not speak"),
        ("[]", ContractDrift, "does not speak"),
        ("x" * (LONGEST_MESSAGE + 1), ContractDrift, "too large"),
    ],
)
async def test_garbage_ends_the_connection(room: Room, text: str, error: type[Exception], why: str) -> None:
    async def talk(socket: Any) -> None:
        await socket.send(text)
        await socket.wait_closed()

    async with serve(talk, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(error, match=why):
            async with connected(f"ws://127.0.0.1:{port}") as line:
                await line.ask("JSONRPC.Ping")


@pytest.mark.parametrize(
    ("answer", "reasons"),
    [
        (None, []),
        (7, []),
        ([], []),
        ({"item": []}, []),
        ({"item": {"type": []}}, []),
        ({"item": {"type": "episode", "tvshowid": {}}}, ["no item"] * 3),
    ],
)
async def test_odd_answers_are_nothing_worse_than_silence(clock: FakeClock, answer: Any, reasons: list[str]) -> None:
    async def talk(socket: Any) -> None:
        data = {"item": {"type": "episode", "id": 5}, "player": {"playerid": []}, "end": {}, "playcount": 1}
        for method in ("Player.OnAVStart", "Player.OnPause", "Player.OnStop", "VideoLibrary.OnUpdate", 5):
            await socket.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": {"data": data}}))
        async for message in socket:
            await socket.send(json.dumps({"id": json.loads(message)["id"], "result": answer}))

    told: list[Body] = []

    async def take(body: Body) -> None:
        told.append(body)

    live = KodiLive(take=take, claimed=lambda account: True, clock=clock)
    async with serve(talk, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connected(f"ws://127.0.0.1:{port}") as line:
            await live.begin(line)
            for _ in range(5):
                notice = await line.heard(LONGEST)
                assert notice is not None
                await live.heard(line, notice)
            await live.looked(line)
            assert await line.heard(0) is None
    assert [event.reason for body in told for event in KodiSource().parse(body.data, clock.now())] == reasons


async def test_what_could_not_be_stored_is_tried_again_by_a_new_connection(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping, rests = asyncio.Event(), []

    async def wait(event: asyncio.Event, seconds: float) -> bool:
        rests.append(seconds)
        event.set()
        return True

    async def fails(self: KodiEar, good: Any, stopping: asyncio.Event) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(room.clock, "wait", wait)
    monkeypatch.setattr(KodiEar, "listen", fails)
    await room.runtime.listening.keep_listening(room.door, stopping)
    assert rests == [30.0]


async def test_both_servers_are_listened_to_at_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    listened: list[str] = []

    async def keep(door: ServerAccess, stopping: asyncio.Event) -> None:
        listened.append(door.source)

    async def wait(event: asyncio.Event, seconds: float) -> bool:
        event.set()
        await asyncio.sleep(0)
        return True

    plex = loads("sources: {plex: {mode: live, url: http://p, server_token: x}}", {}).sources["plex"]
    sources = {**room.runtime.config.sources, "plex": plex}
    room.runtime.config = loads("{}", {}).__class__(sources=sources)
    monkeypatch.setattr(room.clock, "wait", wait)
    monkeypatch.setattr(room.runtime.listening, "keep_listening", keep)
    await room.runtime.listening.run(asyncio.Event())
    assert listened == ["kodi", "plex"]
    assert [one.name for one in room.runtime.listening.conditions] == ["kodi live", "plex live"]


def test_kodi_needs_neither_secret_nor_token_to_be_listened_to() -> None:
    (door,) = doors(loads("sources: {kodi: {mode: live, url: 'ws://kodi.local:9090'}}", {}))
    assert (door.live, door.every, door.token) == (True, 0.0, "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kodi: {mode: live}", "url must be set"),
        ("kodi: {mode: live, url: 'http://kodi:8080'}", "write it like ws://kodi.local:9090/jsonrpc"),
        ("plex: {mode: live, url: 'ws://plex:9090', server_token: x}", "write it like http://nas.local"),
        ("kodi: {mode: both, url: 'ws://kodi:9090'}", "token.*is missing"),
        ("kodi: {mode: live, url: 'ws://anna:secret@kodi:9090'}", "must not hold a user name"),
    ],
)
def test_what_cannot_be_is_told_in_the_configuration(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        loads(f"sources: {{{text}}}", {})
