"""Keeping to a service's pace."""

from __future__ import annotations

import asyncio
from collections import deque

from scrobbled.plumbing.clock import Clock


class Pace:
    """A bucket of ``burst`` requests that refills at one per ``every`` seconds; safe for concurrent callers."""

    def __init__(self, clock: Clock, *, every: float, burst: float = 1.0) -> None:
        self._clock = clock
        self._every = every
        self._burst = burst
        self._free = burst
        self._at = clock.monotonic()
        self._queue = asyncio.Lock()

    def delay(self, wanted: float = 1.0) -> float:
        """Seconds until ``wanted`` requests may be sent."""
        self._refill()
        return max(0.0, (wanted - self._free) * self._every)

    def keep_to(self, every: float) -> None:
        """From now on it refills at one per so many seconds."""
        self._refill()
        self._every = every

    async def turn(self) -> None:
        """Wait for a turn and take it."""
        async with self._queue:
            while (wait := self.delay()) > 1e-6:
                await self._clock.wait(asyncio.Event(), wait)
            self._free -= 1.0

    def finished(self) -> None:
        """Count the spacing from now: call when an answer is in, so that slow answers never bring requests closer."""
        self._refill()
        self._free = min(self._free, self._burst - 1.0)

    def _refill(self) -> None:
        now = self._clock.monotonic()
        if self._every > 0:
            self._free = min(self._burst, self._free + max(0.0, now - self._at) / self._every)
        else:
            self._free = self._burst
        self._at = now


class Window:
    """Counts what happened within the last so many seconds, up to ``most``."""

    def __init__(self, clock: Clock, *, seconds: float, most: int = 1_000) -> None:
        self._clock = clock
        self.seconds = seconds
        self._times: deque[float] = deque(maxlen=most)

    def add(self) -> None:
        self._times.append(self._clock.monotonic())

    def count(self) -> int:
        begins = self._clock.monotonic() - self.seconds
        while self._times and self._times[0] <= begins:
            self._times.popleft()
        return len(self._times)

    def room_in(self, most: int) -> float:
        """Seconds until fewer than ``most`` happened lately; 0 where that is so now."""
        over = self.count() - most
        wait = 0.0 if over < 0 else self._times[over] + self.seconds - self._clock.monotonic()
        return wait if wait > 1e-6 else 0.0  # less would be lost in the rounding, and no wait ever over
