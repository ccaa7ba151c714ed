"""When pairs are reconciled: by the clock, and when somebody asks. No two runs of one person overlap."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

import structlog
from msgspec import Struct

from scrobbled import pair_stories
from scrobbled.alerts import Alerts
from scrobbled.clock import Clock
from scrobbled.config import Config
from scrobbled.config.viewing import PairConfig
from scrobbled.core.errors import ConfigError, StoreError, TrackerError, TryLater
from scrobbled.core.guard import Limits
from scrobbled.deliver import Courier
from scrobbled.importing.tracker import FileTracker, is_file
from scrobbled.metrics import Metrics, Sample
from scrobbled.reconcile import Ended, Member, Options, Reconciler, Sides
from scrobbled.store import Store, cancelling, runs
from scrobbled.store.runs import Run

FIRST_AFTER = 10.0
"""Seconds from the start until the first run of a pair that is due."""
LOOK_EVERY = 30.0
ASKED_EVERY = 0.3
"""Where nothing is run by the clock: whoever asks does so by the database of this very process, and waits."""
PIECE = 50
"""Changes of a cancelled run taken out of the queue in one transaction."""
PIECES = 40
"""So many of them before others get their turn: that takes about a second."""
TELL_AFTER = 24 * 3_600.0
"""Seconds without a run that succeeded, after which people are told."""
log = structlog.get_logger("pairs")
Couriers = Mapping[tuple[str, str], Courier]


class Wired(Struct, frozen=True):
    """A pair of the configuration whose two trackers are there."""

    sides: Sides
    pair: PairConfig


def wired(config: Config, accounts: Mapping[tuple[str, str], Any]) -> Iterator[Wired]:
    """The pairs that can be reconciled: ``accounts`` are those that there is a tracker for."""
    for viewer in config.viewers:
        for pair in viewer.pairs:
            a, b = pair.between
            if (viewer.name, a) in accounts and (viewer.name, b) in accounts and pair.directions():
                yield Wired(Sides(viewer.name, a, b), pair)


def prepare(metrics: Metrics, config: Config, accounts: Mapping[tuple[str, str], Any]) -> None:
    """Start the counters of every pair at zero; those that count already go on."""
    for one in wired(config, accounts):
        metrics.prepare_pair(one.sides.viewer, one.sides.pair)


def found(config: Config, accounts: Mapping[tuple[str, str], Any], viewer: str, pair: str) -> Wired | None:
    """The pair of that name (``trakt,serializd``), in either order; or the one of an imported file and a tracker."""
    names = set(pair.split(","))
    for one in wired(config, accounts):
        if one.sides.viewer == viewer and set(one.sides.names) == names:
            return one
    a, _, b = pair.partition(",")
    return imported(viewer, a, b) if is_file(a) and (viewer, b) in accounts else None


def imported(viewer: str, file: str, tracker: str) -> Wired:
    """A file beside a tracker, which takes what it lacks."""
    way = f"{file}-to-{tracker}"
    return Wired(Sides(viewer, file, tracker), PairConfig(between=(file, tracker), plays=way, ratings=way))


def limits(config: Config) -> Limits:
    return Limits(first=config.safety.max_writes_per_hour, removals_percent=config.safety.max_removals_percent)


class Keeper:
    """Runs until it is stopped. ``couriers`` and ``config`` are asked each time, as a reload exchanges them.

    Without ``by_clock`` only what is asked for is run.
    """

    def __init__(
        self,
        store: Store,
        *,
        config: Callable[[], Config],
        couriers: Callable[[], Couriers],
        wake: Callable[[frozenset[tuple[str, str]]], None],
        alerts: Alerts,
        metrics: Metrics,
        clock: Clock,
        by_clock: bool = True,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """``changed`` is called when a run begins, comes to its next phase, or ends."""
        self._changed = changed
        self._store, self._config, self._couriers, self._wake_couriers = store, config, couriers, wake
        self._alerts, self._metrics, self._clock, self._by_clock = alerts, metrics, clock, by_clock
        self.news = asyncio.Event()
        """Set when a run may have been asked for."""
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._at: dict[str, int] = {}
        """By viewer, the run that is under way."""
        self._succeeded: dict[tuple[str, str], float] = {}
        self._dice = random.Random().random
        text = "When a pair was last reconciled without trouble"
        metrics.watch("reconcile_last_success_timestamp_seconds", text, ("viewer", "pair"), self._successes)

    async def run(self, stopping: asyncio.Event) -> None:
        """Nothing that goes wrong with one run ends it."""
        with contextlib.suppress(StoreError):
            await self._store.write(lambda db: runs.abandon(db, self._now()))
            await self._remember()
        earliest = self._clock.monotonic() + (FIRST_AFTER if self._by_clock else 0.0)
        try:
            while not stopping.is_set():
                with contextlib.suppress(StoreError):
                    await self._begin_what_is_due(earliest)
                if await self._clock.wait(self.news, LOOK_EVERY if self._by_clock else ASKED_EVERY):
                    self.news.clear()
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

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
        for _ in range(PIECES):
            if not await self._store.write(lambda db: cancelling.take_out(db, run, self._now(), PIECE)):
                return
        self.news.set()
        self._changed()

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
            due = await self._due_at(one)
            is_time = self._now() >= due or due - self._now() > one.pair.every * 2
            if is_time and self._is_free(one.sides.viewer) and not self._rests(one.sides):
                self._begin(one.sides.viewer, self._scheduled(one))

    async def _due_at(self, one: Wired) -> float:
        last = await self._store.read(lambda db: runs.latest(db, one.sides.viewer, one.sides.pair))
        return pair_stories.due_after(last[0], one.pair) if last else 0.0

    def _is_free(self, viewer: str) -> bool:
        return viewer not in self._busy or self._busy[viewer].done()

    def _begin(self, viewer: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(lambda _: self.news.set())
        self._busy[viewer] = task

    def _rests(self, sides: Sides) -> bool:
        """Whether one of the accounts is not to be asked now. Nothing is begun then: its end would be news at once."""
        couriers = (self._couriers()[sides.viewer, name] for name in sides.names)
        return any(courier.health.pause(self._clock.monotonic()) for courier in couriers)

    async def _scheduled(self, one: Wired) -> None:
        sides = one.sides
        with contextlib.suppress(StoreError):
            run = await self._store.write(
                lambda db: runs.ask(db, sides.viewer, sides.pair, "schedule", {}, self._now())
            )
            await self._carry_out(run, one, Options(), unasked=True)

    async def _asked(self, run: Run) -> None:
        with contextlib.suppress(StoreError):
            one = found(self._config(), self._couriers(), run.viewer, run.pair)
            if one is None:
                why = f"{run.viewer} has no pair {run.pair} that can be reconciled; see viewers: pairs"
                await self._store.write(lambda db: runs.end(db, run.id, self._now(), "failed", why))
                return
            await self._carry_out(run.id, one, Options.of(run.options))

    async def _carry_out(self, run: int, one: Wired, options: Options, *, unasked: bool = False) -> None:
        reconciler = self.reconciler(one)
        self._at[one.sides.viewer] = run
        try:
            ended = await reconciler.run(run, options)
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
        await self._tell(one.sides, ended, unasked=unasked)

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
        )

    def _member(self, viewer: str, name: str) -> Member:
        if is_file(name):
            return Member(FileTracker(name), _untold)
        courier = self._couriers()[viewer, name]

        async def trouble(error: TrackerError) -> None:
            if not isinstance(error, TryLater):  # a read that failed is no reason to hold up what is to be delivered
                await courier.health.trouble(error, self._clock.monotonic(), self._dice)

        return Member(courier.tracker, trouble)

    async def _tell(self, sides: Sides, ended: Ended, *, unasked: bool) -> None:
        """Whoever asked for a run is told by its end."""
        subject = f"{sides.viewer}/{sides.pair}"
        now, key = self._now(), (sides.viewer, sides.pair)
        if ended.outcome == "approval" and unasked:
            await self._alerts.report(pair_stories.wants_a_yes(sides, ended))
        elif ended.outcome in ("done", "nothing"):
            await self._alerts.recovered("plan", subject, f"{subject}: the plan needs no answer any more", "")
        if ended.outcome in ("done", "nothing"):
            self._succeeded[key] = now
            await self._alerts.recovered("pair", subject, f"{subject} is reconciled again", "")
        elif ended.outcome == "failed" and now - self._succeeded.setdefault(key, now) > TELL_AFTER:
            await self._alerts.report(pair_stories.fails(sides, ended))

    async def _remember(self) -> None:
        pairs = [one.sides for one in wired(self._config(), self._couriers())]

        def read(db: sqlite3.Connection) -> dict[tuple[str, str], float]:
            ends = {(s.viewer, s.pair): runs.latest_success(db, s.viewer, s.pair) for s in pairs}
            return {key: at for key, at in ends.items() if at is not None}

        self._succeeded = await self._store.read(read)

    def _successes(self) -> list[Sample]:
        return [(key, at) for key, at in self._succeeded.items()]

    def _now(self) -> float:
        return self._clock.now().timestamp()


async def _untold(error: TrackerError) -> None:
    """A file has no account that could be in trouble."""
