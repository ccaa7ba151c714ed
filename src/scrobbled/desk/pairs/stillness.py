"""Waiting until nothing of ours is on its way to a pair: what we write meanwhile would move what is to be compared."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.desk.facts.steps import span
from scrobbled.plumbing.clock import Clock
from scrobbled.reconcile import Ended, Sides
from scrobbled.store import Store
from scrobbled.store.mirror import run_changes
from scrobbled.store.mirror.run_changes import RunCounts

LOOK_EVERY = 0.5
STILL_FOR = 20.0
"""Seconds without a delivery after which there is nothing to wait for: what is left waits for something else."""
MOST_WAITING = 1_800.0
"""Seconds after which nobody waits for deliveries any longer."""
TURNS = 3
OURS = "changes of ours were being delivered meanwhile, and may be why; look again when nothing is on its way"
Tell = Callable[[str], None]


class _Left(Struct, frozen=True):
    """What is on its way to two trackers."""

    count: int
    run: int | None
    """The newest one that put something of it there."""
    progress: RunCounts | None


async def in_peace(
    store: Store, sides: Sides, clock: Clock, tell: Tell, rehearse: Callable[[], Awaitable[Ended]]
) -> Ended:
    """What a rehearsal says that nothing of ours came in between; ``tell`` is told what is waited for, often.

    One that fails while we write is made anew: it has no way to know our writes from those of others.
    """
    ended = Ended("failed")
    for _ in range(TURNS):
        await until_still(store, sides, clock, tell)
        before = await store.read(lambda db: run_changes.written(db, sides.viewer, sides.names))
        ended = await rehearse()
        if ended.outcome != "failed":
            return ended
        if await store.read(lambda db: run_changes.written(db, sides.viewer, sides.names)) == before:
            return ended
    return replace(ended, reason=f"{ended.reason}; {OURS}")


async def until_still(store: Store, sides: Sides, clock: Clock, tell: Tell) -> None:
    """Returns when nothing more is delivered to this pair, or nothing goes on there."""
    began = moved_at = clock.monotonic()
    before, first = -1, None
    while True:
        left = await store.read(lambda db: _left(db, sides))
        now = clock.monotonic()
        if left.count != before:
            before, moved_at = left.count, now
        first = (left.count, now) if first is None else first
        if not left.count or now - moved_at > STILL_FOR or now - began > MOST_WAITING:
            return
        rate = (first[0] - left.count) / max(now - first[1], 1e-6)
        tell(_delivering(left, rate, clock.now().timestamp()))
        await clock.wait(asyncio.Event(), LOOK_EVERY)


def _delivering(left: _Left, rate: float, now: float) -> str:
    who = f"r{left.run} is" if left.run is not None else "scrobbled serve is"
    takes = f", about {span(left.count / rate)}" if rate > 0 else ""
    if not takes and left.progress is not None and left.progress.since and left.progress.done > 1:
        seconds = max(now - left.progress.since, 1.0)
        takes = f", about {span(left.count * seconds / left.progress.done)}"
    return f"{who} delivering ({left.count:,} left{takes}); comparing after that"


def _left(db: sqlite3.Connection, sides: Sides) -> _Left:
    count, run = run_changes.on_its_way(db, sides.viewer, sides.names)
    return _Left(count, run, run_changes.progress(db, run) if run is not None else None)
