"""What became of a play at each tracker, and what a person can do about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from scrobbled.core.naming.matching import Confidence
from scrobbled.core.naming.names import name
from scrobbled.core.words.outcomes import FOUND_AGAIN, PHASES, PLAY_NEXT_STEP, UNDATED, PlayOutcome, told
from scrobbled.core.words.reasons import Code
from scrobbled.desk.facts.plays import Attempt
from scrobbled.desk.facts.queue import States, trouble, trouble_code
from scrobbled.desk.plays.story import Amended, PlayTold, TrackerStory
from scrobbled.store.file.codec import iso, iso_or_none
from scrobbled.store.queue import amendments, overview, recent, tracing
from scrobbled.store.queue.amendment import Amendment, in_words
from scrobbled.store.queue.tracing import Traced
from scrobbled.trackers import TRACKERS


def play(db: sqlite3.Connection, row: recent.PlayRow) -> PlayTold:
    """The play with all its deliveries."""
    states = overview.account_states(db)
    amended = amendments.for_play(db, row.id)
    return PlayTold(
        id=f"p{row.id}",
        event_id=None if row.event_id is None else f"e{row.event_id}",
        viewer=row.viewer,
        source=row.source,
        media=row.media,
        label=row.label,
        watched_at=iso_or_none(row.watched_at),
        received_at=iso(row.created_at),
        deliveries=[
            _delivery(db, change, states, amended, heard=row.event_id is not None or not row.brought)
            for change in tracing.changes(db, row.id)
        ],
    )


def _delivery(
    db: sqlite3.Connection,
    change: Traced,
    states: States,
    amended: Sequence[Amendment],
    *,
    heard: bool,
) -> TrackerStory:
    """``heard``: a message told of it, from which on time can be counted."""
    earlier = tracing.earlier_play(db, change) if change.rewatch else None
    is_there = change.state == PlayOutcome.DELIVERED and change.settled_at is not None
    return TrackerStory(
        id=f"c{change.id}",
        tracker=change.tracker,
        outcome=change.state,
        phase=change.phase,
        reason=change.reason,
        why=told(PHASES[change.phase]) if change.phase in PHASES else told(change.reason),
        next_step=_next_step(change),
        hold=change.hold,
        flood=None if change.flood is None else f"f{change.flood}",
        method=change.how,
        confidence=_confidence(change),
        candidates=change.candidates,
        place=_place(change),
        address=change.address,
        rewatch=change.rewatch,
        rewatch_of=None if earlier is None else f"p{earlier}",
        remote_id=change.remote_id,
        settled_at=iso_or_none(change.settled_at),
        seconds=round(change.settled_at - change.received_at, 1) if heard and is_there and change.settled_at else None,
        next_at=iso_or_none(change.next_at or None),
        trouble=trouble(states, change.viewer, change.tracker, change.state),
        attempts=[Attempt(change.tracker, iso(one.at), one.outcome, one.detail) for one in change.attempts],
        amendments=[changed(one) for one in amended if one.wish.tracker == change.tracker],
        reason_code=change.code,
        trouble_code=trouble_code(states, change.viewer, change.tracker, change.state),
    )


def changed(one: Amendment) -> Amended:
    """What is to be changed, and what became of it."""
    reason = one.reason or one.wish.why
    at = iso(one.settled_at or one.created_at)
    state = (one.state, reason, told(reason), at)
    return Amended(f"a{one.id}", in_words(one.wish), *state, one.wish.viewer, one.wish.tracker, one.code)


def _confidence(change: Traced) -> str | None:
    if change.state == PlayOutcome.UNMATCHED:
        return Confidence.UNSURE
    return change.confidence if change.address_key is not None else None


def _place(change: Traced) -> str:
    known = change.address_key is not None and change.tracker in TRACKERS
    return TRACKERS[change.tracker].in_words(change.address) if known else ""


def _next_step(change: Traced) -> str:
    if change.state == PlayOutcome.HELD and change.watched_at is None:
        return UNDATED
    if change.code == Code.CANCELLED:
        return FOUND_AGAIN
    return PLAY_NEXT_STEP[PlayOutcome(change.state)]


def to_do(play: PlayTold) -> list[str]:
    """What waits for a person, one step for all trackers where it is the same."""
    steps: dict[tuple[str, str], list[TrackerStory]] = {}
    for delivery in play.deliveries:
        if delivery.outcome in _COMMANDS:
            steps.setdefault((delivery.outcome, delivery.next_step), []).append(delivery)
        elif delivery.needs_a_person:
            steps.setdefault(("", delivery.trouble), []).append(delivery)
    return [_step(outcome, text, of, dated=play.watched_at is not None) for (outcome, text), of in steps.items()]


def _step(outcome: str, text: str, of: Sequence[TrackerStory], *, dated: bool) -> str:
    where = " and ".join(f"{name(delivery.tracker)} ({delivery.id})" for delivery in of)
    if not outcome:
        return f"{where}: {text}"
    ids = " ".join(delivery.id for delivery in of)
    commands = _COMMANDS[PlayOutcome(outcome)] if dated else _DROP
    fact = f"{text.partition('. ')[0].rstrip('.')}." if dated else text  # the rest names the commands without ids
    step = f"{where}: {fact} To {' To '.join(commands).format(ids=ids, first=of[0].id)}"
    floods = " ".join(dict.fromkeys(delivery.flood for delivery in of if delivery.flood))
    return f"{step} To decide on the whole flood: scrobbled queue approve {floods}, or drop." if floods else step


_DROP = ("leave it out for good: scrobbled queue drop {ids}.",)
_COMMANDS = {
    PlayOutcome.HELD: ("send it: scrobbled queue approve {ids}.", *_DROP),
    PlayOutcome.UNMATCHED: (
        "say what it is, with the address of its page on themoviedb.org (of the show, or of just the episode): "
        "scrobbled map set {first} --to ADDRESS.",
        "look again: scrobbled queue retry {ids}.",
        *_DROP,
    ),
    PlayOutcome.DEAD: ("try again: scrobbled queue retry {ids}.", *_DROP),
}
"""What a person decides on, by outcome."""
