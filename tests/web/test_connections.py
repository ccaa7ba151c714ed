"""What strangers can do to us with a bare socket: endless heads, requests that never end, answers nobody takes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest

from patience import LONGEST, until
from scrobbled.web.connection import Connection
from scrobbled.web.server import listening

HEAD = b"POST /form HTTP/1.1\r\nHost: localhost\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
MUCH = 5_000_000
"""More than the reader's own buffer holds: while it is read, some of what waits at the other end leaves."""
left = asyncio.Event()
"""Whoever asked for something large is gone."""


class Hasty(Connection):
    every = 0.05


class Watched(Connection):
    """Looks only when the test says so."""

    every = 3600.0
    most = 3
    there: ClassVar[list[Watched]] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.there[:] = [self]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Takes the whole body, then tells its size; ``/large`` and ``/stream`` are more than fits into any buffer."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    large = b"x" * 50_000_000 if scope["path"] == "/large" else b""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-size", str(size).encode())]})
    for _ in range(300 if scope["path"] == "/stream" else 0):
        await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
    await send({"type": "http.response.body", "body": large})
    if large:
        await receive()
        left.set()


def over_a_port(
    check: Callable[[Callable[[], Awaitable[Streams]]], Awaitable[None]], kind: type[Connection] = Hasty
) -> None:
    async def all_of_it() -> None:
        async with listening(app, "127.0.0.1", 0, connection=kind) as port, contextlib.AsyncExitStack() as stack:

            async def call() -> Streams:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                stack.callback(writer.close)
                return reader, writer

            async with asyncio.timeout(LONGEST):
                await check(call)

    asyncio.run(all_of_it())


async def ending(reader: asyncio.StreamReader) -> bytes:
    """What came until the connection ended."""
    came = b""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            came += piece
    return came


async def flood(writer: asyncio.StreamWriter, piece: bytes) -> int:
    """How much was sent until somebody had enough."""
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 40_000_000:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
    return sent


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET /", b"a" * 50_000),
        (HEAD + b"X-Long: ", b"a" * 50_000),
        (HEAD, b"X-Many: a\r\n" * 5_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Behind: ", b"a" * 50_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 50_000),
    ],
)
def test_a_head_without_end_is_not_read_to_its_end(begin: bytes, piece: bytes) -> None:
    async def check(call: Callable[[], Awaitable[Streams]]) -> None:
        reader, writer = await call()
        writer.write(begin)
        assert await flood(writer, piece) < 20_000_000
        await ending(reader)

    over_a_port(check)


@pytest.mark.parametrize(
    "begin", [b"", b"GE", HEAD, HEAD + b"Content-Length: 9\r\n\r\nuser=a", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"]
)
def test_whoever_does_not_go_on_is_cut_off(begin: bytes) -> None:
    async def check(call: Callable[[], Awaitable[Streams]]) -> None:
        reader, writer = await call()
        writer.write(begin)
        assert await ending(reader) == b""

    over_a_port(check)


def test_whoever_takes_no_answer_is_cut_off() -> None:
    left.clear()

    async def check(call: Callable[[], Awaitable[Streams]]) -> None:
        reader, writer = await call()
        writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await left.wait()
        assert len(await ending(reader)) < 50_000_000

    over_a_port(check)


def test_a_large_answer_that_is_taken_slowly_arrives_whole() -> None:
    async def check(call: Callable[[], Awaitable[Streams]]) -> None:
        reader, writer = await call()
        writer.write(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        came = looked = 0
        while came < 30_000_000:
            piece = await reader.read(2_000_000)
            assert piece, "it was cut off"
            came += len(piece)
            if came - looked > MUCH:
                looked = came
                Watched.there[0]._look()

    over_a_port(check, Watched)


def test_large_and_slow_requests_arrive_whole() -> None:
    async def check(call: Callable[[], Awaitable[Streams]]) -> None:
        Watched.there.clear()
        reader, writer = await call()
        writer.write(HEAD + b"Content-Length: 3000000\r\n\r\n")
        (there,) = await until(lambda: Watched.there)
        for _ in range(60):
            writer.write(b"x" * 50_000)
            await writer.drain()
            await until(lambda: there._came >= there.least or there.flow.read_paused)
            there._look()
        assert b"x-size: 3000000" in await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"0\r\n\r\n")
        there._look()  # nothing is owed between two requests
        there._look()
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 40_000 + b"0\r\n\r\n")
        assert b"x-size: 40000" in await reader.readuntil(b"\r\n\r\n")

    over_a_port(check, Watched)


def test_so_many_connections_and_no_more() -> None:
    async def check(call: Callable[[], Awaitable[Streams]]) -> None:
        calls = [await call() for _ in range(4)]
        assert await ending(calls[-1][0]) == b""
        reader, writer = calls[0]
        writer.write(HEAD + b"Content-Length: 0\r\n\r\n")
        assert b"200" in await reader.readuntil(b"\r\n\r\n")

    over_a_port(check, Watched)
