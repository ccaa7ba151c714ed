"""What strangers can do to us with a bare socket: endless heads, requests that never end, answers nobody takes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest

from patience import LONGEST, until
from scrobbled.web.door.connection import HttpConnection
from scrobbled.web.server import listening

HEAD = b"POST /form HTTP/1.1\r\nHost: localhost\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
MUCH = 5_000_000
"""More than the reader's own buffer holds: while it is read, some of what waits at the other end leaves."""
left = asyncio.Event()
"""Whoever asked for something large is gone."""


class Hasty(HttpConnection):
    every = 0.05


class Watched(HttpConnection):
    """Looks only when the test says so."""

    every = 3600.0
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
    check: Callable[[Callable[[], Awaitable[Streams]]], Awaitable[None]], kind: type[HttpConnection] = Hasty
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


class Crowded(HttpConnection):
    """Takes eight at once, and two idle ones of an address."""

    every = 3600.0
    most = 8
    there: ClassVar[list[Crowded]] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.there[:] = [one for one in self._all() if isinstance(one, Crowded)]


async def answered(streams: Streams, path: bytes = b"/") -> bytes:
    """The head of the answer; the connection stays open."""
    reader, writer = streams
    writer.write(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"0\r\n\r\n")
    return head


async def length(reader: asyncio.StreamReader) -> int:
    """Of what came until the connection ended."""
    came = 0
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(1_000_000):
            came += len(piece)
    return came


async def is_open(streams: Streams) -> bool:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        return b"200" in await answered(streams)
    return False


def from_many(check: Callable[[Callable[[str], Awaitable[Streams]]], Awaitable[None]], app: Any = app) -> None:
    """``check`` calls from the address that it names."""

    async def all_of_it() -> None:
        async with listening(app, "127.0.0.1", 0, connection=Crowded) as port, contextlib.AsyncExitStack() as stack:

            async def call(peer: str) -> Streams:
                reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(peer, 0))
                stack.callback(writer.close)
                return reader, writer

            async with asyncio.timeout(LONGEST):
                await check(call)

    asyncio.run(all_of_it())


def test_one_address_holds_a_quarter_of_the_connections_idle_and_no_more() -> None:
    async def check(call: Callable[[str], Awaitable[Streams]]) -> None:
        held = []
        for _ in range(6):
            held.append(await call("127.0.0.66"))
            await answered(held[-1])
        assert [await is_open(one) for one in held] == [False] * 4 + [True] * 2, "the newest stay"

    from_many(check)


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\n", HEAD + b"Content-Length: 9\r\n\r\nuser=a"])
def test_whoever_holds_many_connections_keeps_nobody_out(begun: bytes) -> None:
    async def check(call: Callable[[str], Awaitable[Streams]]) -> None:
        for n in range(20):
            _, writer = await call(f"127.0.0.{60 + n % 5}")
            writer.write(begun)
            await writer.drain()
        for n in range(5):
            assert await is_open(await call(f"127.0.1.{n}"))

    from_many(check)


def test_whoever_does_something_is_not_closed_for_one_that_does_nothing() -> None:
    async def check(call: Callable[[str], Awaitable[Streams]]) -> None:
        idle = [await call("127.0.0.66") for _ in range(2)]
        reader, writer = await call("127.0.0.66")
        writer.write(HEAD + b"Content-Length: 2\r\n\r\nx")
        await until(lambda: any(one.cycle is not None for one in Crowded.there))
        await call("127.0.0.66")
        writer.write(b"x")
        assert b"x-size: 2" in await reader.readuntil(b"\r\n\r\n")
        assert await ending(idle[0][0]) == b""

    from_many(check)


def test_where_all_come_from_one_address_everybody_is_let_in() -> None:
    """As behind a network of containers that hides who calls."""

    async def check(call: Callable[[str], Awaitable[Streams]]) -> None:
        for _ in range(30):
            await call("127.0.0.1")
        busy = [await call("127.0.0.1") for _ in range(3)]
        assert [await is_open(one) for one in busy[-2:]] == [True, True]

    from_many(check)


def test_answers_are_not_cut_off_for_a_newcomer_of_the_same_address() -> None:
    async def check(call: Callable[[str], Awaitable[Streams]]) -> None:
        slow = []
        for _ in range(Crowded.most):
            reader, writer = await call("127.0.0.66")
            writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            slow.append(reader)
        assert await ending((await call("127.0.0.66"))[0]) == b"", "it is full of what is being answered"
        assert await is_open(await call("127.0.0.1")), "somebody else is let in"
        sizes = [await length(reader) for reader in slow]
        assert [size < 50_000_000 for size in sizes].count(True) == 1

    from_many(check)


class Behind:
    """An application behind a proxy that is trusted."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    def is_relay(self, address: str) -> bool:
        return address == "127.0.0.9"


def test_a_trusted_proxy_holds_as_many_as_it_likes() -> None:
    async def check(call: Callable[[str], Awaitable[Streams]]) -> None:
        held = [await call("127.0.0.9") for _ in range(Crowded.most)]
        assert all([await is_open(one) for one in held])
        assert await is_open(await call("127.0.0.1")), "where it is full, it gives one, too"

    from_many(check, Behind())
