"""What command, API and page say of the same facts: the state of things, the queue, and the story of a play.

Ids carry their letter (``e12`` an event, ``p7`` a play, ``c31`` a change); times are ISO 8601 in UTC.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scrobbled import __version__, heard
from scrobbled.config import ONE_OWNER, Config
from scrobbled.core.outcomes import (
    EVENT_NEXT_STEP,
    FOUND_AGAIN,
    PLAY_NEXT_STEP,
    WAITING,
    EventOutcome,
    PlayOutcome,
)
from scrobbled.heard import SourceStory
from scrobbled.pair_stories import PairStory, pair_stories
from scrobbled.store import accounts, cache, floods, outbox, overview
from scrobbled.store.amendments import Amendment
from scrobbled.store.codec import iso, iso_or_none
from scrobbled.store.wishes import in_words


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """One account of a viewer. ``counts`` are changes by outcome."""

    viewer: str
    tracker: str
    signed_in: bool
    state: str
    reason: str
    since: str | None
    token_expires: str | None
    counts: dict[str, int]
    waiting: int
    oldest_waiting: str | None


@dataclass(frozen=True, slots=True)
class UnclaimedStatus:
    """An account no viewer lists; ``yaml`` is what a viewer needs to claim it, empty where nobody can.

    ``label`` is the last that it watched, empty where that was not told.
    """

    source: str
    account: str
    events: int
    last_heard: str | None
    yaml: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """The whole picture. ``events`` are webhooks by outcome, ``plays`` how many there are."""

    version: str
    events: dict[str, int]
    plays: int
    trackers: list[AccountStatus]
    sources: list[SourceStory]
    unclaimed: list[UnclaimedStatus]
    held: dict[str, int]
    """Changes held for a person, by reason."""
    pairs: list[PairStory]


@dataclass(frozen=True, slots=True)
class Glance:
    """What a page shows of the state of things, and quick to get: ``counts`` of accounts hold what waits, no more.

    ``heard`` tells when each configured source was heard lately, ``None`` where it was not.
    """

    trackers: list[AccountStatus]
    heard: dict[str, str | None]
    unclaimed: list[UnclaimedStatus]


@dataclass(frozen=True, slots=True)
class QueuedChange:
    """One play that is not at one tracker yet, why, and what to do about it."""

    id: str
    play_id: str
    viewer: str
    tracker: str
    label: str
    watched_at: str | None
    state: str
    outcome: str
    phase: str
    reason: str
    next_step: str
    attempts: int
    next_at: str | None
    candidates: list[dict[str, Any]]
    hold: str
    """Why it is held, a code; empty for what is not."""
    flood: str | None
    """The flood it belongs to."""
    kind: str = "plays"
    """Or ``ratings``."""
    change: str = ""
    """What is to be changed of what the tracker holds, like "rating 6 -> 8"; empty for a play that is to be added."""


@dataclass(frozen=True, slots=True)
class DeliveryStory:
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


@dataclass(frozen=True, slots=True)
class PlayStory:
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


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver, and its answer."""

    tracker: str
    at: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class EventStory:
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


def status(db: sqlite3.Connection, config: Config) -> Status:
    """The state of things, as the serving process last saved it."""
    return Status(
        version=__version__,
        events=overview.event_counts(db),
        plays=overview.play_count(db),
        trackers=_accounts(db, config, overview.delivery_counts(db)),
        sources=heard.sources(db, config),
        unclaimed=unclaimed(db),
        held={reason: count for reason, count in floods.held_by_reason(db).items() if count},
        pairs=pair_stories(db, config),
    )


def glance(db: sqlite3.Connection, config: Config) -> Glance:
    """The same without counting all that ever happened."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in overview.waiting(db):
        counts.setdefault((row.viewer, row.tracker), {})[row.state] = row.count
    last = {row.source: row.last_seen for row in overview.sources_heard(db)}
    return Glance(
        trackers=_accounts(db, config, counts),
        heard={source: iso_or_none(last.get(source)) for source in config.sources},
        unclaimed=unclaimed(db),
    )


def unclaimed(db: sqlite3.Connection) -> list[UnclaimedStatus]:
    """Those that were heard most often first."""
    return [
        UnclaimedStatus(
            row.source, row.account, row.events, iso(row.last_seen), claim(row.source, row.account), row.label
        )
        for row in overview.unclaimed_accounts(db)
    ]


def claim(source: str, account: str) -> str:
    """The line of YAML that lists the account. Quoted as JSON is: an id must stay text, a colon part of a name, and
    ``${`` would be taken for a variable.

    Where a source names no account, any name claims what comes from it; of others it is empty, as nothing does.
    """
    account = account or ("me" if source in ONE_OWNER else "")
    if not account:
        return ""
    return f"accounts: {{{source}: [{json.dumps(account.replace('${', '$${'), ensure_ascii=False)}]}}"


def queued_change(row: overview.QueueRow) -> QueuedChange:
    return QueuedChange(
        id=f"c{row.id}",
        play_id=f"p{row.play_id}",
        viewer=row.viewer,
        tracker=row.tracker,
        label=row.label,
        watched_at=iso_or_none(row.watched_at),
        state=row.state,
        outcome=row.state,
        phase=row.phase,
        reason=row.reason or "",
        next_step=row.next_step,
        attempts=row.attempts,
        next_at=iso_or_none(row.next_at or None),
        candidates=list(row.candidates),
        hold=row.hold,
        flood=None if row.flood is None else f"f{row.flood}",
    )


def queued_amendment(row: Amendment) -> QueuedChange:
    """The same for a change of what a tracker holds; its id is like ``a12``."""
    wish, at = row.wish, row.wish.details.watched_at
    return QueuedChange(
        id=f"a{row.id}",
        play_id="" if wish.play_id is None else f"p{wish.play_id}",
        viewer=wish.viewer,
        tracker=wish.tracker,
        label=wish.label,
        watched_at=None if at is None else iso(at.timestamp()),
        state=row.state,
        outcome=row.state,
        phase="",
        reason=row.reason,
        next_step=PLAY_NEXT_STEP[row.state],
        attempts=row.attempts,
        next_at=iso_or_none(row.next_at or None),
        candidates=[],
        hold=row.hold,
        flood=None,
        kind=wish.kind,
        change=in_words(wish),
    )


def play_story(row: overview.PlayRow) -> PlayStory:
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
    rows = overview.attempts(db, play_id)
    return [Attempt(tracker, iso(at), outcome, detail or "") for tracker, at, outcome, detail in rows]


def event_story(db: sqlite3.Connection, event_id: int) -> EventStory | None:
    """``None`` where there is no such event."""
    row = overview.event(db, event_id)
    if row is None:
        return None
    return EventStory(
        id=f"e{row.id}",
        source=row.source,
        received_at=iso(row.received_at),
        kind=row.kind,
        outcome=row.outcome,
        next_step=EVENT_NEXT_STEP[EventOutcome(row.outcome)],
        reason=row.reason,
        account=row.account,
        label=row.label,
        raw=row.raw,
        plays=[play_story(play) for play in overview.plays_of_event(db, event_id)],
    )


def number(text: str, letter: str) -> int | None:
    """12 for ``c12`` or ``12``; ``None`` for what is no id with this letter."""
    match = re.fullmatch(rf"{letter}?(\d{{1,18}})", text.strip(), re.ASCII)
    return int(match[1]) if match else None


def act(db: sqlite3.Connection, action: str, ids: Sequence[int] | None, now: float) -> list[int]:
    """Carry out ``retry``, ``approve`` or ``drop`` on the queue and let a running service notice it.

    ``None`` means everything, except for ``drop``, which then drops nothing. Returns the changes it applied to.
    """
    if action == "retry":
        done = outbox.retry(db, ids)
        cache.forget_answers(db)
    elif action == "approve":
        done = outbox.approve(db, ids)
    else:
        done = outbox.drop(db, ids or (), now)
    accounts.set_mark(db, accounts.RETRIED, now)
    return done


def _delivery(row: overview.Delivery) -> DeliveryStory:
    return DeliveryStory(
        id=f"c{row.change_id}",
        tracker=row.tracker,
        outcome=row.state,
        phase=row.phase,
        reason=row.reason,
        next_step=FOUND_AGAIN if row.reason == outbox.CANCELLED else PLAY_NEXT_STEP[PlayOutcome(row.state)],
        how=row.how,
        rewatch=row.rewatch,
        remote_id=row.remote_id,
        settled_at=iso_or_none(row.settled_at),
    )


def _accounts(
    db: sqlite3.Connection, config: Config, counts: dict[tuple[str, str], dict[str, int]]
) -> list[AccountStatus]:
    states, known, oldest = overview.account_states(db), overview.signed_in(db), _oldest(db)
    rows = []
    for viewer in config.viewers:
        for tracker in viewer.trackers:
            key = (viewer.name, tracker)
            state, reason, since, expires = states.get(key, ("new", "", None, None))
            mine = counts.get(key, {})
            rows.append(
                AccountStatus(
                    viewer=viewer.name,
                    tracker=tracker,
                    signed_in=key in known and state != "sign-in",
                    state=state,
                    reason=reason,
                    since=iso_or_none(since),
                    token_expires=iso_or_none(expires),
                    counts=mine,
                    waiting=sum(count for outcome, count in mine.items() if outcome in WAITING),
                    oldest_waiting=iso_or_none(oldest.get(key)),
                )
            )
    return rows


def _oldest(db: sqlite3.Connection) -> dict[tuple[str, str], float]:
    ages: dict[tuple[str, str], float] = {}
    for row in overview.waiting(db):
        key = (row.viewer, row.tracker)
        ages[key] = min(ages.get(key, row.oldest), row.oldest)
    return ages
