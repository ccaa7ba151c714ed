"""Who listens at the event source of the Plex stand-in hears what a real one tells."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from patience import LONGEST
from scrobbled.sandbox.plex.app import PlexStandIn
from scrobbled.sandbox.plex.people import ANNA, BEN
from scrobbled.sandbox.server import Sandbox

PATH = "/plex/:/eventsource/notifications?filters=playing"


class Ear:
    """One open connection."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def hear(self) -> tuple[str, dict[str, Any]]:
        """The next event and its data."""
        async with asyncio.timeout(LONGEST):
            event = (await anext(self._lines)).removeprefix("event: ")
            data = (await anext(self._lines)).removeprefix("data: ")
            await anext(self._lines)
        return event, json.loads(data)

    async def over(self) -> bool:
        async with asyncio.timeout(LONGEST):
            return not [line async for line in self._lines]

    async def playing(self) -> dict[str, Any]:
        event, data = await self.hear()
        assert event == "playing"
        return dict(data["PlaySessionStateNotification"])


@asynccontextmanager
async def listening(token: str = "sandbox-plex-token") -> AsyncIterator[tuple[PlexStandIn, Ear]]:
    sandbox = Sandbox(only=("plex",))
    async with (
        sandbox.running() as base,
        httpx.AsyncClient(base_url=base, trust_env=False, timeout=LONGEST) as client,
        client.stream("GET", PATH, headers={"X-Plex-Token": token}) as answer,
    ):
        assert answer.headers["content-type"] == "text/event-stream"
        ear = Ear(answer)
        assert await ear.hear() == ("ping", {})
        yield sandbox["plex"], ear


def film(server: PlexStandIn, n: int = 0) -> Any:
    return server.library.find(server.world.movies[n].title)


def test_each_step_of_a_viewing_is_told_under_one_key() -> None:
    async def run() -> None:
        async with listening() as (server, ear):
            await server.watch(film(server), BEN)
            told = [await ear.playing() for _ in range(4)]
            assert [one["state"] for one in told] == ["playing", "paused", "playing", "stopped"]
            assert {one["sessionKey"] for one in told} == {"1"}
            assert {one["ratingKey"] for one in told} == {film(server).rating_key}
            assert told[-1]["viewOffset"] == round(0.98 * film(server).duration)

    asyncio.run(run())


def test_what_comes_on_next_without_a_stop_keeps_the_key_and_after_one_gets_another() -> None:
    async def run() -> None:
        async with listening() as (server, ear):
            await server.watch(film(server), BEN, events=["play"])
            await server.watch(film(server, 1), BEN, events=["play", "stop"])
            await server.watch(film(server), ANNA, events=["play", "progress", "buffering"])
            told = [await ear.playing() for _ in range(6)]
            assert [one["sessionKey"] for one in told] == ["1", "1", "1", "2", "2", "2"]
            assert [one["state"] for one in told[3:]] == ["playing", "playing", "buffering"]

    asyncio.run(run())


def test_others_than_the_owner_hear_only_of_themselves() -> None:
    async def run() -> None:
        async with listening("sandbox-plex-token-ben") as (server, ear):
            await server.watch(film(server), ANNA, events=["play"])
            await server.watch(film(server, 1), BEN, events=["play"])
            assert (await ear.playing())["ratingKey"] == film(server, 1).rating_key

    asyncio.run(run())


def test_only_what_was_asked_for_is_told_and_it_can_come_contained() -> None:
    async def run() -> None:
        async with listening() as (server, ear):
            server.notices.tell("activity", {"ActivityNotification": {}})
            server.notices.contained = True
            await server.watch(film(server), BEN, events=["play"])
            event, data = await ear.hear()
            assert (event, data["NotificationContainer"]["size"]) == ("playing", 1)
            assert data["NotificationContainer"]["PlaySessionStateNotification"][0]["state"] == "playing"

    asyncio.run(run())


def test_it_pings_and_forgets_who_left() -> None:
    async def run() -> None:
        async with listening() as (server, ear):
            server.notices.ping_seconds = 0.01
            server.notices.tell("playing", {})
            assert [(await ear.hear())[0] for _ in range(3)] == ["playing", "ping", "ping"]
        assert len(server.notices) == 0

    asyncio.run(run())


def test_an_open_stream_can_end_or_be_cut() -> None:
    async def run() -> None:
        async with listening() as (server, ear):
            server.notices.end()
            assert await ear.over()
        async with listening() as (server, ear):
            server.notices.end(drop=True)
            with pytest.raises(httpx.RemoteProtocolError):
                await ear.over()

    asyncio.run(run())


def test_it_needs_a_token_and_has_no_twin_over_websockets() -> None:
    async def run() -> None:
        transport = httpx.ASGITransport(app=Sandbox(only=("plex",)))
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            assert (await client.get(PATH)).status_code == 401
            for path in ("/plex/:/websockets/notifications", "/plex/:/websocket/notifications"):
                assert (await client.get(path, headers={"X-Plex-Token": "sandbox-plex-token"})).status_code == 404

    asyncio.run(run())
