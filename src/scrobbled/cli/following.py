"""Waiting for a run, and for what it put into the queue, and telling how far it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from scrobbled.core.errors import StoreError
from scrobbled.store import Store, runs
from scrobbled.store.runs import Progress, Run

POLL = 0.1
TELL_EVERY = 5.0
NOTHING_FOR = 300.0
"""Seconds without any progress after which nobody waits any longer."""
NOBODY_FOR = 60.0
"""Seconds after which whoever should have begun the run is not there."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How a run and its changes ended. ``why_left`` is why nobody waited until all was delivered."""

    run: Run
    outcomes: dict[str, int]
    complete: bool
    why_left: str = ""

    @property
    def failed(self) -> bool:
        return self.run.outcome in ("failed", "refused") or not self.complete or bool(self.outcomes.get("dead"))


async def follow(store: Store, id_: int, *, say: Callable[[str], None] | None) -> Followed:
    """Until the run ended and what it queued reached an outcome, or for as long as something moves."""
    teller, last, moved_at = _Teller(say), None, time.monotonic()
    while True:
        run, progress = await store.read(lambda db: (runs.get(db, id_), runs.progress(db, id_)))
        if run is None:
            raise StoreError(f"run r{id_} is not in the database any more")
        if (seen := (run.phase, progress.done, progress.stuck)) != last:
            last, moved_at = seen, time.monotonic()
        if run.ended_at is not None and not progress.waiting:
            break
        idle = time.monotonic() - moved_at
        if idle > (NOBODY_FOR if run.phase == "asked" else NOTHING_FOR):
            return Followed(run, await store.read(lambda db: runs.outcomes(db, id_)), False, _why(run, progress))
        teller.tell(run, progress)
        await asyncio.sleep(POLL)
    outcomes = await store.read(lambda db: runs.outcomes(db, id_))
    left = f"{progress.stuck:,} wait for you or for a catalogue; see scrobbled queue list" if progress.stuck else ""
    return Followed(run, outcomes, True, left)


def _why(run: Run, progress: Progress) -> str:
    if run.phase == "asked":
        return "The service did not begin it. It is busy with another run of this person, or it ended."
    return (
        f"{progress.waiting:,} changes are not delivered yet and nothing moved for some minutes; scrobbled status says "
        "what is wrong. They are kept, and go out as soon as scrobbled serve runs and the tracker answers."
    )


class _Teller:
    """Says how far it is, not too often."""

    def __init__(self, say: Callable[[str], None] | None) -> None:
        self._say, self._at, self._first = say, time.monotonic(), None

    def tell(self, run: Run, progress: Progress) -> None:
        now = time.monotonic()
        if self._say is None or now - self._at < TELL_EVERY:
            return
        self._at = now
        self._say(f"{run.phase} …" if run.ended_at is None else how_far(progress, time.time()))


def how_far(progress: Progress, now: float) -> str:
    """ "312 of 1,204 delivered, 3.1 a second, about 5 minutes left"."""
    told = f"{progress.done:,} of {progress.total:,} delivered"
    seconds = now - progress.since if progress.since else 0.0
    if progress.done < 2 or seconds < 1.0:
        return told
    rate = progress.done / seconds
    return f"{told}, {rate:.1f} a second, about {_span(progress.waiting / rate)} left"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5_400 else f"{seconds / 3_600:.1f} hours"
