"""Sessions of the page over a restart: read once, written when somebody signs in or out, and once an hour."""

from __future__ import annotations

import contextlib
from functools import partial

import structlog

from scrobbled.core.errors import StoreError
from scrobbled.plumbing.clock import Clock
from scrobbled.store import Store
from scrobbled.store.accounts import page_sessions
from scrobbled.web.door.access import Access

NOTED_EVERY = 3_600.0
log = structlog.get_logger("web")


class SignedIn:
    """A database that cannot be used signs nobody out while we run."""

    def __init__(self, access: Access, store: Store, clock: Clock) -> None:
        self._access, self._store, self._clock = access, store, clock
        self._is_restored = False
        self._noted_at = clock.monotonic()

    async def restore(self) -> None:
        """Once; who was signed in before the last restart is so again."""
        if self._is_restored:
            return
        with contextlib.suppress(StoreError):
            rows = await self._store.read(page_sessions.kept)
            if not self._is_restored:  # two requests may have come at once
                self._access.sessions.restore(rows)
            self._is_restored = True

    async def noted(self) -> None:
        """A session was used."""
        if self._clock.monotonic() - self._noted_at >= NOTED_EVERY:
            await self.keep()

    async def keep(self) -> None:
        """As they are now."""
        self._noted_at = self._clock.monotonic()
        try:
            await self._store.write(partial(page_sessions.keep, rows=self._access.sessions.rows))
        except StoreError as error:
            log.warning("sign-ins of the page are not kept", action="sign-in", why=str(error))
