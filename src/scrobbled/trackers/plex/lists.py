"""The lists of a server that are sorted by a time: their top tells whether anything moved, and what is new."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from scrobbled.clients.base import Query
from scrobbled.clients.plex import PlexClient
from scrobbled.clients.plex_lists import LARGE_PAGE, ListedPage, ListGone
from scrobbled.core.kinds import Scope
from scrobbled.trackers.plex.codec import seconds
from scrobbled.trackers.plex.cursor import ListMark, marked
from scrobbled.trackers.plex.entries import SCOPES
from scrobbled.trackers.plex.rows import EPISODE, MOVIE, SEASON, SHOW, ItemRow, PlexHistoryRow
from scrobbled.trackers.plex.streams import FileRow

PEEK = 24
"""Rows of a list that are asked for to see whether anything moved: most that is new is among them."""
MOST_NEWS = 5_000
"""Rows; of more nobody can say any longer what became of them."""
PIECE = 50
HISTORY = "/status/sessions/history/all"
WATCHED, ADDED, LEAVES, CHANGED = "watched", "added", "leaves", "changed"
"""Lists of a library. ``LEAVES`` is that of its shows, which says how many episodes there are of each."""
LEAF = {"movie": MOVIE, "show": EPISODE}
RATED: Mapping[str, tuple[int, ...]] = {"movie": (MOVIE,), "show": (EPISODE, SEASON, SHOW)}
RowT = TypeVar("RowT", ItemRow, PlexHistoryRow, FileRow)


class TimedList(Struct, Generic[RowT], frozen=True):
    """A list whose rows come by the time in their field ``by``, the latest first, and those without one last."""

    path: str
    query: Query
    by: str
    kind: type[RowT]

    def times(self, rows: Iterable[RowT]) -> Iterator[int | None]:
        return (seconds(getattr(row, self.by)) for row in rows)


class Peek(Struct, Generic[RowT], frozen=True):
    """The top of a list. ``all`` says that there is no more of it."""

    asked: TimedList[RowT]
    mark: ListMark
    rows: tuple[RowT, ...]
    all: bool
    unreadable: int = 0


def all_of(key: str, kind: int) -> tuple[str, Query]:
    """Everything of a kind in a library."""
    return f"/library/sections/{key}/all", {"type": kind, "includeGuids": 1}


def watched_in(key: str, kind: str) -> TimedList[ItemRow]:
    path, query = all_of(key, LEAF[kind])
    return TimedList(path, {**query, "unwatched": 0, "sort": "lastViewedAt:desc"}, "last_viewed_at", ItemRow)


def added_to(key: str, kind: str) -> TimedList[ItemRow]:
    path, query = all_of(key, LEAF[kind])
    return TimedList(path, {**query, "sort": "addedAt:desc"}, "added_at", ItemRow)


def changed_in(key: str, kind: str) -> TimedList[ItemRow]:
    """By when anything of an item changed, which also its file does."""
    path, query = all_of(key, LEAF[kind])
    return TimedList(path, {**query, "sort": "updatedAt:desc"}, "updated_at", ItemRow)


def rated_in(key: str, kind: int) -> TimedList[ItemRow]:
    path, query = all_of(key, kind)
    scope: Scope = SCOPES[kind]
    field = "userRating>>" if kind == MOVIE else f"{scope}.userRating>>"
    return TimedList(path, {**query, field: -1, "sort": "lastRatedAt:desc"}, "last_rated_at", ItemRow)


def rated(kind: int) -> str:
    """What the list of what is rated is called."""
    return f"rated {SCOPES[kind]}"


def history_of(account: str) -> TimedList[PlexHistoryRow]:
    """Of everybody whom the token may see, where no account is named."""
    query: Query = {"sort": "viewedAt:desc", **({"accountID": account} if account else {})}
    return TimedList(HISTORY, query, "viewed_at", PlexHistoryRow)


async def peek(client: PlexClient, asked: TimedList[RowT]) -> Peek[RowT]:
    """Raises ``ListGone`` where there is no such list, or not for this token."""
    page = await client.page(asked.path, asked.query, size=PEEK)
    if page is None:
        raise ListGone(f"GET {asked.path} answered 404")
    rows, unreadable = await readable(page, asked.kind)
    whole = not page.paged or len(page.raw) == page.total
    number = page.total if page.total is not None else len(page.raw) if whole else None
    times = [at for at in asked.times(rows) if at is not None]
    return Peek(asked, marked(number, times), tuple(rows), whole, unreadable)


async def readable(page: ListedPage, kind: type[RowT]) -> tuple[list[RowT], int]:
    """The rows of a page, and how many cannot be read. In small pieces: a webhook that comes meanwhile is not to wait
    for all of them.
    """
    rows: list[RowT] = []
    for at, row in enumerate(page.rows(kind), start=1):
        if row is not None:
            rows.append(row)
        if not at % PIECE:
            await asyncio.sleep(0)
    return rows, len(page.raw) - len(rows)


async def since(client: PlexClient, top: Peek[RowT], floor: int) -> list[RowT] | None:
    """All rows that are as new as ``floor``, for which ``top`` may do; ``None`` where that cannot be told.

    So it is where rows cannot be read, or come in another order than was asked for.
    """
    rows, start, whole, unreadable = list(top.rows), len(top.rows), top.all, top.unreadable
    while not whole and not unreadable and not _reaches(top.asked, rows, floor) and start < MOST_NEWS:
        page = await client.page(top.asked.path, top.asked.query, start=start, size=LARGE_PAGE)
        if page is None:
            raise ListGone(f"GET {top.asked.path} answered 404")
        more, unreadable = await readable(page, top.asked.kind)
        rows, start = rows + more, start + len(page.raw)
        whole = not page.raw or not page.paged or start == page.total
    times = [at or 0 for at in top.asked.times(rows)]
    if unreadable or start >= MOST_NEWS or times != sorted(times, reverse=True):
        return None
    return [row for row, at in zip(rows, times, strict=True) if at and at >= floor]


def _reaches(asked: TimedList[RowT], rows: list[RowT], floor: int) -> bool:
    """Whether the last of them is older, so that all before are there."""
    times = list(asked.times(rows[-1:]))
    return not times or (times[0] or 0) < max(1, floor)
