"""What is known of one viewer and one title, and what an event of it can mean."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from scrobbled.core.naming.items import Item, Movie
from scrobbled.core.watching.events import EventKind
from scrobbled.core.words.reasons import Code, Reason

SHORTEST_GAP = timedelta(minutes=2)
UNKNOWN_RUNTIME = timedelta(minutes=37, seconds=30)
"""Stands in for a runtime nobody told: half an hour must then lie between two viewings."""
UNKNOWN_FILM = timedelta(minutes=90)
"""The same for a film."""
TEST_EVENT = Reason("test event: understood, stored, and sent to nobody", Code.TEST_EVENT)


class Rules(Struct, frozen=True):
    """When playing counts as watching."""

    threshold: float = 90.0
    """Percent at which a stop counts as watched, where the source never said "watched" itself."""
    min_duration_ms: int = 300_000
    """Shorter titles never become plays."""
    own: bool = False
    """Somebody set the threshold for this viewer, source or kind of item: it counts also against the server's word."""
    listed: bool = False
    """What the server lists as watched is read as well, so that it decides what a stop alone leaves open."""


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
    player: str = ""
    """Of the last event; empty where nobody said. So it is below."""
    ended_on: str = ""
    """The player of the last finish."""
    ended_in: str = ""
    """What the player called the last viewing that was seen to end and had a name."""

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

    reason: str = ""


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


SessionVerdict = Noted | Watched | Duplicate | Unwanted


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
