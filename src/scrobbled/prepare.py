"""From a change that is due to what is written: what it is, where it goes, and whether it is to be written at all."""

from __future__ import annotations

import structlog
from msgspec.structs import replace

from scrobbled.amend import Standing
from scrobbled.batch import Batch
from scrobbled.booking import Booking
from scrobbled.clock import Clock
from scrobbled.core.corrections import Corrected, Correction, corrected
from scrobbled.core.errors import NotInCatalogue, Refused, TrackerError, TryLater, Uncertain
from scrobbled.core.plays import rounded
from scrobbled.core.retry import backoff
from scrobbled.core.safety import Limits, judge_item
from scrobbled.core.sessions import usual_runtime, viewing_gap
from scrobbled.health import Health
from scrobbled.store import corrections, viewings
from scrobbled.store.database import Store
from scrobbled.store.outbox import Change
from scrobbled.store.viewings import Seen
from scrobbled.trackers.base import Addition, Address, Tracker

LOOK_UP_BACKOFF = 900.0
log = structlog.get_logger("deliver")


class Preparer:
    """Prepares changes of one account. What is not to be written is booked."""

    def __init__(
        self,
        tracker: Tracker,
        health: Health,
        books: Booking,
        standing: Standing,
        *,
        store: Store,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._tracker, self._health, self._books, self._standing = tracker, health, books, standing
        self._store, self._clock, self._limits = store, clock, limits
        self._viewer = health.report.viewer

    async def would_go(self, change: Change) -> Address | None:
        """Where it will go when it is sent; ``None`` where it will probably not be."""
        known = await self._store.read(lambda db: corrections.in_force(db, self._viewer))
        meant = corrected(change.item, self._viewer, known)
        if meant.left_out(self._tracker.can.media) or change.restored:
            return None
        try:
            address = await self._tracker.locate(meant.item)
        except (NotInCatalogue, Uncertain, Refused):
            return None
        seen = await self._seen(change, address, meant)
        is_too_many = not change.approved and judge_item(1 + len(seen.near), self._limits) is not None
        return address if seen.is_new and not is_too_many else None

    async def _seen(self, change: Change, address: Address, meant: Corrected) -> Seen:
        gap = viewing_gap(change.duration or usual_runtime(change.item), restarted=True)
        is_corrected = meant.correction is not None
        return await self._store.read(lambda db: viewings.seen(db, change, address.key, gap, is_corrected=is_corrected))

    async def prepare(self, change: Change, batch: Batch) -> None:
        """Add ``change`` to the batch, or settle it another way."""
        assert change.watched_at is not None, "an undated play is held, never queued"
        meant = corrected(change.item, self._viewer, batch.known)
        if why := meant.left_out(self._tracker.can.media):
            await self._books.unwanted(change, why, batch.known)
            return
        try:
            found = await self._tracker.locate(meant.item)
        except TrackerError as error:
            await self._not_located(change, error, meant, batch.known)
            return
        address = replace(found, how=meant.told(found.how))
        watched_at = rounded(change.watched_at, self._tracker.can.precision)
        seen = await self._seen(change, address, meant)
        if await self._is_no_news(change, address, seen, batch):
            return
        if change.restored:
            await self._books.doubt_restored(change, address, batch.known)
            return
        trip = judge_item(1 + len(seen.near | batch.within_a_day(address, watched_at)), self._limits)
        if trip is not None and not change.approved:
            await self._books.hold(change, address, trip, batch.known)
            return
        rewatch = seen.rewatch or batch.has_earlier(address, watched_at)
        batch.add(change, Addition(change.id, address, watched_at, rewatch))

    async def _is_no_news(self, change: Change, address: Address, seen: Seen, batch: Batch) -> bool:
        """Whether the account has this viewing, or is not to have it again; booked then."""
        assert change.watched_at is not None
        gap = viewing_gap(change.duration or usual_runtime(change.item), restarted=True)
        twin = batch.twin_of(address, rounded(change.watched_at, self._tracker.can.precision), gap)
        twin = twin if seen.twin is None else seen.twin
        if seen.undone is not None:
            await self._books.taken_back(change, address, seen.undone, batch.known)
        elif twin is not None:
            await self._books.already_there(change, address, twin, batch.known)
        elif seen.there is not None:
            await self._books.held_there(change, address, seen.there, batch.known)
        else:
            return False
        return True

    async def _not_located(
        self, change: Change, error: TrackerError, meant: Corrected, known: tuple[Correction, ...]
    ) -> None:
        if isinstance(error, NotInCatalogue | Uncertain | Refused):
            error.reason = meant.told(error.reason)
            await self._books.settle([(change, error)], known)
        elif not isinstance(error, TryLater):
            await self._health.trouble(error, self._clock.monotonic(), self._standing.dice)
        elif await self._standing.sign_in():
            # whoever was asked about this one is down, and the account is fine, so others go on
            wait = backoff(change.attempts + 1, self._standing.dice, asked=error.after, longest=LOOK_UP_BACKOFF)
            await self._books.postpone([change], error.reason, lambda _: wait, known)
            log.info("looked up later", action="locate", account=self._health.subject, why=error.reason)
