"""What a command waits for, and how far that is, in words."""

from __future__ import annotations

import time
from collections.abc import Callable

from scrobbled.core.naming.names import name
from scrobbled.desk.facts.steps import span, steps_so_far
from scrobbled.store.mirror.run_changes import RunCounts
from scrobbled.store.mirror.runs import Run

TELL_EVERY = 5.0
Say = Callable[[str], None]


def how_far(progress: RunCounts, now: float) -> str:
    """ "312 of 1,204 delivered, 3.1 a second, about 5 minutes left"."""
    told = f"{progress.done:,} of {progress.total:,} delivered"
    seconds = now - progress.since if progress.since else 0.0
    if progress.done < 2 or seconds < 1.0:
        return told
    rate = progress.done / seconds
    return f"{told}, {rate:.1f} a second, about {span(progress.waiting / rate)} left"


def under_way(run: Run, now: float) -> str:
    """What a run does just now."""
    told = steps_so_far(run.steps, now)
    return f"{run.phase} {told}" if told else f"{run.phase} …"


def is_resting(run: Run, now: float) -> bool:
    """Whether it waits for the limit of a service."""
    return any(step.until is not None and step.until > now for step in run.steps.values())


def told_first(run: Run, other: Run, now: float) -> str:
    """Why a run has not begun: no two of one person overlap."""
    pair = " and ".join(map(name, other.pair.split(",")))
    return f"r{other.id} ({pair}) comes first: {under_way(other, now)}; r{run.id} begins after that"


class ProgressTeller:
    """Says something now and then: what is new to ``key`` at once, and else every few seconds."""

    def __init__(self, say: Say | None) -> None:
        self._say, self._at, self._key = say, time.monotonic(), ""

    def tell(self, text: str, key: str = "") -> bool:
        """Whether it was said. Without a ``key`` nothing is urgent."""
        now = time.monotonic()
        if self._say is None or (now - self._at < TELL_EVERY and key in ("", self._key)):
            return False
        self._at, self._key = now, key or self._key
        self._say(text)
        return True
