"""Waiting for a run, and for what it put into the queue, and telling how far it is."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence

from msgspec import Struct

from scrobbled.cli.served import Service
from scrobbled.core.errors import StoreError
from scrobbled.core.outcomes import PlayOutcome
from scrobbled.health import State
from scrobbled.store import overview, runs
from scrobbled.store.runs import Progress, Run
from scrobbled.summary.queue import trouble

POLL = 0.1
TELL_EVERY = 5.0
NOTHING_FOR = 300.0
"""Seconds without any progress after which nobody waits any longer."""
HELD_UP_FOR = 30.0
"""Seconds after which nobody waits for an account in a ``LASTING`` state; it may have been tried anew meanwhile."""
NOBODY_FOR = 60.0
"""Seconds after which whoever should have begun the run is not there."""
STAND_IN_AFTER = 5.0
LASTING = frozenset({State.SIGN_IN, State.STOPPED, State.DRIFT})
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

    @property
    def outcome(self) -> str:
        """A run that was cut short and found nothing more to do has done what it did before."""
        return "done" if self.run.outcome == "nothing" and self.outcomes else self.run.outcome

    @property
    def failed(self) -> bool:
        stopped = self.run.outcome in ("failed", "refused", "cancelled")
        return stopped or not self.complete or bool(self.outcomes.get("dead"))


async def follow(service: Service, id_: int, *, say: Callable[[str], None] | None) -> Followed:
    """Until the run ended and what it queued reached an outcome, or for as long as something moves.

    Where whoever served is gone, this process goes on with it. When it is cancelled, a run of its own ends.
    """
    try:
        return await _Follower(service, id_, say).follow()
    except asyncio.CancelledError:
        await _leave(service, id_, say)
        raise


class _Follower:
    def __init__(self, service: Service, id_: int, say: Callable[[str], None] | None) -> None:
        self._service, self._id, self._teller = service, id_, _Teller(say)
        self._seen: tuple[str, int, int, int] | None = None
        self._moved_at = self._looked_at = time.monotonic()
        self._chances = CHANCES

    async def follow(self) -> Followed:
        while True:
            run, progress, earlier = await self._look()
            if run.reason == runs.CUT_SHORT and await self._again():
                continue
            if run.ended_at is not None and not progress.waiting + earlier:
                return await self._followed(run, True, _stuck(progress))
            idle = time.monotonic() - self._moved_at
            troubles = await self._troubles(run) if idle > STAND_IN_AFTER else []
            if idle > _patience(run, troubles):
                return await self._followed(run, False, _why(run, progress.waiting + earlier, troubles))
            if idle > STAND_IN_AFTER:
                await self._stand_in()
            self._teller.tell(_so_far(run, progress, earlier), [text for _, text in troubles])
            await asyncio.sleep(POLL)

    async def _look(self) -> tuple[Run, Progress, int]:
        """With the number of changes that earlier runs have left behind, which are waited for at the end."""
        run, progress = await self._service.store.read(lambda db: (runs.get(db, self._id), runs.progress(db, self._id)))
        if run is None:
            raise StoreError(f"run r{self._id} is not in the database any more")
        is_over = run.ended_at is not None and not progress.waiting
        earlier = await self._service.store.read(lambda db: runs.left_over(db, run)) if is_over else 0
        if (seen := (run.phase, progress.done, progress.stuck, earlier)) != self._seen:
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
        progress = await self._service.store.read(lambda db: runs.progress(db, self._id))
        return Followed(run, dict(progress.outcomes), complete, left)


async def _leave(service: Service, id_: int, say: Callable[[str], None] | None) -> None:
    if service.is_ours:
        await service.store.write(lambda db: runs.end(db, id_, time.time(), "failed", "it was told to end"))
    if say is not None:
        goes_on = "The next scrobbled sync or serve goes" if service.is_ours else "The service goes"
        say(f"{goes_on} on with what run r{id_} put into the queue; scrobbled undo --run r{id_} takes it back.")


def _stuck(progress: Progress) -> str:
    return f"{progress.stuck:,} wait for you or for a catalogue; see scrobbled queue list" if progress.stuck else ""


def _troubles(db: sqlite3.Connection, run: Run) -> list[_Trouble]:
    """Of each account that something waits for and that gets nothing: its state, and why in words."""
    states = overview.account_states(db)
    told = {tracker: trouble(states, run.viewer, tracker, PlayOutcome.QUEUED) for tracker in runs.waits_for(db, run)}
    return [(states[run.viewer, tracker][0], text) for tracker, text in told.items() if text]


def _patience(run: Run, troubles: Sequence[_Trouble]) -> float:
    if run.phase == "asked":
        return NOBODY_FOR
    return HELD_UP_FOR if run.ended_at is not None and any(state in LASTING for state, _ in troubles) else NOTHING_FOR


def _why(run: Run, waiting: int, troubles: Sequence[_Trouble]) -> str:
    if run.phase == "asked":
        return "The service did not begin it. It is busy with another run of this person, or it ended."
    if troubles:
        kept = "They are kept, and go out as soon as that is mended and scrobbled serve runs."
        return " ".join((f"{waiting:,} changes are not delivered yet.", *(text for _, text in troubles), kept))
    return (
        f"{waiting:,} changes are not delivered yet and nothing moved for some minutes; scrobbled status says "
        "what is wrong. They are kept, and go out as soon as scrobbled serve runs and the tracker answers."
    )


class _Teller:
    """Says how far it is, not too often, and what keeps it up, once."""

    def __init__(self, say: Callable[[str], None] | None) -> None:
        self._say, self._at = say, time.monotonic()
        self._told: set[str] = set()

    def tell(self, text: str, troubles: Collection[str]) -> None:
        now = time.monotonic()
        if self._say is None or now - self._at < TELL_EVERY:
            return
        self._at = now
        for line in (text, *(one for one in troubles if one not in self._told)):
            self._say(line)
        self._told.update(troubles)


def _so_far(run: Run, progress: Progress, earlier: int) -> str:
    if run.ended_at is None:
        return f"{run.phase} …"
    return f"{earlier:,} left over from earlier runs" if earlier else how_far(progress, time.time())


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
