"""Carries out what is to be changed of what a tracker holds; called by its courier when no play waits.

The same way as for plays: due -> find -> judge -> book -> write -> book. But every edit may be repeated, so a lost
answer only means that the same is done again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import structlog
from msgspec import Struct

from scrobbled.core.errors import NotInCatalogue, Refused, TrackerError, Uncertain
from scrobbled.core.sending.change import thing
from scrobbled.core.sending.judge import Later, Settled, failed, needless, not_taken
from scrobbled.core.sending.retry import fewer, more, recheck
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.delivery.account import TrackerAccount
from scrobbled.delivery.booking import ANSWERS, answered
from scrobbled.delivery.edits import find
from scrobbled.plumbing.behalf import for_run
from scrobbled.plumbing.metrics import Metrics
from scrobbled.store.queue import amendments, ticks
from scrobbled.store.queue.amendment import Amendment, in_words
from scrobbled.trackers.base import Edit

AT_ONCE = 20
"""So many go into one batch at most: a play that comes meanwhile waits for its end."""
log = structlog.get_logger("amend")


class _Ready(Struct, frozen=True):
    amendment: Amendment
    edit: Edit


class Amender:
    """Amends one account. ``changed`` is called after the commit, as by the courier."""

    def __init__(self, account: TrackerAccount, *, metrics: Metrics, changed: Callable[[], None]) -> None:
        self._account, self._tracker, self._store = account, account.tracker, account.store
        self._metrics, self._changed = metrics, changed
        self._most = min(AT_ONCE, self._tracker.can.batch)
        self._most_at_once = self._most

    async def step(self) -> bool:
        """Carry out what is due, one batch of it; false where nothing is."""
        now, whose = self._account.now(), (self._account.viewer, self._account.name)
        due = await self._store.read(lambda db: amendments.due(db, *whose, now, self._most_at_once))
        with for_run(due[0].wish.run if due else None):
            await self._carry_out_due(due)
        return bool(due)

    async def _carry_out_due(self, due: Sequence[Amendment]) -> None:
        wanted = [amendment for amendment in due if not await self._is_needless(amendment)]
        ready: list[_Ready] = []
        for amendment in wanted:
            found = await self._find(amendment)
            if isinstance(found, Settled | Later):
                await self._book([(amendment, found)])
            elif found is not None:
                ready.append(_Ready(amendment, found))
            if self._account.rests() > 0.0:
                return
        if ready:
            await self._carry_out(ready)

    # -- find, judge --------------------------------------------------------------------------------------------------

    async def _is_needless(self, amendment: Amendment) -> bool:
        """Whether nothing has to be asked of the tracker for it; booked then."""
        wish, written, can = amendment.wish, amendment.written, self._tracker.can
        settled = needless(
            wish.action,
            wish.kind,
            written=None if written is None else written.state,
            is_ours=wish.action != "untick" or await self._has_set(wish.undoes),
            amends=can.amends,
            ticks=can.ticks,
        )
        if settled is not None:
            await self._book([(amendment, settled)])
        return settled is not None

    async def _has_set(self, tick: int | None) -> bool:
        """A tick that was there before us, or may have been, is somebody else's."""
        found = None if tick is None else await self._store.read(lambda db: amendments.get(db, tick))
        return found is not None and found.is_set_by_us

    async def _find(self, amendment: Amendment) -> Edit | Settled | Later | None:
        """``None`` where nobody could tell, which is booked."""
        try:
            return await find(self._account, amendment)
        except (NotInCatalogue, Uncertain, Refused) as error:
            return not_taken(error)
        except TrackerError as error:
            if later := await self._account.not_looked_up(error, amendment.attempts):
                await self._book([(amendment, later)], counted=True)
            return None

    # -- write --------------------------------------------------------------------------------------------------------

    async def _carry_out(self, ready: Sequence[_Ready]) -> None:
        wanted = await self._store.write(lambda db: amendments.begin(db, [one.amendment.id for one in ready]))
        batch = [one for one in ready if one.amendment.id in wanted]
        if not batch:
            return
        try:
            results = await self._tracker.amends.amend([one.edit for one in batch])
        except TrackerError as error:
            await self._not_carried_out([one.amendment for one in batch], error)
            return
        await self._book([(one.amendment, answered(result)) for one, result in zip(batch, results, strict=True)])
        self._most_at_once = more(self._most_at_once, self._most)
        await self._account.succeeded()

    async def _not_carried_out(self, batch: Sequence[Amendment], error: TrackerError) -> None:
        self._most_at_once = fewer(len(batch))
        verdict = failed(error, begun=False, alone=len(batch) == 1)
        if isinstance(verdict, Later):
            await self._account.trouble(error)
            await self._book([(one, Later(error.coded, self._account.own_wait(one.attempts))) for one in batch])
        elif isinstance(verdict, Settled):
            await self._book([(batch[0], verdict)])

    # -- book ---------------------------------------------------------------------------------------------------------

    async def _book(self, judged: Sequence[tuple[Amendment, Settled | Later]], *, counted: bool = False) -> None:
        """``counted``: what comes later had not begun, but was an attempt."""
        now = self._account.now()

        def work(db: sqlite3.Connection) -> list[tuple[Amendment, Settled]]:
            for one, verdict in judged:
                if isinstance(verdict, Later):
                    amendments.postpone(db, one.id, verdict.reason, now + verdict.wait, count=counted)
            settled = [(one, verdict) for one, verdict in judged if isinstance(verdict, Settled)]
            return [(one, verdict) for one, verdict in settled if _settle(db, one, verdict, now)]

        booked = await self._store.write(work)
        self._changed()
        for one, verdict in booked:
            if verdict.outcome in ANSWERS:
                await self._tell(one, verdict)

    async def _tell(self, amendment: Amendment, answer: Settled) -> None:
        account, outcome, wish = self._account, answer.outcome, amendment.wish
        self._metrics.deliveries.labels(account.viewer, account.name, wish.kind, outcome).inc()
        log.info(
            "amendment",
            action=wish.action,
            amendment=f"a{amendment.id}",
            account=account.health.subject,
            outcome=outcome,
            reason=answer.reason or None,
        )
        if outcome in (PlayOutcome.DEAD, PlayOutcome.UNMATCHED):
            label = f"{wish.label}, {in_words(wish)},"
            told = {"thing": thing(wish.action), "done": "carried out"}
            await account.health.needs_a_person(outcome, label, answer.reason, **told)


def _settle(db: sqlite3.Connection, amendment: Amendment, answer: Settled, now: float) -> bool:
    next_at = now + recheck(amendment.misses + 1) if answer.outcome is PlayOutcome.PARKED else 0.0
    if amendment.wish.action == "retime" and answer.outcome is PlayOutcome.DELIVERED and answer.remote_id:
        amendments.moved(db, amendment, answer.remote_id)
    if amendment.wish.action == "tick" and answer.outcome is PlayOutcome.DELIVERED and not answer.reason:
        ticks.left(db, amendment.id, answer.remote_id)
    return amendments.settle(db, amendment.id, answer.outcome, answer.reason, now, next_at=next_at)
