"""When a database of charts is brought up to date: at once with what is stored, by the clock with what accounts hold.

Nothing waits for it. Reads of accounts are by the clock or by wish, one at a time for each viewer; what they bring, and
what comes into our own ledger, is compared and sent as soon as it is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import structlog

from scrobbled.charting.exporter import Exported, Exporter
from scrobbled.charting.means import DOWN, NEW, NOTHING, OFF, OK, SIGN_IN, ChartMeans, ChartSettings, due_after
from scrobbled.core.errors import LoginNeeded, ScrobbledError, StoreError, TrackerError, TryLater
from scrobbled.core.sending.retry import backoff
from scrobbled.sinks.base import BucketMissing, ChartSink, SinkServer
from scrobbled.store.charts import book, exports, looking, runs
from scrobbled.store.charts.exports import Charted, ChartWish
from scrobbled.store.charts.runs import ChartRun

LOOK_EVERY = 20.0
"""Seconds between two looks without any news."""
PAUSE = 1.0
"""Seconds between two looks, so that a flood of news costs little."""
ASKED_PAUSE = 0.1
"""The same where nothing is run by the clock, as whoever asks waits."""
MISSING_AGAIN = 300.0
"""Seconds until a bucket that is missing, or a token that is refused, is tried again."""
AGAIN_AFTER = 300.0
"""Seconds after a run that failed."""
log = structlog.get_logger("charts")


class ChartKeeper:
    """Runs until it is stopped. ``state`` is ``off``, ``new``, ``ok``, ``down`` or ``sign-in``."""

    def __init__(self, means: ChartMeans) -> None:
        self._means, self._store, self._clock = means, means.store, means.clock
        self.news = asyncio.Event()
        self.state, self.reason = NEW, ""
        self.server: SinkServer | None = None
        self._sink: ChartSink | None = None
        self._used: ChartSettings | None = None
        self._settled: ChartSettings | None = None
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._at_work = asyncio.Lock()
        self._failures, self._rests_until = 0, 0.0
        self._noted: dict[tuple[str, str], float] = {}
        self._dice = random.Random().random

    async def run(self, stopping: asyncio.Event) -> None:
        """Nothing that goes wrong ends it."""
        try:
            while not stopping.is_set():
                self.news.clear()
                await self._look()
                if self.state == OFF:  # until another configuration is in force
                    await self._clock.wait(self.news, None)
                    continue
                await self._clock.wait(stopping, PAUSE if self._means.by_clock else ASKED_PAUSE)
                await self._clock.wait(self.news, LOOK_EVERY if self._means.by_clock else PAUSE)
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)
            await self._close()

    async def ask(self, viewer: str, job: str, cause: str, options: frozenset[str] = frozenset()) -> int:
        """Have a run made now, or after what is under way; returns its number."""
        sink = self._used.sink if self._used else (self._means.settings() or NOTHING).sink
        run = await self._store.write(lambda db: runs.ask(db, sink, viewer, job, cause, options, self._now()))
        self.news.set()
        return run

    async def cancel(self, run: int) -> bool:
        """End it; what it has brought stays. False where it was not under way."""
        found = await self._store.read(lambda db: runs.get(db, run))
        if found is None or found.ended_at is not None:
            return False
        await self._store.write(lambda db: runs.end(db, run, self._now(), "cancelled", "", found.counts))
        if found.began_at is not None and (task := self._busy.get(found.viewer)):
            task.cancel()
        return True

    async def _look(self) -> None:
        try:
            settings = self._means.settings()
            if settings is None:
                await self._close()
                self._turn(OFF, "")
                return
            if settings != self._used:
                await self._use(settings)
            await self._begin_what_is_due(settings)
            await self._follow(settings)
        except StoreError as error:
            log.warning("not exported", action="export", why=str(error))
        except Exception:
            log.exception("exporting failed as it never should", action="export")

    async def _use(self, settings: ChartSettings) -> None:
        """Whatever was refused or rested for is tried again by other settings."""
        if self._used is None:
            await self._store.write(lambda db: runs.abandon(db, self._now()))
        await self._close()
        self._used, self._sink = settings, self._means.sink()
        self._failures, self._rests_until = 0, 0.0

    async def _close(self) -> None:
        sink, self._sink, self._used, self._settled, self.server = self._sink, None, None, None, None
        if sink is not None:
            async with self._at_work:
                await sink.aclose()

    async def _begin_what_is_due(self, settings: ChartSettings) -> None:
        for run in await self._store.read(runs.asked):
            if run.sink == settings.sink and self._is_free(run.viewer):
                self._busy[run.viewer] = asyncio.create_task(self._carry_out(run))
        if not self._means.by_clock:
            return
        for wish in settings.wishes:
            if wish.origin != exports.LEDGER and self._is_free(wish.viewer):
                job = await self._due(settings, wish.viewer)
                if job:
                    await self.ask(wish.viewer, job, "schedule")

    def _is_free(self, viewer: str) -> bool:
        return viewer not in self._busy or self._busy[viewer].done()

    async def _due(self, settings: ChartSettings, viewer: str) -> str:
        """The job whose time has come, or nothing; the one that reads most first."""
        now = self._now()
        for job in (runs.RECONCILE, runs.INCREMENTAL):
            last = await self._store.read(lambda db, job=job: runs.last(db, settings.sink, viewer, job))  # type: ignore[misc]
            if last is None and job == runs.INCREMENTAL:
                return job
            since = self._noted.setdefault((viewer, job), now) if last is None else last.asked_at
            due = due_after(settings.rhythms[job], min(since, now), settings.zone)
            if last is not None and last.outcome == runs.FAILED:
                due = min(due, last.asked_at + AGAIN_AFTER)
            if due <= now:
                return job
        return ""

    async def _carry_out(self, run: ChartRun) -> None:
        sent, outcome, reason = Exported(), runs.DONE, ""
        began = self._clock.monotonic()
        try:
            await self._store.write(lambda db: runs.begin(db, run.id, self._now()))
            self._means.changed()
            reason = await self._made(run, sent)
        except ScrobbledError as error:
            outcome, reason = runs.FAILED, str(error)
        except Exception:
            log.exception("exporting failed as it never should", action="export", viewer=run.viewer)
            outcome, reason = runs.FAILED, "this is a defect of scrobbled; its log says more"
        with contextlib.suppress(StoreError):
            counts = sent.counts()
            await self._store.write(lambda db: runs.end(db, run.id, self._now(), outcome, reason, counts))
        self._means.ended(run, sent.counts(), outcome, self._clock.monotonic() - began)
        quiet = run.cause == "schedule" and not (sent.changed or sent.written)
        level = log.warning if outcome != runs.DONE else log.debug if quiet else log.info
        level("exported", action="export", job=run.job, viewer=run.viewer, outcome=outcome, why=reason or None)
        self._means.changed()
        self.news.set()

    async def _made(self, run: ChartRun, sent: Exported) -> str:
        """What is to be said of it, where anything is. Raises ``ScrobbledError``."""
        sink, settings = self._sink, self._used
        wish = next((one for one in settings.wishes if one.viewer == run.viewer), None) if settings else None
        if sink is None or settings is None or wish is None:
            raise TryLater(f"{run.viewer} is not exported; see sinks: {run.sink}: viewers")
        charted = await self._charted(run.viewer)
        options = run.options
        if run.job == runs.BACKFILL and charted and charted.built_at and not options & {runs.FORCE, runs.REBUILD}:
            return "it is done already; --force-backfill reads and writes everything anew"
        if wish.origin != exports.LEDGER and runs.REBUILD not in options:
            await self._read(wish, full=run.job == runs.RECONCILE or runs.FORCE in options)
        if runs.DRY in options:
            return await self._previewed(wish, sent)

        async def told(now: Exported) -> None:
            await self._store.write(lambda db: runs.tell(db, run.id, now.counts()))

        async with self._at_work:
            can = await self._ready(sink, settings)
            exporter = self._exporter(sink, settings)
            if options & {runs.FORCE, runs.REBUILD} and (charted := await self._charted(run.viewer)):
                await exporter.restart(charted, can.can)
            viewers = [one.viewer for one in settings.wishes] if options else [run.viewer]
            await exporter.compare(viewers, sent, told)
            await self._deliver(exporter, can, sent, told)
        return ""

    async def _read(self, wish: ChartWish, *, full: bool) -> None:
        """A second time where a complete read lacked something for the first time: that decides it."""
        account = (wish.viewer, wish.origin)
        await self._means.read(account, full)
        if full and await self._store.read(lambda db: looking.is_unsure(db, account)):
            await self._means.read(account, full)

    async def _previewed(self, wish: ChartWish, sent: Exported) -> str:
        charted = await self._charted(wish.viewer)
        if charted is None:
            charted = Charted(0, "", wish.viewer, wish.origin, wish.zone, wish.tag, None, 0, "", None)
        zone, after = self._means.zone(wish.zone), ""
        while True:
            found = await self._store.read(
                lambda db, after=after: book.preview(db, charted, zone, self._now(), after)  # type: ignore[misc]
            )
            sent.plays, sent.written = sent.plays + found.plays, sent.written + found.written
            sent.removed += found.removed
            if found.last is None:
                break
            after = found.last
        return f"{sent.written} points would be written and {sent.removed} removed; nothing was, and nothing is booked"

    async def _charted(self, viewer: str) -> Charted | None:
        name = self._used.sink if self._used else ""
        found = await self._store.read(lambda db: exports.all_of(db, name))
        return next((one for one in found if one.viewer == viewer), None)

    async def _follow(self, settings: ChartSettings) -> None:
        """What is stored is compared and sent, unless nothing came, or the server is to be left alone for a while."""
        if self._sink is None or self._at_work.locked() or self._clock.monotonic() < self._rests_until:
            return
        viewers = [wish.viewer for wish in settings.wishes]
        moved = settings != self._settled or await self._store.read(
            lambda db: looking.has_news(db, settings.sink, self._now())
        )
        if not moved and self._failures == 0 and self.server is not None:
            return
        async with self._at_work:
            sent = Exported()
            with contextlib.suppress(TrackerError):
                can = await self._ready(self._sink, settings)
                exporter = self._exporter(self._sink, settings)
                await exporter.compare(viewers, sent)
                await self._deliver(exporter, can, sent, None)

    async def _ready(self, sink: ChartSink, settings: ChartSettings) -> SinkServer:
        """Which server it is, and the exports as they are wished; raises ``TrackerError``."""
        try:
            server = await sink.ping()
        except TrackerError as error:
            self._failed(error)
            raise
        self.server = server
        if settings != self._settled:
            await self._exporter(sink, settings).settle(settings.wishes, server.can)
            self._settled = settings
        return server

    def _exporter(self, sink: ChartSink, settings: ChartSettings) -> Exporter:
        return Exporter(self._store, sink, self._clock, self._means.zone, batch=settings.batch)

    async def _deliver(
        self, exporter: Exporter, server: SinkServer, sent: Exported, told: Callable[[Exported], Awaitable[None]] | None
    ) -> None:
        try:
            await (exporter.deliver(server.can, sent, told) if told else exporter.deliver(server.can, sent))
        except TrackerError as error:
            self._failed(error)
            raise
        finally:
            self._means.sent(sent)
        self._failures, self._rests_until = 0, 0.0
        self._turn(OK, "")

    def _failed(self, error: TrackerError) -> None:
        self._failures += 1
        asked = error.after if isinstance(error, TryLater) else None
        rest = backoff(self._failures, self._dice, asked=asked)
        if isinstance(error, LoginNeeded | BucketMissing):
            rest = MISSING_AGAIN
        self._rests_until = self._clock.monotonic() + rest
        self._turn(SIGN_IN if isinstance(error, LoginNeeded) else DOWN, error.reason)

    def _turn(self, state: str, reason: str) -> None:
        """Told when it changes, and not each time it stays."""
        if (state, reason) != (self.state, self.reason) and (self.state, state) != (NEW, OFF):
            level = log.info if state in (OK, OFF) else log.warning
            level("charts", action="export", state=state, why=reason or None)
            self.state, self.reason = state, reason
            self._means.changed()
        self.state, self.reason = state, reason

    def _now(self) -> float:
        return self._clock.now().timestamp()
