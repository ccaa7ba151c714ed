"""A broker that speaks as much MQTT 3.1.1 as a client needs that only publishes: the rest is refused.

It keeps what is retained, checks names and passwords, says last wills, and can be told to fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from patience import LONGEST

CONNECT, CONNACK, PUBLISH, PUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 12, 13, 14
NOT_AUTHORISED = 5


@dataclass
class Visitor:
    """One connection, as it introduced itself."""

    client: str
    username: str | None
    password: str | None
    keepalive: int
    will: tuple[str, bytes] | None
    writer: asyncio.StreamWriter


@dataclass
class FakeBroker:
    """``heard`` are all messages in their order, ``retained`` the last of each topic that was not empty."""

    password: str | None = None
    mute: bool = False
    """Takes connections and never says a word."""
    port: int = 0
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    retained: dict[str, bytes] = field(default_factory=dict)
    visitors: list[Visitor] = field(default_factory=list)
    """All that ever connected."""
    pings: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _open: dict[str, Visitor] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[FakeBroker]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.drop()
            await server.wait_closed()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def drop(self) -> None:
        """Cut every connection, without a word."""
        for writer in self._writers:
            writer.transport.abort()

    def json(self, topic: str) -> Any:
        return json.loads(self.retained[topic])

    async def until(self, what: Any, within: float = LONGEST) -> None:
        """Wait until ``what()`` holds."""
        async with asyncio.timeout(within):
            while not what():
                self.changed.clear()
                await self.changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitor: Visitor | None = None
        self._writers.append(writer)
        try:
            visitor = await self._welcomed(reader, writer)
            while visitor is not None and await self._one(reader, writer):
                pass
            if visitor is not None:
                visitor.will = None  # it took its leave
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if visitor is not None:
                self._gone(visitor)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _welcomed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Visitor | None:
        kind, body = await _packet(reader)
        assert kind >> 4 == CONNECT, "a client introduces itself first"
        visitor = _introduced(body, writer)
        if self.mute:
            await reader.read()
            return None
        refused = self.password is not None and visitor.password != self.password
        writer.write(bytes([CONNACK << 4, 2, 0, NOT_AUTHORISED if refused else 0]))
        self.visitors.append(visitor)
        self.changed.set()
        if refused:
            return None
        if before := self._open.get(visitor.client):  # 3.1.4: the older connection of the same name ends
            self._gone(before)
            before.writer.transport.abort()
        self._open[visitor.client] = visitor
        return visitor

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether it goes on."""
        kind, body = await _packet(reader)
        if kind >> 4 == PINGREQ:
            self.pings += 1
            writer.write(bytes([PINGRESP << 4, 0]))
        elif kind >> 4 == PUBLISH:
            topic, rest = _text(body)
            quality = kind >> 1 & 3
            assert quality <= 1
            if quality:
                writer.write(bytes([PUBACK << 4, 2]) + rest[:2])
                rest = rest[2:]
            self._said(topic, rest, retained=bool(kind & 1))
        else:
            assert kind >> 4 == DISCONNECT, f"packet {kind >> 4} is not known here"
            return False
        return True

    def _said(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self.heard.append((topic, payload))
        if retained and payload:
            self.retained[topic] = payload
        elif retained:
            self.retained.pop(topic, None)
        self.changed.set()

    def _gone(self, visitor: Visitor) -> None:
        if self._open.get(visitor.client) is visitor:
            del self._open[visitor.client]
        if visitor.will is not None:
            self._said(*visitor.will, retained=True)
            visitor.will = None


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """2.2: the kind with its flags, and the body; the length has seven bits in each byte."""
    kind = (await reader.readexactly(1))[0]
    length, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return kind, await reader.readexactly(length)


def _introduced(body: bytes, writer: asyncio.StreamWriter) -> Visitor:
    protocol, rest = _text(body)
    assert (protocol, rest[0]) == ("MQTT", 4), "3.1.1"
    flags, keepalive, rest = rest[1], int.from_bytes(rest[2:4], "big"), rest[4:]
    client, rest = _text(rest)
    will = username = password = None
    if flags & 4:
        topic, rest = _text(rest)
        payload, rest = _bytes(rest)
        will = (topic, payload)
    if flags & 128:
        username, rest = _text(rest)
    if flags & 64:
        password, rest = _text(rest)
    return Visitor(client, username, password, keepalive, will, writer)


def _bytes(data: bytes) -> tuple[bytes, bytes]:
    end = 2 + int.from_bytes(data[:2], "big")
    return data[2:end], data[end:]


def _text(data: bytes) -> tuple[str, bytes]:
    found, rest = _bytes(data)
    return found.decode(), rest
