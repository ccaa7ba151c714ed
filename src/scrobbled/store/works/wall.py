"""What was watched, in order of time, a piece at a time: quick and small however much there is."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from functools import partial

from msgspec import Struct

from scrobbled.core.naming.items import Item
from scrobbled.core.naming.spelling import of_title, searchable
from scrobbled.store.file.database import Store
from scrobbled.store.file.walking import STEP, cut, walk

_FAR = 1 << 62


class WallSpot(Struct, frozen=True, order=True):
    """A place on the wall: when it was watched, or came in where nobody knows that (Unix seconds), and the play."""

    at: int
    play: int


class Filters(Struct, frozen=True):
    """What is to be seen: all of what is set has to hold. ``since`` and ``until`` (not included) are Unix seconds.

    ``outcome`` is the outcome at ``tracker``, or at any where none is set. ``show`` is the title of a show or a film,
    ``words`` are as ``core.spelling`` makes them of what somebody typed.
    """

    viewer: str = ""
    show: str = ""
    media: str = ""
    source: str = ""
    tracker: str = ""
    outcome: str = ""
    since: float | None = None
    until: float | None = None
    words: tuple[str, ...] = ()


class PlayCount(Struct, frozen=True):
    """How many plays somebody has of one source and media."""

    viewer: str
    source: str
    media: str
    plays: int


def describe(db: sqlite3.Connection, play: int, item: Item) -> None:
    """Let the play be found by what its item is called; to be said in the transaction that adds it."""
    db.execute("UPDATE wall SET text = ? WHERE play = ?", (searchable(item), play))


def shelves(db: sqlite3.Connection) -> list[PlayCount]:
    rows = db.execute("SELECT viewer, source, media, plays FROM shelves WHERE plays > 0 ORDER BY 1, 2, 3")
    return [PlayCount(*row) for row in rows]


async def look(
    store: Store, filters: Filters, limit: int, *, start: WallSpot | None, newer: bool = False
) -> list[WallSpot]:
    """Up to ``limit`` that are older than ``start``, the newest first; or newer, and then the oldest first.

    Without ``start`` from the newest, or from the oldest, on. Others have the database between two steps.
    """
    step = partial(_step, filters=filters, newer=newer, limit=limit)
    return await walk(store, step, cut(_span(filters), start, newer=newer), limit, newer=newer)


def _span(filters: Filters) -> tuple[WallSpot, WallSpot]:
    """Everything wanted lies between the two."""
    first = -_FAR if filters.since is None else math.ceil(filters.since)
    end = _FAR if filters.until is None else math.ceil(filters.until)
    return WallSpot(first - 1, _FAR), WallSpot(end, 0)


def _step(
    db: sqlite3.Connection, low: WallSpot, high: WallSpot, *, filters: Filters, newer: bool, limit: int
) -> tuple[list[WallSpot], WallSpot | None]:
    """What is found in the next ``STEP`` plays between the two, and how far that is; ``None`` where it is all."""
    between, order = "(at, play) > (?, ?) AND (at, play) < (?, ?)", "at, play" if newer else "at DESC, play DESC"
    query = f"SELECT at, play FROM wall WHERE {between} ORDER BY {order} LIMIT 1 OFFSET {STEP - 1}"
    conditions = list(_conditions(filters))
    # where everything is wanted nothing is gone through in vain
    last = db.execute(query, (low.at, low.play, high.at, high.play)).fetchone() if conditions else None
    edge = None if last is None else WallSpot(*last)
    if edge is not None:  # which is looked at as well
        low, high = (low, WallSpot(edge.at, edge.play + 1)) if newer else (WallSpot(edge.at, edge.play - 1), high)
    wanted = "".join(f" AND {condition}" for condition, _ in conditions)
    rows = db.execute(
        f"SELECT at, play FROM wall WHERE {between}{wanted} ORDER BY {order} LIMIT ?",
        (low.at, low.play, high.at, high.play, *(value for _, value in conditions), limit),
    )
    return [WallSpot(*row) for row in rows], edge


def _conditions(filters: Filters) -> Iterator[tuple[str, str]]:
    """As SQL with its value."""
    for column in ("viewer", "media", "source"):
        if wanted := getattr(filters, column):
            yield f"{column} = ?", wanted
    if filters.tracker or filters.outcome:
        state = f"{filters.tracker and f' {filters.tracker}'}:{filters.outcome and f'{filters.outcome} '}"
        yield "instr(states, ?) > 0", state
    if filters.show:
        yield "instr(text, ?) = 1", of_title(filters.show)
    for word in filters.words:
        yield "instr(text, ?) > 0", word
