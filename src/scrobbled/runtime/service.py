"""The one place that wires: a configuration in, a running service out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from functools import partial

import httpx
import structlog

from scrobbled import config as configuration
from scrobbled.alerts import Alerts, AppriseSender
from scrobbled.catalogues import known
from scrobbled.charting.keeper import ChartKeeper
from scrobbled.config import Config
from scrobbled.core.errors import StoreError
from scrobbled.core.kinds import PLAYS
from scrobbled.delivery.courier import Courier
from scrobbled.delivery.playing import PlayingTeller
from scrobbled.intake.breaker import Herald
from scrobbled.intake.household import ConfiguredHousehold
from scrobbled.intake.ingest import Ingest
from scrobbled.intake.watchdog import Watchdog
from scrobbled.plumbing.clock import Clock, SystemClock
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.pools import Pools
from scrobbled.plumbing.redact import Redactor
from scrobbled.reconcile import telling
from scrobbled.reconcile.keeper import Keeper
from scrobbled.runtime import charts, gauges, troubles
from scrobbled.runtime.chores import Chores
from scrobbled.runtime.clockwatch import ClockWatch
from scrobbled.runtime.couriers import Crew
from scrobbled.runtime.in_force import delivers_otherwise, staying
from scrobbled.runtime.listeners import Listeners
from scrobbled.runtime.other_processes import OtherProcesses
from scrobbled.runtime.storewatch import StoreWatch
from scrobbled.runtime.vitals import Component, Vitals
from scrobbled.runtime.wiring import SharedParts, observer
from scrobbled.servers.catching_up import CatchUp
from scrobbled.servers.kit import Kit
from scrobbled.servers.librarian import Librarian
from scrobbled.servers.listening import Listening
from scrobbled.store import Store
from scrobbled.store.notes.cache import StoredCache
from scrobbled.store.notes.troubles import Troubles

ALERTS_END_WITHIN = 3.0
log = structlog.get_logger("runtime")


class Runtime(Listeners):
    """Everything that belongs to one configuration and one database. Use ``build`` and ``running``."""

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        clock: Clock,
        redactor: Redactor,
        transport: httpx.AsyncBaseTransport | None = None,
        by_clock: bool = True,
    ) -> None:
        """``by_clock``: pairs are reconciled when it is time, and not only when somebody asks."""
        super().__init__()
        self.config, self.store, self.clock, self.redactor = config, store, clock, redactor
        self._by_clock, self.transport = by_clock, transport
        self.metrics, self.cache = Metrics(), StoredCache(store, clock)
        self._reloading, self._stopping = asyncio.Lock(), asyncio.Event()
        self.alerts = self._made_alerts(config)
        self.clockwatch = ClockWatch(clock, self.alerts)
        self.alerts.watch(self.clockwatch.look)
        self.herald = Herald(store, self.alerts, clock)
        self.on_change(self.herald.news.set)
        self.crew = self._crew(config)
        self.chores = self._made_chores()
        self.keeper = self._made_keeper()
        self.charts = self._made_charts()
        self.pools = Pools(transport, partial(observer, self.metrics))
        self.librarian = Librarian(lambda: self.config, self.pools, self.cache, clock)
        self.ingest = self._made_ingest(config)
        self.watchdog = Watchdog(store, self.ingest, clock, grace=lambda: self.config.defaults.watchdog)
        kit = Kit(store, lambda: self.config, self.ingest.take_asked, self.pools, self.cache, self.alerts, clock)
        self.catching_up = CatchUp(kit, may_ask=lambda: not self.clockwatch.is_misleading)
        self.listening = Listening(kit)
        self.vitals = self._made_vitals()
        self.teller = PlayingTeller(lambda: self.couriers, self.vitals.is_paused)
        self.outside = OtherProcesses(store, redactor, clock, self.look_again)
        self._prepare(config, self.couriers)
        troubles.watch(self.alerts, store, lambda: {key: c.health.report for key, c in self.couriers.items()})
        self.alerts.watch(StoreWatch(store, self.alerts, clock).look)

    def _prepare(self, config: Config, couriers: Mapping[tuple[str, str], Courier]) -> None:
        gauges.prepare(self.metrics, config, couriers)
        telling.prepare(self.metrics, config, couriers)

    def _made_alerts(self, config: Config) -> Alerts:
        return Alerts(
            Troubles(self.store),
            AppriseSender(troubles.addresses(config), self.redactor),
            repeat=config.alerts.repeat,
            now=self.clock.now,
            metrics=self.metrics,
            root=config.server.public_url,
        )

    def _made_ingest(self, config: Config) -> Ingest:
        return Ingest(
            self.store,
            ConfiguredHousehold(config, self.crew.takes()),
            redactor=self.redactor,
            metrics=self.metrics,
            clock=self.clock,
            wake=self.wake,
            changed=self.changed,
            librarian=self.librarian,
            listeners=(
                lambda message, taken: known.learn(self.cache, message.events),
                partial(troubles.listen, self.alerts),
            ),
        )

    def _made_chores(self) -> Chores:
        return Chores(
            self.store,
            config=lambda: self.config,
            alerts=self.alerts,
            metrics=self.metrics,
            clock=self.clock,
            stopping=self._stopping,
            may_drop=lambda: not self.clockwatch.is_misleading,
        )

    def _made_keeper(self) -> Keeper:
        return Keeper(
            self.store,
            config=lambda: self.config,
            couriers=lambda: self.couriers,
            wake=self.wake,
            alerts=self.alerts,
            metrics=self.metrics,
            clock=self.clock,
            by_clock=self._by_clock,
            changed=self.changed,
        )

    def _made_charts(self) -> ChartKeeper:
        known = (self.store, self.clock, lambda: self.config, self.metrics, self.alerts)
        read = partial(self.keeper.read, frozenset({PLAYS}))
        made = charts.keeper(charts.ChartSurroundings(*known, read, self.changed, self.transport, self._by_clock))
        self.on_change(made.news.set)
        self.on_reload(lambda _: made.news.set())
        return made

    def _made_vitals(self) -> Vitals:
        common = (self.store, self.metrics, self.clock, self.redactor)
        vitals = Vitals(*common, config=lambda: self.config, couriers=lambda: self.couriers)
        asked = (self.catching_up, self.listening)
        vitals.also(lambda: [Component(one.name, one.state, one.reason) for who in asked for one in who.conditions])
        vitals.also(lambda: charts.components(self.charts))
        return vitals

    @property
    def couriers(self) -> dict[tuple[str, str], Courier]:
        """By viewer and tracker; another dictionary after a reload."""
        return self.crew.couriers

    def wake(self, whom: frozenset[tuple[str, str]]) -> None:
        """Something new waits for these accounts."""
        for account in whom:
            if courier := self.couriers.get(account):
                courier.wake.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Runtime]:
        """Deliver until the block ends; then let writes in flight finish, and close everything."""
        await self.outside.begin()
        self.crew.start()
        telling = (self.herald.run(self._stopping), self.alerts.run(self.clock))
        kept = (self.keeper, self.watchdog, self.charts)
        keeping = (*self.chores.all(), *(one.run(self._stopping) for one in kept))
        asking = (self.catching_up.run(self._stopping), self.listening.run(self._stopping)) if self._by_clock else ()
        chores = (self._claim(), self.outside.run(self._stopping), *keeping, *telling, *asking)
        background = [asyncio.create_task(chore) for chore in chores]
        try:
            yield self
        finally:
            self.stop()
            await self.crew.ended()
            await _ended(background)
            await self.aclose()

    def stop(self) -> None:
        """Begin no further write. Those in flight have ``GRACE`` seconds from the first call, whatever ends beside."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self.herald.news.set()
        self.keeper.news.set()
        self.charts.news.set()
        self.crew.stop()

    async def aclose(self) -> None:
        await self.alerts.aclose(ALERTS_END_WITHIN)
        await self.teller.aclose()
        await self.crew.aclose()
        await self.pools.aclose()
        await self.close_all()
        await self.store.aclose()

    async def reload(self, config: Config) -> None:
        """Put ``config`` in force. No webhook is lost: those that come meanwhile are stored, and delivered after.

        Where we listen, and the database, stay what they were, as they cannot change while we run.
        """
        async with self._reloading:
            config = staying(self.config, config)
            for secret in configuration.secrets(config):
                self.redactor.add(secret)
            before, old = self.crew, self.config
            crew = self._crew(config) if delivers_otherwise(old, config) else before
            self.config = config
            self.ingest.use(ConfiguredHousehold(config, crew.takes()))
            sender = AppriseSender(troubles.addresses(config), self.redactor)
            self.alerts.use(sender, config.alerts.repeat, config.server.public_url)
            self._prepare(config, crew.couriers)
            self.reloaded(config)
            if crew is not before:
                await self._relieve(before, crew)
        await self._claim()
        self.changed()

    async def _relieve(self, before: Crew, crew: Crew) -> None:
        """An account has one courier at any time."""
        await before.ended()
        self.crew = crew
        if not self._stopping.is_set():
            crew.start()
        await before.aclose()

    def _crew(self, config: Config) -> Crew:
        parts = SharedParts(
            config=config,
            store=self.store,
            cache=self.cache,
            clock=self.clock,
            redactor=self.redactor,
            metrics=self.metrics,
            alerts=self.alerts,
            changed=self.changed,
            dates=self.clockwatch.heard,
            eager=self._by_clock,
        )
        return Crew(parts, self.transport)

    async def _claim(self) -> None:
        """The configuration may have changed since an account was heard that nobody listed."""
        with contextlib.suppress(StoreError):
            if claimed := await self.ingest.claim_waiting():
                log.info("unclaimed events now belong to a viewer", action="claim", events=claimed)
                await troubles.claimed(self.alerts, self.store)

    def look_again(self, *, try_now: bool) -> None:
        """Somebody changed the database. ``try_now`` ends every rest: there is a new sign-in, or a retry by hand."""
        self.cache.forget_recent()
        for courier in self.couriers.values():
            if try_now:
                courier.try_now()
            courier.wake.set()
        self.keeper.news.set()
        self.charts.news.set()
        self.changed()


def build(
    config: Config,
    *,
    store: Store | None = None,
    clock: Clock | None = None,
    redactor: Redactor | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    by_clock: bool = True,
) -> Runtime:
    """Wire a runtime. ``transport`` replaces the network and ``clock`` time, for tests. Raises ``StoreError``."""
    clock = clock or SystemClock()
    redactor = redactor or Redactor()
    for secret in configuration.secrets(config):
        redactor.add(secret)
    store = store or Store(config.storage.path, check=True)
    return Runtime(config, store, clock=clock, redactor=redactor, transport=transport, by_clock=by_clock)


async def _ended(chores: list[asyncio.Task[None]]) -> None:
    for chore in chores:
        chore.cancel()
    await asyncio.gather(*chores, return_exceptions=True)
