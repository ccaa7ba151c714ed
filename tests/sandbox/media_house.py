"""A sandbox of media servers with a listener for what they send."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx

from conftest import FakeClock
from scrobbled.sandbox.server import Sandbox
from scrobbled.sources.body import read_body

T = TypeVar("T")


class MediaHouse:
    """``heard`` are the webhooks of the stand-in ``name``, ``told`` their bodies as the service reads them."""

    def __init__(self, name: str, clock: FakeClock, *others: str) -> None:
        self.name, self.clock = name, clock
        self.sandbox = Sandbox(now=clock.now, only=(name, *others))
        self.world = self.sandbox.world
        self.server: Any = self.sandbox[name]
        self.server.transport = httpx.MockTransport(self._hear)
        self.heard: list[httpx.Request] = []

    def _hear(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request)
        return httpx.Response(200)

    def ask(self, method: str, path: str, *, key: str = "", **values: Any) -> httpx.Response:
        """``key`` goes into the header that both servers take."""
        headers = {"Authorization": f'MediaBrowser Token="{key}", Client="test", Version="1"'} if key else {}

        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.sandbox)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
                return await client.request(
                    method, f"/{self.name}{path}", headers={**headers, **values.pop("headers", {})}, **values
                )

        return asyncio.run(one())

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(what)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [read_body(one.headers.get("content-type"), one.content).data for one in self.heard]
