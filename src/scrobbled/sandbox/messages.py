"""Requests and answers of the stand-ins, and their way in and out of ASGI."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import httpx
import msgspec

from scrobbled.sandbox.faults import Fault

AsgiScope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
AsgiSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]
T = TypeVar("T")

ABORT = "scrobbled.abort"
"""Scope extension: a callable that cuts the TCP connection at once."""


@dataclass(frozen=True)
class Request:
    """One request. ``path`` is decoded and begins below the stand-in's prefix; header names are lower-case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    root: str = ""
    """How the caller reached this stand-in: ``http://127.0.0.1:8080/trakt``, for links in answers."""
    fault: Fault | None = None
    """A fault that only the handler can play: ``stale`` or ``half``."""

    @functools.cached_property
    def decoded(self) -> Any:
        """The body as JSON value, a form as dict, anything else as text; ``None`` where there is none."""
        if not self.body:
            return None
        if "x-www-form-urlencoded" in self.headers.get("content-type", ""):
            return self.form()
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON value; raises ``ValueError`` where it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ValueError("the body is not JSON") from None

    def form(self) -> dict[str, str]:
        """The body as ``application/x-www-form-urlencoded``."""
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))

    @property
    def bearer(self) -> str:
        """The bearer token, empty where there is none."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    @property
    def stale(self) -> bool:
        return self.fault is not None and self.fault.kind == "stale"

    def portion(self, items: Sequence[T]) -> Sequence[T]:
        """All of ``items``, or their first half (rounded down) under a ``half`` fault."""
        half = self.fault is not None and self.fault.kind == "half"
        return items[: len(items) // 2] if half else items


@dataclass(frozen=True)
class Reply:
    """One answer. ``body`` is sent as it is when ``str`` or ``bytes``, empty when ``None``, else as JSON.

    An iterator of bytes is sent piece by piece, until it ends or the caller goes away.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None

    def encoded(self) -> tuple[bytes, str]:
        """Body and content type."""
        if self.body is None or isinstance(self.body, AsyncIterator):
            return b"", self.content_type or ""
        if isinstance(self.body, str | bytes):
            raw = self.body.encode() if isinstance(self.body, str) else self.body
            return raw, self.content_type or "text/plain; charset=utf-8"
        return msgspec.json.encode(self.body), self.content_type or "application/json"


class AnsweredEarly(Exception):
    """Raised by a handler, at any depth, to answer at once."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"answered {reply.status}")
        self.reply = reply


class Dropped(Exception):
    """The connection is to be cut without an answer."""


async def read(scope: AsgiScope, receive: Receive) -> Request:
    """The whole request out of ASGI."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(scope["query_string"].decode(errors="replace"), keep_blank_values=True)),
        headers=headers,
        body=body,
        root=f"{scope.get('scheme', 'http')}://{headers.get('host', 'localhost')}{scope.get('root_path', '')}",
    )


async def respond(send: AsgiSend, reply: Reply, at: datetime) -> None:
    """``at`` is what the ``Date`` header says, so that it follows the stand-in's own clock."""
    body, content_type = reply.encoded()
    headers = [(b"content-length", str(len(body)).encode()), (b"date", format_datetime(at, usegmt=True).encode())]
    if content_type:
        headers.append((b"content-type", content_type.encode()))
    headers += [(name.lower().encode(), value.encode()) for name, value in reply.headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def stream(receive: Receive, send: AsgiSend, reply: Reply, at: datetime) -> None:
    """As ``respond``, for a ``body`` that comes in pieces. Raises what the iterator raises."""
    headers = [(b"date", format_datetime(at, usegmt=True).encode())]
    headers += [(b"content-type", (reply.content_type or "application/octet-stream").encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    sending, leaving = asyncio.create_task(_pieces(send, reply.body)), asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            await sending
    finally:
        sending.cancel()
        leaving.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _pieces(send: AsgiSend, pieces: AsyncIterator[bytes]) -> None:
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def cut(scope: AsgiScope, receive: Receive) -> None:
    """Cut the connection; raises ``httpx.RemoteProtocolError`` where there is none to cut."""
    abort = (scope.get("extensions") or {}).get(ABORT)
    if abort is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    abort()
    await _gone(receive)  # or the server would complain that there is no answer
