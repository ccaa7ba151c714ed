"""From the queue to one account: due -> find -> judge -> book -> write -> book. The only place that adds plays.

One courier per account, one write at a time. A write that must not be repeated is announced in the database before it
begins; if its answer goes missing, by error or by crash, it is read back before anything is repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from scrobbled.core.errors import StoreError, TrackerError
from scrobbled.core.naming.corrections import Correction
from scrobbled.core.sending.judge import Doubt, Later, Send, failed, judge
from scrobbled.core.sending.retry import fewer, more
from scrobbled.core.sending.safety import USUAL, WriteLimits
from scrobbled.delivery.account import SIGN_IN_EVERY, TrackerAccount
from scrobbled.delivery.amending import Amender
from scrobbled.delivery.booking import Booking, Judged, NoLongerWaiting, answered
from scrobbled.delivery.finding import Found, Going, Located, locate, look_up
from scrobbled.delivery.foreseeing import Outlook
from scrobbled.delivery.health import Health
from scrobbled.delivery.reading_back import ReadingBack
from scrobbled.plumbing.behalf import for_run
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.metrics import Metrics
from scrobbled.store.file.database import Store
from scrobbled.store.queue import amendments, corrections, outbox, pausing
from scrobbled.store.queue.outbox import OutboxChange
from scrobbled.trackers.base import Tracker

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
        limits: WriteLimits = USUAL,
        random_seed: int | None = None,
        eager: bool = True,
    ) -> None:
        """``eager`` signs in at the start and every hour, also where nothing waits."""
        self.viewer, self.name = viewer, name
        self.wake = asyncio.Event()
        self._store, self._clock, self._limits, self._eager = store, clock, limits, eager
        self.account = TrackerAccount(tracker, health, store=store, clock=clock, random_seed=random_seed)
        self._books = Booking(self.account, metrics=metrics, changed=changed)
        self._reading_back = ReadingBack(self.account, self._books)
        self._amender = Amender(self.account, metrics=metrics, changed=changed)
        self._outlook = Outlook(self.account, limits)
        self._stop = asyncio.Event()
        self._most_at_once = tracker.can.batch
        self._why_unusable = ""
        self._interrupted = True
        """A write may have begun and not been booked; so it is at the start, after whatever ended the process."""

    @property
    def tracker(self) -> Tracker:
        return self.account.tracker

    @property
    def health(self) -> Health:
        return self.account.health

    def stop(self) -> None:
        """End after the write in flight."""
        self._stop.set()
        self.wake.set()

    def try_now(self) -> None:
        """Somebody signed in, or wants a retry: rest no longer, and look at the sign-in again."""
        self.account.try_now()

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

    # -- what is due --------------------------------------------------------------------------------------------------

    async def step(self) -> float | None:
        """Do the next thing. Returns seconds until something is due, 0 for at once, ``None`` for "when woken"."""
        if (pause := self.account.rests()) > 0.0:
            return pause
        if self.tracker.can.adds and (delay := self.tracker.adds.delay()) > 0.0:
            await self._clock.wait(self._stop, delay)
            return 0.0
        if self.account.sign_in_is_due() and await self._is_worth_it() and not await self.account.sign_in():
            return 0.0
        now, whose = self.account.now(), (self.viewer, self.name)
        if self._interrupted:
            await self._store.write(lambda db: outbox.doubt_in_flight(db, *whose, now))
            self._interrupted = False
        paused, doubts, changes, known = await self._store.read(
            lambda db: (
                pausing.left(db, now),
                outbox.in_doubt(db, *whose, now, 1),
                outbox.due(db, *whose, now, self._most_at_once),
                corrections.in_force(db, self.viewer),
            )
        )
        if paused:
            return min(paused, SIGN_IN_EVERY)  # a sign-in is kept alive all the same
        if doubts and self._reading_back.goes_before(changes):
            await self._reading_back.carry_out(now, others_wait=bool(changes))
        elif changes:
            with for_run(changes[0].run):
                await self._deliver(changes, known)
        elif not await self._amender.step():
            return await self._idle(now)
        return 0.0

    async def _is_worth_it(self) -> bool:
        """A service tells early that a sign-in has lapsed; a command that has nothing to deliver asks nobody."""
        return self._eager or await self.account.waits()

    async def _idle(self, now: float) -> float | None:
        whose = self.viewer, self.name
        times = await self._store.read(lambda db: (outbox.next_due(db, *whose), amendments.next_due(db, *whose)))
        if self.health.in_trouble and self._eager and not await self.account.waits():
            await self.account.succeeded()  # the sign-in was confirmed just now, and nothing else could tell
            return 0.0
        due = min((time for time in times if time is not None), default=None)
        return SIGN_IN_EVERY if due is None else min(SIGN_IN_EVERY, max(0.05, due - now))

    # -- find, judge --------------------------------------------------------------------------------------------------

    async def _deliver(self, changes: Sequence[OutboxChange], known: Sequence[Correction]) -> None:
        if await self._told_ahead(changes[0], known):
            return
        located = await self._locate(changes, known)
        if self.account.rests() > 0.0:
            return
        going, judged = self._judge(await look_up(self.account, located))
        if judged:
            await self._books.book(judged, known)
        if going:
            await self._write(going, known)

    def _judge(self, found: Sequence[Found]) -> tuple[list[Going], list[Judged]]:
        """What is sent, and what becomes of the others. One that depends on what becomes of another waits for that."""
        going: list[Going] = []
        judged: list[Judged] = []
        settled: set[str] = set()
        for one in found:
            if one.key in settled:
                continue
            verdict = judge(one.among(going), self._limits)
            if isinstance(verdict, Send):
                going.append(one.sent(verdict))
            else:
                judged.append(Judged(one.change, verdict, one.address))
                settled.update(() if one.key is None else (one.key,))
        return going, judged

    async def _told_ahead(self, first: OutboxChange, known: Sequence[Correction]) -> bool:
        """Whether the tracker was told of what goes with it: then its pace is asked again before anything is sent."""
        try:
            return await self._outlook.tell(first, known)
        except TrackerError as error:
            await self.account.trouble(error)
            return True

    async def _locate(self, changes: Sequence[OutboxChange], known: Sequence[Correction]) -> list[Located]:
        """Those of which somebody could tell; of the others it is booked, and with trouble nobody is asked any more."""
        located: list[Located] = []
        later: list[Judged] = []
        for change in changes:
            try:
                located.append(await locate(self.account, change, known))
            except TrackerError as error:
                if put_off := await self.account.not_looked_up(error, change.attempts):
                    later.append(Judged(change, put_off))
                    log.info("looked up later", action="locate", account=self.health.subject, why=error.reason)
                if self.account.rests() > 0.0:
                    break
        if later:
            await self._books.book(later, known)
        return located

    # -- write --------------------------------------------------------------------------------------------------------

    async def _write(self, going: Sequence[Going], known: Sequence[Correction]) -> None:
        additions, begun = [one.addition for one in going], False

        async def sending() -> None:
            nonlocal begun
            await self._books.begin(additions, known)
            begun = True

        try:
            results = await self.tracker.adds.add_plays(additions, sending)
        except NoLongerWaiting:
            return
        except TrackerError as error:
            await self._not_written(going, error, begun=begun)
            return
        answers = [Judged(one.change, answered(result)) for one, result in zip(going, results, strict=True)]
        await self._books.book(answers, known)
        self._most_at_once = more(self._most_at_once, self.tracker.can.batch)
        self._reading_back.answered()
        await self.account.succeeded()

    async def _not_written(self, going: Sequence[Going], error: TrackerError, *, begun: bool) -> None:
        self._most_at_once = fewer(len(going))
        verdict = failed(error, begun=begun, alone=len(going) == 1)
        if isinstance(verdict, Later):
            await self.account.trouble(error)
            waits = (self.account.own_wait(one.change.attempts) for one in going)
            judged = [Judged(one.change, Later(error.coded, wait)) for one, wait in zip(going, waits, strict=True)]
        else:
            judged = [Judged(one.change, verdict) for one in going]
        await self._books.book(judged)
        if isinstance(verdict, Doubt):
            self._reading_back.lost()
            lost = [one.change.id for one in going]
            log.warning("write in doubt", action="deliver", account=self.health.subject, changes=lost, why=error.reason)
            await self.account.trouble(error)
