"""The icon's questions and clicks, in front of the real application."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import FakeClock
from patience import until
from scrobbled.cli.tray.seen import BEFORE, MAY_NOT_ACT, NOT_LET_IN, TrayView
from scrobbled.cli.tray.shapes import Light
from scrobbled.cli.tray.watch import EVERY, LONGEST, ServiceApi, Watch
from web.house import LOGIN, House, house

BASE = "http://localhost:8484"


class Desk:
    """A watch that runs, with what it told and what it opened."""

    def __init__(self, transport: httpx.AsyncBaseTransport, token: str = "") -> None:
        self.told: list[TrayView] = []
        self.opened: list[str] = []
        self.clock = FakeClock()
        self.waited: list[float] = []
        service = ServiceApi(BASE, token, transport)
        self.watch = Watch(service, self.told.append, clock=self, browse=self.opened.append)

    def now(self) -> Any:
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.monotonic()

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Until a click; time passes where a test says so."""
        self.waited.append(seconds or 0.0)
        return await event.wait()

    async def until(self, holds: Callable[[], object]) -> None:
        await until(holds)


@contextlib.asynccontextmanager
async def watched(transport: httpx.AsyncBaseTransport, token: str = "") -> AsyncIterator[Desk]:
    desk = Desk(transport, token)
    running = asyncio.create_task(desk.watch.run())
    try:
        await until(lambda: desk.waited)
        yield desk
    finally:
        desk.watch.click("exit")
        await running


def inside(home: House, peer: str = "127.0.0.1") -> httpx.ASGITransport:
    return httpx.ASGITransport(home.app, client=(peer, 40_000))


def test_it_says_how_the_house_is_and_what_needs_somebody(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, watched(inside(home)) as desk:
            assert [one.light for one in desk.told] == [Light.WAITING]  # nobody has asked the tracker yet
            await home.sql(
                "INSERT INTO accounts (viewer, tracker, state, reason, since) VALUES ('anna', 'serializd', 'sign-in', "
                "'it has run out', 0)"
            )
            home.clock.advance(60)  # what was counted a moment ago is not counted again
            desk.watch._stirred()
            await until(lambda: len(desk.told) == 2)
            assert desk.told[-1].light is Light.NEEDS
            assert desk.told[-1].asks == 1
            assert "needs you" in desk.told[-1].text

    asyncio.run(check())


def test_delivery_is_paused_for_an_hour_and_goes_on_again(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, watched(inside(home)) as desk:
            assert not desk.watch.now.paused
            desk.watch.click("pause")
            await until(lambda: desk.watch.now.paused)
            found = await home.runtime.vitals._pause()
            assert found is not None
            assert found.until == home.clock.now().timestamp() + 3_600
            desk.watch.click("resume")
            await until(lambda: not desk.watch.now.paused)
            assert not await home.runtime.vitals.is_paused()

    asyncio.run(check())


def test_sync_now_asks_for_every_pair_that_can_be_compared() -> None:
    asked: list[tuple[str, str, Any]] = []
    status = {
        "house": {"tone": "ok", "text": "Well"},
        "asks": 0,
        "pause": None,
        "pairs": [
            {"viewer": "anna", "pair": "trakt,serializd", "works": True},
            {"viewer": "anna", "pair": "plex,trakt", "works": False},
            {"viewer": "ben", "pair": "trakt,serializd", "works": True},
        ],
    }

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path, json.loads(request.content or b"null")))
        return httpx.Response(200 if request.method == "GET" else 202, json=status)

    async def check() -> None:
        async with watched(httpx.MockTransport(answer)) as desk:
            desk.watch.click("sync")
            await until(lambda: len(asked) == 4)
        assert asked == [
            ("GET", "/api/v1/status", None),
            ("POST", "/api/v1/sync", {"viewer": "anna", "pair": "trakt,serializd"}),
            ("POST", "/api/v1/sync", {"viewer": "ben", "pair": "trakt,serializd"}),
            ("GET", "/api/v1/status", None),
        ]

    asyncio.run(check())


def test_pages_are_opened_in_the_browser(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, watched(inside(home)) as desk:
            desk.watch.click("open")
            desk.watch.click("needs")
            await until(lambda: len(desk.opened) == 2)
            assert desk.opened == [BASE, f"{BASE}/needs"]

    asyncio.run(check())


def test_with_a_login_it_needs_a_token_and_one_that_may_act(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home:
            async with watched(inside(home, "192.0.2.9")) as desk:
                assert desk.told == [NOT_LET_IN]
            made = [await home.token(scope) for scope in ("read", "write")]
            looks, acts = (one["Authorization"].removeprefix("Bearer ") for one in made)
            async with watched(inside(home, "192.0.2.9"), looks) as desk:
                assert desk.watch.now.light is Light.WAITING
                desk.watch.click("pause")
                await until(lambda: desk.watch.now.text == MAY_NOT_ACT)
                assert desk.watch.now.light is Light.NEEDS
            async with watched(inside(home, "192.0.2.9"), acts) as desk:
                desk.watch.click("pause")
                await until(lambda: desk.watch.now.paused)

    asyncio.run(check())


def test_it_asks_more_and_more_seldom_while_nobody_answers_and_at_once_after_a_click() -> None:
    answers = False

    def answer(request: httpx.Request) -> httpx.Response:
        if not answers:
            raise httpx.ConnectError("nobody")
        return httpx.Response(
            200, json={"house": {"tone": "ok", "text": "Well"}, "asks": 0, "pause": None, "pairs": []}
        )

    async def check() -> None:
        nonlocal answers
        async with watched(httpx.MockTransport(answer)) as desk:
            for times in range(2, 8):
                desk.watch._stirred()
                await until(lambda: len(desk.waited) == times)  # noqa: B023
            assert desk.waited == [60.0, 120.0, 240.0, LONGEST, LONGEST, LONGEST, LONGEST]
            assert [one.light for one in desk.told] == [Light.SILENT]
            answers = True
            desk.watch.click("open")
            await until(lambda: desk.watch.now.light is Light.WELL)
            await until(lambda: desk.waited[-1] == EVERY)

    asyncio.run(check())


@pytest.mark.parametrize(
    "strange", [httpx.Response(404), httpx.Response(200, text="<html>"), httpx.Response(200, json={"a": 1})]
)
def test_somebody_else_at_that_address_is_not_taken_for_it(strange: httpx.Response) -> None:
    async def check() -> None:
        async with watched(httpx.MockTransport(lambda _: strange)) as desk:
            assert desk.watch.now.light is Light.SILENT
            assert desk.watch.now != BEFORE

    asyncio.run(check())


def test_whoever_exits_does_not_wait_for_an_answer() -> None:
    class Never(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def check() -> None:
        desk = Desk(Never())
        running = asyncio.create_task(desk.watch.run())
        await asyncio.sleep(0)
        desk.watch.click("exit")
        await asyncio.wait_for(running, 60)
        assert desk.watch.ended
        assert desk.told == []

    asyncio.run(check())
