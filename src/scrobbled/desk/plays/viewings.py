"""The events of one session, cut into viewings: what was one evening's watching, and what the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.store.inbox.archive import StoredEvent

TOGETHER = 12 * 3600.0
"""Seconds within which two viewers' plays of a title are of one viewing: each may count it at another percentage."""


def of(rows: Sequence[StoredEvent], completing: Mapping[int, frozenset[str]], asked: StoredEvent) -> list[StoredEvent]:
    """Those of ``rows`` that belong to the viewing of ``asked``, as they came in.

    ``completing`` tells whose play an event completed. A viewing ends with the last event that repeats its end.
    """
    cuts = sorted(_cuts(rows, completing))
    place = next(index for index, row in enumerate(rows) if row.id == asked.id)
    begin = max((cut for cut in cuts if cut <= place), default=0)
    end = min((cut for cut in cuts if cut > place), default=len(rows))
    return list(rows[begin:end])


def _cuts(rows: Sequence[StoredEvent], completing: Mapping[int, frozenset[str]]) -> set[int]:
    """Where a new viewing begins: at the first event after a play that is no repetition."""
    cuts: set[int] = set()
    had: set[str] = set()
    first = last = 0
    for index, row in enumerate(rows):
        viewers = completing.get(row.id)
        if not viewers:
            continue
        if had and (viewers & had or row.received_at - rows[first].received_at > TOGETHER):
            cuts.add(_next_accepted(rows, last + 1, index))
            had = set()
        first, last = (index if not had else first), index
        had |= viewers
    if had:
        cuts.add(_next_accepted(rows, last + 1, len(rows)))
    return cuts


def _next_accepted(rows: Sequence[StoredEvent], start: int, end: int) -> int:
    return next((i for i in range(start, end) if rows[i].outcome is EventOutcome.ACCEPTED), end)


def shown(
    rows: Sequence[StoredEvent], asked: StoredEvent, completing: Mapping[int, frozenset[str]], most: int
) -> list[StoredEvent]:
    """At most ``most``, never without ``asked`` and what completed a play: of a flood of repetitions the first."""
    if len(rows) <= most:
        return list(rows)
    needed = [row for row in rows if row.id == asked.id or row.id in completing]
    others = [row for row in rows if row not in needed]
    chosen = {row.id for row in (*needed, *others)[:most]}
    return [row for row in rows if row.id in chosen]
