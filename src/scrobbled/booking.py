"""What became of changes: written down in one transaction, then counted and told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import structlog

from scrobbled.clock import Clock
from scrobbled.core.errors import NotInCatalogue, ScrobbledError, Uncertain
from scrobbled.core.outcomes import PlayOutcome
from scrobbled.core.retry import recheck
from scrobbled.health import Health
from scrobbled.metrics import Metrics
from scrobbled.store import outbox
from scrobbled.store.database import Store
from scrobbled.store.outbox import Change
from scrobbled.trackers.base import Addition, Address, Receipt, Result

log = structlog.get_logger("deliver")


class NoLongerWaiting(ScrobbledError):
    """What was to be sent is not wanted any more."""


class Booking:
    """The books of one account. Each method is durable when it returns; ``changed`` is called after the commit."""

    def __init__(
        self, account: Health, *, store: Store, metrics: Metrics, clock: Clock, changed: Callable[[], None]
    ) -> None:
        self._health, self._store, self._metrics, self._clock = account, store, metrics, clock
        self._changed = changed
        self._viewer, self._tracker = account.report.viewer, account.report.tracker

    async def begin(self, additions: Sequence[Addition]) -> None:
        """Announce a write that must not be repeated, with where each play goes.

        Raises ``NoLongerWaiting``, and announces nothing, when one of them was dropped since it was read.
        """

        def work(db: sqlite3.Connection) -> None:
            for addition in additions:
                address = addition.address
                outbox.locate(db, addition.id, address.key, dict(address.data), address.how, rewatch=addition.rewatch)
            if outbox.begin(db, [addition.id for addition in additions]) != len(additions):
                raise NoLongerWaiting("one of these plays was dropped meanwhile")

        await self._store.write(work)

    async def settle(self, results: Sequence[tuple[Change, Result | Uncertain]]) -> None:
        """Each change has reached an outcome."""
        now = self._now()

        def work(db: sqlite3.Connection) -> None:
            for change, result in results:
                _book(db, change, result, now)

        await self._store.write(work)
        self._changed()
        for change, result in results:
            await self._tell(change, result, now)

    async def already_there(self, change: Change, address: Address, play_id: int | None) -> None:
        """Another play of this account is the same viewing."""
        now, reason = self._now(), f"the same viewing is play p{play_id}"

        def work(db: sqlite3.Connection) -> None:
            outbox.locate(db, change.id, address.key, dict(address.data), address.how, rewatch=False)
            outbox.settle(db, change.id, PlayOutcome.ALREADY_THERE, reason, now)

        await self._store.write(work)
        self._counted(PlayOutcome.ALREADY_THERE)
        self._changed()

    async def doubt(self, changes: Sequence[Change], reason: str) -> None:
        """The answer to their write is missing."""
        now, ids = self._now(), [change.id for change in changes]
        await self._store.write(lambda db: outbox.doubt(db, ids, reason, now))
        self._changed()
        log.warning("write in doubt", action="deliver", account=self._health.subject, changes=ids, why=reason)

    async def postpone(self, changes: Sequence[Change], reason: str, wait: Callable[[Change], float]) -> None:
        """Nothing was written; each is tried again after ``wait`` seconds."""
        now = self._now()

        def work(db: sqlite3.Connection) -> None:
            for change in changes:
                outbox.postpone(db, change.id, reason, now, now + wait(change))

        await self._store.write(work)
        self._changed()

    async def absent(
        self,
        proven: Sequence[Change],
        unsure: Sequence[Change],
        *,
        read_at: float,
        settle: float,
        wait: Callable[[Change], float],
    ) -> None:
        """``proven`` were missed twice and may be sent again; ``unsure`` are read again after ``settle`` seconds."""
        now = self._now()

        def work(db: sqlite3.Connection) -> None:
            outbox.clear_doubt(db, [(change.id, now + wait(change)) for change in proven])
            outbox.missed(db, [change.id for change in unsure], read_at, read_at + settle)

        await self._store.write(work)

    async def apart(self, changes: Sequence[Change]) -> None:
        """Refused together, so that they have to be tried in smaller company."""
        await self._store.write(lambda db: outbox.clear_doubt(db, [(change.id, 0.0) for change in changes]))

    async def _tell(self, change: Change, result: Result | Uncertain, now: float) -> None:
        outcome = outcome_of(result)
        self._counted(outcome)
        if outcome is PlayOutcome.DELIVERED:
            self._metrics.delivery.labels(self._tracker).observe(max(0.0, now - change.received_at))
        log.info(
            "play",
            action="deliver",
            play=f"p{change.play_id}",
            account=self._health.subject,
            outcome=outcome,
            reason=_reason(result) or None,
        )
        if outcome in (PlayOutcome.DEAD, PlayOutcome.UNMATCHED):
            await self._health.needs_a_person(outcome, change.item.label(), _reason(result))

    def _counted(self, outcome: PlayOutcome) -> None:
        self._metrics.deliveries.labels(self._viewer, self._tracker, "plays", outcome).inc()

    def _now(self) -> float:
        return self._clock.now().timestamp()


def outcome_of(result: Result | Uncertain) -> PlayOutcome:
    """The outcome a tracker's answer stands for."""
    if isinstance(result, Receipt):
        return PlayOutcome.DELIVERED
    if isinstance(result, NotInCatalogue):
        return PlayOutcome.PARKED
    return PlayOutcome.UNMATCHED if isinstance(result, Uncertain) else PlayOutcome.DEAD


def _book(db: sqlite3.Connection, change: Change, result: Result | Uncertain, now: float) -> None:
    outcome, reason = outcome_of(result), _reason(result)
    remote = result.remote_id or None if isinstance(result, Receipt) else None
    candidates = result.candidates if isinstance(result, Uncertain) else ()
    next_at = now + recheck(change.misses + 1) if outcome is PlayOutcome.PARKED else 0.0
    outbox.settle(db, change.id, outcome, reason, now, remote_id=remote, candidates=candidates, next_at=next_at)


def _reason(result: Result | Uncertain) -> str:
    return result.note if isinstance(result, Receipt) else result.reason
