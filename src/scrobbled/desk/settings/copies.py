"""What API and pages ask about backups: the copies that are made, and one that is sent to be restored."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from scrobbled.core.errors import StoreError
from scrobbled.runtime.service import Runtime
from scrobbled.store.keeping import backup, staging
from scrobbled.store.keeping.staging import Staged


class Copies:
    """One upload at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._busy = asyncio.Lock()

    @property
    def is_busy(self) -> bool:
        return self._busy.locked()

    async def waiting(self) -> Staged | None:
        """The copy that was sent and is not restored yet."""
        return await asyncio.to_thread(staging.staged, self._place)

    async def receive(self, take: Callable[[Path], Awaitable[int]]) -> Staged:
        """Look through and keep what ``take`` writes to a place; raises ``StoreError`` for what cannot be restored."""
        given_up = threading.Event()
        async with self._busy:
            with staging.draft(self._place) as draft:
                await take(draft)
                try:
                    return await asyncio.to_thread(staging.keep, draft, self._place, stopped=given_up.is_set)
                finally:
                    given_up.set()  # a thread ends by itself only, and the service waits for it

    async def agree(self) -> Staged:
        """Restore it at the next start. Raises ``StoreError`` where nothing was sent."""
        return await asyncio.to_thread(staging.agree, self._place)

    async def discard(self) -> bool:
        return await asyncio.to_thread(staging.discard, self._place)

    async def refused(self) -> str | None:
        """The name of a copy that could not be restored at the last start."""
        return await asyncio.to_thread(staging.refused, self._place)

    async def made(self) -> list[tuple[str, datetime | None]]:
        """Copies that are made by themselves, the newest first: their names, and when."""
        folder = self._runtime.config.storage.backup.folder
        if folder is None:
            return []
        try:
            found = await asyncio.to_thread(backup.dated_copies, folder, self._place)
        except StoreError:
            return []
        return [(copy.name, backup.made_at(copy)) for copy in reversed(found)]

    @property
    def _place(self) -> Path:
        return self._runtime.store.path


def instant(seconds: float | None) -> str | None:
    """ISO 8601 in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
