"""What every stand-in is built on: a plain ASGI application with a table of routes, faults and a request log.

A stand-in works behind ``httpx.ASGITransport`` and on a real port alike (see ``server``). A dropped connection is cut
for real on a port; behind ``httpx.ASGITransport`` the caller gets the ``httpx.RemoteProtocolError`` that a server
going away would give.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar

from scrobbled.sandbox.control import CONTROL, Controls, Recorded, control_body
from scrobbled.sandbox.faults import Fault, Faults, pattern
from scrobbled.sandbox.messages import (
    AnsweredEarly,
    AsgiScope,
    AsgiSend,
    Dropped,
    Receive,
    Reply,
    Request,
    cut,
    respond,
    stream,
)
from scrobbled.sandbox.messages import read as read_request
from scrobbled.sandbox.routing import RouteHandler, RouteMatch, RouteTable, route
from scrobbled.sandbox.world import World

__all__ = [
    "ALONE",
    "AnsweredEarly",
    "AsgiScope",
    "AsgiSend",
    "Beside",
    "Dropped",
    "Fault",
    "Faults",
    "Receive",
    "Recorded",
    "Reply",
    "Request",
    "StandIn",
    "control_body",
    "route",
    "utc_now",
]

Beside = Mapping[str, Any]
"""Other stand-ins by name; ``Any``, as each offers its neighbours something else."""
ALONE: Beside = MappingProxyType({})
LOG_SIZE = 20_000


def utc_now() -> datetime:
    return datetime.now(UTC)


class StandIn(Controls):
    """One service. Subclasses set ``name``, mark handlers with ``route`` and extend ``state``.

    ``beside`` are its neighbours, as far as there are any. ``sleep`` is what latency waits with, so that tests can
    wait without time passing.
    """

    name: ClassVar[str]
    """The first path segment under which a ``Sandbox`` serves it."""
    _table: ClassVar[RouteTable]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._table = RouteTable(cls)

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        self.world = world
        self.now = now
        self.beside = beside
        self.faults = Faults(now)
        self.log: deque[Recorded] = deque(maxlen=LOG_SIZE)
        self.counts: Counter[str] = Counter()
        self.sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
        self.in_flight = 0
        self.peak_in_flight = 0

    def check(self, request: Request) -> Reply | None:
        """An answer to give before any handler is asked, or ``None``. Called for known paths only."""
        return None

    def missing(self, request: Request) -> Reply:
        """The answer for an unknown path."""
        return Reply(404, {"message": "Not Found"})

    def wrong_method(self, request: Request, allowed: frozenset[str]) -> Reply:
        return Reply(405, {"message": "Method Not Allowed"}, {"allow": ", ".join(sorted(allowed))})

    async def serve(self, request: Request, found: RouteMatch) -> Reply:
        """The service's own answer, faults aside."""
        if not found.known:
            return self.missing(request)
        if not request.path.startswith(CONTROL) and (early := self.check(request)) is not None:
            return early
        if found.route is None:
            return self.wrong_method(request, found.allowed)
        handler: RouteHandler = getattr(self, found.route.handler)
        reply = handler(request, **found.values)
        return reply if isinstance(reply, Reply) else await reply

    async def handle(self, request: Request) -> Reply:
        """The answer, after faults, and recorded; raises ``Dropped`` where the connection is to be cut."""
        found = self._table.find(request)
        if request.path.startswith(CONTROL):
            return await self._answered(request, found)
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        status = 0
        try:
            reply = await self._faulty(request, found)
            status = reply.status
            return reply
        finally:
            self.in_flight -= 1
            self._record(request, found, status)

    def calls(self, match: str = "*") -> list[Recorded]:
        """The recorded requests that ``match`` (written as in a fault), oldest first."""
        wanted = pattern(match)
        return [r for r in self.log if wanted.fullmatch(f"{r.method} {r.path}")]

    async def __call__(self, scope: AsgiScope, receive: Receive, send: AsgiSend) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(f"a stand-in speaks HTTP only, not {scope['type']}")
        request = await read_request(scope, receive)
        try:
            reply = await self.handle(request)
            if isinstance(reply.body, AsyncIterator):
                await stream(receive, send, reply, self.now())
                return
        except Dropped:
            await cut(scope, receive)
            return
        await respond(send, reply, self.now())

    async def _answered(self, request: Request, found: RouteMatch) -> Reply:
        try:
            return await self.serve(request, found)
        except AnsweredEarly as answered:
            return answered.reply

    async def _faulty(self, request: Request, found: RouteMatch) -> Reply:
        delay = self.faults.take(request, ("latency",))
        if delay is not None and delay.when == "before":
            await self.sleep(delay.seconds)
        fault = self.faults.take(request)
        if fault is not None and fault.kind in ("stale", "half"):
            request = replace(request, fault=fault)
        elif fault is not None and fault.when == "before":
            return _played(fault, None)
        reply = await self._answered(request, found)
        if delay is not None and delay.when == "after":
            await self.sleep(delay.seconds)
        return reply if fault is None or fault.kind == "stale" else _played(fault, reply)

    def _record(self, request: Request, found: RouteMatch, status: int) -> None:
        label = f"{request.method} {found.route.path if found.route else '(unknown)'}"
        self.counts[label] += 1
        told = (request.method, request.path, request.query, request.headers, request.decoded)
        self.log.append(Recorded(self.now(), *told, status, label))


def _played(fault: Fault, reply: Reply | None) -> Reply:
    """The answer that a fault gives instead of ``reply``."""
    if fault.kind == "drop":
        raise Dropped
    status, headers = fault.answer_status, fault.headers
    if fault.kind == "malformed":
        whole = reply.encoded()[0] if reply is not None else b'{"message": "not complete"}'
        return Reply(status, whole[: max(1, len(whole) // 2)], headers, fault.content_type or "application/json")
    if fault.body is not None:
        return Reply(status, fault.body, headers, fault.content_type)
    if fault.kind == "html" or status >= 502:  # proxies and sleeping hosts answer with a page
        return Reply(status, page(status), headers, fault.content_type or "text/html; charset=utf-8")
    return Reply(status, None, headers, fault.content_type)


def page(status: int) -> str:
    """A small web page, as proxies and frameworks send."""
    try:
        text = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:  # 520 and its neighbours are no registered codes
        text = str(status)
    return f"<!DOCTYPE html><html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>"
