"""Ends of viewings: which other ends are of the same one, and where one is that was never told."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.fold import SEEN_SHARE, SEEN_WITHIN, fold
from scrobbled.core.watching.sessions import Noted, Rules, Session, SessionVerdict, Watched, viewing_gap

OPEN = frozenset({EventKind.START, EventKind.PAUSE, EventKind.RESUME, EventKind.PROGRESS})
"""After these more is to come."""
UNTOLD_RUNTIME = timedelta(hours=4)
"""How long silence may last where nobody said how long the item is."""


class ViewingSpan(Struct, frozen=True):
    """The times at which another play of the same title is a report of the same viewing; its ends are not among them.

    ``gap`` is the distance at which two ends are two viewings.
    """

    first: datetime
    last: datetime
    gap: timedelta
    duration_ms: int | None = None
    """How long the item is, where that was told."""


def span_of(before: Session, after: Session, event: PlaybackEvent) -> ViewingSpan:
    """That of the viewing which ``event`` ended, from the session before and after it.

    Whoever pauses in the credits ends hours after another source counted it: what was counted while this viewing was
    being watched, and not just after it began, is this viewing.
    """
    runtime = after.runtime_of(event.item)
    gap = viewing_gap(runtime, restarted=before.restarted and not event.entered)
    at, first = event.occurred_at, event.occurred_at - gap
    began = None if event.entered else before.began_at
    if began is not None and at - began <= SEEN_WITHIN:
        first = min(first, began + runtime * SEEN_SHARE)
    return ViewingSpan(first, at + gap, gap, after.duration_ms)


def still_to_come(session: Session) -> timedelta | None:
    """How long it may take after the last event until the end is told; ``None`` where nothing more has to come."""
    if session.last_kind not in OPEN or session.last_at is None or session.last_at in session.finishes:
        return None
    if not session.duration_ms:
        return UNTOLD_RUNTIME
    percent = session.last_percent()
    watched = 0.0 if percent is None else min(100.0, max(0.0, percent)) / 100.0
    return timedelta(milliseconds=session.duration_ms) * (1.0 - watched)


def fallen_silent(
    session: Session, event: PlaybackEvent, rules: Rules, heard_at: datetime
) -> tuple[Session, SessionVerdict]:
    """``session`` when no word comes after ``event``, its last one, which was received at ``heard_at``.

    What was far enough then was watched, at that time. A word that comes after all goes on from where it was.
    """
    percent = session.last_percent()
    if still_to_come(session) is None or percent is None or percent < rules.threshold:
        return session, Noted()
    end = replace(  # whose last word was a mark by hand is told by the session where it was
        event, kind=EventKind.STOP, occurred_at=session.last_at, duration_ms=None, progress=percent, entered=False
    )
    after, verdict = fold(session, end, rules, heard_at)
    if not isinstance(verdict, Watched):
        return session, verdict
    ended = replace(session, finishes=after.finishes, ended_on=after.ended_on, ended_in=after.ended_in)
    return replace(ended, restarted=False, seen_from=None, began_at=None), verdict
