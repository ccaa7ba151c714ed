"""Has the posters of new plays fetched before anybody looks at them."""

from __future__ import annotations

import asyncio
from contextvars import Context

import structlog

from scrobbled.core.errors import StoreError
from scrobbled.desk.posters.gallery import Gallery
from scrobbled.desk.posters.subject import of_item
from scrobbled.plumbing.clock import Clock
from scrobbled.store import Store
from scrobbled.store.history import titles

AT_ONCE = 48
"""Of the newest plays: about as many as stand on the first page."""
PAUSE = 1.0
"""Seconds between two looks, as plays may come by the hundred."""
TIDY_EVERY = 86_400.0
log = structlog.get_logger("art")


class Scout:
    """``news`` may be called as often as there are any: one look at a time, each a short read of the database."""

    def __init__(self, store: Store, gallery: Gallery, clock: Clock) -> None:
        self._store, self._gallery, self._clock = store, gallery, clock
        self._seen = 0
        self._news = False
        self._task: asyncio.Task[None] | None = None
        self._tidied: float | None = None

    def news(self) -> None:
        """There may be new plays. Nothing of it is done for the run that brought them."""
        self._news = True
        if self._task is None and self._gallery.can_ask:
            self._task = asyncio.create_task(self._look(), context=Context())

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        try:
            while self._news:
                self._news = False
                found = await self._store.read(lambda db: titles.newest_plays(db, self._seen, AT_ONCE))
                self._seen = max((self._seen, *found))
                for item in reversed(found.values()):
                    if (subject := of_item(item)) is not None:
                        self._gallery.meet(subject)
                await self._tidy()
                await asyncio.sleep(PAUSE)  # by the loop's own time: nothing that is dated hangs on it
        except StoreError as error:
            log.debug("new plays were not looked at", action="art", why=str(error))
        finally:
            self._task = None

    async def _tidy(self) -> None:
        now = self._clock.monotonic()
        if self._tidied is None or now - self._tidied >= TIDY_EVERY:
            self._tidied = now
            await self._gallery.tidy()
