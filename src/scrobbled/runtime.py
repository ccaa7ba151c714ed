"""The one place that wires: a configuration in, a running service out."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import structlog

from scrobbled import config as configuration
from scrobbled import gauges
from scrobbled.alerts import Alerts, AppriseSender, Trouble
from scrobbled.catalogues.plex import PlexFinder
from scrobbled.catalogues.tmdb import TmdbFinder
from scrobbled.clock import Clock, SystemClock
from scrobbled.config import Config, ViewerConfig
from scrobbled.core.errors import StoreError
from scrobbled.core.items import Media
from scrobbled.core.matching import Finder
from scrobbled.core.outcomes import EventOutcome
from scrobbled.deliver import Courier
from scrobbled.health import Health, Report
from scrobbled.household import ConfiguredHousehold
from scrobbled.http import Http, Observer
from scrobbled.ingest import Ingest, Taken
from scrobbled.metrics import Metrics
from scrobbled.redact import Redactor
from scrobbled.resolve import Resolver
from scrobbled.store import Store, accounts, overview
from scrobbled.store.alerts import StoredTroubles
from scrobbled.store.cache import StoredCache, forget_expired
from scrobbled.store.inbox import forget_raw, forget_sessions
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.base import Context, FinderContext, Tracker
from scrobbled.trackers.masked import Masked

OUTSIDE_EVERY = 1.0
HOUSEKEEPING_EVERY = 3_600.0
SESSIONS_KEPT = timedelta(days=90)
GRACE = 8.0
"""Seconds a write in flight gets to finish at shutdown; container engines kill after ten."""
ALERTS_END_WITHIN = 3.0
TMDB = "https://api.themoviedb.org/3"
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

    def learn(self, values: Mapping[str, Any] | None) -> None:
        """Tokens are secrets too, from the moment we have them."""
        for key, value in (values or {}).items():
            if isinstance(value, str) and ("token" in key or "password" in key):
                self.redactor.add(value)

    def wake(self, whom: frozenset[tuple[str, str]]) -> None:
        """Something new waits for these accounts."""
        for account in whom:
            if courier := self.couriers.get(account):
                courier.wake.set()

    async def take(self, source: str, body: Any) -> Taken:
        """One webhook; see ``Ingest.take``. An account nobody lists is told once."""
        taken = await self.ingest.take(source, body)
        if taken.outcome is EventOutcome.UNCLAIMED:
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
    wiring = _Wiring(runtime, transport)
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


class _Wiring:
    """What all accounts share while they are being wired."""

    def __init__(self, runtime: Runtime, transport: httpx.AsyncBaseTransport | None) -> None:
        self._runtime, self._transport = runtime, transport
        self._ssl = ssl.create_default_context() if transport is None else True
        self._cache = runtime.cache
        self._clients: dict[str, Http] = {}

    def courier(self, viewer: ViewerConfig, name: str) -> Courier:
        runtime = self._runtime
        tracker = self._tracker(viewer, name)
        runtime.on_close(tracker.aclose)
        health = Health(
            viewer.name, name, tracker.can.site, alerts=runtime.alerts, clock=runtime.clock, save=_saver(runtime)
        )
        return Courier(
            viewer.name,
            name,
            tracker,
            store=runtime.store,
            health=health,
            metrics=runtime.metrics,
            clock=runtime.clock,
            changed=runtime.changed,
        )

    def _tracker(self, viewer: ViewerConfig, name: str) -> Tracker:
        runtime = self._runtime
        context = Context(
            viewer=viewer.name,
            settings=viewer.trackers[name],
            http=self._http(name),
            tokens=accounts.StoredTokens(runtime.store, viewer.name, name, runtime.learn, runtime.clock.now),
            cache=self._cache,
            shows=Resolver(self._finders(viewer), self._cache),
            clock=runtime.clock,
        )
        return Masked(TRACKERS[name].build(context), runtime.redactor)

    def _finders(self, viewer: ViewerConfig) -> list[Finder]:
        """Whoever can tell which show an episode belongs to: the sure and cheap first."""
        ranked = list(self._server_finders())
        for name, settings in viewer.trackers.items():
            if name in TRACKERS and (rank := TRACKERS[name].finder_rank) is not None:
                context = FinderContext(settings, self._http(name), self._cache, self._runtime.clock)
                ranked.append((rank, TRACKERS[name].build_finder(context)))
        return [finder for _, finder in sorted(ranked, key=lambda pair: pair[0])]

    def _server_finders(self) -> Iterator[tuple[int, Finder]]:
        config, clock = self._runtime.config, self._runtime.clock
        plex, tmdb = config.sources.get("plex"), config.metadata.tmdb
        if plex and plex.url and plex.server_token:
            yield 10, PlexFinder(self._http("plex").at(plex.url), plex.server_token, self._cache)
        if tmdb.key:
            yield 30, TmdbFinder(self._http("tmdb").at(tmdb.url or TMDB), tmdb.key, self._cache, clock=clock)

    def _http(self, service: str) -> Http:
        """One connection pool per service; whoever takes it sets the root."""
        if service not in self._clients:
            http = Http(
                "", observe=_observer(self._runtime.metrics, service), transport=self._transport, verify=self._ssl
            )
            self._runtime.on_close(http.aclose)
            self._clients[service] = http
        return self._clients[service]


def _observer(metrics: Metrics, service: str) -> Observer:
    def observe(method: str, status: str, seconds: float) -> None:
        metrics.requests.labels(service, method, status).inc()
        metrics.request.labels(service).observe(seconds)

    return observe


def _saver(runtime: Runtime) -> Callable[[Report], Any]:
    async def save(report: Report) -> None:
        expires = report.expires_at.timestamp() if report.expires_at else None
        await runtime.store.write(
            lambda db: accounts.save_state(
                db, report.viewer, report.tracker, report.state, report.reason, report.since.timestamp(), expires
            )
        )
        runtime.changed()

    return save


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
    )


async def _ended(tasks: list[asyncio.Task[None]], grace: float) -> None:
    _, late = await asyncio.wait(tasks, timeout=max(0.0, grace))
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
