"""From a webhook to plays in the outbox, in one transaction that is on disk before the sender gets its answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from scrobbled.clock import Clock
from scrobbled.core.errors import BadPayload, StoreError
from scrobbled.core.events import EventKind, PlaybackEvent
from scrobbled.core.items import Media
from scrobbled.core.outcomes import EventOutcome
from scrobbled.core.plays import Play, route
from scrobbled.core.sessions import Duplicate, Rules, Unwanted, Watched, fold
from scrobbled.metrics import Metrics
from scrobbled.redact import Redactor
from scrobbled.sources import SOURCES
from scrobbled.sources.body import Body, decode
from scrobbled.store import inbox
from scrobbled.store.codec import instant
from scrobbled.store.database import Store

UNREADABLE_KEPT = 8_192
"""Bytes of an unreadable body that are stored."""
DEFECT = "a defect of scrobbled kept this from being understood; please report it"
log = structlog.get_logger("ingest")


@dataclass(frozen=True, slots=True)
class Way:
    """One tracker of one viewer, and what it takes."""

    tracker: str
    takes: frozenset[Media]


@dataclass(frozen=True, slots=True)
class Claimant:
    """A viewer who lists the account an event came from, with the rules that hold for this source."""

    viewer: str
    rules: Rules
    ways: tuple[Way, ...]
    libraries: frozenset[str]
    """Titles, without case; empty takes all."""
    media: frozenset[Media]


class Household(Protocol):
    """Who is who; built from the configuration."""

    def claimants(self, source: str, names: frozenset[str]) -> Sequence[Claimant]: ...

    def accepts_server(self, source: str, server: str | None) -> bool: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one webhook. ``accounts`` are the (viewer, tracker) that got something to deliver."""

    event_id: int
    outcome: EventOutcome
    reason: str
    plays: tuple[tuple[int, str, Media], ...] = ()
    accounts: frozenset[tuple[str, str]] = frozenset()


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
        self._store, self._household, self._redactor = store, household, redactor
        self._metrics, self._clock, self._wake = metrics, clock, wake

    async def take(self, source: str, body: Body) -> Taken:
        """Durable when this returns. Raises ``StoreError`` when nothing could be stored."""
        now = self._clock.now()
        raw = self._redactor.text(body.text)
        arrivals = [
            inbox.Arrival(source, now, raw if n == 0 else "", event)
            for n, event in enumerate(_parsed(source, body, now))
        ]
        try:
            taken = await self._store.write(lambda db: [self._arrive(db, arrival) for arrival in arrivals])
        except StoreError:
            raise
        except Exception:
            log.exception("a webhook could not be folded; it is kept", action="ingest", source=source)
            arrivals = [inbox.Arrival(source, now, raw)]
            taken = [await self._store.write(lambda db: self._keep(db, arrivals[0]))]
        for one, arrival in zip(taken, arrivals, strict=True):
            self._told(one, arrival)
        return taken[0]

    async def refuse(self, source: str, body: bytes, reason: str) -> int:
        """Keep the beginning of a body that cannot be read, for whoever has to find out why; returns the event's id."""
        text = self._redactor.text(body[:UNREADABLE_KEPT].decode("utf-8", "replace"))
        arrival = inbox.Arrival(source, self._clock.now(), text)
        event_id = await self._store.write(lambda db: inbox.add_event(db, arrival, EventOutcome.UNREADABLE, reason))
        self._metrics.events.labels(source, EventOutcome.UNREADABLE).inc()
        log.warning("webhook not readable", action="ingest", event_id=f"e{event_id}", source=source, why=reason)
        return event_id

    async def claim_waiting(self) -> int:
        """Fold again what was stored as ``unclaimed``, now that the configuration may claim it; returns how many."""
        claimed, after = 0, 0
        while page := await self._store.read(lambda db, start=after: inbox.unclaimed(db, start)):  # type: ignore[misc]
            after = page[-1].id
            for event in page:
                claimed += await self._reconsider(event)
        return claimed

    async def _reconsider(self, stored: inbox.StoredEvent) -> int:
        arrival = _parsed_again(stored)
        if arrival is None or arrival.event is None or not self._claimants(arrival.event):
            return 0
        try:
            taken = await self._store.write(lambda db: self._fold(db, arrival, stored.id, EventOutcome.UNCLAIMED))
        except StoreError:
            raise
        except Exception:
            log.exception("a stored webhook could not be folded; it stays", action="claim", event_id=f"e{stored.id}")
            return 0
        self._told(taken, arrival)
        return 1

    def _keep(self, db: sqlite3.Connection, arrival: inbox.Arrival) -> Taken:
        """Stored without being understood, which is our defect: an update can fold it later."""
        event_id = inbox.add_event(db, arrival, EventOutcome.UNREADABLE, DEFECT)
        return Taken(event_id, EventOutcome.UNREADABLE, DEFECT)

    def _arrive(self, db: sqlite3.Connection, arrival: inbox.Arrival) -> Taken:
        assert arrival.event is not None
        if refusal := self._refusal(arrival.event):
            reason, outcome = refusal
            return Taken(inbox.add_event(db, arrival, outcome, reason), outcome, reason)
        event_id = inbox.add_event(db, arrival, EventOutcome.ACCEPTED, "")
        return self._fold(db, arrival, event_id, EventOutcome.ACCEPTED)

    def _refusal(self, event: PlaybackEvent) -> tuple[str, EventOutcome] | None:
        """Why an event never gets as far as a session, and how it is booked."""
        if event.kind is EventKind.IGNORED:
            return event.reason, EventOutcome.UNWANTED
        if event.item is None:
            return "no item", EventOutcome.UNWANTED
        server = event.item.origin.server if event.item.origin else None
        if not self._household.accepts_server(event.source, server):
            return "server: not one of those listed for this source", EventOutcome.UNWANTED
        if not self._claimants(event):
            name = inbox.account_label(event)
            return (f"no viewer lists the account {name}" if name else "no account"), EventOutcome.UNCLAIMED
        return None

    def _claimants(self, event: PlaybackEvent) -> Sequence[Claimant]:
        return self._household.claimants(event.source, event.account.names())

    def _fold(self, db: sqlite3.Connection, arrival: inbox.Arrival, event_id: int, booked: EventOutcome) -> Taken:
        """``booked`` is the outcome under which the event is stored at this moment."""
        event = arrival.event
        assert event is not None
        results = [_for_viewer(db, arrival, event, event_id, claimant) for claimant in self._claimants(event)]
        outcome, reason = _summary(results)
        if outcome is not booked or reason:
            inbox.settle_event(db, event_id, outcome, reason)
        plays = tuple(play for result in results for play in result.plays)
        accounts = frozenset(account for result in results for account in result.accounts)
        return Taken(event_id, outcome, reason, plays, accounts)

    def _told(self, taken: Taken, arrival: inbox.Arrival) -> None:
        self._metrics.events.labels(arrival.source, taken.outcome).inc()
        for _, viewer, media in taken.plays:
            self._metrics.plays.labels(viewer, arrival.source, media).inc()
        event = arrival.event
        log.info(
            "webhook",
            action="ingest",
            event_id=f"e{taken.event_id}",
            source=arrival.source,
            kind=event.kind if event else None,
            outcome=taken.outcome,
            reason=taken.reason or None,
            plays=[f"p{play}" for play, _, _ in taken.plays] or None,
        )
        if taken.accounts:
            self._wake(taken.accounts)


def _parsed(source: str, body: Body, now: datetime) -> Sequence[PlaybackEvent]:
    """At least one event, whatever a parser thinks of the payload: nothing authentic is turned away."""
    if source not in SOURCES:
        return (PlaybackEvent(source, EventKind.IGNORED, now, reason=f"this version does not understand {source} yet"),)
    try:
        events = SOURCES[source].parse(body.data, now)
    except Exception:
        log.exception("a parser failed; the webhook is kept", action="ingest", source=source)
        events = (PlaybackEvent(source, EventKind.IGNORED, now, reason=DEFECT),)
    return events or (PlaybackEvent(source, EventKind.IGNORED, now, reason="empty"),)


def _for_viewer(
    db: sqlite3.Connection, arrival: inbox.Arrival, event: PlaybackEvent, event_id: int, claimant: Claimant
) -> Taken:
    assert event.item is not None
    if unwanted := _unwanted(event, claimant):
        return Taken(event_id, EventOutcome.UNWANTED, unwanted)
    key = f"{claimant.viewer}|{event.session_key()}"
    before = inbox.load_session(db, key)
    session, verdict = fold(before, event, claimant.rules)
    if session is not before:  # also of a title that is too short: its last event may not say so
        inbox.save_session(db, key, session, arrival.received_at)
    if isinstance(verdict, Unwanted):
        return Taken(event_id, EventOutcome.UNWANTED, verdict.reason)
    if isinstance(verdict, Duplicate):
        return Taken(event_id, EventOutcome.DUPLICATE, verdict.reason)
    if not isinstance(verdict, Watched):
        return Taken(event_id, EventOutcome.ACCEPTED, "")
    play = Play(claimant.viewer, event.source, event.item, verdict.at, session.duration_ms)
    ways = [inbox.Queued(way.tracker, *route(play, way.takes, arrival.received_at)) for way in claimant.ways]
    play_id = inbox.add_play(db, play, event_id, ways, arrival.received_at)
    accounts = frozenset((claimant.viewer, way.tracker) for way in claimant.ways)
    return Taken(event_id, EventOutcome.ACCEPTED, "", ((play_id, claimant.viewer, event.item.media),), accounts)


def _unwanted(event: PlaybackEvent, claimant: Claimant) -> str | None:
    assert event.item is not None
    if event.item.media not in claimant.media:
        return f"{event.item.media}s are switched off"
    library = event.item.origin.library if event.item.origin else None
    if claimant.libraries and (library or "").strip().casefold() not in claimant.libraries:
        return "library"
    return None


_RANK = (EventOutcome.ACCEPTED, EventOutcome.DUPLICATE, EventOutcome.UNWANTED)


def _summary(results: Sequence[Taken]) -> tuple[EventOutcome, str]:
    """One outcome for an event that several viewers claim: the most that came of it."""
    best = min(results, key=lambda result: _RANK.index(result.outcome))
    return best.outcome, best.reason


def _parsed_again(stored: inbox.StoredEvent) -> inbox.Arrival | None:
    received_at = instant(stored.received_at)
    try:
        data = decode(stored.raw)
    except BadPayload:
        return None
    for event in SOURCES[stored.source].parse(data, received_at) if stored.source in SOURCES else ():
        return inbox.Arrival(stored.source, received_at, stored.raw, event)
    return None
