"""Events of one viewer and one title, in any order and any number, folded into at most one play per viewing."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.events import EventKind, PlaybackEvent
from scrobbled.core.items import Item, Movie

FRESH_PERCENT = 5.0
"""A start at or below this may be the beginning of another viewing; one above it is a player resuming."""
REPEAT_WINDOW = timedelta(seconds=15)
"""The same event again within this is a second hook, or a sender that stutters."""
SHORTEST_GAP = timedelta(minutes=2)
UNKNOWN_RUNTIME = timedelta(minutes=37, seconds=30)
"""Stands in for a runtime nobody told: half an hour must then lie between two viewings."""
UNKNOWN_FILM = timedelta(minutes=90)
"""The same for a film."""
REMEMBERED = 32
"""Finishes kept per session, so that late duplicates of older viewings are recognised too."""
SEEN_SHARE = 0.3
"""So much of the runtime must pass between hearing of a beginning and of the end, for somebody to have watched it."""
SEEN_WITHIN = timedelta(days=1)
"""A beginning longer ago says nothing of this end."""
FIRST_HALF = 50.0
"""Being here, long after the end was reached, is as good as a fresh start."""


TEST_EVENT = "test event: understood, stored, and sent to nobody"


class Rules(Struct, frozen=True):
    """When playing counts as watching."""

    threshold: float = 90.0
    """Percent at which a stop counts as watched, where the source never said "watched" itself."""
    min_duration_ms: int = 300_000
    """Shorter titles never become plays."""
    own: bool = False
    """Somebody set the threshold for this viewer, source or kind of item: it counts also against the server's word."""


class Session(Struct, frozen=True):
    """What is known of one viewer and one title. ``finishes`` are the times it was seen to end, as they arrived."""

    position_ms: int | None = None
    duration_ms: int | None = None
    finishes: tuple[datetime, ...] = ()
    restarted: bool = False
    """It was seen to begin again after the last finish."""
    last_kind: EventKind | None = None
    last_position_ms: int | None = None
    last_at: datetime | None = None
    last_progress: float | None = None
    """Percent, where the last event told that instead of a position."""
    undated: bool = False
    """A viewing at a time that nobody knows is a play already."""
    seen_from: float | None = None
    """When the first event of a viewing was received that did not end it, in Unix seconds; ``None`` after its end."""
    began_at: datetime | None = None
    """Since when it is being watched, where it was seen in its first half; or since when it began anew."""

    def runtime_of(self, item: Item | None) -> timedelta:
        """What was told, else what is usual for such an item."""
        if self.duration_ms:
            return timedelta(milliseconds=self.duration_ms)
        return usual_runtime(item)

    def last_percent(self) -> float | None:
        """Where the last event was, 0 to 100 or beyond; ``None`` is unknown."""
        if self.last_progress is not None:
            return self.last_progress
        if self.last_position_ms is None or not self.duration_ms:
            return None
        return 100.0 * self.last_position_ms / self.duration_ms


class Noted(Struct, frozen=True):
    """Understood; no play yet."""


class Watched(Struct, frozen=True):
    """A new play."""

    at: datetime
    witnessed: bool = False
    """It was seen to begin, long enough before it ended, by the times at which we heard of both."""


class Duplicate(Struct, frozen=True):
    """Belongs to a viewing that is a play already, or repeats an event."""

    reason: str


class Unwanted(Struct, frozen=True):
    """Never becomes a play."""

    reason: str


Verdict = Noted | Watched | Duplicate | Unwanted


def fold(
    session: Session, event: PlaybackEvent, rules: Rules, received_at: datetime | None = None
) -> tuple[Session, Verdict]:
    """The session after ``event``, and what the event means. Pure: the same input gives the same answer.

    An explicit "watched" is never vetoed by its position. A stop counts from ``rules.threshold`` percent. A second
    finish is a second viewing only when enough time lies between the two for it to have been watched, and when it does
    not end a viewing that was paused, or stopped, near its end. Without ``received_at`` nothing counts as witnessed.
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


def _fold(session: Session, event: PlaybackEvent, rules: Rules) -> tuple[Session, Verdict]:
    if event.kind not in PLAYBACK:
        return session, Unwanted(f"{event.kind} is not playback")
    if event.entered and not event.marked and _is_short(event.duration_ms, rules):  # a mark is somebody's word
        return session, Unwanted("too short")
    if event.entered:
        return _entered(session, event)
    repeated = _repeats(session, event)
    current = _updated(session, event)
    if _is_short(current.duration_ms, rules):
        return current, Unwanted("too short")
    if not _finishes(event, rules):
        return _progressed(current, event, repeated=repeated)
    if _same_viewing(current, event):
        return current, Duplicate("this viewing is a play already")
    finishes = (*current.finishes, event.occurred_at)[-REMEMBERED:]
    ended = replace(current, finishes=finishes, restarted=False)
    if _goes_on(session, event, rules):
        return ended, Duplicate("this viewing is a play already")
    return ended, Watched(event.occurred_at)


PLAYBACK = frozenset(
    {EventKind.START, EventKind.PAUSE, EventKind.RESUME, EventKind.PROGRESS, EventKind.STOP, EventKind.WATCHED}
)
"""What sessions are made of."""


def usual_runtime(item: Item | None) -> timedelta:
    """Where nobody told how long it is."""
    return UNKNOWN_FILM if isinstance(item, Movie) else UNKNOWN_RUNTIME


def viewing_gap(runtime: timedelta, *, restarted: bool) -> timedelta:
    """How far apart two finishes of one title must be to be two viewings.

    Seeing the end again after rewinding comes within minutes; watching all of it again takes about the runtime, and
    somewhat less with a little skipping. Having seen it start over, half the runtime is proof enough.
    """
    share = 0.5 if restarted else 0.8
    return max(SHORTEST_GAP, runtime * share)


def _entered(session: Session, event: PlaybackEvent) -> tuple[Session, Verdict]:
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
    return replace(session, finishes=finishes), Watched(event.occurred_at)


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
    )


def _finishes(event: PlaybackEvent, rules: Rules) -> bool:
    if event.kind is EventKind.WATCHED:
        return True
    if event.unfinished and not rules.own:
        return False
    return event.kind is EventKind.STOP and event.percent is not None and event.percent >= rules.threshold


def _progressed(session: Session, event: PlaybackEvent, *, repeated: bool) -> tuple[Session, Verdict]:
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


def _goes_on(session: Session, event: PlaybackEvent, rules: Rules) -> bool:
    """Whether a finish, however late, belongs to the viewing of the last one: nothing says that it began again.

    People pause in the credits and go to bed; the stop comes in the morning. Or they stop there, before their server
    counts it, and see the last minutes the next day.
    """
    if session.restarted or not session.finishes or session.last_kind in (None, EventKind.STOP):
        return False
    if session.began_at is not None and session.began_at > max(session.finishes):
        return False  # the end was told only after the next viewing had begun
    if event.kind is EventKind.STOP:
        return True
    percent = session.last_percent()
    if session.last_kind is EventKind.WATCHED or percent is None or session.last_at is None:
        return False
    if session.last_at in session.finishes:  # it was closed where it fell silent, and this is its end at last
        return abs(event.occurred_at - session.last_at) <= SEEN_WITHIN
    near = abs(event.occurred_at - session.last_at) <= session.runtime_of(event.item)
    return near and percent >= rules.threshold


def _same_viewing(session: Session, event: PlaybackEvent) -> bool:
    gap = viewing_gap(session.runtime_of(event.item), restarted=session.restarted and not event.entered)
    distances = [abs(event.occurred_at - finish) for finish in session.finishes]
    return any(distance < gap for distance in distances)
