"""What a library that keeps no plays says of viewings: when one was, and whether that can be believed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from scrobbled.core.agreeing.ledger import HeldState, LeftMark
from scrobbled.core.agreeing.lineup import Moments
from scrobbled.core.records import DatePrecision, PlayRecord
from scrobbled.core.watching.plays import is_entered

CLOSE = timedelta(minutes=15)
"""A mark of ours comes back with the time of the write; clocks of servers are off by so much."""
SYNCED = timedelta(days=7)
"""So long after a mark of ours a person's other servers may tell of it, where their states are synchronised."""
TOGETHER = timedelta(minutes=2)
MANY = 3
"""So many things that were last watched within ``TOGETHER`` were ticked off by hand, restored or converted."""


def viewing(
    key: str, state: HeldState, rows: Sequence[PlayRecord], gap: timedelta, until: datetime, *, several: bool = False
) -> PlayRecord | None:
    """The viewing that the state of a thing tells of, beside those that its history has; ``None`` where it adds none.

    ``rows`` is that history, ``gap`` its ``window``. One without a time says that it was watched, and nobody can say
    when; ``made_at`` is when it was marked, where that is known. ``several``: it is told by more than one server.
    """
    if not state.is_watched or is_echo(state, several=several):
        return None
    if Moments(row.at for row in rows).has_near(state.at, gap):
        return None
    if is_believable(state, until):
        assert state.at is not None  # only a time is ever believed
        return PlayRecord(f"watched:{key}@{int(state.at.timestamp())}", key, state.at)
    if rows:
        return None
    made_at = None if state.at is None or state.begun or not is_entered(state.at) or state.at > until else state.at
    return PlayRecord(f"watched:{key}", key, None, DatePrecision.NONE, made_at=made_at)


def is_believable(state: HeldState, until: datetime) -> bool:
    """Whether the library's time is that of a viewing."""
    if state.at is None or state.begun or state.is_bulk:
        return False
    return is_entered(state.at) and state.at <= until


class ViewedCopy(Struct, frozen=True):
    """What one copy of a thing says of its viewings."""

    count: int
    at: datetime | None
    begun: bool = False


def last_viewed(copies: Sequence[ViewedCopy], mark: LeftMark | None, *, several: bool) -> ViewedCopy:
    """The one that was watched last; one that only has our mark tells nothing where another has more to tell."""
    others = [one for one in copies if not _is_ours(one, mark, several=several)]
    return max(others or copies, key=lambda one: one.at.timestamp() if one.at else 0.0)


def is_echo(state: HeldState, *, several: bool) -> bool:
    """Whether it says no more than what we told the library ourselves. Whoever watches raises its count."""
    return _is_ours(ViewedCopy(state.count, state.at), state.mark, several=several)


def _is_ours(one: ViewedCopy, mark: LeftMark | None, *, several: bool) -> bool:
    if mark is None or mark.undone or one.at is None or one.count > mark.count:
        return False
    if mark.at is None:
        return one.at >= mark.begun - CLOSE
    return abs(one.at - mark.at) <= CLOSE or (several and timedelta() <= one.at - mark.at <= SYNCED)


def is_as_left(state: HeldState) -> bool:
    """Whether the thing is watched there by our mark alone, which nobody has touched."""
    mark = state.mark
    if mark is None or mark.undone or mark.at is None or state.at is None or not state.is_watched:
        return False
    return state.count <= mark.count and abs(state.at - mark.at) <= CLOSE


def together(times: Iterable[tuple[str, datetime]]) -> frozenset[str]:
    """Keys of the things that have their time in common with at least two others; see ``MANY``."""
    found: set[str] = set()
    ordered = sorted(times, key=lambda one: one[1])
    first = 0
    for last, (_, at) in enumerate(ordered):
        while at - ordered[first][1] > TOGETHER:
            first += 1
        if last - first + 1 >= MANY:
            found.update(key for key, _ in ordered[max(first, last - MANY + 1) : last + 1])
    return frozenset(found)
