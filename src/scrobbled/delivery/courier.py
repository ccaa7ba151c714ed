"""From the outbox to the trackers: the only place that writes to one.

One courier per account, one write at a time. A write that must not be repeated is announced in the database before it
begins; if its answer goes missing, by error or by crash, it is read back before anything is repeated.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

import structlog

from scrobbled.ahead import Outlook
from scrobbled.amend import Amender, Standing
from scrobbled.batch import Batch
from scrobbled.booking import Booking, NoLongerWaiting
from scrobbled.clock import Clock
from scrobbled.core.corrections import Correction
from scrobbled.core.errors import NotInCatalogue, Refused, StoreError, TrackerError, Uncertain
from scrobbled.core.plays import rounded
from scrobbled.core.retry import backoff, reading_pause
from scrobbled.core.safety import USUAL, Limits
from scrobbled.health import Health
from scrobbled.metrics import Metrics
from scrobbled.prepare import Preparer
from scrobbled.store import amendments, corrections, outbox
from scrobbled.store.database import Store
from scrobbled.store.outbox import Change
from scrobbled.trackers.base import Addition, Address, Receipt, Tracker

DOUBTS_AT_ONCE = 500
DOUBTS_IN_A_ROW = 3
"""So many lost answers one after the other are looked into before anything else is written."""
SOON = 3_600.0
"""Seconds: what is to be read back within them is read along with what is due, as it costs no more."""
PATIENT_ATTEMPTS = 3
STUBBORN_ATTEMPTS = 10
STUBBORN_BACKOFF = 3_600.0
SIGN_IN_EVERY = 3_600.0
log = structlog.get_logger("deliver")


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
        limits: Limits = USUAL,
        random_seed: int | None = None,
        eager: bool = True,
    ) -> None:
        """``eager`` signs in at the start and every hour, also where nothing waits."""
        self.viewer, self.name, self.tracker, self.health = viewer, name, tracker, health
        self.wake = asyncio.Event()
        self._store, self._clock = store, clock
        self._books = Booking(health, store=store, metrics=metrics, clock=clock, changed=changed)
        self._dice = random.Random(random_seed).random
        standing = Standing(self._sign_in, self._succeeded, self._dice)
        self._preparer = Preparer(tracker, health, self._books, standing, store=store, clock=clock, limits=limits)
        self._amender = Amender(
            tracker,
            health,
            standing,
            store=store,
            metrics=metrics,
            clock=clock,
            changed=changed,
        )
        self._outlook = Outlook(viewer, name, tracker, store=store, clock=clock, address=self._preparer.would_go)
        self._stop = asyncio.Event()
        self._eager = eager
        self._limit = tracker.can.batch
        self._signed_in_at: float | None = None
        self._read_back_at = 0.0
        """While others are to be sent, nothing is read back before (monotonic seconds)."""
        self._doubts_in_a_row = 0
        self._why_unusable = ""
        self._interrupted = True
        """A write may have begun and not been booked; so it is at the start, after whatever ended the process."""

    def stop(self) -> None:
        """End after the write in flight."""
        self._stop.set()
        self.wake.set()

    def try_now(self) -> None:
        """Somebody signed in, or wants a retry: rest no longer, and look at the sign-in again."""
        self.health.try_now()
        self._signed_in_at = None

    async def run(self) -> None:
        """Until ``stop``. Nothing that goes wrong with one change ends the courier."""
        while not self._stop.is_set():
            try:
                wait = await self.step()
                self._unusable("")
            except StoreError as error:
                self._unusable(str(error))
                self._interrupted, wait = True, 5.0
            except Exception:
                log.exception("delivery failed as it never should", action="deliver", account=self.health.subject)
                self._interrupted, wait = True, 60.0
            if wait != 0.0 and await self._clock.wait(self.wake, wait):
                self.wake.clear()

    def _unusable(self, why: str) -> None:
        """Logged when it begins and when it is over, not each time it is tried."""
        if why and why != self._why_unusable:
            log.error("the outbox cannot be used", action="deliver", account=self.health.subject, why=why)
        elif self._why_unusable and not why:
            log.info("the outbox can be used again", action="deliver", account=self.health.subject)
        self._why_unusable = why

    async def step(self) -> float | None:
        """Do the next thing. Returns seconds until something is due, 0 for at once, ``None`` for "when woken"."""
        if (pause := self.health.pause(self._clock.monotonic())) > 0.0:
            return pause
        if (delay := self.tracker.delay()) > 0.0:
            await self._clock.wait(self._stop, delay)
            return 0.0
        if self._sign_in_is_due() and await self._is_worth_it() and not await self._sign_in():
            return 0.0
        now = self._clock.now().timestamp()
        if self._interrupted:
            await self._store.write(lambda db: outbox.doubt_in_flight(db, self.viewer, self.name, now))
            self._interrupted = False
        doubts, changes, known = await self._store.read(
            lambda db: (
                outbox.in_doubt(db, self.viewer, self.name, now, DOUBTS_AT_ONCE),
                outbox.due(db, self.viewer, self.name, now, self._limit),
                corrections.in_force(db, self.viewer),
            )
        )
        if doubts and self._is_to_be_read_back(changes):
            await self._read_back(doubts if not changes else await self._all_doubts(now), now)
        elif changes:
            await self._send(changes, known)
        elif not await self._amender.step():
            return await self._idle(now)
        return 0.0

    # -- preparing ----------------------------------------------------------------------------------------------------

    async def _send(self, changes: Sequence[Change], known: tuple[Correction, ...]) -> None:
        if await self._told_ahead(changes[0]):
            return
        batch = Batch(known)
        for change in changes:
            await self._preparer.prepare(change, batch)
            if self.health.pause(self._clock.monotonic()) > 0.0:
                return
        if batch.changes:
            await self._write(batch)

    async def _told_ahead(self, first: Change) -> bool:
        """Whether the tracker was told of what goes with it: then its pace is asked again before anything is sent."""
        try:
            return await self._outlook.tell(first)
        except TrackerError as error:
            await self._trouble(error)
            return True

    # -- writing ------------------------------------------------------------------------------------------------------

    async def _write(self, batch: Batch) -> None:
        async def sending() -> None:
            await self._books.begin(batch.additions, batch.known)
            batch.begun = True

        try:
            results = await self.tracker.add_plays(batch.additions, sending)
        except NoLongerWaiting:
            return
        except TrackerError as error:
            await self._write_failed(batch, error)
            return
        await self._books.settle(list(zip(batch.changes, results, strict=True)), batch.known)
        self._limit = min(self.tracker.can.batch, self._limit * 2)
        self._doubts_in_a_row = 0
        await self._succeeded()

    async def _write_failed(self, batch: Batch, error: TrackerError) -> None:
        """One bad change must not take its neighbours along: after a failure the next batch is half as large."""
        alone = len(batch.changes) == 1
        self._limit = max(1, len(batch.changes) // 2)
        if error.in_doubt and batch.begun:
            self._doubts_in_a_row += 1
            await self._books.doubt(batch.changes, error.reason)
            await self._trouble(error)
        elif not isinstance(error, Refused | NotInCatalogue | Uncertain):
            await self._trouble(error)
            await self._books.postpone(batch.changes, error.reason, self._own_wait)
        elif alone:
            await self._books.settle([(batch.changes[0], error)])
        else:
            await self._books.apart(batch.changes)

    def _own_wait(self, change: Change) -> float:
        """In an outage the account waits, not the change. One that keeps failing lets the others go first."""
        if change.attempts < PATIENT_ATTEMPTS:
            return 0.0
        stubborn = change.attempts >= STUBBORN_ATTEMPTS and not self.health.in_outage
        longest = STUBBORN_BACKOFF if stubborn else 60.0
        return backoff(change.attempts, self._dice, longest=longest)

    # -- reading back -------------------------------------------------------------------------------------------------

    def _is_to_be_read_back(self, changes: Sequence[Change]) -> bool:
        """A read-back may take as long as a hundred writes, so with others to be sent it waits for more to read."""
        waited = self._clock.monotonic() >= self._read_back_at
        return not changes or waited or self._doubts_in_a_row >= DOUBTS_IN_A_ROW

    async def _all_doubts(self, now: float) -> Sequence[Change]:
        return await self._store.read(
            lambda db: outbox.in_doubt(db, self.viewer, self.name, now + SOON, DOUBTS_AT_ONCE)
        )

    async def _read_back(self, doubts: Sequence[Change], now: float) -> None:
        """Settle writes whose answer is missing: found is delivered; missed twice, far enough apart, is sent again."""
        begun = self._clock.monotonic()
        try:
            receipts = await self.tracker.find_plays([self._as_sent(change) for change in doubts])
        except TrackerError as error:
            await self._trouble(error)
            return
        ended = self._clock.monotonic()
        self._read_back_at, self._doubts_in_a_row = ended + reading_pause(ended - begun), 0
        found = [(c, r) for c, r in zip(doubts, receipts, strict=True) if r is not None]
        absent = [c for c, r in zip(doubts, receipts, strict=True) if r is None]
        settle = self.tracker.can.settle
        proven = [c for c in absent if c.missed_at is not None and now - c.missed_at >= settle]
        unsure = [c for c in absent if c not in proven]
        await self._books.absent(proven, unsure, read_at=now, settle=settle, wait=self._own_wait)
        await self._books.settle([(c, Receipt(r.remote_id, "found when read back")) for c, r in found])
        await self._succeeded()
        counts = {"found": len(found), "absent": len(proven), "asked_again": len(unsure)}
        log.info("doubt read back", action="read-back", account=self.health.subject, **counts)

    def _as_sent(self, change: Change) -> Addition:
        assert change.address_key is not None
        assert change.watched_at is not None
        address = Address(change.address_key, change.address or {}, change.how)
        return Addition(change.id, address, rounded(change.watched_at, self.tracker.can.precision), change.rewatch)

    # -- the account --------------------------------------------------------------------------------------------------

    async def _trouble(self, error: TrackerError) -> None:
        await self.health.trouble(error, self._clock.monotonic(), self._dice)

    async def _succeeded(self) -> None:
        if await self.health.success(self.tracker.expires_at()):
            await self._store.write(
                lambda db: (
                    outbox.release(db, self.viewer, self.name),
                    amendments.release(db, self.viewer, self.name),
                )
            )

    def _sign_in_is_due(self) -> bool:
        last = self._signed_in_at
        # in trouble it is also the question whether the service answers again: asking harms nothing, unlike a write
        return self.health.in_trouble or last is None or self._clock.monotonic() - last >= SIGN_IN_EVERY

    async def _is_worth_it(self) -> bool:
        """A service tells early that a sign-in has lapsed; a command that has nothing to deliver asks nobody."""
        if self._eager:
            return True
        viewer, name = self.viewer, self.name
        return await self._store.read(lambda db: outbox.waits(db, viewer, name) or amendments.waits(db, viewer, name))

    async def _sign_in(self) -> bool:
        """Keep the sign-in alive ahead of need; true when it is.

        It may need no request at all, so it ends no trouble while there is a change whose delivery can tell.
        """
        try:
            await self.tracker.sign_in()
        except TrackerError as error:
            await self._trouble(error)
            return False
        self._signed_in_at = self._clock.monotonic()
        if not self.health.in_trouble:
            await self._succeeded()
        return True

    async def _idle(self, now: float) -> float | None:
        account = self.viewer, self.name
        times, waits = await self._store.read(
            lambda db: (
                (outbox.next_due(db, *account), amendments.next_due(db, *account)),
                outbox.waits(db, *account) or amendments.waits(db, *account),
            )
        )
        if self.health.in_trouble and not waits:  # the sign-in was confirmed just now, and nothing else could tell
            await self._succeeded()
            return 0.0
        due = min((time for time in times if time is not None), default=None)
        return SIGN_IN_EVERY if due is None else min(SIGN_IN_EVERY, max(0.05, due - now))
