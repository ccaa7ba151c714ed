"""What became of changes: written down in one transaction, then counted and told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import structlog

from scrobbled.clock import Clock
from scrobbled.core.corrections import Correction
from scrobbled.core.errors import NotInCatalogue, ScrobbledError, Uncertain
from scrobbled.core.outcomes import PlayOutcome
from scrobbled.core.retry import recheck
from scrobbled.core.safety import Trip
from scrobbled.health import Health
from scrobbled.metrics import Metrics
from scrobbled.store import corrections, floods, outbox, records
from scrobbled.store.database import Store
from scrobbled.store.outbox import Change
from scrobbled.trackers.base import Addition, Address, Receipt, Result

log = structlog.get_logger("deliver")


READ_THERE = "the tracker holds it already, as was read there"
ANOTHER_CORRECTION = "a correction was set or removed meanwhile"


class NoLongerWaiting(ScrobbledError):
    """What was to be sent is not wanted any more."""


class Booking:
    """The books of one account. Each method is durable when it returns; ``changed`` is called after the commit.

    ``known`` are the corrections by which an item was looked up. Where others are in force by now the answer is out of
    date: nothing is sent or settled by it, and the item is looked up again at once. Without ``known`` none matter.
    """

    def __init__(
        self, account: Health, *, store: Store, metrics: Metrics, clock: Clock, changed: Callable[[], None]
    ) -> None:
        self._health, self._store, self._metrics, self._clock = account, store, metrics, clock
        self._changed = changed
        self._viewer, self._tracker = account.report.viewer, account.report.tracker

    async def begin(self, additions: Sequence[Addition], known: Sequence[Correction] | None = None) -> None:
        """Announce a write that must not be repeated, with where each play goes.

        Raises ``NoLongerWaiting``, and announces nothing, when one of them was dropped since it was read.
        """

        def work(db: sqlite3.Connection) -> None:
            if self._overtaken(db, known):
                raise NoLongerWaiting(ANOTHER_CORRECTION)
            for addition in additions:
                address = addition.address
                _locate(db, addition.id, address, rewatch=addition.rewatch)
            if outbox.begin(db, [addition.id for addition in additions]) != len(additions):
                raise NoLongerWaiting("one of these plays was dropped meanwhile")

        await self._store.write(work)

    async def settle(
        self, results: Sequence[tuple[Change, Result | Uncertain]], known: Sequence[Correction] | None = None
    ) -> None:
        """Each change has reached an outcome."""
        now = self._now()

        def work(db: sqlite3.Connection) -> list[tuple[Change, Result | Uncertain]]:
            overtaken = self._overtaken(db, known)
            again = [change for change, result in results if overtaken and _is_not_found(result)]
            for change in again:
                outbox.postpone(db, change.id, ANOTHER_CORRECTION, now, 0.0)
            booked = [(change, result) for change, result in results if change not in again]
            for change, result in booked:
                _book(db, change, result, now)
            return booked

        booked = await self._store.write(work)
        self._changed()
        for change, result in booked:
            await self._tell(change, result, now)

    async def already_there(
        self, change: Change, address: Address, play_id: int | None, known: Sequence[Correction] | None = None
    ) -> None:
        """Another play of this account is the same viewing."""
        await self._not_sent(change, address, PlayOutcome.ALREADY_THERE, f"{outbox.SAME_VIEWING}p{play_id}", known)

    async def taken_back(
        self, change: Change, address: Address, play_id: int, known: Sequence[Correction] | None
    ) -> None:
        """Another play of this account was the same viewing, and somebody took it back."""
        reason = f"{outbox.TAKEN_BACK} as p{play_id}, which is the same viewing"
        await self._not_sent(change, address, PlayOutcome.UNDONE, reason, known)

    async def held_there(
        self, change: Change, address: Address, remote_id: str, known: Sequence[Correction] | None
    ) -> None:
        """The tracker holds it already, by that handle: it was read there."""
        account = (self._viewer, self._tracker)

        def claim(db: sqlite3.Connection) -> None:
            records.claim(db, account, remote_id, change.play_id, ours=False)

        await self._not_sent(change, address, PlayOutcome.ALREADY_THERE, READ_THERE, known, remote_id, claim)

    async def _not_sent(
        self,
        change: Change,
        address: Address,
        outcome: PlayOutcome,
        reason: str,
        known: Sequence[Correction] | None,
        remote_id: str | None = None,
        beside: Callable[[sqlite3.Connection], None] = lambda db: None,
    ) -> None:
        now = self._now()

        def work(db: sqlite3.Connection) -> bool:
            if self._overtaken(db, known):
                return False
            _locate(db, change.id, address, rewatch=False)
            outbox.settle(db, change.id, outcome, reason, now, remote_id=remote_id)
            beside(db)
            return True

        if await self._store.write(work):
            self._counted(outcome)
            self._changed()

    async def unwanted(self, change: Change, reason: str, known: Sequence[Correction]) -> None:
        """A correction says that it is not for this account."""
        now = self._now()

        def work(db: sqlite3.Connection) -> bool:
            if self._overtaken(db, known):
                return False
            outbox.settle(db, change.id, PlayOutcome.UNWANTED, reason, now)
            return True

        if await self._store.write(work):
            self._counted(PlayOutcome.UNWANTED)
            self._changed()

    async def hold(self, change: Change, address: Address, trip: Trip, known: Sequence[Correction]) -> None:
        """A rule of the flood breaker stops it until somebody decides."""
        now = self._now()

        def work(db: sqlite3.Connection) -> bool:
            if self._overtaken(db, known):
                return False
            _locate(db, change.id, address, rewatch=change.rewatch)
            return floods.hold(db, change.id, (self._viewer, self._tracker), trip, now)

        if await self._store.write(work):
            self._counted(PlayOutcome.HELD)
            self._changed()

    async def doubt(self, changes: Sequence[Change], reason: str) -> None:
        """The answer to their write is missing."""
        now, ids = self._now(), [change.id for change in changes]

        def work(db: sqlite3.Connection) -> None:
            outbox.doubt(db, ids, reason, now)
            _note(db, changes, now, outbox.IN_DOUBT, reason)

        await self._store.write(work)
        self._changed()
        log.warning("write in doubt", action="deliver", account=self._health.subject, changes=ids, why=reason)

    async def doubt_restored(self, change: Change, address: Address, known: Sequence[Correction]) -> None:
        """It came out of a backup: before it is sent it is looked up, as it may have been delivered since."""

        def work(db: sqlite3.Connection) -> None:
            if self._overtaken(db, known):
                return
            _locate(db, change.id, address, rewatch=change.rewatch)
            outbox.doubt_restored(db, change.id)

        await self._store.write(work)
        self._changed()

    async def postpone(
        self,
        changes: Sequence[Change],
        reason: str,
        wait: Callable[[Change], float],
        known: Sequence[Correction] | None = None,
    ) -> None:
        """Nothing was written; each is tried again after ``wait`` seconds."""
        now = self._now()

        def work(db: sqlite3.Connection) -> None:
            overtaken = self._overtaken(db, known)
            for change in changes:
                outbox.postpone(db, change.id, reason, now, now if overtaken else now + wait(change))

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
            _note(db, proven, now, "absent", "")
            _note(db, unsure, now, "not-found", "")

        await self._store.write(work)

    async def apart(self, changes: Sequence[Change]) -> None:
        """Refused together, so that they have to be tried in smaller company."""
        now = self._now()

        def work(db: sqlite3.Connection) -> None:
            outbox.clear_doubt(db, [(change.id, 0.0) for change in changes])
            _note(db, changes, now, "apart", "")

        await self._store.write(work)

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

    def _overtaken(self, db: sqlite3.Connection, known: Sequence[Correction] | None) -> bool:
        return known is not None and corrections.in_force(db, self._viewer) != tuple(known)

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


def _is_not_found(result: Result | Uncertain) -> bool:
    return isinstance(result, NotInCatalogue | Uncertain)


def _locate(db: sqlite3.Connection, id_: int, address: Address, *, rewatch: bool) -> None:
    how, confidence = address.how, address.confidence
    outbox.locate(db, id_, address.key, dict(address.data), how, rewatch=rewatch, confidence=confidence)


def _note(db: sqlite3.Connection, changes: Sequence[Change], now: float, outcome: str, detail: str) -> None:
    for change in changes:
        outbox.note(db, change.id, now, outcome, detail)


def _book(db: sqlite3.Connection, change: Change, result: Result | Uncertain, now: float) -> None:
    outcome, reason = outcome_of(result), _reason(result)
    remote = result.remote_id or None if isinstance(result, Receipt) else None
    candidates = result.candidates if isinstance(result, Uncertain) else ()
    next_at = now + recheck(change.misses + 1) if outcome is PlayOutcome.PARKED else 0.0
    outbox.settle(db, change.id, outcome, reason, now, remote_id=remote, candidates=candidates, next_at=next_at)


def _reason(result: Result | Uncertain) -> str:
    return result.note if isinstance(result, Receipt) else result.reason
