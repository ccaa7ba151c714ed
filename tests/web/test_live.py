"""News over server-sent events, over a real port: it comes, it is bounded, it ends when the service does."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from patience import LONGEST
from scrobbled.web import server
from scrobbled.web.live import LiveUpdates
from scrobbled.web.server import listening
from web.house import house


async def line_with(lines: AsyncIterator[str], wanted: str) -> None:
    async with asyncio.timeout(LONGEST):
        async for line in lines:
            if line.startswith(wanted):
                return
    raise AssertionError(f"the stream ended without {wanted}")


def test_a_webhook_reaches_open_pages_and_the_stream_ends_with_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STREAMS_END_WITHIN", LONGEST)

    async def check() -> None:
        live = LiveUpdates()
        async with house(tmp_path, live=live) as home, httpx.AsyncClient(trust_env=False, timeout=LONGEST) as browser:
            async with listening(home.app, "127.0.0.1", 0) as port:
                asked = browser.build_request("GET", f"http://127.0.0.1:{port}/api/v1/live")
                stream = await browser.send(asked, stream=True)
                assert stream.headers["content-type"].startswith("text/event-stream")
                lines = stream.aiter_lines()
                await line_with(lines, "event: hello")
                await home.webhook()
                await line_with(lines, "event: change")
                began = time.monotonic()
            assert time.monotonic() - began < LONGEST / 2, "an open page must not hold up the end"
            assert [line async for line in lines if line.startswith("event:")] == []
            await stream.aclose()
            assert live.listeners == 0

    asyncio.run(check())


def test_a_delivery_is_news(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home:
            heard: list[str] = []
            await home.webhook()
            home.runtime.on_change(lambda: heard.append("news"))
            async with asyncio.timeout(LONGEST), home.runtime.running():
                while await home.sql("SELECT 1 FROM outbox WHERE state <> 'delivered'"):
                    heard.clear()
            assert heard

    asyncio.run(check())


def test_a_listener_who_leaves_is_forgotten() -> None:
    async def check() -> None:
        live = LiveUpdates()
        events = live.events()
        assert (await anext(events)).event == "hello"
        assert live.listeners == 1
        await events.aclose()
        assert live.listeners == 0

    asyncio.run(check())


def test_news_does_not_pile_up() -> None:
    async def check() -> None:
        live = LiveUpdates(keep_alive=0.01, pace=0.0)
        events = live.events()
        await anext(events)
        for _ in range(10_000):
            live.publish()
        assert (await anext(events)).event == "change"
        quiet = await anext(events)
        assert (quiet.event, quiet.data, quiet.comment) == (None, None, "nothing new")
        await events.aclose()

    asyncio.run(check())


def test_news_that_come_one_after_the_other_are_told_together() -> None:
    async def check() -> None:
        live, loop = LiveUpdates(pace=0.05), asyncio.get_running_loop()
        events = live.events()
        await anext(events)
        began = loop.time()
        for _ in range(2):
            live.publish()
            assert (await anext(events)).event == "change"
        assert loop.time() - began >= 0.05
        await events.aclose()

    asyncio.run(check())


def test_whoever_waits_for_the_next_news_is_let_go_at_the_end() -> None:
    async def check() -> None:
        live = LiveUpdates(pace=3_600.0)
        events = live.events()
        await anext(events)
        live.publish()
        await anext(events)
        waiting = asyncio.create_task(anext(events, None))
        await asyncio.sleep(0)
        live.end()
        async with asyncio.timeout(LONGEST):
            assert await waiting is None

    asyncio.run(check())


def test_more_listeners_than_there_is_room_for_are_sent_away(tmp_path: Path) -> None:
    async def check() -> None:
        live = LiveUpdates(most=1)
        events = live.events()
        await anext(events)
        async with house(tmp_path, live=live) as home, home.client() as browser:
            answer = await browser.get("/api/v1/live")
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert "Too many pages" in answer.json()["error"]
        await events.aclose()

    asyncio.run(check())


def test_after_the_end_nobody_waits() -> None:
    async def check() -> None:
        live = LiveUpdates()
        events = live.events()
        await anext(events)
        live.end()
        with pytest.raises(StopAsyncIteration):
            await anext(events)
        assert [event async for event in live.events()] == []

    asyncio.run(check())
