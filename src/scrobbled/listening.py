"""Listening to Plex servers, which need no Plex Pass for that: what is on becomes the same events as by webhook."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from scrobbled.alerts import Alerts
from scrobbled.catalogues.base import Cache
from scrobbled.clock import Clock
from scrobbled.config import Config, claimants
from scrobbled.core.errors import ContractDrift, LoginNeeded, StoreError, TrackerError, TryLater
from scrobbled.core.events import Account
from scrobbled.http import Http, Streaming
from scrobbled.servers import Connections, Door, doors, plex_at
from scrobbled.servers.condition import Condition
from scrobbled.servers.plex import REFUSED
from scrobbled.servers.plex_live import EVENT_SOURCE, Live, messages
from scrobbled.servers.plex_sessions import notices
from scrobbled.sources.body import Body
from scrobbled.store import Store

LOOK_EVERY = 5.0
SILENCE = 120.0
"""Seconds without a byte after which the connection is made anew; it may be dead, or nothing is on."""
LOOK_AT_SESSIONS_EVERY = 10.0
TRY_EVENTS_AGAIN = 3_600.0
"""Seconds until a server without an event source is tried once more: it may have been updated."""
SHORTEST_REST, LONGEST_REST = 30.0, 300.0
REFUSED_REST = 3_600.0
"""Seconds after a token was refused; a changed configuration is taken up at once."""
NO_EVENTS = "It has no event source, so its sessions are asked for every ten seconds."
Take = Callable[[str, Body], Awaitable[object]]
log = structlog.get_logger("listening")


class Listening:
    """Runs until it is stopped. ``config`` is asked again and again, as a reload exchanges it."""

    def __init__(
        self,
        store: Store,
        *,
        config: Callable[[], Config],
        take: Take,
        connections: Connections,
        cache: Cache,
        alerts: Alerts,
        clock: Clock,
    ) -> None:
        self._config, self._take, self._clock = config, take, clock
        self._connections, self._cache = connections, cache
        self._condition = Condition("plex", "live", store=store, alerts=alerts, clock=clock)

    @property
    def conditions(self) -> list[Condition]:
        return [self._condition] if self._wanted() else []

    async def run(self, stopping: asyncio.Event) -> None:
        """Nothing that goes wrong ends it; another address or token takes the place of the one before."""
        listening: tuple[Door, asyncio.Task[None]] | None = None
        try:
            while not stopping.is_set():
                wanted = self._wanted()
                if listening and listening[0] != wanted:
                    await _cancelled(listening[1])
                    listening = None
                if wanted and listening is None:
                    listening = wanted, asyncio.create_task(self._keep_listening(wanted, stopping))
                await self._clock.wait(stopping, LOOK_EVERY)
        finally:
            if listening:
                await _cancelled(listening[1])

    def _wanted(self) -> Door | None:
        return next((door for door in doors(self._config()) if door.live), None)

    async def _keep_listening(self, door: Door, stopping: asyncio.Event) -> None:
        live, failures = None, 0
        while not stopping.is_set():
            began = self._clock.monotonic()
            try:
                live = live or await self._opened(door)
                await self.connected(door, live, stopping)
                failures = 0
            except TrackerError as error:
                failures = 1 if self._clock.monotonic() - began > LONGEST_REST else failures + 1
                await self._condition.bad(error)
            except StoreError as error:
                failures += 1
                log.warning("what was heard could not be stored", action="listen", why=str(error))
            except Exception:
                failures += 1
                log.exception("listening failed as it never should", action="listen")
            await self._clock.wait(stopping, self._rest(failures))

    def _rest(self, failures: int) -> float:
        if self._condition.state == "sign-in":
            return REFUSED_REST
        return 0.0 if not failures else min(LONGEST_REST, SHORTEST_REST * 2.0 ** min(failures - 1, 10))

    async def _opened(self, door: Door) -> Live:
        server = plex_at(door, self._connections, self._cache)
        machine = await server.identity()

        def claimed(account: Account) -> bool:
            return bool(claimants(self._config(), door.source, account.names()))

        await server.meet(claimed)
        take = partial(self._take, door.source)
        return Live(server, machine, take=take, claimed=claimed, clock=self._clock)

    async def connected(self, door: Door, live: Live, stopping: asyncio.Event) -> None:
        """One connection, until it breaks (raises ``TrackerError``), falls silent, or another way is to be tried."""
        if not await self._heard(self._connections.to(door), door, live):
            await self._looked(live, stopping)

    async def _heard(self, http: Http, door: Door, live: Live) -> bool:
        """False where the server has no event source."""
        headers = {"X-Plex-Token": door.token, "Accept": "text/event-stream"}
        async with http.listen(
            EVENT_SOURCE, params={"filters": "playing"}, headers=headers, silence=SILENCE
        ) as streaming:
            if streaming.status == 404:
                return False
            if streaming.status in (401, 403):
                raise LoginNeeded(REFUSED)
            if not streaming.ok:
                raise ContractDrift(f"{streaming.what} answered {streaming.status}")
            await live.begin()
            await self._condition.good()
            with contextlib.suppress(TimeoutError):
                await _told(streaming, live)
                raise TryLater("the Plex server ended the connection")
        return True

    async def _looked(self, live: Live, stopping: asyncio.Event) -> None:
        ends = self._clock.monotonic() + TRY_EVENTS_AGAIN
        while not stopping.is_set() and self._clock.monotonic() < ends:
            await live.looked()
            await self._condition.good(NO_EVENTS)
            await self._clock.wait(stopping, LOOK_AT_SESSIONS_EVERY)


async def _told(streaming: Streaming, live: Live) -> None:
    """Until the server ends it; raises ``TimeoutError`` where it falls silent."""
    async with contextlib.aclosing(streaming.lines) as lines, contextlib.aclosing(messages(lines)) as found:
        async for data in found:
            for notice in notices(data):
                await live.heard(notice)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
