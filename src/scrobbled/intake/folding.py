"""One event for one viewer: folded into its session, and the play that follows put on its way."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from scrobbled import beside, breaker
from scrobbled.claimants import Claimant, Taken, unwanted
from scrobbled.core.ends import Span, span_of
from scrobbled.core.events import RATINGS, EventKind, PlaybackEvent
from scrobbled.core.identity import same_item
from scrobbled.core.outcomes import EventOutcome
from scrobbled.core.plays import Play, route
from scrobbled.core.sessions import Duplicate, Noted, Unwanted, Verdict, Watched, fold
from scrobbled.store import archive, inbox
from scrobbled.store.floods import Arrival


def for_viewer(db: sqlite3.Connection, arrival: inbox.Arrival, event_id: int, claimant: Claimant) -> Taken:
    """What comes of the event, which is stored as ``event_id``, for a viewer who claims its account."""
    event = arrival.event
    assert event is not None
    if reason := unwanted(event, claimant):
        return Taken(event_id, EventOutcome.UNWANTED, reason)
    if event.kind in RATINGS:
        return beside.rated(db, event, event_id, claimant, arrival.received_at)
    if event.kind is EventKind.UNWATCHED:
        return beside.unwatched(db, event, event_id, claimant, arrival.received_at)
    key = f"{claimant.viewer}|{event.session_key()}"
    if event.marked and claimant.marks != "play":
        return beside.marked(db, event, event_id, claimant, arrival.received_at, inbox.load_session(db, key))
    return _folded(db, arrival, event, event_id, claimant, key)


def _folded(
    db: sqlite3.Connection,
    arrival: inbox.Arrival,
    event: PlaybackEvent,
    event_id: int,
    claimant: Claimant,
    key: str,
) -> Taken:
    before = inbox.load_session(db, key)
    session, verdict = fold(before, event, claimant.rules_for(event.item), arrival.received_at)
    if session is not before:  # also of a title that is too short: its last event may not say so
        heard = None if event.entered else event_id
        inbox.save_session(db, key, session, arrival.received_at, heard)
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


def told(event_id: int, verdict: Verdict) -> Taken:
    """What it means for an event by which no play comes."""
    if isinstance(verdict, Unwanted):
        return Taken(event_id, EventOutcome.UNWANTED, verdict.reason)
    if isinstance(verdict, Duplicate):
        return Taken(event_id, EventOutcome.DUPLICATE, verdict.reason)
    assert isinstance(verdict, Noted | Watched)
    return Taken(event_id, EventOutcome.ACCEPTED, "")


def same_viewing(play: int) -> str:
    """The reason why no second play comes of a viewing that another source, or another hook, told of."""
    return f"this viewing is play p{play} already"


def play_of_same_viewing(db: sqlite3.Connection, viewer: str, event: PlaybackEvent, span: Span) -> int | None:
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
    span: Span,
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
    db: sqlite3.Connection, play: Play, event_id: int, claimant: Claimant, seen: Arrival, received_at: datetime
) -> Taken:
    """The play, on its way to each tracker of its viewer, as far as the flood breaker lets it."""
    routes = [inbox.Queued(way.tracker, *route(play, way.takes, received_at)) for way in claimant.ways]
    ways = [breaker.admit(db, claimant.viewer, queued, seen, claimant.limits) for queued in routes]
    play_id = inbox.add_play(db, play, event_id, ways, received_at)
    accounts = frozenset((claimant.viewer, way.tracker) for way in claimant.ways)
    return Taken(event_id, EventOutcome.ACCEPTED, "", ((play_id, claimant.viewer, play.item.media),), accounts)
