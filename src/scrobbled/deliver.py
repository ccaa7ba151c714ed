"""From the outbox to the trackers: the only place that writes to one.

One courier per account, one write at a time. A write that must not be repeated is announced in the database before it
begins; if its answer goes missing, by error or by crash, it is read back before anything is repeated.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from scrobbled.clock import Clock
from scrobbled.core.errors import (
    NotInCatalogue,
    Refused,
    StoreError,
    TrackerError,
    TryLater,
    Uncertain,
)
from scrobbled.core.outcomes import PlayOutcome
from scrobbled.core.plays import rounded
from scrobbled.core.retry import backoff, recheck
from scrobbled.core.sessions import viewing_gap
from scrobbled.health import Health
from scrobbled.metrics import Metrics
from scrobbled.store import outbox
from scrobbled.store.database import Store
from scrobbled.store.outbox import Change
from scrobbled.trackers.base import Addition, Address, Receipt, Result, Tracker

DOUBTS_AT_ONCE = 500
PATIENT_ATTEMPTS = 3
STUBBORN_ATTEMPTS = 10
STUBBORN_BACKOFF = 3_600.0
SIGN_IN_EVERY = 3_600.0
log = structlog.get_logger("deliver")


@dataclass(slots=True)
class _Batch:
    """What one write carries, and whether its point of no return was passed."""

    changes: list[Change] = field(default_factory=list)
    additions: list[Addition] = field(default_factory=list)
    begun: bool = False

    def holds(self, address: Address, watched_at: datetime, gap: timedelta) -> Change | None:
        for change, addition in zip(self.changes, self.additions, strict=True):
            if addition.address.key == address.key and abs(addition.watched_at - watched_at) < gap:
                return change
        return None


class Courier:
    """Delivers what waits for one account, for as long as it runs. ``wake`` it when there may be news.

    ``changed`` is called, after the commit, when what became of a play is no longer what it was.
    """

    def __init__(
        self,
        viewer: str,
        name: str,
        tracker: Tracker,
        *,
        store: Store,
        health: Health,
        metrics: Metrics,
        clock: Clock,
        changed: Callable[[], None] = lambda: None,
        random_seed: int | None = None,
    ) -> None:
        self.viewer, self.name, self.tracker, self.health = viewer, name, tracker, health
        self.wake = asyncio.Event()
        self._store, self._metrics, self._clock = store, metrics, clock
        self._changed = changed
        self._dice = random.Random(random_seed).random
        self._stop = asyncio.Event()
        self._limit = tracker.can.batch
        self._signed_in_at: float | None = None
        self._interrupted = True

    def stop(self) -> None:
        """End after the write in flight."""
        self._stop.set()
        self.wake.set()

    async def run(self) -> None:
        """Until ``stop``. Nothing that goes wrong with one change ends the courier."""
        while not self._stop.is_set():
            try:
                wait = await self.step()
            except StoreError as error:
                log.error("the outbox cannot be used", action="deliver", account=self._account, why=str(error))
                self._interrupted, wait = True, 5.0
            except Exception:
                log.exception("delivery failed in a way it should not", action="deliver", account=self._account)
                self._interrupted, wait = True, 60.0
            if wait != 0.0 and await self._clock.wait(self.wake, wait):
                self.wake.clear()

    async def step(self) -> float | None:
        """Do the next thing. Returns seconds until something is due, 0 for at once, ``None`` for "when woken"."""
        if (pause := self.health.pause(self._clock.monotonic())) > 0.0:
            return pause
        if (delay := self.tracker.delay()) > 0.0:
            await self._clock.wait(self._stop, delay)
            return 0.0
        if self._sign_in_is_due() and not await self._sign_in():
            return 0.0
        if self._interrupted:
            await self._store.write(lambda db: outbox.doubt_in_flight(db, self.viewer, self.name))
            self._interrupted = False
        now = self._now()
        doubts, changes = await self._store.read(
            lambda db: (
                outbox.in_doubt(db, self.viewer, self.name, now, DOUBTS_AT_ONCE),
                outbox.due(db, self.viewer, self.name, now, self._limit),
            )
        )
        if doubts:
            await self._read_back(doubts)
            return 0.0
        if changes:
            await self._send(changes)
            return 0.0
        return await self._idle(now)

    # -- preparing ----------------------------------------------------------------------------------------------------

    async def _send(self, changes: Sequence[Change]) -> None:
        batch = _Batch()
        for change in changes:
            await self._prepare(change, batch)
            if self.health.pause(self._clock.monotonic()) > 0.0:
                return
        if batch.changes:
            await self._write(batch)

    async def _prepare(self, change: Change, batch: _Batch) -> None:
        """Add ``change`` to the batch, or settle it another way."""
        try:
            address = await self.tracker.locate(change.item)
        except TrackerError as error:
            await self._not_located(change, error)
            return
        assert change.watched_at is not None, "an undated play is held, never queued"
        gap = viewing_gap(change.duration, restarted=True)
        watched_at = rounded(change.watched_at, self.tracker.can.precision)
        twin, rewatch = await self._store.read(
            lambda db: (
                outbox.same_viewing(db, change, address.key, gap),
                outbox.watched_before(db, change, address.key),
            )
        )
        neighbour = batch.holds(address, watched_at, gap)
        if twin is not None or neighbour is not None:
            await self._already_there(change, address, twin if neighbour is None else neighbour.play_id)
            return
        rewatch = rewatch or any(a.address.key == address.key and a.watched_at < watched_at for a in batch.additions)
        batch.changes.append(change)
        batch.additions.append(Addition(change.id, address, watched_at, rewatch))

    async def _not_located(self, change: Change, error: TrackerError) -> None:
        if isinstance(error, NotInCatalogue | Uncertain | Refused):
            await self._settle([(change, error)])
        elif isinstance(error, TryLater):
            if not await self._sign_in():
                return  # the tracker itself does not answer: the account waits, not the change
            # whoever was asked about this one is down, and the account is fine, so others go on
            wait = backoff(change.attempts + 1, self._dice, asked=error.after, longest=STUBBORN_BACKOFF / 4)
            now = self._now()
            await self._store.write(lambda db: outbox.postpone(db, change.id, error.reason, now, now + wait))
            self._changed()
            log.info("looked up later", action="locate", account=self._account, change=change.id, why=error.reason)
        else:
            await self._trouble(error)

    async def _already_there(self, change: Change, address: Address, play_id: int | None) -> None:
        now, reason = self._now(), f"the same viewing is play p{play_id}"

        def work(db: sqlite3.Connection) -> None:
            outbox.locate(db, change.id, address.key, dict(address.data), address.how, rewatch=False)
            outbox.settle(db, change.id, PlayOutcome.ALREADY_THERE, reason, now)

        await self._store.write(work)
        self._counted(PlayOutcome.ALREADY_THERE)
        self._changed()

    # -- writing ------------------------------------------------------------------------------------------------------

    async def _write(self, batch: _Batch) -> None:
        async def sending() -> None:
            await self._store.write(lambda db: _begin(db, batch.additions))
            batch.begun = True

        try:
            results = await self.tracker.add_plays(batch.additions, sending)
        except TrackerError as error:
            await self._write_failed(batch, error)
            return
        await self._succeeded()
        self._limit = min(self.tracker.can.batch, self._limit * 2)
        await self._settle(list(zip(batch.changes, results, strict=True)))

    async def _write_failed(self, batch: _Batch, error: TrackerError) -> None:
        ids = [change.id for change in batch.changes]
        if error.in_doubt and batch.begun:
            now = self._now()
            await self._store.write(lambda db: outbox.doubt(db, ids, error.reason, now))
            log.warning("write in doubt", action="deliver", account=self._account, changes=ids, why=error.reason)
            await self._trouble(error)
        elif isinstance(error, Refused | NotInCatalogue | Uncertain):
            await self._refused(batch, error)
        else:
            await self._trouble(error)
            await self._postpone(batch, error)

    async def _refused(self, batch: _Batch, error: Refused | NotInCatalogue | Uncertain) -> None:
        """One bad change must not take its neighbours along: halve the batch until it stands alone."""
        if len(batch.changes) == 1:
            await self._settle([(batch.changes[0], error)])
            return
        self._limit = max(1, len(batch.changes) // 2)
        await self._store.write(lambda db: outbox.clear_doubt(db, [change.id for change in batch.changes]))

    async def _postpone(self, batch: _Batch, error: TrackerError) -> None:
        now = self._now()
        if len(batch.changes) > 1 and isinstance(error, TryLater):
            self._limit = max(1, self._limit // 2)

        def work(db: sqlite3.Connection) -> None:
            for change in batch.changes:
                outbox.postpone(db, change.id, error.reason, now, now + self._own_wait(change))

        await self._store.write(work)
        self._changed()

    def _own_wait(self, change: Change) -> float:
        """In an outage the account waits, not the change. One that keeps failing lets the others go first."""
        if change.attempts < PATIENT_ATTEMPTS:
            return 0.0
        stubborn = change.attempts >= STUBBORN_ATTEMPTS and not self.health.in_outage
        longest = STUBBORN_BACKOFF if stubborn else 60.0
        return backoff(change.attempts, self._dice, longest=longest)

    # -- reading back -------------------------------------------------------------------------------------------------

    async def _read_back(self, doubts: Sequence[Change]) -> None:
        """Settle writes whose answer is missing: found is delivered; missed twice, far enough apart, is sent again."""
        additions = [self._as_sent(change) for change in doubts]
        started = self._now()
        try:
            receipts = await self.tracker.find_plays(additions)
        except TrackerError as error:
            await self._trouble(error)
            return
        await self._succeeded()
        found = [(c, r) for c, r in zip(doubts, receipts, strict=True) if r is not None]
        absent = [c for c, r in zip(doubts, receipts, strict=True) if r is None]
        settle = self.tracker.can.settle
        proven = [c.id for c in absent if c.missed_at is not None and started - c.missed_at >= settle]
        first = [c.id for c in absent if c.id not in proven]

        def work(db: sqlite3.Connection) -> None:
            outbox.clear_doubt(db, proven)
            outbox.missed(db, first, started, started + settle)

        await self._store.write(work)
        await self._settle([(c, Receipt(r.remote_id, "found when read back")) for c, r in found])
        log.info(
            "doubt read back",
            action="read-back",
            account=self._account,
            found=len(found),
            absent=len(proven),
            asked_again=len(first),
        )

    def _as_sent(self, change: Change) -> Addition:
        assert change.address_key is not None
        assert change.watched_at is not None
        address = Address(change.address_key, change.address or {}, change.how)
        return Addition(change.id, address, rounded(change.watched_at, self.tracker.can.precision), change.rewatch)

    # -- settling -----------------------------------------------------------------------------------------------------

    async def _settle(self, results: Sequence[tuple[Change, Result | Uncertain]]) -> None:
        now = self._now()

        def work(db: sqlite3.Connection) -> None:
            for change, result in results:
                _book(db, change, result, now)

        await self._store.write(work)
        self._changed()
        for change, result in results:
            await self._tell(change, result, now)

    async def _tell(self, change: Change, result: Result | Uncertain, now: float) -> None:
        outcome = _outcome(result)
        self._counted(outcome)
        if outcome is PlayOutcome.DELIVERED:
            self._metrics.delivery.labels(self.name).observe(max(0.0, now - change.received_at))
        log.info(
            "play",
            action="deliver",
            play=f"p{change.play_id}",
            account=self._account,
            outcome=outcome,
            reason=None if isinstance(result, Receipt) else result.reason,
        )
        if outcome in (PlayOutcome.DEAD, PlayOutcome.UNMATCHED):
            await self.health.needs_a_person(outcome, change.item.label(), _reason(result))

    async def _trouble(self, error: TrackerError) -> None:
        await self.health.trouble(error, self._clock.monotonic(), self._dice)

    async def _succeeded(self) -> None:
        if await self.health.success(self.tracker.expires_at()):
            await self._store.write(lambda db: outbox.release(db, self.viewer, self.name))

    def _sign_in_is_due(self) -> bool:
        last = self._signed_in_at
        # in an outage it is also the question whether the service answers again: asking harms nothing, unlike a write
        asked_for = self.health.needs_sign_in or self.health.is_down
        return asked_for or last is None or self._clock.monotonic() - last >= SIGN_IN_EVERY

    async def _sign_in(self) -> bool:
        """Keep the sign-in alive ahead of need; true when it is."""
        try:
            await self.tracker.sign_in()
        except TrackerError as error:
            await self._trouble(error)
            return False
        self._signed_in_at = self._clock.monotonic()
        await self._succeeded_signing_in()
        return True

    async def _succeeded_signing_in(self) -> None:
        if self.health.needs_sign_in or self.health.is_new:
            await self._succeeded()

    async def _idle(self, now: float) -> float | None:
        if self.health.is_down:  # the sign-in was confirmed just now, and nothing is due that could say otherwise
            await self._succeeded()
            return 0.0
        due = await self._store.read(lambda db: outbox.next_due(db, self.viewer, self.name))
        return SIGN_IN_EVERY if due is None else min(SIGN_IN_EVERY, max(0.05, due - now))

    def _counted(self, outcome: PlayOutcome) -> None:
        self._metrics.deliveries.labels(self.viewer, self.name, "plays", outcome).inc()

    def _now(self) -> float:
        return self._clock.now().timestamp()

    @property
    def _account(self) -> str:
        return f"{self.viewer}/{self.name}"


def _begin(db: sqlite3.Connection, additions: Sequence[Addition]) -> None:
    for addition in additions:
        address = addition.address
        outbox.locate(db, addition.id, address.key, dict(address.data), address.how, rewatch=addition.rewatch)
    outbox.begin(db, [addition.id for addition in additions])


def _book(db: sqlite3.Connection, change: Change, result: Result | Uncertain, now: float) -> None:
    outcome, reason = _outcome(result), _reason(result)
    remote = result.remote_id or None if isinstance(result, Receipt) else None
    candidates = result.candidates if isinstance(result, Uncertain) else ()
    next_at = now + recheck(change.misses + 1) if outcome is PlayOutcome.PARKED else 0.0
    outbox.settle(db, change.id, outcome, reason, now, remote_id=remote, candidates=candidates, next_at=next_at)


def _outcome(result: Result | Uncertain) -> PlayOutcome:
    if isinstance(result, Receipt):
        return PlayOutcome.DELIVERED
    if isinstance(result, NotInCatalogue):
        return PlayOutcome.PARKED
    return PlayOutcome.UNMATCHED if isinstance(result, Uncertain) else PlayOutcome.DEAD


def _reason(result: Result | Uncertain) -> str:
    return result.note if isinstance(result, Receipt) else result.reason
