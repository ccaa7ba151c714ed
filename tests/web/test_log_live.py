"""The log over server-sent events, over a real port: lines come, floods cost nobody but the reader, and all ends."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from patience import LONGEST
from scrobbled.plumbing.logbook import LineFilter, Logbook
from scrobbled.plumbing.redact import Redactor
from scrobbled.web import server
from scrobbled.web.app import create_app
from scrobbled.web.log_live import BATCH, LogLive
from scrobbled.web.server import listening
from web.house import House, house

ALL = LineFilter()


def live(book: Logbook, **settings: Any) -> LogLive:
    return LogLive(book, Redactor(["geheim-und-lang"]), pace=0.0, **settings)


def add(book: Logbook, message: str, level: str = "info", component: str = "web", **fields: str) -> None:
    book.add("2026-11-14T20:00:00Z", level, component, message, fields)


def told(event: Any) -> tuple[int, list[str]]:
    data = json.loads(event.data)
    return data["skipped"], [line["message"] for line in data["lines"]]


async def heard(lines: AsyncIterator[str]) -> dict[str, Any]:
    """The next message with lines: its data, and its id."""
    id_ = ""
    async with asyncio.timeout(LONGEST):
        async for line in lines:
            if line.startswith("id: "):
                id_ = line[4:]
            if line.startswith('data: {"skipped"'):
                return {**json.loads(line[6:]), "id": id_}
    raise AssertionError("the stream ended")


def served(home: House, book: Logbook) -> Any:
    return listening(create_app(home.runtime, book=book), "127.0.0.1", 0)


def test_lines_come_as_they_are_logged_and_the_stream_ends_with_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STREAMS_END_WITHIN", LONGEST)

    async def check() -> None:
        book = Logbook()
        async with house(tmp_path) as home, httpx.AsyncClient(trust_env=False, timeout=LONGEST) as browser:
            async with served(home, book) as port:
                asked = browser.build_request("GET", f"http://127.0.0.1:{port}/api/v1/log/live?level=warning")
                stream = await browser.send(asked, stream=True)
                assert stream.headers["content-type"].startswith("text/event-stream")
                lines = stream.aiter_lines()
                add(book, "calm")
                add(book, "grave <script>", "warning", why="a\nb")
                found = await heard(lines)
                assert [line["message"] for line in found["lines"]] == ["grave <script>"]
                assert found["id"] == f"{book.name}-2"
                began = time.monotonic()
            assert time.monotonic() - began < LONGEST / 2, "an open page must not hold up the end"
            assert [line async for line in lines if line.startswith("event:")] == []
            await stream.aclose()

    asyncio.run(check())


def test_a_reader_that_was_cut_off_gets_what_it_missed(tmp_path: Path) -> None:
    async def check() -> None:
        book = Logbook()
        async with (
            house(tmp_path) as home,
            httpx.AsyncClient(trust_env=False, timeout=LONGEST) as browser,
            served(home, book) as port,
        ):
            add(book, "one")
            add(book, "two")
            for how in ({"headers": {"Last-Event-ID": f"{book.name}-1"}}, {"params": {"after": f"{book.name}-1"}}):
                async with browser.stream("GET", f"http://127.0.0.1:{port}/api/v1/log/live", **how) as stream:  # type: ignore[arg-type]
                    found = await heard(stream.aiter_lines())
                    assert [line["message"] for line in found["lines"]] == ["two"]

    asyncio.run(check())


@pytest.mark.parametrize(
    ("named", "place"), [("-7", 7), ("-99", 9), ("-x", 0), ("-" + "9" * 400, 0), ("", 0), ("-²", 0)]
)
def test_a_place_of_another_process_or_none_at_all_leads_to_the_beginning(named: str, place: int) -> None:
    book = Logbook()
    for _ in range(9):
        add(book, "line")
    logs = live(book)
    assert logs.place(f"{book.name}{named}") == place
    assert logs.place(f"0000{named}") == 0
    assert logs.place(None) == 9, "whoever names no place reads on from now"


def test_a_flood_costs_the_reader_lines_and_is_told() -> None:
    async def check() -> None:
        book = Logbook()
        events = live(book).events(ALL, 0)
        assert (await anext(events)).event == "hello"
        for number in range(BATCH * 3):
            add(book, f"{number}")
        skipped, messages = told(await anext(events))
        assert skipped == BATCH * 2
        assert messages[-1] == f"{BATCH * 3 - 1}"
        assert len(messages) == BATCH
        await events.aclose()

    asyncio.run(check())


def test_what_does_not_fit_wakes_nobody_up_but_keeps_the_place() -> None:
    async def check() -> None:
        book = Logbook()
        logs = live(book, keep_alive=0.01)
        events = logs.events(LineFilter("error"), 0)
        await anext(events)
        for _ in range(20):
            add(book, "calm")
        quiet = await anext(events)
        assert (quiet.event, quiet.comment) == (None, "nothing new")
        add(book, "grave", "error")
        event = await anext(events)
        assert (told(event), event.id) == ((0, ["grave"]), f"{book.name}-21")
        await events.aclose()

    asyncio.run(check())


def test_lines_of_other_threads_wake_the_reader() -> None:
    async def check() -> None:
        book = Logbook()
        events = live(book).events(ALL, 0)
        await anext(events)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        await asyncio.to_thread(add, book, "from afar")
        async with asyncio.timeout(LONGEST):
            assert told(await waiting) == (0, ["from afar"])
        await events.aclose()

    asyncio.run(check())


def test_a_secret_that_was_learned_later_is_masked_in_what_was_logged_before() -> None:
    async def check() -> None:
        book = Logbook()
        add(book, "the token is geheim-und-lang", value="geheim-und-lang")
        logs = live(book)
        events = logs.events(ALL, 0)
        await anext(events)
        assert "geheim" not in str((await anext(events)).data)
        assert "geheim" not in str(logs.page(ALL, None, 10))
        await events.aclose()

    asyncio.run(check())


def test_more_readers_than_there_is_room_for_are_sent_away(tmp_path: Path) -> None:
    async def check() -> None:
        book = Logbook()
        logs = live(book, most=1)
        events = logs.events(ALL, 0)
        await anext(events)
        assert logs.is_full
        assert [event async for event in logs.events(ALL, 0)] == []
        await events.aclose()
        assert logs.readers == 0
        async with house(tmp_path) as home:
            app = create_app(home.runtime, book=book)
            app.end_streams()
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("127.0.0.1", 4)))
            async with client as browser:
                answer = await browser.get("http://localhost:8484/api/v1/log/live")
                assert answer.status_code == 503
                assert answer.headers["retry-after"]

    asyncio.run(check())


def test_after_the_end_nobody_waits() -> None:
    async def check() -> None:
        logs = live(Logbook())
        events = logs.events(ALL, 0)
        await anext(events)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        logs.end()
        with pytest.raises(StopAsyncIteration):
            async with asyncio.timeout(LONGEST):
                await waiting

    asyncio.run(check())
