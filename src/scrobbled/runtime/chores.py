"""What has to be done from time to time: dropping what is no longer kept, and copies of the database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable
from datetime import timedelta
from typing import Any

import structlog

from scrobbled.alerts import Alerts, Trouble
from scrobbled.config import Config
from scrobbled.config.service import BackupConfig
from scrobbled.core.errors import StoreError
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.metrics import Metrics, Sample
from scrobbled.store import Store
from scrobbled.store.keeping import backup, housekeeping
from scrobbled.store.works import works

HOUSEKEEPING_EVERY = 3_600.0
SHELVE_EVERY = 30.0
FIRST_AFTER = 60.0
"""Seconds from the start: by then a service was heard whose clock ours can be compared with."""
BREATH = 0.01
"""Seconds between two steps, in which webhooks have the database to themselves."""
LOOK_EVERY = 60.0
AGAIN_AFTER = 900.0
"""Seconds after a copy that failed."""
KIND, SUBJECT = "backup", "scheduled"
log = structlog.get_logger("chores")


class Chores:
    """Runs until ``stopping``. ``config`` is asked each time, as it may have been reloaded."""

    def __init__(
        self,
        store: Store,
        *,
        config: Callable[[], Config],
        alerts: Alerts,
        metrics: Metrics,
        clock: Clock,
        stopping: asyncio.Event,
        may_drop: Callable[[], bool] = lambda: True,
    ) -> None:
        """``may_drop`` is false while the clock is not to be trusted, so that no age can be told by it."""
        self._may_drop = may_drop
        self._store, self._config, self._alerts, self._clock, self._stopping = store, config, alerts, clock, stopping
        self._settings: BackupConfig | None = None
        self._last: float | None = None
        self._failed_at: float | None = None
        text = "When the last scheduled copy of the database was made"
        metrics.watch("backup_last_success_timestamp_seconds", text, (), self._sampled)

    def all(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Each to be run beside the others."""
        return self.keep_house(), self.keep_shelved(), self.keep_copies()

    async def keep_house(self) -> None:
        """Drop what is older than it is kept for, a little at a time so that no webhook waits for it."""
        await self._clock.wait(self._stopping, FIRST_AFTER)
        while not self._stopping.is_set():
            if not self._may_drop():
                await self._clock.wait(self._stopping, LOOK_EVERY)
                continue
            now = self._clock.now()
            kept = timedelta(seconds=self._config().storage.keep_raw_events)
            when = housekeeping.HousekeepingTime(now, now - kept)
            with contextlib.suppress(StoreError):
                for step in housekeeping.STEPS:
                    await self._drain(step, when)
            await self._clock.wait(self._stopping, HOUSEKEEPING_EVERY)

    async def keep_shelved(self) -> None:
        """Give plays their work soon after they came, so that nobody who asks for the library waits for it.

        After an update, or a large import, there may be years of plays that lack it.
        """
        while not await self._clock.wait(self._stopping, SHELVE_EVERY):
            with contextlib.suppress(StoreError):
                if await self._store.read(works.is_behind):
                    await self._drain(works.catch_up)

    async def keep_copies(self) -> None:
        """Copy the database when it is time, and tell when that fails. Nothing that goes wrong ends it."""
        while not self._stopping.is_set():
            with contextlib.suppress(StoreError):  # the alert could not be stored; the log has it
                await self._copy_if_due()
            await self._clock.wait(self._stopping, LOOK_EVERY)

    async def _drain(self, step: Callable[..., int], *given: housekeeping.HousekeepingTime) -> None:
        """Others have the database for most of the time, however slow the disk is."""
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            if not await self._store.write(lambda db: step(db, *given)):
                return
            await self._clock.wait(self._stopping, max(BREATH, 3 * (self._clock.monotonic() - began)))

    async def _copy_if_due(self) -> None:
        settings, now = self._config().storage.backup, self._clock.now().timestamp()
        if settings.folder is None:
            self._settings = settings
            return
        try:
            if settings != self._settings:
                self._last, self._failed_at = await asyncio.to_thread(self._newest, settings), None
                self._settings = settings
            if self._is_due(settings, now):
                await asyncio.to_thread(self._copy, settings)
                self._last, self._failed_at = now, None
                await self._alerts.recovered(
                    KIND, SUBJECT, "scrobbled: backups are made again", "The last one is good."
                )
        except StoreError as error:
            if not self._stopping.is_set():
                await self._failed(error, now)

    def _is_due(self, settings: BackupConfig, now: float) -> bool:
        """Also where the last one lies in the future, because the clock was put back."""
        if self._failed_at is not None and 0 <= now - self._failed_at < AGAIN_AFTER:
            return False
        return self._last is None or not 0 <= now - self._last < settings.every

    def _newest(self, settings: BackupConfig) -> float | None:
        assert settings.folder is not None
        if not settings.folder.is_dir():
            return None
        made = (backup.made_at(path) for path in backup.dated_copies(settings.folder, self._store.path))
        return max((moment.timestamp() for moment in made if moment is not None), default=None)

    def _copy(self, settings: BackupConfig) -> None:
        assert settings.folder is not None
        began, folder = time.perf_counter(), settings.folder
        backup.prepare(folder)
        target = backup.dated(folder, self._store.path, self._clock.now())
        made = backup.make(self._store.path, target, overwrite=True, stopped=self._stopping.is_set)
        gone = backup.prune(folder, self._store.path, settings.keep)
        seconds = round(time.perf_counter() - began, 1)
        log.info(
            "backup made", action="backup", path=str(made.path), bytes=made.size, seconds=seconds, deleted=len(gone)
        )

    async def _failed(self, error: StoreError, now: float) -> None:
        self._failed_at = now
        log.error("backup not made", action="backup", why=str(error))
        await self._alerts.report(
            Trouble(
                kind=KIND,
                subject=SUBJECT,
                title="scrobbled: the backup could not be made",
                text=f"{error} It is tried again by itself. Plays go on being delivered.",
            )
        )

    def _sampled(self) -> Iterable[Sample]:
        return [] if self._last is None else [((), self._last)]
