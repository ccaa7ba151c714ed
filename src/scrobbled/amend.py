"""Carries out what is to be changed of what a tracker holds; called by its courier when no play waits.

Every edit may be repeated, so a lost answer only means that the same is done again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import structlog
from msgspec import Struct

from scrobbled.booking import outcome_of
from scrobbled.clock import Clock
from scrobbled.core.change import thing
from scrobbled.core.corrections import corrected
from scrobbled.core.errors import NotInCatalogue, Refused, TrackerError, TryLater, Uncertain
from scrobbled.core.outcomes import PlayOutcome
from scrobbled.core.plays import rounded
from scrobbled.core.records import about
from scrobbled.core.retry import Dice, backoff, recheck
from scrobbled.health import Health
from scrobbled.metrics import Metrics
from scrobbled.store import amendments, corrections, outbox
from scrobbled.store.amendments import Amendment
from scrobbled.store.database import Store
from scrobbled.store.wishes import in_words
from scrobbled.trackers.base import (
    Addition,
    Address,
    Amends,
    Edit,
    Flag,
    Rate,
    Receipt,
    Remove,
    Result,
    Retime,
    Tick,
    Tracker,
    Untick,
)

AT_ONCE = 20
"""So many go into one batch at most: a play that comes meanwhile waits for its end."""
LOOK_UP_BACKOFF = 900.0
PATIENT_ATTEMPTS = 3
STUBBORN_ATTEMPTS = 10
STUBBORN_BACKOFF = 3_600.0
NEVER_SENT = "it was never sent, so there is nothing to take back"
NEVER_SET = "it is not certain that the tick is ours, so it stays"
CANNOT = "this tracker lets nobody change what it holds; change it there yourself"
NO_TICKS = "this tracker holds nothing without a date; drop it, or enter it there yourself"
PLAY_FIRST = "the viewing that it belongs to is on its way"
PLAY_FIRST_WAIT = 10.0
NOT_THERE = "it is not there any more"
log = structlog.get_logger("amend")


class Standing(Struct, frozen=True):
    """What the courier does for the account as a whole. ``sign_in`` is false where that failed, which is booked."""

    sign_in: Callable[[], Awaitable[bool]]
    succeeded: Callable[[], Awaitable[None]]
    dice: Dice


class _Ready(Struct, frozen=True):
    amendment: Amendment
    edit: Edit


class Amender:
    """Amends one account. ``changed`` is called after the commit, as by the courier."""

    def __init__(
        self,
        tracker: Tracker,
        health: Health,
        standing: Standing,
        *,
        store: Store,
        metrics: Metrics,
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self._tracker, self._health, self._standing = tracker, health, standing
        self._store, self._metrics, self._clock, self._changed = store, metrics, clock, changed
        self._viewer, self._name = health.report.viewer, health.report.tracker
        self._most = min(AT_ONCE, tracker.can.batch)
        self._limit = self._most

    async def step(self) -> bool:
        """Carry out what is due, one batch of it; false where nothing is."""
        now = self._now()
        due = await self._store.read(lambda db: amendments.due(db, self._viewer, self._name, now, self._limit))
        wanted = [amendment for amendment in due if not await self._is_settled(amendment)]
        ready: list[_Ready] = []
        for amendment in wanted:
            edit = await self._prepared(amendment)
            if edit is not None:
                ready.append(_Ready(amendment, edit))
            if self._health.pause(self._clock.monotonic()) > 0.0:
                return True
        if ready:
            await self._carry_out(ready)
        return bool(due)

    # -- preparing ----------------------------------------------------------------------------------------------------

    async def _is_settled(self, amendment: Amendment) -> bool:
        """Whether nothing has to be asked of the tracker for it."""
        written = amendment.written
        if written is not None and written.state is not PlayOutcome.DELIVERED:
            await self._settle([(amendment, Receipt(note=NEVER_SENT))])
        elif amendment.wish.action == "untick" and not await self._has_set(amendment.wish.undoes):
            await self._settle([(amendment, Receipt(note=NEVER_SET))])
        elif amendment.wish.kind not in self._tracker.can.amends:
            await self._settle([(amendment, Refused(CANNOT))])
        elif amendment.wish.action in ("tick", "untick") and not self._tracker.can.ticks:
            await self._settle([(amendment, Refused(NO_TICKS))])
        else:
            return False
        return True

    async def _has_set(self, tick: int | None) -> bool:
        """A tick that was there before us, or may have been, is somebody else's."""
        found = None if tick is None else await self._store.read(lambda db: amendments.get(db, tick))
        return found is not None and amendments.set_by_us(found)

    async def _prepared(self, amendment: Amendment) -> Edit | None:
        """``None`` where it came to another end, which is booked."""
        try:
            address = await self._address(amendment)
            if address is None or await self._waits_for_its_play(amendment, address):
                return None
            return await self._edit(amendment, address)
        except TrackerError as error:
            await self._not_prepared(amendment, error)
            return None

    async def _waits_for_its_play(self, amendment: Amendment, address: Address) -> bool:
        """A rating belongs on the row of its viewing, and that may be on its way, or be there without our knowing."""
        account = self._viewer, self._name
        if amendment.wish.kind != "ratings" or not await self._store.read(
            lambda db: outbox.is_on_its_way(db, *account, address.key)
        ):
            return False
        await self._put_off([amendment], PLAY_FIRST, PLAY_FIRST_WAIT)
        return True

    async def _address(self, amendment: Amendment) -> Address | None:
        """``None`` where a correction keeps it from this tracker, which is booked."""
        written, subject = amendment.written, amendment.wish.subject
        if written is not None and written.address_key is not None:
            return Address(written.address_key, written.address)
        if subject is None:
            raise Refused("nobody said what it is about")
        if not amendment.wish.details.as_is:
            known = await self._store.read(lambda db: corrections.in_force(db, self._viewer))
            meant = corrected(subject.item, self._viewer, known)
            if why := meant.left_out(self._tracker.can.media):
                await self._unwanted(amendment, why)
                return None
            subject = about(subject, meant.item)
        address = await cast(Amends, self._tracker).locate_subject(subject)
        await self._store.write(lambda db: amendments.located(db, amendment.id, address.key))
        return address

    async def _edit(self, amendment: Amendment, address: Address) -> Edit | None:
        wish, details = amendment.wish, amendment.wish.details
        if wish.action == "remove":
            return await self._removal(amendment, address)
        if wish.kind == "ratings":
            return Rate(address, None if wish.action == "unrate" else details.value, details.rated_at)
        if wish.action == "tick":
            return Tick(address)
        if wish.action == "untick":
            return Untick(address)
        if wish.action == "flag":
            return Flag(address, details.remote_id, bool(details.rewatch))
        if details.watched_at is None:
            raise Refused("nobody said which time it should have")
        return Retime(address, details.remote_id, rounded(details.watched_at, self._tracker.can.precision))

    async def _removal(self, amendment: Amendment, address: Address) -> Edit | None:
        """By the tracker's handle wherever it has one, so that a repeat cannot take another play of that minute."""
        details, written = amendment.wish.details, amendment.written
        watched_at = details.watched_at or (written.watched_at if written else None)
        if watched_at is None:
            raise Refused("nobody said which play it is")
        at = rounded(watched_at, self._tracker.can.precision)
        remote_id = details.remote_id or (written.remote_id if written else "")
        if not remote_id:
            (receipt,) = await self._tracker.find_plays([Addition(amendment.id, address, at)])
            if receipt is None:
                await self._settle([(amendment, Receipt(note=NOT_THERE))])
                return None
            remote_id = receipt.remote_id
            if remote_id:
                await self._store.write(lambda db: amendments.found(db, amendment.id, remote_id))
        return Remove(address, at, remote_id, details.stamp)

    async def _not_prepared(self, amendment: Amendment, error: TrackerError) -> None:
        if isinstance(error, NotInCatalogue | Uncertain | Refused):
            await self._settle([(amendment, error)])
        elif not isinstance(error, TryLater):
            await self._trouble(error)
        elif await self._standing.sign_in():
            # whoever was asked about this one is down, and the account is fine, so others go on
            wait = backoff(amendment.attempts + 1, self._standing.dice, asked=error.after, longest=LOOK_UP_BACKOFF)
            await self._put_off([amendment], error.reason, wait, counted=True)

    # -- carrying out -------------------------------------------------------------------------------------------------

    async def _carry_out(self, ready: Sequence[_Ready]) -> None:
        wanted = await self._store.write(lambda db: amendments.begin(db, [one.amendment.id for one in ready]))
        batch = [one for one in ready if one.amendment.id in wanted]
        if not batch:
            return
        try:
            results = await cast(Amends, self._tracker).amend([one.edit for one in batch])
        except TrackerError as error:
            await self._failed([one.amendment for one in batch], error)
            return
        await self._settle([(one.amendment, result) for one, result in zip(batch, results, strict=True)])
        self._limit = min(self._most, self._limit * 2)
        await self._standing.succeeded()

    async def _failed(self, batch: Sequence[Amendment], error: TrackerError) -> None:
        """One bad amendment must not take its neighbours along: after a failure the next batch is half as large."""
        self._limit = max(1, len(batch) // 2)
        if not isinstance(error, Refused | NotInCatalogue | Uncertain):
            await self._trouble(error)
            await self._put_off(batch, error.reason, 0.0)
        elif len(batch) == 1:
            await self._settle([(batch[0], error)])

    async def _put_off(self, batch: Sequence[Amendment], reason: str, wait: float, *, counted: bool = False) -> None:
        """In an outage the account waits. One that keeps failing lets the others go first."""
        now = self._now()

        def work(db: sqlite3.Connection) -> None:
            for one in batch:
                amendments.postpone(db, one.id, reason, now + (wait or self._own_wait(one)), count=counted)

        await self._store.write(work)
        self._changed()

    def _own_wait(self, amendment: Amendment) -> float:
        if amendment.attempts < PATIENT_ATTEMPTS:
            return 0.0
        stubborn = amendment.attempts >= STUBBORN_ATTEMPTS and not self._health.in_outage
        return backoff(amendment.attempts, self._standing.dice, longest=STUBBORN_BACKOFF if stubborn else 60.0)

    # -- the books ----------------------------------------------------------------------------------------------------

    async def _settle(self, results: Sequence[tuple[Amendment, Result | Uncertain]]) -> None:
        now = self._now()

        def work(db: sqlite3.Connection) -> list[tuple[Amendment, Result | Uncertain]]:
            return [(one, result) for one, result in results if _book(db, one, result, now)]

        booked = await self._store.write(work)
        self._changed()
        for one, result in booked:
            await self._tell(one, result)

    async def _unwanted(self, amendment: Amendment, why: str) -> None:
        now = self._now()
        await self._store.write(lambda db: amendments.settle(db, amendment.id, PlayOutcome.UNWANTED, why, now))
        self._changed()

    async def _tell(self, amendment: Amendment, result: Result | Uncertain) -> None:
        outcome, wish, reason = outcome_of(result), amendment.wish, _reason(result)
        self._metrics.deliveries.labels(self._viewer, self._name, wish.kind, outcome).inc()
        log.info(
            "amendment",
            action=wish.action,
            amendment=f"a{amendment.id}",
            account=self._health.subject,
            outcome=outcome,
            reason=reason or None,
        )
        if outcome in (PlayOutcome.DEAD, PlayOutcome.UNMATCHED):
            label = f"{wish.label}, {in_words(wish)},"
            await self._health.needs_a_person(outcome, label, reason, thing=thing(wish.action), done="carried out")

    async def _trouble(self, error: TrackerError) -> None:
        await self._health.trouble(error, self._clock.monotonic(), self._standing.dice)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _book(db: sqlite3.Connection, amendment: Amendment, result: Result | Uncertain, now: float) -> bool:
    outcome = outcome_of(result)
    next_at = now + recheck(amendment.misses + 1) if outcome is PlayOutcome.PARKED else 0.0
    if amendment.wish.action == "retime" and isinstance(result, Receipt) and result.remote_id:
        amendments.moved(db, amendment, result.remote_id)
    return amendments.settle(db, amendment.id, outcome, _reason(result), now, next_at=next_at)


def _reason(result: Result | Uncertain) -> str:
    return result.note if isinstance(result, Receipt) else result.reason
