"""How the service is, for whoever watches it: its parts for ``/health/ready``, and the metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config import Config
from scrobbled.core.errors import StoreError
from scrobbled.delivery.courier import Courier
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.redact import Redactor
from scrobbled.runtime import gauges
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins
from scrobbled.store.file.codec import iso
from scrobbled.store.queue import allowances, floods, overview, pausing

TRIED_EVERY = 1.0


class Component(Struct, frozen=True):
    """One part of the service, for ``/health/ready``."""

    name: str
    state: str
    reason: str


TellComponents = Callable[[], Iterable[Component]]


class Vitals:
    """``waiting``, ``held``, ``heard``, ``rooms`` and ``paused`` are as they were at the last scrape."""

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        clock: Clock,
        redactor: Redactor,
        *,
        config: Callable[[], Config],
        couriers: Callable[[], Mapping[tuple[str, str], Courier]],
    ) -> None:
        self._store, self._metrics, self._clock, self._redactor = store, metrics, clock, redactor
        self._config, self._couriers = config, couriers
        self._tellers: list[TellComponents] = []
        self._trying, self._tried_at = asyncio.Lock(), 0.0
        self._tried: Component | None = None
        self.waiting: list[overview.WaitingCount] = []
        self.held: dict[str, int] = {}
        self.heard: dict[str, float] = {}
        self.rooms, self.paused = allowances.AllRooms(), 0.0
        states = (couriers, lambda: self.waiting, lambda: self.held, lambda: self.heard, lambda: self.rooms.each)
        metrics.watch("delivery_paused", "1 while a person has paused delivery", (), lambda: [((), self.paused)])
        gauges.describe(metrics, *states, clock)

    def also(self, tell: TellComponents) -> None:
        """Have ``tell`` asked, too, how parts are that run beside."""
        self._tellers.append(tell)

    async def components(self) -> list[Component]:
        """The database, tried by writing, each account with its state and reason, and what runs beside."""
        reports = [courier.health.report for courier in self._couriers().values()]
        found = [await self._database(), *await self._delivery()]
        found += [Component(f"{one.viewer}/{one.tracker}", one.state, one.reason) for one in reports]
        found += [one for tell in self._tellers for one in tell()]
        return [replace(one, reason=self._redactor.text(one.reason)) for one in found]

    async def is_paused(self) -> bool:
        """Whether a person has paused delivery; raises ``StoreError``."""
        return await self._pause() is not None

    async def _pause(self) -> pausing.Pause | None:
        now = self._clock.now().timestamp()
        return await self._store.read(lambda db: pausing.in_force(db, now))

    async def _delivery(self) -> list[Component]:
        """Only while a person has paused it."""
        try:
            pause = await self._pause()
        except StoreError:
            return []  # the database says so itself
        if pause is None:
            return []
        until = "somebody ends it" if pause.until is None else iso(pause.until)
        return [Component("delivery", "paused", f"until {until}")]

    async def _database(self) -> Component:
        """Tried once a second at most, however many ask: each try is written to the disk."""
        async with self._trying:
            if self._tried is None or self._clock.monotonic() - self._tried_at >= TRIED_EVERY:
                self._tried, self._tried_at = await self._try_database(), self._clock.monotonic()
            return self._tried

    async def _try_database(self) -> Component:
        try:
            await self._store.write(lambda db: sign_ins.set_mark(db, "ready", self._clock.now().timestamp()))
        except StoreError as error:
            return Component("database", "failed", str(error))
        return Component("database", "ok", "")

    async def scrape(self) -> bytes:
        """The metrics, with what is a state read afresh."""
        now = self._clock.now().timestamp()
        self.waiting, self.held, heard, self.rooms, paused = await self._store.read(
            lambda db: (
                overview.waiting(db),
                floods.held_by_reason(db),
                overview.sources_heard(db),
                allowances.everywhere(db, self.rooms),
                pausing.in_force(db, now),
            )
        )
        self.paused = float(paused is not None)
        sources = self._config().sources
        self.heard = {row.source: row.last_seen for row in heard if row.source in sources}
        return self._metrics.text()
