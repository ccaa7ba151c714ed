"""From a webhook to plays in the outbox, in one transaction that is on disk before the sender gets its answer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence

import structlog
from msgspec.structs import replace

from scrobbled.claimants import WOULD_GO, Claimant, Household, Taken, refusal
from scrobbled.clock import Clock
from scrobbled.core.errors import BadPayload, StoreError
from scrobbled.core.events import PlaybackEvent
from scrobbled.core.outcomes import EventOutcome
from scrobbled.folding import for_viewer
from scrobbled.metrics import Metrics
from scrobbled.progress import Throttle
from scrobbled.redact import Redactor
from scrobbled.sources.body import Body
from scrobbled.store import inbox
from scrobbled.store.codec import instant
from scrobbled.store.database import Store
from scrobbled.understand import DEFECT, parsed, parsed_again

__all__ = ["DEFECT", "UNREADABLE_KEPT", "WOULD_GO", "Ingest", "Taken", "parsed_again", "summed_up"]
UNREADABLE_KEPT = 8_192
"""Characters of an unreadable body that are stored."""
LONG = 64 * 1024
"""Characters from which on a text is masked beside the loop."""
log = structlog.get_logger("ingest")


class Ingest:
    """Stores and folds webhooks. ``wake`` is told which accounts have something new, after the commit."""

    def __init__(
        self,
        store: Store,
        household: Household,
        *,
        redactor: Redactor,
        metrics: Metrics,
        clock: Clock,
        wake: Callable[[frozenset[tuple[str, str]]], None],
    ) -> None:
        self._store, self.household, self._redactor = store, household, redactor
        self._metrics, self._clock, self._wake = metrics, clock, wake
        self._throttle = Throttle(clock)

    def use(self, household: Household) -> None:
        """Judge by ``household`` from now on."""
        self.household = household

    async def take(self, source: str, body: Body) -> Taken:
        """Durable when this returns. Raises ``StoreError`` when nothing could be stored.

        What only says that a player is a little farther is not stored each time: see ``Throttle``.
        """
        now = self._clock.now()
        events = parsed(source, body, now)
        if (before := self._throttle.same_as(events)) is not None:
            return Taken(before, EventOutcome.ACCEPTED, "")
        raw = await self._masked(body.text)
        arrivals = [inbox.Arrival(source, now, raw if n == 0 else "", event) for n, event in enumerate(events)]
        try:
            taken = await self._store.write(lambda db: self._arrive_together(db, arrivals))
        except StoreError:
            raise
        except Exception:
            log.exception("a webhook could not be folded; it is kept", action="ingest", source=source)
            arrivals = [inbox.Arrival(source, now, raw)]
            taken = [await self._store.write(lambda db: self._keep(db, arrivals[0]))]
        for one, arrival in zip(taken, arrivals, strict=True):
            self.told(one, arrival.source, arrival.event)
        self._throttle.stored(events, taken[0].event_id)
        return taken[0]

    async def refuse(self, source: str, body: bytes, reason: str) -> int:
        """Keep the beginning of a body that cannot be read, for whoever has to find out why; returns the event's id."""
        whole = await self._masked(body.decode("utf-8", "replace"))  # cut first, half a secret would be left
        text = whole[:UNREADABLE_KEPT]
        arrival = inbox.Arrival(source, self._clock.now(), text)
        event_id = await self._store.write(lambda db: inbox.add_event(db, arrival, EventOutcome.UNREADABLE, reason))
        self._metrics.events.labels(source, EventOutcome.UNREADABLE).inc()
        log.warning("webhook not readable", action="ingest", event_id=f"e{event_id}", source=source, why=reason)
        return event_id

    async def _masked(self, text: str) -> str:
        """What is long takes long, and others must not wait meanwhile."""
        mask = self._redactor.text
        return mask(text) if len(text) < LONG else await asyncio.to_thread(mask, text)

    async def claim_waiting(self) -> int:
        """Fold again what was stored as ``unclaimed``, now that the configuration may claim it; returns how many."""
        claimed, after = 0, 0
        while page := await self._store.read(lambda db, start=after: inbox.unclaimed(db, start)):  # type: ignore[misc]
            after = page[-1].id
            for event in page:
                claimed += await self._reconsider(event)
                await asyncio.sleep(0)  # there may be thousands, and webhooks come meanwhile
        return claimed

    async def _reconsider(self, stored: inbox.StoredEvent) -> int:
        arrival = _claimed(stored)
        if arrival is None or arrival.event is None or not self._claimants(arrival.event):
            return 0
        try:
            taken = await self._store.write(lambda db: self._fold(db, arrival, stored.id, EventOutcome.UNCLAIMED))
        except StoreError:
            raise
        except Exception:
            log.exception("a stored webhook could not be folded; it stays", action="claim", event_id=f"e{stored.id}")
            return 0
        self.told(taken, arrival.source, arrival.event)
        return 1

    def _keep(self, db: sqlite3.Connection, arrival: inbox.Arrival) -> Taken:
        """Stored without being understood, which is our defect: an update can fold it later."""
        event_id = inbox.add_event(db, arrival, EventOutcome.UNREADABLE, DEFECT)
        return Taken(event_id, EventOutcome.UNREADABLE, DEFECT)

    def _arrive_together(self, db: sqlite3.Connection, arrivals: Sequence[inbox.Arrival]) -> list[Taken]:
        """The events of one webhook; the first carries the body for all of them."""
        taken: list[Taken] = []
        for part, arrival in enumerate(arrivals):
            head = taken[0].event_id if taken else None
            taken.append(self._arrive(db, replace(arrival, head=head, part=part)))
        return taken

    def _arrive(self, db: sqlite3.Connection, arrival: inbox.Arrival) -> Taken:
        assert arrival.event is not None
        if refused := refusal(self.household, arrival.event):
            reason, outcome = refused
            return Taken(inbox.add_event(db, arrival, outcome, reason), outcome, reason)
        event_id = inbox.add_event(db, arrival, EventOutcome.ACCEPTED, "")
        return self._fold(db, arrival, event_id, EventOutcome.ACCEPTED)

    def _claimants(self, event: PlaybackEvent) -> Sequence[Claimant]:
        return self.household.claimants(event.source, event.account.names())

    def _fold(self, db: sqlite3.Connection, arrival: inbox.Arrival, event_id: int, booked: EventOutcome) -> Taken:
        """``booked`` is the outcome under which the event is stored at this moment."""
        event = arrival.event
        assert event is not None
        results = {claimant.viewer: for_viewer(db, arrival, event_id, claimant) for claimant in self._claimants(event)}
        outcome, reason = summed_up(list(results.values()))
        if outcome is not booked or reason:
            inbox.settle_event(db, event_id, outcome, reason)
        if len({(result.outcome, result.reason) for result in results.values()}) > 1:
            inbox.add_detail(db, event_id, viewers={viewer: [r.outcome, r.reason] for viewer, r in results.items()})
        plays = tuple(play for result in results.values() for play in result.plays)
        accounts = frozenset(account for result in results.values() for account in result.accounts)
        return Taken(event_id, outcome, reason, plays, accounts)

    def told(self, taken: Taken, source: str, event: PlaybackEvent | None) -> None:
        """Count and log it, and wake whoever has something to deliver."""
        self._metrics.events.labels(source, taken.outcome).inc()
        self.played(taken, source)
        log.info(
            "webhook",
            action="ingest",
            event_id=f"e{taken.event_id}",
            source=source,
            kind=event.kind if event else None,
            outcome=taken.outcome,
            reason=taken.reason or None,
            plays=[f"p{play}" for play, _, _ in taken.plays] or None,
        )

    def played(self, taken: Taken, source: str) -> None:
        """After the commit: count the plays, and wake whoever delivers them."""
        for _, viewer, media in taken.plays:
            self._metrics.plays.labels(viewer, source, media).inc()
        if taken.accounts:
            self._wake(taken.accounts)


_RANK = (EventOutcome.ACCEPTED, EventOutcome.DUPLICATE, EventOutcome.UNWANTED)


def summed_up(results: Sequence[Taken]) -> tuple[EventOutcome, str]:
    """One outcome for an event that several viewers claim: the most that came of it."""
    best = min(results, key=lambda result: _RANK.index(result.outcome))
    return best.outcome, best.reason


def _claimed(stored: inbox.StoredEvent) -> inbox.Arrival | None:
    received_at = instant(stored.received_at)
    try:
        events = parsed_again(stored.source, stored.raw, received_at)
    except BadPayload:
        return None
    if stored.part >= len(events):
        return None
    return inbox.Arrival(stored.source, received_at, stored.raw, events[stored.part])
