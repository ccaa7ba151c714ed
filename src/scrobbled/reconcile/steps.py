"""How far a run is with what takes long, for whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from scrobbled.plumbing.clock import Clock
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import runs
from scrobbled.store.mirror.runs import RunStep

TOLD_EVERY = 0.5
"""Seconds."""
TellSteps = Callable[[Mapping[str, RunStep]], None]


class RunSteps:
    """Of one run; without a ``run`` only ``tell`` is told, and with nobody to tell nothing happens."""

    def __init__(
        self, store: Store, clock: Clock, *, run: int | None = None, tell: TellSteps = lambda steps: None
    ) -> None:
        self._store, self._clock, self._run, self._tell = store, clock, run, tell
        self._steps: dict[str, RunStep] = {}
        self._told_at = float("-inf")

    async def take(self, who: str, what: str, done: int, of: int | None) -> None:
        """``who`` (a tracker, or nobody) has come so far with ``what``."""
        now, before = self._clock.now().timestamp(), self._steps.get(who)
        if before is None or before.what != what or done < before.done:
            before = RunStep(what, done, of, since=now, first=done)
        self._steps[who] = replace(before, done=done, of=of, until=None)
        await self._told(at_once=of is not None and done >= of)

    async def wait(self, who: str, what: str, seconds: float) -> None:
        now, before = self._clock.now().timestamp(), self._steps.get(who)
        if before is None or before.what != what:
            before = RunStep(what, 0, None, since=now, first=0)
        self._steps[who] = replace(before, until=now + seconds)
        await self._told(at_once=True)

    async def _told(self, *, at_once: bool) -> None:
        now = self._clock.monotonic()
        if not at_once and now - self._told_at < TOLD_EVERY:
            return
        self._told_at = now
        steps, run = dict(self._steps), self._run
        self._tell(steps)
        if run is not None:
            await self._store.write(lambda db: runs.take_steps(db, run, steps))
