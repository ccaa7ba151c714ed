"""A service that people are led through: with a configuration or none, and time that passes when the test says so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from conftest import FakeClock
from patience import until
from scrobbled.config import load
from scrobbled.desk.settings import starting
from scrobbled.runtime.service import Runtime, build
from scrobbled.sandbox.server import Sandbox
from scrobbled.web.app import create_app
from scrobbled.web.door.gate import Gate

ROOT = "http://sandbox"
CODE = "BCDF2345"
TRAKT = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "url": f"{ROOT}/trakt",
    "auth_url": f"{ROOT}/trakt-auth",
}
SERIALIZD = {"email": "anna@example.org", "url": f"{ROOT}/serializd/api"}
SETTINGS: dict[str, Any] = {
    "sources": {"plex": {"token": "hook-token-4711-do-not-show", "account_url": f"{ROOT}/plextv"}},
    "viewers": [
        {
            "name": "anna",
            "trackers": {
                "trakt": TRAKT,
                "serializd": SERIALIZD,
                "plex": {"url": f"{ROOT}/plex"},
                "anilist": {"url": f"{ROOT}/anilist"},
            },
        },
        {"name": "ben", "trackers": {"trakt": TRAKT}},
    ],
}


class HeldClock(FakeClock):
    """Whoever waits does so until the test lets them on."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = asyncio.Semaphore(0)

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        await self._turns.acquire()
        self.advance(seconds or 0.0)
        return event.is_set()

    def let_on(self, turns: int = 1) -> None:
        for _ in range(turns):
            self._turns.release()


@dataclass
class Guests:
    runtime: Runtime
    app: Gate
    sandbox: Sandbox
    clock: HeldClock
    path: Path
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, peer: str = "127.0.0.1", host: str = "localhost:8484") -> httpx.AsyncClient:
        """A browser: keeps its cookies."""
        transport = httpx.ASGITransport(self.app, client=(peer, 40_000))
        return httpx.AsyncClient(transport=transport, base_url=f"http://{host}", follow_redirects=True)

    async def until(self, browser: httpx.AsyncClient, address: str, step: str) -> dict[str, Any]:
        """The sign-in at that address of the API, asked until it is so far; polls go on meanwhile."""

        async def so_far() -> dict[str, Any] | None:
            told: dict[str, Any] = (await browser.get(f"/api/v1/{address}")).json()
            if told["step"] == step:
                return told
            self.clock.let_on()
            return None

        return await until(so_far, f"{address} comes to {step}") or {}

    async def stored(self, viewer: str, tracker: str) -> str:
        rows = await self.runtime.store.read(
            lambda db: db.execute(
                "SELECT secret FROM tokens WHERE viewer = ? AND tracker = ?", (viewer, tracker)
            ).fetchall()
        )
        return str(rows[0][0]) if rows else ""


@contextlib.asynccontextmanager
async def guests(
    folder: Path, *, first: bool = False, code: str | None = None, **settings: Any
) -> AsyncIterator[Guests]:
    """``first`` begins without a configuration, and with a code as every first start."""
    path = folder / "scrobbled.yaml"
    if first:
        config = starting.first(path, {})
    else:
        values = {**SETTINGS, "storage": {"path": str(folder / "scrobbled.db")}, **settings}
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        config = load(path, {})
    clock = HeldClock()
    sandbox = Sandbox(now=clock.now)
    transport = httpx.ASGITransport(sandbox)  # type: ignore[arg-type]
    runtime = build(config, clock=clock, transport=transport)
    try:
        yield Guests(runtime, create_app(runtime, code=CODE * first if code is None else code), sandbox, clock, path)
    finally:
        with contextlib.suppress(Exception):
            await runtime.aclose()
