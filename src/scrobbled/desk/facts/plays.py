"""Plays and webhooks, and what became of them."""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from scrobbled.core.words.outcomes import (
    EVENT_NEXT_STEP,
    FOUND_AGAIN,
    OWN_WRITE,
    PLAY_NEXT_STEP,
    EventOutcome,
    PlayOutcome,
)
from scrobbled.core.words.reasons import Code
from scrobbled.store.file.codec import iso, iso_or_none
from scrobbled.store.queue import recent


class DeliveryStory(Struct, frozen=True):
    """What became of a play at one tracker."""

    id: str
    tracker: str
    outcome: str
    phase: str
    reason: str
    next_step: str
    how: str
    rewatch: bool
    remote_id: str | None
    settled_at: str | None
    reason_code: str = ""


class PlayStory(Struct, frozen=True):
    """A play with all its deliveries. ``title`` is the show's for an episode; ``number`` may be 0."""

    id: str
    event_id: str | None
    viewer: str
    source: str
    media: str
    label: str
    title: str
    year: int | None
    season: int | None
    number: int | None
    episode_title: str | None
    watched_at: str | None
    received_at: str
    deliveries: list[DeliveryStory]
    times: int = 0
    """How often a library calls it watched, which keeps no list of plays."""


class Attempt(Struct, frozen=True):
    """One attempt to deliver, and its answer."""

    tracker: str
    at: str
    outcome: str
    detail: str


class EventStory(Struct, frozen=True):
    """A webhook as it came in. ``raw`` is its body with secrets masked, ``None`` once it is no longer kept."""

    id: str
    source: str
    received_at: str
    kind: str | None
    outcome: str
    next_step: str
    reason: str
    account: str
    label: str | None
    raw: str | None
    plays: list[PlayStory]
    reason_code: str = ""


def play_story(row: recent.PlayRow) -> PlayStory:
    item = row.item
    return PlayStory(
        id=f"p{row.id}",
        event_id=None if row.event_id is None else f"e{row.event_id}",
        viewer=row.viewer,
        source=row.source,
        media=row.media,
        label=row.label,
        title=item.get("show_title") or item.get("title") or row.label,
        year=item.get("show_year") or item.get("year"),
        season=item.get("season"),
        number=item.get("number"),
        episode_title=item.get("title") if row.media == "episode" else None,
        watched_at=iso_or_none(row.watched_at),
        received_at=iso(row.created_at),
        deliveries=[_delivery(delivery) for delivery in row.deliveries],
    )


def attempts(db: sqlite3.Connection, play_id: int) -> list[Attempt]:
    """Oldest first."""
    rows = recent.attempts(db, play_id)
    return [Attempt(tracker, iso(at), outcome, detail or "") for tracker, at, outcome, detail in rows]


def event_story(db: sqlite3.Connection, event_id: int) -> EventStory | None:
    """``None`` where there is no such event."""
    row = recent.event(db, event_id)
    if row is None:
        return None
    return EventStory(
        id=f"e{row.id}",
        source=row.source,
        received_at=iso(row.received_at),
        kind=row.kind,
        outcome=row.outcome,
        next_step=OWN_WRITE if row.code == Code.OUR_WRITE else EVENT_NEXT_STEP[EventOutcome(row.outcome)],
        reason=row.reason,
        account=row.account,
        label=row.label,
        raw=row.raw,
        plays=[play_story(play) for play in recent.plays_of_event(db, event_id)],
        reason_code=row.code,
    )


def _delivery(row: recent.PlayDelivery) -> DeliveryStory:
    return DeliveryStory(
        id=f"c{row.change_id}",
        tracker=row.tracker,
        outcome=row.state,
        phase=row.phase,
        reason=row.reason,
        next_step=FOUND_AGAIN if row.code == Code.CANCELLED else PLAY_NEXT_STEP[PlayOutcome(row.state)],
        how=row.how,
        rewatch=row.rewatch,
        remote_id=row.remote_id,
        settled_at=iso_or_none(row.settled_at),
        reason_code=row.code,
    )
