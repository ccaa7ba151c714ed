"""From a webhook to plays in the outbox, in one transaction that is on disk before the sender gets its answer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from scrobbled import breaker
from scrobbled.clock import Clock
from scrobbled.core.errors import BadPayload, StoreError
from scrobbled.core.events import EventKind, PlaybackEvent
from scrobbled.core.items import Media
from scrobbled.core.outcomes import EventOutcome
from scrobbled.core.plays import Play, route
from scrobbled.core.safety import USUAL, Limits
from scrobbled.core.sessions import TEST_EVENT, Duplicate, Rules, Session, Unwanted, Watched, fold
from scrobbled.metrics import Metrics
from scrobbled.redact import Redactor
from scrobbled.sources.body import Body
from scrobbled.store import inbox
from scrobbled.store.codec import instant
from scrobbled.store.database import Store
from scrobbled.store.floods import Arrival
from scrobbled.understand import DEFECT, parsed, parsed_again

UNREADABLE_KEPT = 8_192
"""Characters of an unreadable body that are stored."""
LONG = 64 * 1024
"""Characters from which on a text is masked beside the loop."""
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
    limits: Limits = USUAL


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
        self._store, self.household, self._redactor = store, household, redactor
        self._metrics, self._clock, self._wake = metrics, clock, wake

    def use(self, household: Household) -> None:
        """Judge by ``household`` from now on."""
        self.household = household

    async def take(self, source: str, body: Body) -> Taken:
        """Durable when this returns. Raises ``StoreError`` when nothing could be stored."""
        now = self._clock.now()
        raw = await self._masked(body.text)
        arrivals = [
            inbox.Arrival(source, now, raw if n == 0 else "", event)
            for n, event in enumerate(parsed(source, body, now))
        ]
        try:
            taken = await self._store.write(lambda db: self._arrive_together(db, arrivals))
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
        self._told(taken, arrival)
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
        results = {
            claimant.viewer: _for_viewer(db, arrival, event, event_id, claimant) for claimant in self._claimants(event)
        }
        outcome, reason = summed_up(list(results.values()))
        if outcome is not booked or reason:
            inbox.settle_event(db, event_id, outcome, reason)
        if len({(result.outcome, result.reason) for result in results.values()}) > 1:
            inbox.add_detail(db, event_id, viewers={viewer: [r.outcome, r.reason] for viewer, r in results.items()})
        plays = tuple(play for result in results.values() for play in result.plays)
        accounts = frozenset(account for result in results.values() for account in result.accounts)
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


def refusal(household: Household, event: PlaybackEvent) -> tuple[str, EventOutcome] | None:
    """Why an event never gets as far as a session, and how it is booked."""
    if event.test:
        return _tested(household, replace(event, test=False)), EventOutcome.UNWANTED
    if event.kind is EventKind.IGNORED:
        return event.reason, EventOutcome.UNWANTED
    if event.item is None:
        return "no item", EventOutcome.UNWANTED
    server = event.item.origin.server if event.item.origin else None
    if not household.accepts_server(event.source, server):
        return "server: not one of those listed for this source", EventOutcome.UNWANTED
    if not household.claimants(event.source, event.account.names()):
        name = inbox.account_label(event)
        unnamed = event.reason or "no account"
        return (f"no viewer lists the account {name}" if name else unnamed), EventOutcome.UNCLAIMED
    return None


WOULD_GO = f"{TEST_EVENT}; a real one would go to "


def _tested(household: Household, event: PlaybackEvent) -> str:
    """What would have become of it, were it no test."""
    if refused := refusal(household, event):
        reason, outcome = refused
        return f"{TEST_EVENT}; a real one would be {outcome}: {reason}"
    ways, doubts = [], []
    for claimant in household.claimants(event.source, event.account.names()):
        verdict = fold(Session(), event, claimant.rules)[1]
        if doubt := unwanted(event, claimant) or str(getattr(verdict, "reason", "")):
            doubts.append(f"{claimant.viewer}: {doubt}")
        else:
            trackers = ", ".join(way.tracker for way in claimant.ways)
            ways.append(f"{claimant.viewer} ({trackers or 'no tracker'})")
    if not ways:
        return f"{TEST_EVENT}; a real one would go nowhere ({'; '.join(doubts)})"
    return f"{WOULD_GO}{' and '.join(ways)}{'; not to ' if doubts else ''}{'; '.join(doubts)}"


def _for_viewer(
    db: sqlite3.Connection, arrival: inbox.Arrival, event: PlaybackEvent, event_id: int, claimant: Claimant
) -> Taken:
    assert event.item is not None
    if reason := unwanted(event, claimant):
        return Taken(event_id, EventOutcome.UNWANTED, reason)
    key = f"{claimant.viewer}|{event.session_key()}"
    before = inbox.load_session(db, key)
    session, verdict = fold(before, event, claimant.rules, arrival.received_at)
    if session is not before:  # also of a title that is too short: its last event may not say so
        inbox.save_session(db, key, session, arrival.received_at)
    if isinstance(verdict, Unwanted):
        return Taken(event_id, EventOutcome.UNWANTED, verdict.reason)
    if isinstance(verdict, Duplicate):
        return Taken(event_id, EventOutcome.DUPLICATE, verdict.reason)
    if not isinstance(verdict, Watched):
        return Taken(event_id, EventOutcome.ACCEPTED, "")
    play = Play(claimant.viewer, event.source, event.item, verdict.at if event.dated else None, session.duration_ms)
    seen = breaker.arrival_of(event, play, verdict, arrival.received_at)
    return add(db, play, event_id, claimant, seen, arrival.received_at)


def add(
    db: sqlite3.Connection, play: Play, event_id: int, claimant: Claimant, seen: Arrival, received_at: datetime
) -> Taken:
    """The play, on its way to each tracker of its viewer, as far as the flood breaker lets it."""
    routes = [inbox.Queued(way.tracker, *route(play, way.takes, received_at)) for way in claimant.ways]
    ways = [breaker.admit(db, claimant.viewer, queued, seen, claimant.limits) for queued in routes]
    play_id = inbox.add_play(db, play, event_id, ways, received_at)
    accounts = frozenset((claimant.viewer, way.tracker) for way in claimant.ways)
    return Taken(event_id, EventOutcome.ACCEPTED, "", ((play_id, claimant.viewer, play.item.media),), accounts)


def unwanted(event: PlaybackEvent, claimant: Claimant) -> str | None:
    """Why this viewer does not want it, whatever happened before."""
    assert event.item is not None
    if event.item.media not in claimant.media:
        return f"{event.item.media}s are switched off"
    library = event.item.origin.library if event.item.origin else None
    if claimant.libraries and (library or "").strip().casefold() not in claimant.libraries:
        return "library"
    return None


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
