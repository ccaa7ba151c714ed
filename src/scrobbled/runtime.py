"""The one place that wires: a configuration in, a running service out."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import structlog

from scrobbled import config as configuration
from scrobbled import gauges
from scrobbled.alerts import Alerts, AppriseSender, Trouble
from scrobbled.clock import Clock, SystemClock
from scrobbled.config import Config
from scrobbled.core.errors import StoreError
from scrobbled.core.items import Media
from scrobbled.core.outcomes import EventOutcome
from scrobbled.deliver import Courier
from scrobbled.household import ConfiguredHousehold
from scrobbled.ingest import Ingest, Taken
from scrobbled.metrics import Metrics
from scrobbled.redact import Redactor
from scrobbled.store import Store, accounts, overview
from scrobbled.store.alerts import StoredTroubles
from scrobbled.store.cache import StoredCache, forget_expired
from scrobbled.store.inbox import forget_raw, forget_sessions
from scrobbled.trackers import TRACKERS
from scrobbled.wiring import Parts, Wiring

OUTSIDE_EVERY = 1.0
HOUSEKEEPING_EVERY = 3_600.0
SESSIONS_KEPT = timedelta(days=90)
GRACE = 8.0
"""Seconds a write in flight gets to finish at shutdown; container engines kill after ten."""
ALERTS_END_WITHIN = 3.0
log = structlog.get_logger("runtime")


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the service, for ``/health/ready``."""

    name: str
    state: str
    reason: str


class Runtime:
    """Everything that belongs to one configuration and one database. Use ``build`` and ``running``."""

    def __init__(self, config: Config, store: Store, *, clock: Clock, redactor: Redactor) -> None:
        self.config, self.store, self.clock, self.redactor = config, store, clock, redactor
        self.metrics = Metrics()
        self.alerts = Alerts(
            StoredTroubles(store),
            AppriseSender(config.alerts.urls, redactor),
            repeat=config.alerts.repeat,
            now=clock.now,
            metrics=self.metrics,
        )
        self.cache = StoredCache(store, clock)
        self.couriers: dict[tuple[str, str], Courier] = {}
        self.ingest: Ingest
        self.waiting: list[overview.Waiting] = []
        self._to_close: list[Callable[[], Awaitable[None]]] = []
        self._on_change: list[Callable[[], None]] = []
        self._stopping = asyncio.Event()
        self._ends_at = 0.0

    def on_close(self, close: Callable[[], Awaitable[None]]) -> None:
        """Have ``close`` called at the end; what was wired last is closed first."""
        self._to_close.append(close)

    def on_change(self, tell: Callable[[], None]) -> None:
        """Have ``tell`` called, in the loop, whenever plays, deliveries or the state of an account changed."""
        self._on_change.append(tell)

    def changed(self) -> None:
        for tell in self._on_change:
            tell()

    def wake(self, whom: frozenset[tuple[str, str]]) -> None:
        """Something new waits for these accounts."""
        for account in whom:
            if courier := self.couriers.get(account):
                courier.wake.set()

    async def take(self, source: str, body: Any) -> Taken:
        """One webhook; see ``Ingest.take``. An account nobody lists is told once."""
        taken = await self.ingest.take(source, body)
        if taken.outcome is EventOutcome.UNCLAIMED:
            with contextlib.suppress(StoreError):  # the webhook is stored, and that is what the answer says
                await self.alerts.report(_unclaimed(source, taken.reason))
        self.changed()
        return taken

    async def components(self) -> list[Component]:
        """The database, tried by writing, and each account with its state and reason."""
        try:
            await self.store.write(lambda db: accounts.set_mark(db, "ready", self.clock.now().timestamp()))
            parts = [Component("database", "ok", "")]
        except StoreError as error:
            parts = [Component("database", "failed", str(error))]
        reports = [courier.health.report for courier in self.couriers.values()]
        return parts + [Component(f"{r.viewer}/{r.tracker}", r.state, self.redactor.text(r.reason)) for r in reports]

    async def scrape(self) -> bytes:
        """The metrics, with what is a state read afresh."""
        self.waiting = await self.store.read(overview.waiting)
        return self.metrics.text()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Runtime]:
        """Deliver until the block ends; then let writes in flight finish, and close everything."""
        stamps = await self.store.read(_stamps)
        tasks = [asyncio.create_task(courier.run()) for courier in self.couriers.values()]
        chores = (self._claim(), self._watch_outside(stamps), self._keep_house())
        background = [asyncio.create_task(chore) for chore in chores]
        try:
            yield self
        finally:
            self.stop()
            await _ended(tasks + background, self._ends_at - time.monotonic())
            await self.aclose()

    def stop(self) -> None:
        """Begin no further write. Those in flight have ``GRACE`` seconds from the first call, whatever ends beside."""
        if self._stopping.is_set():
            return
        self._ends_at = time.monotonic() + GRACE
        self._stopping.set()
        for courier in self.couriers.values():
            courier.stop()

    async def aclose(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ALERTS_END_WITHIN):
                await self.alerts.settled()
        for close in reversed(self._to_close):
            await close()
        await self.store.aclose()

    async def _claim(self) -> None:
        """The configuration may have changed since an account was heard that nobody listed."""
        with contextlib.suppress(StoreError):
            if claimed := await self.ingest.claim_waiting():
                log.info("unclaimed events now belong to a viewer", action="claim", events=claimed)

    async def _watch_outside(self, stamps: tuple[float, float]) -> None:
        """Commands write to the database from other processes; their changes take effect within a second.

        ``stamps`` are from before the first courier began: what came after them, it may not have seen.
        """
        seen = -1
        while not self._stopping.is_set():
            with contextlib.suppress(StoreError):
                version = await self.store.changed_outside()
                if version != seen:
                    found = await self.store.read(_stamps)
                    acted, seen, stamps = found != stamps, version, found
                    self.look_again(try_now=acted)
            await self.clock.wait(self._stopping, OUTSIDE_EVERY)

    def look_again(self, *, try_now: bool) -> None:
        """Somebody changed the database. ``try_now`` ends every rest: there is a new sign-in, or a retry by hand."""
        self.cache.forget_recent()
        for courier in self.couriers.values():
            if try_now:
                courier.try_now()
            courier.wake.set()
        self.changed()

    async def _keep_house(self) -> None:
        """Drop what is older than it is kept for, a little at a time so that no webhook waits for it."""
        while not self._stopping.is_set():
            now = self.clock.now()
            kept = now - timedelta(seconds=self.config.storage.keep_raw_events)
            with contextlib.suppress(StoreError):
                await self._drain(partial(forget_raw, before=kept))
                await self._drain(partial(forget_sessions, before=now - SESSIONS_KEPT))
                await self._drain(partial(forget_expired, now=now))
            await self.clock.wait(self._stopping, HOUSEKEEPING_EVERY)

    async def _drain(self, step: Callable[[sqlite3.Connection], Any]) -> None:
        while not self._stopping.is_set() and await self.store.write(step):
            pass


def build(
    config: Config,
    *,
    store: Store | None = None,
    clock: Clock | None = None,
    redactor: Redactor | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Runtime:
    """Wire a runtime. ``transport`` replaces the network and ``clock`` time, for tests. Raises ``StoreError``."""
    clock = clock or SystemClock()
    redactor = redactor or Redactor()
    for secret in configuration.secrets(config):
        redactor.add(secret)
    runtime = Runtime(config, store or Store(config.storage.path, check=True), clock=clock, redactor=redactor)
    wiring = Wiring(
        Parts(
            config=config,
            store=runtime.store,
            cache=runtime.cache,
            clock=clock,
            redactor=redactor,
            metrics=runtime.metrics,
            alerts=runtime.alerts,
            changed=runtime.changed,
            on_close=runtime.on_close,
        ),
        transport,
    )
    takes: dict[tuple[str, str], frozenset[Media]] = {}
    for viewer in config.viewers:
        for name in viewer.trackers:
            if name in TRACKERS:
                courier = wiring.courier(viewer, name)
                runtime.couriers[viewer.name, name] = courier
                takes[viewer.name, name] = courier.tracker.can.media
    runtime.ingest = Ingest(
        runtime.store,
        ConfiguredHousehold(config, takes),
        redactor=redactor,
        metrics=runtime.metrics,
        clock=clock,
        wake=runtime.wake,
    )
    gauges.describe(runtime.metrics, config.sources, runtime.couriers, lambda: runtime.waiting, clock)
    return runtime


def _stamps(db: Any) -> tuple[float, float]:
    saved = db.execute("SELECT coalesce(max(saved_at), 0) FROM tokens").fetchone()[0]
    return accounts.mark(db, accounts.RETRIED), float(saved)


def _unclaimed(source: str, reason: str) -> Trouble:
    return Trouble(
        kind="unclaimed",
        subject=f"{source}/{reason}",
        title=f"{source}: {reason}",
        text="Its plays are kept and sent to nobody. List the account under accounts of a viewer, then restart "
        "scrobbled: what waited is then delivered.",
        once=True,  # a guest of the server may never be a viewer, and need not be mentioned every day
    )


async def _ended(tasks: list[asyncio.Task[None]], grace: float) -> None:
    _, late = await asyncio.wait(tasks, timeout=max(0.0, grace))
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
