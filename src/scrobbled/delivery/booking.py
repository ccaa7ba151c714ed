"""What became of changes: written down in one transaction, then counted and told."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence

import structlog
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import ScrobbledError, Uncertain
from scrobbled.core.naming.corrections import Correction
from scrobbled.core.sending.judge import (
    ANOTHER_CORRECTION,
    Absent,
    Apart,
    AskAgain,
    Doubt,
    Gone,
    Later,
    LookUp,
    Send,
    Settled,
    Verdict,
    not_taken,
    outdated,
)
from scrobbled.core.sending.retry import recheck
from scrobbled.core.sending.safety import Trip
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.delivery.account import TrackerAccount
from scrobbled.plumbing.metrics import Metrics
from scrobbled.store.mirror import records
from scrobbled.store.queue import corrections, floods, outbox
from scrobbled.store.queue.outbox import OutboxChange
from scrobbled.trackers.base import Addition, Address, AddResult, Receipt

ANSWERS = (PlayOutcome.DELIVERED, PlayOutcome.PARKED, PlayOutcome.UNMATCHED, PlayOutcome.DEAD)
"""What a tracker says of a play. The other outcomes are our own."""
TOLD = 20
"""Changes that are told in one go."""
log = structlog.get_logger("deliver")


class NoLongerWaiting(ScrobbledError):
    """What was to be sent is not wanted any more."""


class Judged(Struct, frozen=True):
    """``address`` where it was looked up just now."""

    change: OutboxChange
    verdict: Verdict
    address: Address | None = None


class Booking:
    """The books of one account. Each method is durable when it returns; ``changed`` is called after the commit.

    ``known`` are the corrections by which an item was looked up. Where others are in force by now the answer is out of
    date: nothing is sent or settled by it, and the item is looked up again at once. Without ``known`` none matter.
    """

    def __init__(self, account: TrackerAccount, *, metrics: Metrics, changed: Callable[[], None]) -> None:
        self._account, self._metrics, self._changed = account, metrics, changed

    async def begin(self, additions: Sequence[Addition], known: Sequence[Correction]) -> None:
        """Announce a write that must not be repeated, with where each play goes.

        Raises ``NoLongerWaiting``, and announces nothing, when one of them was dropped since it was read.
        """

        def work(db: sqlite3.Connection) -> None:
            if self._overtaken(db, known):
                raise NoLongerWaiting(ANOTHER_CORRECTION)
            for addition in additions:
                _locate(db, addition.id, addition.address, rewatch=addition.rewatch)
            if outbox.begin(db, [addition.id for addition in additions]) != {addition.id for addition in additions}:
                raise NoLongerWaiting("one of these plays was dropped meanwhile")

        await self._account.store.write(work)

    async def book(self, judged: Sequence[Judged], known: Sequence[Correction] | None = None) -> None:
        """Each change has come to its verdict."""
        now = self._account.now()

        def work(db: sqlite3.Connection) -> list[Judged]:
            overtaken = self._overtaken(db, known)
            standing = [replace(one, verdict=outdated(one.verdict)) if overtaken else one for one in judged]
            return [one for one in standing if _write_down(db, one, now)]

        booked = await self._account.store.write(work)
        self._changed()
        for number, one in enumerate(booked):
            await self._tell(one, now)
            if number % TOLD == TOLD - 1:  # a line of the log for each of hundreds: webhooks come in between
                await asyncio.sleep(0)

    async def _tell(self, one: Judged, now: float) -> None:
        if isinstance(one.verdict, Trip):
            self._count(PlayOutcome.HELD)
        elif isinstance(one.verdict, Settled):
            self._count(one.verdict.outcome)
            if one.verdict.outcome in ANSWERS:
                await self._tell_answer(one.change, one.verdict, now)

    async def _tell_answer(self, change: OutboxChange, answer: Settled, now: float) -> None:
        account, outcome, reason = self._account.health, answer.outcome, answer.reason
        if outcome is PlayOutcome.DELIVERED:
            self._metrics.delivery.labels(self._account.name).observe(max(0.0, now - change.received_at))
        log.info(
            "play",
            action="deliver",
            play=f"p{change.play_id}",
            account=account.subject,
            outcome=outcome,
            reason=reason or None,
        )
        if outcome in (PlayOutcome.DEAD, PlayOutcome.UNMATCHED):
            await account.needs_a_person(outcome, change.item.label(), reason)

    def _overtaken(self, db: sqlite3.Connection, known: Sequence[Correction] | None) -> bool:
        return known is not None and corrections.in_force(db, self._account.viewer) != tuple(known)

    def _count(self, outcome: PlayOutcome) -> None:
        self._metrics.deliveries.labels(self._account.viewer, self._account.name, "plays", outcome).inc()


def answered(result: AddResult | Uncertain) -> Settled:
    """What a tracker's answer means."""
    return (
        Settled(PlayOutcome.DELIVERED, result.note, result.remote_id)
        if isinstance(result, Receipt)
        else not_taken(result)
    )


def _write_down(db: sqlite3.Connection, one: Judged, now: float) -> bool:
    """False where that was not to be done any more."""
    change, verdict = one.change, one.verdict
    if isinstance(verdict, Gone | Send):
        return False
    if one.address is not None:
        rewatch = change.rewatch and not isinstance(verdict, Settled)
        _locate(db, change.id, one.address, rewatch=rewatch)
    match verdict:
        case Settled():
            _settle(db, change, verdict, now)
        case Trip():
            return floods.hold(db, change.id, (change.viewer, change.tracker), verdict, now)
        case LookUp():
            outbox.doubt_restored(db, change.id)
        case Later(reason, wait):
            outbox.postpone(db, change.id, reason, now, now + wait)
        case Doubt(reason):
            outbox.doubt(db, [change.id], reason, now)
            outbox.note(db, change.id, now, outbox.IN_DOUBT, reason)
        case Apart():
            outbox.clear_doubt(db, [(change.id, 0.0)])
            outbox.note(db, change.id, now, "apart", "")
        case Absent(wait):
            outbox.clear_doubt(db, [(change.id, now + wait)])
            outbox.note(db, change.id, now, "absent", "")
        case AskAgain(read_at, settle):
            outbox.missed(db, [change.id], read_at, read_at + settle)
            outbox.note(db, change.id, now, "not-found", "")
    return True


def _settle(db: sqlite3.Connection, change: OutboxChange, verdict: Settled, now: float) -> None:
    outcome, handle = verdict.outcome, verdict.remote_id or None
    next_at = now + recheck(change.misses + 1) if outcome is PlayOutcome.PARKED else 0.0
    outbox.settle(
        db, change.id, outcome, verdict.reason, now, remote_id=handle, candidates=verdict.candidates, next_at=next_at
    )
    if handle and outcome is PlayOutcome.ALREADY_THERE:
        records.claim(db, (change.viewer, change.tracker), handle, change.play_id, ours=False)


def _locate(db: sqlite3.Connection, id_: int, address: Address, *, rewatch: bool) -> None:
    how, confidence = address.how, address.confidence
    outbox.locate(db, id_, address.key, dict(address.data), how, rewatch=rewatch, confidence=confidence)
