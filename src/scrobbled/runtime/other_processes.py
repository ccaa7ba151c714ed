"""What other processes do in the database while we serve: commands write there, and it takes effect within a second."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable

from scrobbled.core.errors import StoreError
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.redact import Redactor
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins

EVERY = 1.0


class OtherProcesses:
    """Looks for changes that were not made here. ``look_again`` is called, in the loop, when there are any.

    Its ``try_now`` says that every rest may end: there is a new sign-in, or somebody wants a retry.
    """

    def __init__(self, store: Store, redactor: Redactor, clock: Clock, look_again: Callable[..., None]) -> None:
        self._store, self._redactor, self._clock, self._look_again = store, redactor, clock, look_again
        self._stamps = (0.0, 0.0)

    async def begin(self) -> None:
        """To be called before the first courier begins: what comes after this, it may not have seen.

        And before anything comes in: what quotes a sign-in is masked from the start, while an account itself looks at
        its own only when it first needs it.
        """
        self._stamps = await self._store.read(_stamps)
        await self._learn_secrets()

    async def run(self, stopping: asyncio.Event) -> None:
        seen = -1
        while not stopping.is_set():
            with contextlib.suppress(StoreError):
                seen = await self._look(seen)
            await self._clock.wait(stopping, EVERY)

    async def _look(self, seen: int) -> int:
        version = await self._store.changed_outside()
        if version != seen:
            found = await self._store.read(_stamps)
            acted, self._stamps = found != self._stamps, found
            await self._learn_secrets()
            self._look_again(try_now=acted)
        return version

    async def _learn_secrets(self) -> None:
        self._redactor.add(*await self._store.read(sign_ins.secrets_kept))


def _stamps(db: sqlite3.Connection) -> tuple[float, float]:
    """When somebody last wanted a retry, and when somebody last signed in."""
    return sign_ins.mark(db, sign_ins.RETRIED), sign_ins.last_saved(db)
