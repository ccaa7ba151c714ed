"""Events of one viewer and one title, in any order and any number, folded into at most one play per viewing."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.sessions import (
    PLAYBACK,
    TEST_EVENT,
    Duplicate,
    Noted,
    Rules,
    Session,
    SessionVerdict,
    Unwanted,
    Watched,
    viewing_gap,
)

FRESH_PERCENT = 5.0
"""A start at or below this may be the beginning of another viewing; one above it is a player resuming."""
REPEAT_WINDOW = timedelta(seconds=15)
"""The same event again within this is a second hook, or a sender that stutters."""
REMEMBERED = 32
"""Finishes kept per session, so that late duplicates of older viewings are recognised too."""
SEEN_SHARE = 0.3
"""So much of the runtime must pass between hearing of a beginning and of the end, for somebody to have watched it."""
SEEN_WITHIN = timedelta(days=1)
"""A beginning longer ago says nothing of this end."""
FIRST_HALF = 50.0
"""Being here, long after the end was reached, is as good as a fresh start."""
STOP_WITHIN = timedelta(hours=12)
"""A stop before which nothing was heard comes so late at most: somebody fell asleep, and it went on until morning."""
LISTED = "its beginning was not seen, and the server lists what was watched"


def fold(
    session: Session, event: PlaybackEvent, rules: Rules, received_at: datetime | None = None
) -> tuple[Session, SessionVerdict]:
    """The session after ``event``, and what the event means. Pure: the same input gives the same answer.

    An explicit "watched" is never vetoed by its position. A stop counts from ``rules.threshold`` percent. A second
    finish is a second viewing only when enough time lies between the two for it to have been watched, and when it does
    not end a viewing that was paused, or stopped, near its end. A stop alone ends a viewing that is a play already only
    on the same player, and within ``STOP_WITHIN``. Without ``received_at`` nothing counts as witnessed.
    """
    if event.test:
        return session, Unwanted(TEST_EVENT)
    after, verdict = _fold(session, event, rules)
    if received_at is None or event.entered or event.kind not in PLAYBACK:
        return after, verdict
    if _finishes(event, rules):
        if isinstance(verdict, Watched):
            verdict = replace(verdict, witnessed=_was_seen(session, event, received_at))
        return replace(after, seen_from=None, began_at=None), verdict
    if isinstance(verdict, Noted) and event.kind is not EventKind.STOP:
        return _begun(session, _seen(after, received_at), event), verdict
    return after, verdict


def _fold(session: Session, event: PlaybackEvent, rules: Rules) -> tuple[Session, SessionVerdict]:
    if event.kind not in PLAYBACK:
        return session, Unwanted(f"{event.kind} is not playback")
    if event.entered and not event.marked and _is_short(event.duration_ms, rules):  # a mark is somebody's word
        return session, Unwanted("too short")
    if event.entered:
        return _entered(session, event)
    if _is_named_again(session, event, rules):
        return session, Duplicate("this viewing is a play already")
    repeated = _repeats(session, event)
    current = _updated(session, event)
    if _is_short(current.duration_ms, rules):
        return current, Unwanted("too short")
    if not _finishes(event, rules):
        return _progressed(current, event, repeated=repeated)
    current = replace(current, ended_in=event.viewing or session.ended_in)
    if _same_viewing(current, event):
        return current, Duplicate("this viewing is a play already")
    finishes = (*current.finishes, event.occurred_at)[-REMEMBERED:]
    ended = replace(current, finishes=finishes, restarted=False, ended_on=event.player)
    if not _may_go_on(session):
        return ended, Watched(event.occurred_at)
    if _goes_on(session, event, rules):
        return ended, Duplicate("this viewing is a play already")
    if rules.listed and event.kind is EventKind.STOP:
        return current, Noted(LISTED)
    return ended, Watched(event.occurred_at)


def _entered(session: Session, event: PlaybackEvent) -> tuple[Session, SessionVerdict]:
    """Compared with the ends that are known, and otherwise apart from what players tell.

    Without a date nothing tells one viewing from another, so there is one such play of a title. A mark without one says
    nothing new of what was watched before.
    """
    if not event.dated and session.undated:
        return session, Duplicate("a viewing at an unknown time is a play already")
    if not event.dated and event.marked and session.finishes:
        return session, Duplicate("it is marked as watched, and a viewing of it is a play already")
    if not event.dated:
        return replace(session, undated=True), Watched(event.occurred_at)
    if _same_viewing(session, event):
        return session, Duplicate("this viewing is a play already")
    finishes = (*session.finishes, event.occurred_at)[-REMEMBERED:]
    return replace(session, finishes=finishes, ended_on=""), Watched(event.occurred_at)


def _is_short(duration_ms: int | None, rules: Rules) -> bool:
    return duration_ms is not None and duration_ms < rules.min_duration_ms


def _repeats(session: Session, event: PlaybackEvent) -> bool:
    here = (session.last_kind, session.last_position_ms, session.last_progress)
    same = here == (event.kind, event.position_ms, event.progress)
    return same and session.last_at is not None and abs(event.occurred_at - session.last_at) <= REPEAT_WINDOW


def _updated(session: Session, event: PlaybackEvent) -> Session:
    return replace(
        session,
        position_ms=event.position_ms if event.position_ms is not None else session.position_ms,
        duration_ms=event.duration_ms or session.duration_ms,
        last_kind=event.kind,
        last_position_ms=event.position_ms,
        last_at=event.occurred_at,
        last_progress=event.progress,
        player=event.player,
    )


def _finishes(event: PlaybackEvent, rules: Rules) -> bool:
    if event.kind is EventKind.WATCHED:
        return True
    if event.unfinished and not rules.own:
        return False
    return event.kind is EventKind.STOP and event.percent is not None and event.percent >= rules.threshold


def _progressed(session: Session, event: PlaybackEvent, *, repeated: bool) -> tuple[Session, SessionVerdict]:
    if repeated:
        return session, Duplicate("the same event again")
    ended = bool(session.finishes) and event.occurred_at > max(session.finishes)  # else it comes late
    if _is_fresh(event):
        return replace(session, restarted=session.restarted or ended), Noted()
    if not session.restarted and _same_viewing(session, event):
        return session, Duplicate("still the viewing that is a play already")
    again = ended and event.percent is not None and event.percent < FIRST_HALF
    return replace(session, restarted=session.restarted or again), Noted()


def _is_fresh(event: PlaybackEvent) -> bool:
    return event.kind is EventKind.START and (event.percent is None or event.percent <= FRESH_PERCENT)


def _seen(session: Session, received_at: datetime) -> Session:
    now = received_at.timestamp()
    first = now if session.seen_from is None else min(session.seen_from, now)
    return replace(session, seen_from=first if now - first <= SEEN_WITHIN.total_seconds() else now)


def _begun(before: Session, after: Session, event: PlaybackEvent) -> Session:
    """From its first half on, or from where it began anew; who is first heard of later may have begun days ago."""
    fresh = _is_fresh(event)
    early = fresh or (event.percent is not None and event.percent < FIRST_HALF)
    again = after.restarted and not before.restarted
    if again or (early and after.began_at is None):
        return replace(after, began_at=event.occurred_at)
    if fresh and after.began_at is not None:
        return replace(after, began_at=max(after.began_at, event.occurred_at))
    return after


def _was_seen(session: Session, event: PlaybackEvent, received_at: datetime) -> bool:
    if session.seen_from is None:
        return False
    runtime = replace(session, duration_ms=event.duration_ms or session.duration_ms).runtime_of(event.item)
    passed = received_at.timestamp() - session.seen_from
    return runtime.total_seconds() * SEEN_SHARE <= passed <= SEEN_WITHIN.total_seconds()


def _may_go_on(session: Session) -> bool:
    """Whether the last viewing was never told to be over, and nothing says that it began again."""
    if session.restarted or not session.finishes or session.last_kind in (None, EventKind.STOP):
        return False
    # else the end was told only after the next viewing had begun
    return session.began_at is None or session.began_at <= max(session.finishes)


def _goes_on(session: Session, event: PlaybackEvent, rules: Rules) -> bool:
    """Whether a finish, however late, belongs to the viewing of the last one, which may go on.

    People pause in the credits and go to bed; the stop comes in the morning. Or they stop there, before their server
    counts it, and see the last minutes the next day.
    """
    if event.kind is EventKind.STOP:
        return _was_open(session, event) or _ends_late(session, event)
    percent = session.last_percent()
    if session.last_kind is EventKind.WATCHED or percent is None or session.last_at is None:
        return False
    if session.last_at in session.finishes:  # it was closed where it fell silent, and this is its end at last
        return abs(event.occurred_at - session.last_at) <= SEEN_WITHIN
    near = abs(event.occurred_at - session.last_at) <= session.runtime_of(event.item)
    return near and percent >= rules.threshold


def _was_open(session: Session, event: PlaybackEvent) -> bool:
    """Whether the player was heard after the last finish, so that its stop was to come."""
    return session.last_kind is not EventKind.WATCHED and _same_player(session.player, event.player)


def _ends_late(session: Session, event: PlaybackEvent) -> bool:
    late = abs(event.occurred_at - session.finishes[-1])
    return late <= STOP_WITHIN and _same_player(session.ended_on, event.player)


def _is_named_again(session: Session, event: PlaybackEvent, rules: Rules) -> bool:
    """Whether the beginning or the end of a viewing is told that ended already, however long ago: it is sent again."""
    if not event.viewing or event.viewing != session.ended_in or session.restarted:
        return False
    return event.kind is EventKind.START or _finishes(event, rules)


def _same_player(one: str, other: str) -> bool:
    """Players that are not known are never two."""
    return not one or not other or one == other


def _same_viewing(session: Session, event: PlaybackEvent) -> bool:
    gap = viewing_gap(session.runtime_of(event.item), restarted=session.restarted and not event.entered)
    distances = [abs(event.occurred_at - finish) for finish in session.finishes]
    return any(distance < gap for distance in distances)
