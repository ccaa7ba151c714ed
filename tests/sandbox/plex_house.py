"""A sandbox with a Plex server and plex.tv, asked over HTTP, with a listener for what the server sends."""

import asyncio
from typing import Any

import httpx

from conftest import FakeClock
from scrobbled.sandbox.plex.app import PlexStandIn
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.world import World

TOKEN = "sandbox-plex-token"
BEN = "sandbox-plex-token-ben"


class House:
    """A sandbox with a listener for the webhooks of its server."""

    def __init__(self, clock: FakeClock, *others: str, world: World | None = None) -> None:
        self.clock = clock
        self.sandbox = Sandbox(world, now=clock.now, only=("plex", "plextv", *others))
        self.world = self.sandbox.world
        self.server: PlexStandIn = self.sandbox["plex"]
        self.heard: list[httpx.Request] = []
        self.server.player.transport = httpx.MockTransport(self._hear)

    def _hear(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request)
        return httpx.Response(200)

    def ask(self, method: str, path: str, *, token: str = TOKEN, **values: Any) -> httpx.Response:
        headers = {"Accept": "application/json", "X-Plex-Token": token, **values.pop("headers", {})}

        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.sandbox)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
                return await client.request(method, path, headers=headers, **values)

        return asyncio.run(one())

    def container(self, path: str, **values: Any) -> dict[str, Any]:
        answer = self.ask("GET", f"/plex{path}", **values)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["MediaContainer"])

    def rows(self, path: str, **values: Any) -> list[dict[str, Any]]:
        return list(self.container(path, **values).get("Metadata", []))

    def watch(self, title: str, **values: Any) -> httpx.Response:
        return self.ask("POST", "/plex/_sandbox/watch", json={"title": title, **values})

    def page(self, path: str, start: int, size: int, **values: Any) -> dict[str, Any]:
        paging = {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": str(size)}
        return self.container(path, headers=paging, **values)

    def put(self, path: str, **values: Any) -> httpx.Response:
        return self.ask("PUT", f"/plex{path}", **values)

    def switch(self, **values: Any) -> None:
        assert self.ask("POST", "/plex/_sandbox/switches", json=values).status_code == 200
