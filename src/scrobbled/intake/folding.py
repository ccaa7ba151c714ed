"""One event for those who claim it: folded into the session of each, and the play that follows put on its way."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from scrobbled.core.naming.identity import same_item
from scrobbled.core.watching.ends import ViewingSpan, span_of
from scrobbled.core.watching.events import RATINGS, EventKind, PlaybackEvent
from scrobbled.core.watching.fold import fold
from scrobbled.core.watching.plays import Play, route
from scrobbled.core.watching.sessions import Duplicate, Noted, SessionVerdict, Unwanted, Watched
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.core.words.reasons import Code, Reason
from scrobbled.intake import breaker, echoes, ratings_and_ticks
from scrobbled.intake.claimants import Claimant, Taken, unwanted
from scrobbled.store.inbox import archive, events
from scrobbled.store.queue.arrivals import FloodPlay


def for_all(
    db: sqlite3.Connection, arrival: events.Arrival, event_id: int, claimants: Sequence[Claimant], booked: EventOutcome
) -> Taken:
    """What comes of the event, which is stored as ``event_id`` with the outcome ``booked``, for all who claim it."""
    results = {claimant.viewer: for_viewer(db, arrival, event_id, claimant) for claimant in claimants}
    outcome, reason = summed_up(list(results.values()))
    if outcome is not booked or reason:
        events.settle_event(db, event_id, outcome, reason)
    if len({(result.outcome, result.reason) for result in results.values()}) > 1:
        events.add_detail(db, event_id, viewers={viewer: [r.outcome, r.reason] for viewer, r in results.items()})
    plays = tuple(play for result in results.values() for play in result.plays)
    accounts = frozenset(account for result in results.values() for account in result.accounts)
    heard = tuple(echo for result in results.values() for echo in result.echoes)
    return Taken(event_id, outcome, reason, plays, accounts, heard)


_RANK = (EventOutcome.ACCEPTED, EventOutcome.DUPLICATE, EventOutcome.UNWANTED)


def summed_up(results: Sequence[Taken]) -> tuple[EventOutcome, str]:
    """One outcome for an event that several viewers claim: the most that came of it."""
    best = min(results, key=lambda result: _RANK.index(result.outcome))
    return best.outcome, best.reason


def for_viewer(db: sqlite3.Connection, arrival: events.Arrival, event_id: int, claimant: Claimant) -> Taken:
    """What comes of the event, which is stored as ``event_id``, for a viewer who claims its account."""
    event = arrival.event
    assert event is not None
    if reason := unwanted(event, claimant):
        return Taken(event_id, EventOutcome.UNWANTED, reason)
    if ours := echoes.own_write(db, event, claimant):
        return Taken(event_id, EventOutcome.DUPLICATE, echoes.ECHO, echoes=(ours,))
    if event.kind in RATINGS:
        return ratings_and_ticks.rated(db, event, event_id, claimant, arrival.received_at)
    if event.kind is EventKind.UNWATCHED:
        return ratings_and_ticks.unwatched(db, event, event_id, claimant, arrival.received_at)
    key = f"{claimant.viewer}|{event.session_key()}"
    if event.marked and claimant.marks != "play":
        return ratings_and_ticks.marked(
            db, event, event_id, claimant, arrival.received_at, events.load_session(db, key)
        )
    return _folded(db, arrival, event, event_id, claimant, key)


def _folded(
    db: sqlite3.Connection,
    arrival: events.Arrival,
    event: PlaybackEvent,
    event_id: int,
    claimant: Claimant,
    key: str,
) -> Taken:
    before = events.load_session(db, key)
    session, verdict = fold(before, event, claimant.rules_for(event.item), arrival.received_at)
    if session is not before:  # also of a title that is too short: its last event may not say so
        heard = None if event.entered else event_id
        events.save_session(db, key, session, arrival.received_at, heard)
    if isinstance(verdict, Duplicate) and session.finishes != before.finishes and event.dated:
        _went_on(db, claimant.viewer, event)
    if not isinstance(verdict, Watched):
        return told(event_id, verdict)
    span = span_of(before, session, event)
    if twin := play_of_same_viewing(db, claimant.viewer, event, span):
        if event.dated:
            archive.went_on(db, twin, event.occurred_at.timestamp())
        return Taken(event_id, EventOutcome.DUPLICATE, same_viewing(twin))
    return played(db, event, event_id, verdict, span, claimant, arrival.received_at)


def _went_on(db: sqlite3.Connection, viewer: str, event: PlaybackEvent) -> None:
    """It ended once more, long after it was counted: so the last play of it lasted until now."""
    assert event.item is not None
    at = event.occurred_at.timestamp()
    near = archive.plays_around(db, viewer, at, at - archive.LONGEST, at)
    alike = [(play.watched_at or 0, play.id) for play, item in near if same_item(event.item, item)]
    for _, play in sorted(alike)[-1:]:
        archive.went_on(db, play, at)


def told(event_id: int, verdict: SessionVerdict) -> Taken:
    """What it means for an event by which no play comes."""
    if isinstance(verdict, Unwanted):
        return Taken(event_id, EventOutcome.UNWANTED, verdict.reason)
    if isinstance(verdict, Duplicate):
        return Taken(event_id, EventOutcome.DUPLICATE, verdict.reason)
    assert isinstance(verdict, Noted | Watched)
    return Taken(event_id, EventOutcome.ACCEPTED, verdict.reason if isinstance(verdict, Noted) else "")


def same_viewing(play: int) -> Reason:
    """The reason why no second play comes of a viewing that another source, or another hook, told of."""
    return Reason(f"this viewing is play p{play} already", Code.SAME_VIEWING, play)


def play_of_same_viewing(db: sqlite3.Connection, viewer: str, event: PlaybackEvent, span: ViewingSpan) -> int | None:
    """A play of this viewer that is the viewing which ``event`` ended, whichever source told of it.

    Of two media servers, or of a webhook and a poll. Without a date nothing but the title tells, so that one such play
    is all there is of it.
    """
    assert event.item is not None
    if event.dated:
        times = (event.occurred_at.timestamp(), span.first.timestamp(), span.last.timestamp())
        near = archive.plays_around(db, viewer, *times)
    else:
        near = archive.undated_plays(db, viewer, event.item.label())
    return next((play.id for play, item in near if same_item(event.item, item)), None)


def played(
    db: sqlite3.Connection,
    event: PlaybackEvent,
    event_id: int,
    verdict: Watched,
    span: ViewingSpan,
    claimant: Claimant,
    received_at: datetime,
) -> Taken:
    """A new play of this viewer; ``span`` is that of the viewing which ``event`` ended."""
    assert event.item is not None
    watched_at, since = (verdict.at, span.first) if event.dated else (None, None)
    play = Play(claimant.viewer, event.source, event.item, watched_at, span.duration_ms, since)
    seen = breaker.arrival_of(event, play, verdict, received_at)
    return add(db, play, event_id, claimant, seen, received_at)


def add(
    db: sqlite3.Connection, play: Play, event_id: int, claimant: Claimant, seen: FloodPlay, received_at: datetime
) -> Taken:
    """The play, on its way to each tracker of its viewer, as far as the flood breaker lets it."""
    adding = [way for way in claimant.ways if way.adds]
    routes = [events.Queued(way.tracker, *route(play, way.takes, received_at)) for way in adding]
    ways = [breaker.admit(db, claimant.viewer, queued, seen, claimant.limits) for queued in routes]
    play_id = events.add_play(db, play, event_id, ways, received_at)
    accounts = frozenset((claimant.viewer, way.tracker) for way in adding)
    return Taken(event_id, EventOutcome.ACCEPTED, "", ((play_id, claimant.viewer, play.item.media),), accounts)
