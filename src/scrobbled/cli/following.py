"""Waiting for a run, and for what it put into the queue, and telling how far it is."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence

from msgspec import Struct

from scrobbled.cli.served import ServiceAccess
from scrobbled.cli.waiting import ProgressTeller, how_far, is_resting, told_first, under_way
from scrobbled.core.errors import StoreError
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import Code
from scrobbled.delivery.health import HealthState
from scrobbled.desk.facts.queue import trouble
from scrobbled.store.mirror import run_changes, runs
from scrobbled.store.mirror.run_changes import RunCounts
from scrobbled.store.mirror.runs import Run
from scrobbled.store.queue import overview, pausing

POLL = 0.1
NOTHING_FOR = 300.0
"""Seconds without any progress after which nobody waits any longer."""
HELD_UP_FOR = 30.0
"""Seconds after which nobody waits for an account in a ``LASTING`` state; it may have been tried anew meanwhile."""
NOBODY_FOR = 60.0
"""Seconds after which whoever should have begun the run is not there."""
STAND_IN_AFTER = 5.0
PAUSED = "paused"
LASTING = frozenset({PAUSED, HealthState.SIGN_IN, HealthState.STOPPED, HealthState.DRIFT})
"""States that do not end by waiting a few minutes."""
_Trouble = tuple[str, str]
CHANCES = 3
"""So often a run that is cut short is asked for anew."""


class Followed(Struct, frozen=True):
    """How a run and its changes ended. ``why_left`` is why nobody waited until all was delivered."""

    run: Run
    outcomes: dict[str, int]
    complete: bool
    why_left: str = ""
    changes: Sequence[tuple[str, str, str, int]] = ()
    """Tracker, action, outcome and how many."""

    @property
    def outcome(self) -> str:
        """A run that was cut short and found nothing more to do has done what it did before."""
        return "done" if self.run.outcome == "nothing" and self.outcomes else self.run.outcome

    @property
    def failed(self) -> bool:
        stopped = self.run.outcome in ("failed", "refused", "cancelled")
        return stopped or not self.complete or bool(self.outcomes.get("dead"))


async def follow(service: ServiceAccess, id_: int, *, say: Callable[[str], None] | None) -> Followed:
    """Until the run ended and what it queued reached an outcome, or for as long as something moves.

    Where whoever served is gone, this process goes on with it. When it is cancelled, a run of its own ends.
    """
    try:
        return await _Follower(service, id_, say).follow()
    except asyncio.CancelledError:
        await _leave(service, id_, say)
        raise


class _Follower:
    def __init__(self, service: ServiceAccess, id_: int, say: Callable[[str], None] | None) -> None:
        self._service, self._id, self._teller = service, id_, _Teller(say)
        self._seen: object = None
        self._moved_at = self._looked_at = time.monotonic()
        self._chances = CHANCES
        self._first: Run | None = None
        """The run of the same person that comes before this one."""

    async def follow(self) -> Followed:
        while True:
            run, progress, earlier = await self._look()
            if run.code == Code.CUT_SHORT and await self._again():
                continue
            if run.ended_at is not None and not progress.waiting + earlier:
                return await self._followed(run, True, _stuck(progress))
            idle = time.monotonic() - self._moved_at
            troubles = await self._troubles(run) if idle > STAND_IN_AFTER else []
            if idle > _patience(run, troubles):
                return await self._followed(run, False, _why(run, progress.waiting + earlier, troubles))
            if idle > STAND_IN_AFTER:
                await self._stand_in()
            self._teller.tell(*_so_far(run, progress, earlier, self._first), [text for _, text in troubles])
            await asyncio.sleep(POLL)

    async def _look(self) -> tuple[Run, RunCounts, int]:
        """With the number of changes that earlier runs have left behind, which are waited for at the end."""
        run, progress = await self._service.store.read(
            lambda db: (runs.get(db, self._id), run_changes.progress(db, self._id))
        )
        if run is None:
            raise StoreError(f"run r{self._id} is not in the database any more")
        is_over = run.ended_at is not None and not progress.waiting
        earlier = await self._service.store.read(lambda db: run_changes.left_over(db, run)) if is_over else 0
        self._first = await self._service.store.read(lambda db: runs.before(db, run)) if _waits(run) else None
        first = self._first and (self._first.id, self._first.phase, self._first.steps)
        seen = (run.phase, run.steps, first, progress.done, progress.stuck, earlier)
        if seen != self._seen or any(is_resting(one, time.time()) for one in (run, self._first) if one is not None):
            self._seen, self._moved_at = seen, time.monotonic()
        return run, progress, earlier

    async def _troubles(self, run: Run) -> list[_Trouble]:
        return await self._service.store.read(lambda db: _troubles(db, run))

    async def _again(self) -> bool:
        """A service that began anew gave it up; whoever waits for it still wants it."""
        self._chances -= 1
        return self._chances >= 0 and await self._service.store.write(lambda db: runs.again(db, self._id))

    async def _stand_in(self) -> None:
        """Not too often, and not before one that is restarted had the time to come back."""
        now = time.monotonic()
        if now - self._looked_at > STAND_IN_AFTER and not self._service.is_ours:
            self._looked_at = now
            if await self._service.stand_in():
                self._moved_at = time.monotonic()

    async def _followed(self, run: Run, complete: bool, left: str) -> Followed:
        progress = await self._service.store.read(lambda db: run_changes.progress(db, self._id))
        return Followed(run, dict(progress.outcomes), complete, left, progress.changes)


async def _leave(service: ServiceAccess, id_: int, say: Callable[[str], None] | None) -> None:
    if service.is_ours:
        await service.store.write(lambda db: runs.end(db, id_, time.time(), "failed", "it was told to end"))
    if say is not None:
        progress = await service.store.read(lambda db: run_changes.progress(db, id_))
        say(_left(progress, f"r{id_}", is_ours=service.is_ours))


def _left(progress: RunCounts, run: str, *, is_ours: bool) -> str:
    if not is_ours:
        return (
            f"Stopped waiting. The service goes on with run {run}; its page under Sync has a button that stops it, and "
            f"scrobbled undo --run {run} takes back what it did."
        )
    if not progress.total:
        return f"Stopped. Run {run} had not changed anything yet, so nothing is left to do."
    return (
        f"Stopped. {progress.done:,} of {progress.total:,} changes of run {run} are done. The next scrobbled sync "
        f"or serve delivers the rest; scrobbled undo --run {run} takes back what was done."
    )


def _stuck(progress: RunCounts) -> str:
    return (
        f"{progress.stuck:,} wait for you or for a catalogue; see scrobbled unmatched and queue list"
        if progress.stuck
        else ""
    )


def _troubles(db: sqlite3.Connection, run: Run) -> list[_Trouble]:
    """Of each account that something waits for and that gets nothing: its state, and why in words."""
    if pausing.in_force(db, time.time()):
        return [(PAUSED, "Delivery is paused. To go on with it: scrobbled queue resume.")]
    states = overview.account_states(db)
    told = {
        tracker: trouble(states, run.viewer, tracker, PlayOutcome.QUEUED) for tracker in run_changes.waits_for(db, run)
    }
    return [(states[run.viewer, tracker][0], text) for tracker, text in told.items() if text]


def _patience(run: Run, troubles: Sequence[_Trouble]) -> float:
    if run.phase == "asked":
        return NOBODY_FOR
    return HELD_UP_FOR if run.ended_at is not None and any(state in LASTING for state, _ in troubles) else NOTHING_FOR


def _why(run: Run, waiting: int, troubles: Sequence[_Trouble]) -> str:
    if run.phase == "asked":
        return "The service did not begin it. It is busy with another run of this person, or it ended."
    if troubles:
        kept = "They are kept, and go out as soon as that is over and scrobbled serve runs."
        return " ".join((f"{waiting:,} changes are not delivered yet.", *(text for _, text in troubles), kept))
    return (
        f"{waiting:,} changes are not delivered yet and nothing moved for some minutes; scrobbled status says "
        "what is wrong. They are kept, and go out as soon as scrobbled serve runs and the tracker answers."
    )


class _Teller:
    """Says how far it is, not too often, and what keeps it up, once."""

    def __init__(self, say: Callable[[str], None] | None) -> None:
        self._say, self._teller = say, ProgressTeller(say)
        self._told: set[str] = set()

    def tell(self, text: str, key: str, troubles: Collection[str]) -> None:
        """What has another ``key`` is said at once."""
        if self._say is not None and self._teller.tell(text, key):
            for line in (one for one in troubles if one not in self._told):
                self._say(line)
            self._told.update(troubles)


def _waits(run: Run) -> bool:
    return run.phase == "asked" and run.ended_at is None


def _so_far(run: Run, progress: RunCounts, earlier: int, first: Run | None) -> tuple[str, str]:
    """With what is to be said at once when it is new."""
    now = time.time()
    if first is not None:
        return told_first(run, first, now), f"after r{first.id}"
    if run.ended_at is None:
        return under_way(run, now), f"{run.phase} at length" if run.steps else ""
    return (f"{earlier:,} left over from earlier runs" if earlier else how_far(progress, now)), ""
