"""When pairs are reconciled: by the clock, and when somebody asks. No two runs of one person overlap."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import structlog

from scrobbled.alerts import Alerts
from scrobbled.config import Config
from scrobbled.core.errors import ConfigError, StoreError, TrackerError, TryLater
from scrobbled.core.kinds import Kind
from scrobbled.core.naming.names import called, is_file
from scrobbled.core.standing import AccountKey
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.metrics import Metrics
from scrobbled.reconcile.accounts import AccountReads, ReadWish, Wanted
from scrobbled.reconcile.carrying import take_out
from scrobbled.reconcile.guarding import limits
from scrobbled.reconcile.pairs import AccountCouriers, Options, Wired, asks_for_ticks, compared, found, wired
from scrobbled.reconcile.reading import Failed, PairMember
from scrobbled.reconcile.run import Ended, Reconciler
from scrobbled.reconcile.telling import Teller
from scrobbled.reconcile.timetable import Timetable
from scrobbled.store import Store
from scrobbled.store.mirror import runs
from scrobbled.store.mirror.runs import Run
from scrobbled.store.queue import cancelling, pausing

FIRST_AFTER = 10.0
"""Seconds from the start until the first run of a pair that is due."""
LOOK_EVERY = 30.0
ASKED_EVERY = 0.3
"""Where nothing is run by the clock: whoever asks does so by the database of this very process, and waits."""
FRESH = 300.0
"""Seconds that what is kept of an account may be old when the clock runs a pair; half of the pair's time at most."""
log = structlog.get_logger("pairs")


class Keeper:
    """Runs until it is stopped. ``couriers`` and ``config`` are asked each time, as a reload exchanges them.

    Without ``by_clock`` only what is asked for is run.
    """

    def __init__(
        self,
        store: Store,
        *,
        config: Callable[[], Config],
        couriers: Callable[[], AccountCouriers],
        wake: Callable[[frozenset[tuple[str, str]]], None],
        alerts: Alerts,
        metrics: Metrics,
        clock: Clock,
        by_clock: bool = True,
        changed: Callable[[], None] = lambda: None,
        wishes: Callable[[], Iterable[ReadWish]] = tuple,
    ) -> None:
        """``changed`` is called when a run begins, comes to its next phase, or ends.

        ``wishes`` are of those who follow accounts beside the pairs: what no run has read in time is read for them.
        """
        self._changed = changed
        self._store, self._config, self._couriers, self._wake_couriers = store, config, couriers, wake
        self._metrics, self._clock, self._by_clock = metrics, clock, by_clock
        self._wishes, self._reads = wishes, AccountReads(store, clock, metrics)
        self._teller, self._timetable = Teller(alerts, metrics, clock), Timetable()
        self.news = asyncio.Event()
        """Set when a run may have been asked for."""
        self._busy: dict[str, asyncio.Task[Any]] = {}
        self._at: dict[str, int] = {}
        """By viewer, the run that is under way."""
        self._dice = random.Random().random

    async def run(self, stopping: asyncio.Event) -> None:
        """Nothing that goes wrong with one run ends it."""
        with contextlib.suppress(StoreError):
            await self._store.write(lambda db: runs.abandon(db, self._now()))
            pairs = [one.sides for one in wired(self._config(), self._couriers())]
            await self._store.read(lambda db: self._teller.remember(db, pairs))
        earliest = self._clock.monotonic() + (FIRST_AFTER if self._by_clock else 0.0)
        try:
            while not stopping.is_set():
                with contextlib.suppress(StoreError):
                    await self._begin_what_is_due(earliest)
                    await self._keep_requests()
                if await self._clock.wait(self.news, LOOK_EVERY if self._by_clock else ASKED_EVERY):
                    self.news.clear()
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)
            with contextlib.suppress(StoreError):
                await self._keep_requests()

    async def _keep_requests(self) -> None:
        """Also those by which its changes are delivered count for a run."""
        if sent := self._metrics.run_requests.taken():
            await self._store.write(lambda db: runs.add_requests(db, sent))

    async def ask(self, viewer: str, pair: str, cause: str, options: Options) -> int:
        """Have a pair reconciled now, or after what is under way; returns the number of the run."""
        told = options.stored()
        run = await self._store.write(lambda db: runs.ask(db, viewer, pair, cause, told, self._now()))
        self.news.set()
        return run

    async def cancel(self, run: int) -> bool:
        """End it now, wherever it is; false where nothing of it was under way. See ``store.cancelling``.

        From then on nothing more of it is sent. What there is of it in the queue is taken out, a large run by and by.
        """
        if not await self._store.write(lambda db: cancelling.cancel(db, run, self._now())):
            return False
        for viewer, under_way in self._at.items():
            if under_way == run:
                self._busy[viewer].cancel()
        log.info("cancelled", action="reconcile", run=f"r{run}")
        await self._count_cancelled(run)
        await self._take_out(run)
        self._changed()
        return True

    async def _count_cancelled(self, run: int) -> None:
        """Here, as a run that had filled the queue has ended before, and one that waited never begins."""
        found = await self._store.read(lambda db: runs.get(db, run))
        if found is not None:
            self._metrics.reconcile_runs.labels(found.viewer, found.pair, cancelling.OUTCOME).inc()

    async def _take_out(self, run: int) -> None:
        """Of a large run a part: the rest follows by itself."""
        if not await take_out(self._store, run, self._now()):
            self.news.set()
            self._changed()

    async def read(self, kinds: frozenset[Kind], account: AccountKey, full: bool) -> None:
        """Have an account read now, or after what is under way with that person. Raises ``Failed``, ``StoreError``."""
        viewer, name = account
        if account not in self._couriers():
            raise Failed(f"{viewer} has no account at {called(name)}; see viewers: trackers")
        if self._rests(viewer, (name,)):
            raise Failed(f"{called(name)} of {viewer} is not asked just now; scrobbled status says why")
        while not self._is_free(viewer):
            await asyncio.wait([self._busy[viewer]])
        wanted = Wanted(kinds, limits(self._config()).removals_percent, full=full)
        read = self._reads.keep(account, self._member(*account), wanted)
        await self._begin(viewer, read)

    async def _begin_what_is_due(self, earliest: float) -> None:
        """By the clock nothing before ``earliest`` (monotonic seconds)."""
        for cancelled in await self._store.read(cancelling.unfinished):
            await self._take_out(cancelled)
        for run in await self._store.read(runs.asked):
            if self._is_free(run.viewer):
                self._begin(run.viewer, self._asked(run))
        if not self._by_clock or self._clock.monotonic() < earliest:
            return
        for one in wired(self._config(), self._couriers()):
            is_time, free = await self._is_time(one), self._is_free(one.sides.viewer)
            if is_time and free and not self._rests(one.sides.viewer, one.sides.names):
                self._begin(one.sides.viewer, self._scheduled(one))
        for wish in await self._reads.due(self._wishes()):
            viewer, name = wish.account
            if wish.account in self._couriers() and self._is_free(viewer) and not self._rests(viewer, (name,)):
                self._begin(viewer, self._kept(wish))

    async def _is_time(self, one: Wired) -> bool:
        whose, now = (one.sides.viewer, one.sides.pair), self._now()
        latest, paused = await self._store.read(
            lambda db: (runs.latest(db, *whose), pausing.in_force(db, now, pausing.of_pair(*whose)))
        )
        last = next(iter(latest), None)
        return paused is None and self._timetable.is_time(
            one.sides, one.pair, last, self._config().server.zone, self._now()
        )

    def _is_free(self, viewer: str) -> bool:
        return viewer not in self._busy or self._busy[viewer].done()

    def _begin(self, viewer: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        task.add_done_callback(lambda _: self.news.set())
        self._busy[viewer] = task
        return task

    def _rests(self, viewer: str, names: Iterable[str]) -> bool:
        """Whether one of the accounts is not to be asked now. Nothing is begun then: its end would be news at once."""
        couriers = (self._couriers()[viewer, name] for name in names)
        return any(courier.health.pause(self._clock.monotonic()) for courier in couriers)

    async def _scheduled(self, one: Wired) -> None:
        sides = one.sides
        with contextlib.suppress(StoreError):
            run = await self._store.write(
                lambda db: runs.ask(db, sides.viewer, sides.pair, "schedule", {}, self._now())
            )
            since = self._now() - min(FRESH, (one.pair.every or FRESH * 2) / 2)
            await self._carry_out(run, one, Options(), since, unasked=True)

    async def _kept(self, wish: ReadWish) -> None:
        """Read for those who follow the account. What goes wrong is told of the account, and tried again."""
        wanted = Wanted(wish.kinds, limits(self._config()).removals_percent)
        try:
            await self._reads.keep(wish.account, self._member(*wish.account), wanted)
        except (Failed, StoreError) as error:
            log.warning("account not read", action="read", account="/".join(wish.account), why=str(error))

    async def _asked(self, run: Run) -> None:
        with contextlib.suppress(StoreError):
            one = found(self._config(), self._couriers(), run.viewer, run.pair)
            if one is None:
                why = f"{run.viewer} has no pair {run.pair} that can be reconciled; see viewers: pairs"
                await self._store.write(lambda db: runs.end(db, run.id, self._now(), "failed", why))
                return
            await self._carry_out(run.id, one, Options.of(run.options), run.asked_at)

    async def _carry_out(self, run: int, one: Wired, options: Options, since: float, *, unasked: bool = False) -> None:
        reconciler = self.reconciler(one)
        self._at[one.sides.viewer] = run
        try:
            ended = await reconciler.run(run, options, since=since)
        except ConfigError as error:
            ended = Ended("failed", " ".join(error.problems))
            await self._store.write(lambda db: runs.end(db, run, self._now(), ended.outcome, ended.reason))
        except StoreError:
            raise
        except Exception:
            log.exception("reconciling failed as it never should", action="reconcile", pair=one.sides.pair)
            ended = Ended("failed", "this is a defect of scrobbled; its log says more")
            await self._store.write(lambda db: runs.end(db, run, self._now(), ended.outcome, ended.reason))
        finally:
            del self._at[one.sides.viewer]
        self._changed()
        await self._teller.tell(one.sides, ended, unasked=unasked)

    def reconciler(self, one: Wired) -> Reconciler:
        """For one run: after a reload there are other couriers."""
        a, b = (self._member(one.sides.viewer, name) for name in one.sides.names)
        return Reconciler(
            one.sides,
            one.pair,
            (a, b),
            store=self._store,
            clock=self._clock,
            metrics=self._metrics,
            limits=limits(self._config()),
            wake=self._wake_couriers,
            tell=lambda phase: self._changed(),
            tell_steps=lambda steps: self._changed(),
            reads=self._reads,
        )

    def _member(self, viewer: str, name: str) -> PairMember:
        if is_file(name):
            from scrobbled.trackers.files.tracker import FileTracker  # with all there is to read files

            return PairMember(FileTracker(name), _untold)
        courier = self._couriers()[viewer, name]

        async def trouble(error: TrackerError) -> None:
            if not isinstance(error, TryLater):  # a read that failed is no reason to hold up what is to be delivered
                await courier.health.trouble(error, self._clock.monotonic(), self._dice)

        async def was_read() -> None:
            await courier.health.was_read(courier.tracker.expires_at())

        config = self._config()
        wished = (wish.kinds for wish in self._wishes() if wish.account == (viewer, name))
        kinds, marks = compared(config, viewer, name).union(*wished), asks_for_ticks(config, viewer, name)
        return PairMember(courier.tracker, trouble, kinds=kinds, marks=marks, was_read=was_read)

    def _now(self) -> float:
        return self._clock.now().timestamp()


async def _untold(error: TrackerError) -> None:
    """A file has no account that could be in trouble."""
