"""Whether anything moved since the last read, and whether one page explains all of it; pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from scrobbled.core.kinds import Kind
from scrobbled.trackers.given import EarlierReads
from scrobbled.trackers.serializd.codec import instant, timestamp
from scrobbled.trackers.serializd.entries import EntryPage, SerializdEntry, Totals

ROWS, LOGS, TEXTS = "rows", "logs", "texts"
"""What the review count of the profile turned out to count: every row, the dated ones, or those with a text.

Empty where that is not known, and the count says no more than that something moved.
"""
PAGE_SIZE = 24
MOST_REMEMBERED = 240
"""Rows told of that a cursor remembers, until the next complete read: ten pages of the reviews."""


class SeenRow(Struct, frozen=True):
    """A row of the first page as it was."""

    stamp: str
    rating: int


class SerializdCursor(Struct, frozen=True):
    """How things stood when they were last read. It is the cursor."""

    owner: str
    joined: str
    kinds: frozenset[Kind]
    at: datetime
    reviews: int | None
    episodes: int | None
    counted: str
    rows: Mapping[int, SeenRow]
    """The first page of the diary, in its order."""
    rated: tuple[int, ...] = ()
    """The first page of the reviews, and rows told of since: what the reviews list of these is no news."""
    marks: bool = True
    """Marks without a row were asked for."""
    asked: int = 0
    """The last season whose marks were, where there were too many for one read; see ``TickReader``."""
    wrote: str = ""
    """What ``SerializdMemory.unread`` said before."""

    def cursor(self) -> dict[str, Any]:
        return {
            "owner": self.owner,
            "joined": self.joined,
            "kinds": sorted(self.kinds),
            "at": timestamp(self.at),
            "reviews": self.reviews,
            "episodes": self.episodes,
            "counted": self.counted,
            "rows": [[id_, shown.stamp, shown.rating] for id_, shown in self.rows.items()],
            "rated": list(self.rated),
            "marks": self.marks,
            "asked": self.asked,
            "wrote": self.wrote,
        }

    @classmethod
    def of(cls, cursor: Mapping[str, Any]) -> SerializdCursor | None:
        """``None`` for an empty one, and for one that was not written by this version."""
        try:
            at = instant(cursor["at"])
            rows = {int(id_): SeenRow(str(stamp), int(rating)) for id_, stamp, rating in cursor["rows"]}
            told = {key: cursor[key] for key in ("owner", "joined", "reviews", "episodes", "counted")}
            kinds, rated = frozenset(cursor["kinds"]), tuple(map(int, cursor["rated"]))
        except (KeyError, TypeError, ValueError):
            return None
        more: dict[str, Any] = {"marks": bool(cursor.get("marks", True)), "asked": int(cursor.get("asked", 0))}
        wrote = str(cursor.get("wrote", ""))
        return cls(**told, **more, kinds=kinds, at=at, rows=rows, rated=rated, wrote=wrote) if at is not None else None


class Visit(Struct, frozen=True):
    """One read: what was asked for, how things stood before it, and what its first two requests showed.

    ``ours`` are the rows and ``ticked`` the ticks that we had written before it began, ``removed`` rows that we took.
    """

    kinds: frozenset[Kind]
    known: EarlierReads
    full: bool
    then: SerializdCursor | None
    totals: Totals
    first: EntryPage
    ours: frozenset[int]
    ticked: frozenset[str]
    removed: frozenset[int]
    at: datetime
    unread: str

    @property
    def owner(self) -> str:
        """The name by which the account was first met: people may rename themselves."""
        return self.then.owner if self.then and self.same_account else self.totals.username

    @property
    def same_account(self) -> bool:
        then, totals = self.then, self.totals
        if then is None:
            return False
        return then.joined == totals.joined if then.joined and totals.joined else then.owner == totals.username

    @property
    def may_be_short(self) -> bool:
        if self.full or self.then is None or not self.same_account:
            return False
        return self.kinds <= self.then.kinds and self.then.marks >= self.known.marks


class RowNews(Struct, frozen=True):
    """Rows that were made, and rows that were edited."""

    made: tuple[SerializdEntry, ...] = ()
    edited: tuple[SerializdEntry, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.made or self.edited)


def shown(page: EntryPage) -> dict[int, SeenRow]:
    return {row.id: SeenRow(row.stamp, row.rating) for row in page.rows}


def on_page(
    then: SerializdCursor, page: EntryPage, ours: Mapping[int, bool], was_told: Callable[[int], bool]
) -> RowNews | None:
    """What the first page brought; ``None`` where a row left it that nothing new pushed off its end.

    ``ours`` are rows that we made or changed, as ``SerializdRows.news``. Of what is new on the page, a row that
    ``was_told``
    before has come from another page.
    """
    arrived = [row for row in page.rows if row.id not in then.rows]
    made = tuple(row for row in arrived if ours.get(row.id, not was_told(row.id)))
    edited = [row for row in page.rows if row.id in then.rows and then.rows[row.id].stamp != row.stamp]
    room = max(PAGE_SIZE, len(page.rows)) - len(arrived)
    pushed_off = set(list(then.rows)[max(0, room) :])
    if then.rows.keys() - set(page.ids) - pushed_off - ours.keys():
        return None
    return RowNews(made, (*edited, *(row for row in arrived if row not in made)))


def explained(then: SerializdCursor, totals: Totals, made: Sequence[SerializdEntry], unsure: Collection[int]) -> bool:
    """Whether the rows that were made are all that the count says there are.

    ``unsure`` are those of them that came while we looked, so that the count may have missed them.
    """
    if then.reviews is None or totals.reviews is None:
        return True
    grown = totals.reviews - then.reviews
    most = count(made, then.counted)
    least = count([row for row in made if row.id not in unsure], then.counted)
    if not then.counted:
        return grown in (0, *range(least, most + 1))
    return least <= grown <= most


def with_made(rated: Iterable[int], made: Iterable[SerializdEntry]) -> tuple[int, ...]:
    """``rated`` and what was told of just now, whatever page it stands on, newest first.

    After a restart nobody else remembers it, and a rating told twice would hide from the count a row that was not.
    """
    return tuple(dict.fromkeys((*sorted((row.id for row in made), reverse=True), *rated)))[:MOST_REMEMBERED]


def count(rows: Collection[SerializdEntry], counted: str) -> int:
    if counted == TEXTS:
        return sum(bool(row.text) for row in rows)
    return sum(row.is_log for row in rows) if counted == LOGS else len(rows)


def what_is_counted(total: int | None, rows: Collection[SerializdEntry]) -> str:
    """From a complete read; empty where no guess fits."""
    return next((guess for guess in (ROWS, LOGS, TEXTS) if total == count(rows, guess)), "")
