"""A Jellyfin or Emby library beside Trakt as a pair, with the webhooks of that server, all by stand-ins."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from conftest import FakeClock
from pairing import SHOWN, Pairing, built
from scrobbled.desk.undo import UndoRequest, undo
from scrobbled.sandbox.mediabrowser.rows import ServerUser, UserData
from scrobbled.sandbox.mediabrowser.server import MediaServer
from scrobbled.sandbox.plex.items import FILMS, SERIES, LibraryItem
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.world import World
from scrobbled.sources.body import read_body
from scrobbled.store.accounts.sign_ins import StoredTokens

HOOK = "hook-token-4711"


class MediaBrowserHouse(Pairing):
    """``anna`` with a library of that server and her Trakt account."""

    name: str

    @property
    def server(self) -> MediaServer:
        found: MediaServer = self.sandbox[self.name]
        return found

    @property
    def anna(self) -> ServerUser:
        return self.server.people["anna"]

    async def hear(self, request: httpx.Request) -> httpx.Response:
        """What takes webhooks, without the web around it."""
        body = read_body(request.headers.get("content-type"), await request.aread())
        await self.runtime.ingest.take(self.name, body)
        return httpx.Response(200)

    def film(self, n: int = 0) -> LibraryItem:
        return self.server.library.of_type(FILMS, "movie")[n]

    def episode(self, n: int = 0) -> LibraryItem:
        return self.server.library.of_type(SERIES, "episode")[n]

    def seen(self, thing: LibraryItem) -> UserData:
        return self.server.seen(self.anna, thing)

    def put(self, thing: LibraryItem, data: UserData) -> None:
        self.server.data[self.anna.id, thing.rating_key] = data

    def marks(self) -> int:
        """Requests that change something at the server, so far."""
        return sum(one.method != "GET" for one in self.server.log)

    def plays(self) -> list[tuple[str, datetime]]:
        """Titles and minutes of all that Trakt has, the oldest first."""
        history = self.sandbox["trakt"].account_of("anna").history
        told = ((one.title.title, one.watched_at.replace(second=0, microsecond=0)) for one in history)
        return sorted(told, key=lambda one: one[1])

    async def take_back(self) -> None:
        """All that the first run did, by the command that undoes it."""
        run = next(iter(await self.sql("SELECT id FROM runs WHERE outcome = 'done'")))[0]
        await undo(self.runtime.store, UndoRequest(run=run), self.clock.now().timestamp())
        await self.deliver()

    async def idle(self, runs: int = 3) -> None:
        """So many runs find nothing to do, and change nothing."""
        before = self.plays(), self.marks()
        for _ in range(runs):
            self.clock.advance(7 * 3_600)
            assert (await self.sync()).outcome == "nothing"
        assert (self.plays(), self.marks()) == before


@contextlib.asynccontextmanager
async def house_of(
    name: str, folder: Path, *, world: World | None = None, **pair: Any
) -> AsyncIterator[MediaBrowserHouse]:
    """``pair`` is added to the pair's configuration. Webhooks of the server arrive at the service."""
    clock = FakeClock()
    sandbox = Sandbox(world, now=clock.now, only=(name, "trakt", "trakt-auth", "serializd"))
    sandbox["trakt"].limits.enforced = False
    values = settings(name, folder, sandbox, pair)
    made = MediaBrowserHouse(folder, sandbox, clock, values, built(folder, sandbox, clock, values))
    made.name = name
    made.server.transport = httpx.MockTransport(made.hear)
    made.server.hook(f"http://scrobbled/webhooks/{name}/{HOOK}")  # type: ignore[attr-defined]
    grant = sandbox["trakt"].sign_in("anna")
    tokens = StoredTokens(made.runtime.store, "anna", "trakt", lambda values: None, clock.now)
    await tokens.save({**grant.answer(), "client_id": "sandbox-client", "redirect_uri": grant.redirect_uri})
    try:
        yield made
    finally:
        await made.runtime.aclose()


def settings(name: str, folder: Path, sandbox: Sandbox, pair: dict[str, Any]) -> dict[str, Any]:
    library = {"url": f"http://sandbox/{name}", "token": sandbox[name].api_key, "user": "anna"}
    trakt = {**SHOWN, "url": "http://sandbox/trakt", "auth_url": "http://sandbox/trakt-auth", "pace": "0s"}
    between = {"between": [name, "trakt"], "plays": "both", "ratings": "both", "every": "15m", **pair}
    serializd = {
        "email": "anna@example.org",
        "password": "anna-secret",
        "url": "http://sandbox/serializd/api",
        "pace": "0s",
    }
    others = {"trakt": trakt, "serializd": serializd}
    beside = {other: others[other] for other in between["between"] if other in others}
    viewer = {
        "name": "anna",
        "accounts": {name: ["anna"]},
        "trackers": {name: library, **beside},
        "pairs": [between],
    }
    return {
        "storage": {"path": str(folder / "scrobbled.db")},
        "safety": {"max_writes_per_hour": 1_000},
        "sources": {name: {"token": HOOK}},
        "viewers": [viewer],
    }
