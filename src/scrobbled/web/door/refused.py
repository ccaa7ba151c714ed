"""Counting webhooks that were turned away, without letting anybody fill the database with them."""

from __future__ import annotations

import asyncio
from collections.abc import Container

import structlog

from scrobbled.core.errors import StoreError
from scrobbled.plumbing.clock import Clock
from scrobbled.store import Store
from scrobbled.store.inbox import refusals
from scrobbled.store.inbox.refusals import RefusalCount

SAVE_EVERY = 60.0
LONGEST_NAME = 40
log = structlog.get_logger("web")


class Refusals:
    """One row for each configured source and one for all other names: saved at once, and then once a minute.

    The log says it then, too, however many there were.
    """

    def __init__(self, store: Store, clock: Clock, *, save_every: float = SAVE_EVERY) -> None:
        self._store, self._clock, self._every = store, clock, save_every
        self._pending: dict[str, RefusalCount] = {}
        self._last: dict[str, str] = {}
        self._saving: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()

    def note(self, source: str, configured: Container[str]) -> None:
        """One more; call it in the loop."""
        name = source if source in configured else ""
        self._last[name] = source[:LONGEST_NAME]
        self._count(RefusalCount(name, 1, self._clock.now().timestamp()))
        if self._saving is None or self._saving.done():
            self._saving = asyncio.create_task(self._save_until_quiet())

    async def save(self) -> None:
        """What was not saved yet; where that fails it stays for the next time."""
        pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            await self._store.write(lambda db: refusals.add(db, pending.values()))
        except StoreError:
            for one in pending.values():
                self._count(one)
        else:
            for one in pending.values():
                told = {"source": self._last[one.source], "count": one.count}
                log.warning("webhooks with a wrong address", action="refuse", **told)

    async def aclose(self) -> None:
        self._ended.set()
        if self._saving is not None:
            await self._saving
        await self.save()

    def _count(self, one: RefusalCount) -> None:
        known = self._pending.get(one.source, RefusalCount(one.source, 0, one.last_at))
        last = max(known.last_at, one.last_at)
        self._pending[one.source] = RefusalCount(one.source, known.count + one.count, last)

    async def _save_until_quiet(self) -> None:
        """By real time, not by the clock of the service: this paces the disk, and nothing depends on it."""
        while self._pending and not self._ended.is_set():
            await self.save()
            try:
                async with asyncio.timeout(self._every):
                    await self._ended.wait()
            except TimeoutError:
                continue
