"""Waiting until what is to be taken back was, and telling how far it is."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence

from msgspec import Struct

from scrobbled.cli import following
from scrobbled.cli import waiting as waiting_words
from scrobbled.cli.served import ServiceAccess
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.facts.queue import trouble
from scrobbled.desk.undo.steps import UndoStep
from scrobbled.store.queue import delivered, overview

KEPT = "It is kept, and goes on with scrobbled serve or the next scrobbled undo of the same."


class UndoResult(Struct, frozen=True):
    """How it ended. ``outcomes`` counts the changes at trackers by outcome; ``why_left`` is why nobody waited on."""

    outcomes: dict[str, int]
    why_left: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.why_left) or any(self.outcomes.get(bad) for bad in _STUCK)


_STUCK = (PlayOutcome.DEAD, PlayOutcome.UNMATCHED, PlayOutcome.PARKED, PlayOutcome.HELD)


async def finished(
    service: ServiceAccess, steps: Sequence[UndoStep], *, say: Callable[[str], None] | None
) -> UndoResult:
    """When each of ``steps`` reached an outcome at its tracker, or nothing has moved for long.

    Where whoever served is gone, this process goes on with it.
    """
    ids = [step.waits_for for step in steps if step.waits_for]
    accounts = sorted({(step.viewer, step.tracker) for step in steps if step.waits_for})
    moved_at = told_at = looked_at = time.monotonic()
    before = None
    while True:
        outcomes = await service.store.read(lambda db: delivered.outcomes(db, ids))
        waiting, now = outcomes.get(PlayOutcome.QUEUED, 0), time.monotonic()
        if not waiting:
            return UndoResult(outcomes)
        if outcomes != before:
            before, moved_at = outcomes, now
        idle = now - moved_at
        troubles = await service.store.read(lambda db: _troubles(db, accounts)) if idle > 1.0 else {}
        if idle > (following.HELD_UP_FOR if following.LASTING & troubles.keys() else following.NOTHING_FOR):
            return UndoResult(outcomes, _why(waiting, troubles.values()))
        if not service.is_ours and now - max(moved_at, looked_at) > following.STAND_IN_AFTER:
            looked_at = now
            await service.stand_in()
        if say is not None and now - told_at >= waiting_words.TELL_EVERY:
            told_at = now
            say(" ".join((f"{len(ids) - waiting:,} of {len(ids):,} done at the trackers.", *troubles.values())))
        await asyncio.sleep(following.POLL)


def _troubles(db: sqlite3.Connection, accounts: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Why accounts get nothing, in words, by the state they are in."""
    states = overview.account_states(db)
    told = {account: trouble(states, *account, PlayOutcome.QUEUED) for account in accounts}
    return {states[account][0]: text for account, text in told.items() if text}


def _why(waiting: int, troubles: Collection[str]) -> str:
    left = f"{waiting:,} {'is' if waiting == 1 else 'are'} not taken back yet."
    return " ".join((left, *(troubles or ("Nothing moved for some minutes; scrobbled status says more.",)), KEPT))
