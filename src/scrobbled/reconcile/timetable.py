"""When the clock runs a pair: so long after the last run, or by its schedule, or never."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from msgspec import Struct

from scrobbled.config.viewing import PairConfig
from scrobbled.core.cron import Cron, next_after
from scrobbled.reconcile.accounts import AGAIN_AFTER
from scrobbled.reconcile.pairs import Sides
from scrobbled.store.mirror.runs import Run

Rhythm = tuple[float | None, Cron | None]


def due_at(pair: PairConfig, since: float, zone: tzinfo) -> float | None:
    """The first time after ``since`` at which the clock runs it, both Unix seconds; ``None`` where it never does."""
    if pair.schedule is not None:
        return next_after(pair.schedule, datetime.fromtimestamp(since, UTC), zone).timestamp()
    return None if pair.every is None else since + pair.every


def next_run(pair: PairConfig, last: Run | None, zone: tzinfo, now: float) -> float | None:
    """When the clock runs it next, as far as its last run tells: one that failed is tried again before long."""
    if last is None:
        return due_at(pair, now, zone) if pair.every is None else now
    due = due_at(pair, last.asked_at, zone)
    return due if due is None or last.outcome != "failed" else min(due, last.asked_at + AGAIN_AFTER)


def is_late(pair: PairConfig, compared: float, zone: tzinfo, now: float, grace: float) -> bool:
    """Whether two of its times have passed since it was compared, and ``grace`` (seconds) beside."""
    once = due_at(pair, compared, zone)
    twice = None if once is None else due_at(pair, once, zone)
    return twice is not None and now > twice + grace


class _Noted(Struct, frozen=True):
    rhythm: Rhythm
    at: float
    changed: bool


class Timetable:
    """Remembers since when each pair has its times: what they would have been before is not made up for."""

    def __init__(self) -> None:
        self._noted: dict[Sides, _Noted] = {}

    def is_time(self, sides: Sides, pair: PairConfig, last: Run | None, zone: tzinfo, now: float) -> bool:
        """What was missed while nothing ran is due once. A run that our clock says is to come counts for nothing."""
        noted = self._note(sides, (pair.every, pair.schedule), now)
        if pair.schedule is None:
            due = next_run(pair, last, zone, now)
            return due is not None and pair.every is not None and not 0.0 < due - now <= pair.every * 2
        if last is not None and last.asked_at <= now and not (noted.changed and noted.at > last.asked_at):
            return (next_run(pair, last, zone, now) or 0.0) <= now
        return (due_at(pair, noted.at, zone) or 0.0) <= now

    def _note(self, sides: Sides, rhythm: Rhythm, now: float) -> _Noted:
        before = self._noted.get(sides)
        if before is None or before.rhythm != rhythm or before.at > now:
            before = self._noted[sides] = _Noted(rhythm, now, changed=before is not None)
        return before
