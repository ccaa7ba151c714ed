"""A whole service in one process: runtime, database on disk, and the application as browsers and servers see it."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from conftest import FakeClock
from scrobbled.config import load
from scrobbled.desk.sign_in.keys import Keys
from scrobbled.runtime.service import Runtime, build
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.people import ANNA, PlexAccount
from scrobbled.sandbox.plex.player import multipart, payload
from scrobbled.sandbox.server import Sandbox
from scrobbled.web.app import create_app
from scrobbled.web.door.gate import Gate
from scrobbled.web.live import LiveUpdates

TOKEN = "hook-token-4711-do-not-show"
PASSWORD = "door-password-9182"
LOGIN = {"username": "admin", "password": PASSWORD}
SETTINGS: dict[str, Any] = {
    "sources": {"plex": {"token": TOKEN, "url": "http://sandbox/plex", "server_token": "sandbox-plex-token"}},
    "metadata": {"tmdb": {"key": "0123456789abcdef0123456789abcdef", "url": "http://sandbox/tmdb/3"}},
    "viewers": [
        {
            "name": "anna",
            "accounts": {"plex": "anna"},
            "trackers": {
                "serializd": {
                    "email": "anna@example.org",
                    "password": "anna-secret",
                    "url": "http://sandbox/serializd/api",
                }
            },
        }
    ],
}


@dataclass
class House:
    """Nothing is delivered until ``runtime.running()`` is entered."""

    runtime: Runtime
    app: Gate
    sandbox: Sandbox
    clock: FakeClock

    def client(
        self, peer: str = "127.0.0.1", *, base: str = "http://localhost:8484", prefix: str = ""
    ) -> httpx.AsyncClient:
        """Somebody who calls from ``peer``; ``prefix`` is the server's own ``root_path``."""
        transport = httpx.ASGITransport(self.app, client=(peer, 40_000), root_path=prefix)
        return httpx.AsyncClient(transport=transport, base_url=base)

    def episode(self, season: int = 1, number: int = 1, show: int = 0) -> LibraryItem:
        found = self.sandbox.world.shows[show].episode(season, number)
        return self.sandbox["plex"].library.find(found.rating_key)

    async def webhook(
        self, event: str = "scrobble", *, account: PlexAccount = ANNA, item: LibraryItem | None = None, **metadata: Any
    ) -> dict[str, Any]:
        """As Plex sends it, from another machine; ``metadata`` overrides what it says of the item."""
        body = payload(event, item or self.episode(), account, self.clock.now())
        body["Metadata"].update(metadata)
        kind, content = multipart(body)
        async with self.client("172.18.0.9", base="http://scrobbled:8484") as plex:
            answer = await plex.post(f"/webhooks/plex/{TOKEN}", content=content, headers={"Content-Type": kind})
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def token(self, scope: str) -> dict[str, str]:
        """The header of a program that got a token of that scope, as ``scrobbled token create`` makes one."""
        made = await Keys(self.runtime).create("script", None, scope)
        return {"Authorization": f"Bearer {made.secret}"}

    def sidebar(self) -> httpx.AsyncClient:
        """Somebody whom Home Assistant let in, and who may do everything without a login of ours."""
        transport = httpx.ASGITransport(self.app.ingress(), client=("172.30.32.2", 40_000))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost:8485")

    async def sql(self, statement: str, *values: Any) -> list[Any]:
        return await self.runtime.store.write(lambda db: db.execute(statement, values).fetchall())


@contextlib.asynccontextmanager
async def house(
    folder: Path, *, server: Mapping[str, Any] | None = None, live: LiveUpdates | None = None, **settings: Any
) -> AsyncIterator[House]:
    """``server`` and ``settings`` are sections of the configuration."""
    values = {
        **deepcopy(SETTINGS),
        "storage": {"path": str(folder / "scrobbled.db")},
        "server": server or {},
        **settings,
    }
    path = folder / "scrobbled.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    clock = FakeClock()
    sandbox = Sandbox(now=clock.now, only=("serializd", "plex", "plextv", "tmdb"))
    transport = httpx.ASGITransport(sandbox)  # type: ignore[arg-type]
    runtime = build(load(path, {}), clock=clock, transport=transport)
    try:
        yield House(runtime, create_app(runtime, live=live), sandbox, clock)
    finally:
        with contextlib.suppress(Exception):
            await runtime.aclose()
