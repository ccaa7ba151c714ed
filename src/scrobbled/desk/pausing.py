"""Pausing all delivery, or a pair, and going on with it."""

from __future__ import annotations

from scrobbled.config.durations import parse_duration
from scrobbled.desk.facts.pausing import Paused, story
from scrobbled.runtime.service import Runtime
from scrobbled.store.queue import pausing


class Pausing:
    """While it lasts everything waits in the queue: nothing is lost, and webhooks are taken as ever."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def now(self) -> Paused:
        at = self._now()
        return Paused(story(await self._runtime.store.read(lambda db: pausing.in_force(db, at))))

    async def begin(self, seconds: float | None, what: str = pausing.ALL) -> Paused:
        """For so long from now; ``None`` is until somebody ends it. A write in flight is still finished.

        ``what`` is all delivery, or the comparisons of a pair (``pausing.of_pair``).
        """
        at = self._now()
        until = None if seconds is None else at + seconds
        found = await self._runtime.store.write(lambda db: pausing.begin(db, at, until, what))
        self._runtime.look_again(try_now=False)
        return Paused(story(found))

    async def end(self, what: str = pausing.ALL) -> Paused:
        await self._runtime.store.write(lambda db: pausing.end(db, what))
        self._runtime.look_again(try_now=False)
        return Paused(None)

    def _now(self) -> float:
        return self._runtime.clock.now().timestamp()


def length(text: str) -> float:
    """Seconds from what a person wrote, like ``1h``; raises ``ValueError``, also for nothing at all."""
    if not (seconds := parse_duration(text)):
        raise ValueError("is no time at all; write it like 1h or 1d")
    return seconds
