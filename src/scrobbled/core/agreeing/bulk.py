"""Plays that programs without dates have entered: so many of one moment that nobody can have watched them then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

MANY = 20
"""So many are more than anybody watches at once."""
MINUTE = timedelta(seconds=60)
BREAK = timedelta(minutes=10)
"""A row of plays ends where nothing was watched for so long, beside what the play before it took."""
TIMES = 2
"""A row is bulk where its runtimes add up to more than so many times the time it took."""
USUAL = 45 * 60
"""Seconds that a play takes of which nobody knows."""


class TimedPlay(Struct, frozen=True):
    """A play with its time, and how long it takes (seconds), where that is known."""

    id: str
    at: datetime
    runtime: int | None = None

    @property
    def takes(self) -> int:
        return self.runtime or USUAL


def in_bulk(plays: Iterable[TimedPlay]) -> frozenset[str]:
    """Ids of those that are bulk: twenty or more of one minute, or in a row that is far too short for them."""
    ordered = sorted(plays, key=lambda one: (one.at, one.id))
    return _of_one_minute(ordered) | _of_short_rows(ordered)


def _of_one_minute(ordered: Sequence[TimedPlay]) -> frozenset[str]:
    found: set[str] = set()
    first = done = 0
    for last, play in enumerate(ordered):
        while play.at - ordered[first].at >= MINUTE:
            first += 1
        if last - first + 1 >= MANY:
            found.update(one.id for one in ordered[max(first, done) : last + 1])
            done = last + 1
    return frozenset(found)


def _of_short_rows(ordered: Sequence[TimedPlay]) -> frozenset[str]:
    found: set[str] = set()
    row: list[TimedPlay] = []
    for play in ordered:
        if row and play.at - row[-1].at > max(BREAK, timedelta(seconds=play.takes) / TIMES):
            found |= _short(row)
            row = []
        row.append(play)
    return frozenset(found | _short(row))


def _short(row: Sequence[TimedPlay]) -> set[str]:
    if len(row) < MANY:
        return set()
    took = row[-1].at - row[0].at
    wants = timedelta(seconds=sum(one.takes for one in row))
    return {one.id for one in row} if wants > took * TIMES else set()
