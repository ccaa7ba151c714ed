"""From a webhook to plays in the outbox, in one transaction that is on disk before the sender gets its answer."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog
from msgspec.structs import replace

from scrobbled.core.errors import StoreError
from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.core.words.reasons import Code, Reason
from scrobbled.intake.bodies import Bodies
from scrobbled.intake.claimants import EventRefusal, Household, Taken, claimed
from scrobbled.intake.folding import for_all
from scrobbled.intake.throttle import Throttle
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.redact import Redactor
from scrobbled.sources.body import Body
from scrobbled.sources.parsing import DEFECT, WebhookMessage, understood
from scrobbled.store.file.codec import instant
from scrobbled.store.file.database import Store
from scrobbled.store.inbox import archive
from scrobbled.store.inbox import events as inbox

UNREADABLE_KEPT = 8_192
"""Characters of an unreadable body that are stored."""
LONG = 64 * 1024
"""Characters from which on a text is masked beside the loop."""
MessageListener = Callable[[WebhookMessage, Taken], Awaitable[None]]
"""Told of each message that was stored, before its sender gets the answer; may raise ``StoreError``."""
log = structlog.get_logger("ingest")


class ItemCompleter(Protocol):
    """Who finds out from which library something is, where its message does not say so."""

    async def completed(self, message: WebhookMessage) -> WebhookMessage: ...

    async def in_time(self, message: WebhookMessage) -> WebhookMessage: ...


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
        changed: Callable[[], None] = lambda: None,
        librarian: ItemCompleter | None = None,
        listeners: Sequence[MessageListener] = (),
    ) -> None:
        """Without ``librarian`` libraries that are not told stay unknown."""
        self._store, self.household, self._redactor = store, household, redactor
        self._metrics, self._clock, self._wake, self._changed = metrics, clock, wake, changed
        self._librarian, self._listeners = librarian, listeners
        self._throttle = Throttle(clock)

    def use(self, household: Household) -> None:
        """Judge by ``household`` from now on."""
        self.household = household

    async def take(self, source: str, body: Body) -> Taken:
        """One webhook: durable when this returns. Raises ``StoreError`` when nothing could be stored.

        What only says that a player is a little farther is not stored each time: see ``Throttle``.
        """
        message = understood(source, body, self._clock.now())
        return await self._take(message if self._librarian is None else await self._librarian.in_time(message))

    async def take_asked(self, source: str, body: Body) -> Taken:
        """What we asked for ourselves, and can ask for again: raises ``TrackerError``, too, where something lacks."""
        message = understood(source, body, self._clock.now())
        return await self._take(message if self._librarian is None else await self._librarian.completed(message))

    async def _take(self, message: WebhookMessage) -> Taken:
        if (before := self._throttle.same_as(message.events)) is not None:
            return Taken(before, EventOutcome.ACCEPTED, "")
        taken = await self._stored(message)
        self._throttle.stored(message.events, taken.event_id)
        for listen in self._listeners:
            with contextlib.suppress(StoreError):  # the webhook is stored, and that is what the answer says
                await listen(message, taken)
        self._changed()
        return taken

    async def _stored(self, message: WebhookMessage) -> Taken:
        """What became of the first of its events, which is all there is of most."""
        source, now = message.source, message.received_at
        raw = await self._masked(message.body.text)
        arrivals = [
            inbox.Arrival(source, now, "" if part else raw, event, part=part)
            for part, event in enumerate(message.events)
        ]
        try:
            taken = await self._store.write(lambda db: self._arrive_together(db, arrivals), repeatable=True)
        except StoreError:
            raise
        except Exception:
            log.exception("a webhook could not be folded; it is kept", action="ingest", source=source)
            arrivals = [inbox.Arrival(source, now, raw)]
            taken = [await self._store.write(lambda db: self._keep(db, arrivals[0]))]
        for one, arrival in zip(taken, arrivals, strict=True):
            self.told(one, source, arrival.event)
        return taken[0]

    async def refuse(self, source: str, body: bytes, reason: str) -> int:
        """Keep the beginning of a body that cannot be read, for whoever has to find out why; returns the event's id."""
        whole = await self._masked(body.decode("utf-8", "replace"))  # cut first, half a secret would be left
        text = whole[:UNREADABLE_KEPT]
        arrival, why = inbox.Arrival(source, self._clock.now(), text), Reason(reason, Code.BAD_BODY)
        event_id = await self._store.write(lambda db: inbox.add_event(db, arrival, EventOutcome.UNREADABLE, why))
        self._metrics.events.labels(source, EventOutcome.UNREADABLE).inc()
        log.warning("webhook not readable", action="ingest", event_id=f"e{event_id}", source=source, why=reason)
        return event_id

    async def _masked(self, text: str) -> str:
        """What is long takes long, and others must not wait meanwhile."""
        mask = self._redactor.text
        return mask(text) if len(text) < LONG else await asyncio.to_thread(mask, text)

    async def claim_waiting(self) -> int:
        """Fold again what was stored as ``unclaimed``, now that the configuration may claim it; returns how many."""
        bodies, count, after = Bodies(), 0, 0
        while page := await self._store.read(lambda db, start=after: archive.unclaimed(db, start)):  # type: ignore[misc]
            after = page[-1].id
            for stored in page:
                count += await self._claim(stored, bodies.event(stored))
                await asyncio.sleep(0)  # there may be thousands, and webhooks come meanwhile
        return count

    async def _claim(self, stored: archive.StoredEvent, event: PlaybackEvent | None) -> int:
        found = None if event is None else claimed(self.household, event)
        if found is None or isinstance(found, EventRefusal):
            return 0
        arrival = inbox.Arrival(stored.source, instant(stored.received_at), "", event)
        try:
            taken = await self._store.write(lambda db: for_all(db, arrival, stored.id, found, EventOutcome.UNCLAIMED))
        except StoreError:
            raise
        except Exception:
            log.exception("a stored webhook could not be folded; it stays", action="claim", event_id=f"e{stored.id}")
            return 0
        self.told(taken, stored.source, event)
        return 1

    def _keep(self, db: sqlite3.Connection, arrival: inbox.Arrival) -> Taken:
        """Stored without being understood, which is our defect: an update can fold it later."""
        event_id = inbox.add_event(db, arrival, EventOutcome.UNREADABLE, DEFECT)
        return Taken(event_id, EventOutcome.UNREADABLE, DEFECT)

    def _arrive_together(self, db: sqlite3.Connection, arrivals: Sequence[inbox.Arrival]) -> list[Taken]:
        """The events of one webhook; the first carries the body for all of them."""
        taken = [self._arrive(db, arrivals[0])]
        return taken + [self._arrive(db, replace(one, head=taken[0].event_id)) for one in arrivals[1:]]

    def _arrive(self, db: sqlite3.Connection, arrival: inbox.Arrival) -> Taken:
        assert arrival.event is not None
        found = claimed(self.household, arrival.event)
        if isinstance(found, EventRefusal):
            return Taken(inbox.add_event(db, arrival, found.outcome, found.reason), found.outcome, found.reason)
        event_id = inbox.add_event(db, arrival, EventOutcome.ACCEPTED, "")
        return for_all(db, arrival, event_id, found, EventOutcome.ACCEPTED)

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
        """After the commit: count the plays and what came back of our own, and wake whoever delivers them."""
        for _, viewer, media in taken.plays:
            self._metrics.plays.labels(viewer, source, media).inc()
        for echo in taken.echoes:
            self._metrics.deliveries.labels(echo.viewer, echo.library, echo.kind, PlayOutcome.ECHO).inc()
            self._metrics.echoes.labels(echo.library).inc()
        if taken.accounts:
            self._wake(taken.accounts)
