"""The couriers of one configuration: wired together, started together, ended together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx
from msgspec.structs import replace

from scrobbled.core.naming.items import Media
from scrobbled.delivery.courier import Courier
from scrobbled.runtime.wiring import SharedParts, Wiring
from scrobbled.trackers import TRACKERS

GRACE = 4.0
"""Seconds a write in flight gets to finish; container engines kill after ten, and people wait less. What is left behind
is read back after the next start."""


class Crew:
    """One courier for each account, and the connections they share. ``stop``, then ``ended``, then ``aclose``."""

    def __init__(self, parts: SharedParts, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.couriers: dict[tuple[str, str], Courier] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._to_close: list[Callable[[], Awaitable[None]]] = []
        self._ends_at: float | None = None
        wiring = Wiring(replace(parts, on_close=self._to_close.append), transport)
        for viewer in parts.config.viewers:
            for name in viewer.trackers:
                if name in TRACKERS:
                    self.couriers[viewer.name, name] = wiring.courier(viewer, name)

    def takes(self) -> dict[tuple[str, str], frozenset[Media]]:
        """What each account can hold."""
        return {account: courier.tracker.can.media for account, courier in self.couriers.items()}

    def start(self) -> None:
        self._tasks = [asyncio.create_task(courier.run()) for courier in self.couriers.values()]

    def stop(self) -> None:
        """Begin no further write. Those in flight have ``GRACE`` seconds from the first call."""
        if self._ends_at is None:
            self._ends_at = time.monotonic() + GRACE
        for courier in self.couriers.values():
            courier.stop()

    async def ended(self) -> None:
        """Wait for the writes in flight; one that takes too long is broken off, and is in doubt from then on."""
        self.stop()
        assert self._ends_at is not None
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=max(0.0, self._ends_at - time.monotonic()))
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def aclose(self) -> None:
        """Close the connections; what was wired last is closed first."""
        for close in reversed(self._to_close):
            await close()
