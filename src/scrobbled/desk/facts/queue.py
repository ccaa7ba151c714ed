"""What waits, and what can be done about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from scrobbled.core.naming.names import name
from scrobbled.core.words.outcomes import NO_ROOM, PLAY_NEXT_STEP, UNDATED, Hold, PlayOutcome, advised
from scrobbled.store.accounts import sign_ins
from scrobbled.store.file.codec import iso, iso_or_none
from scrobbled.store.notes import cache
from scrobbled.store.queue import outbox, overview
from scrobbled.store.queue.amendment import Amendment, in_words

States = Mapping[tuple[str, str], tuple[str, str, float, float | None]]
"""As ``overview.account_states`` reads them."""


class QueuedChange(Struct, frozen=True):
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


def trouble_code(states: States, viewer: str, tracker: str, outcome: str) -> str:
    """The state of an account to which nothing at all goes now, where what has this outcome waits for that."""
    state, *_ = states.get((viewer, tracker), ("",))
    return "" if outcome not in (PlayOutcome.QUEUED, PlayOutcome.PARKED) or state in ("ok", "new") else state


def trouble(states: States, viewer: str, tracker: str, outcome: str) -> str:
    """Why that is so, and what to do; empty where it is not."""
    state, reason = trouble_code(states, viewer, tracker, outcome), states.get((viewer, tracker), ("", ""))[1]
    if not state:
        return ""
    command = f"scrobbled auth {tracker} --viewer {viewer}"
    return f"{name(tracker)} gets nothing for {viewer} at the moment. {advised(state, reason, command)}"


def next_step(row: overview.QueueRow, states: States) -> str:
    """What to do about it, also where its account is what has to be seen to."""
    if row.state == PlayOutcome.HELD and row.watched_at is None:
        return UNDATED
    return trouble(states, row.viewer, row.tracker, row.state) or row.next_step


def queued_change(row: overview.QueueRow, states: States) -> QueuedChange:
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
        next_step=next_step(row, states),
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
        next_step=NO_ROOM if row.hold == Hold.LIMIT else PLAY_NEXT_STEP[row.state],
        attempts=row.attempts,
        next_at=iso_or_none(row.next_at or None),
        candidates=[],
        hold=row.hold,
        flood=None,
        kind=wish.kind,
        change=in_words(wish),
    )


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
    sign_ins.set_mark(db, sign_ins.RETRIED, now)
    return done
