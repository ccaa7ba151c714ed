"""Whether anything moved since the last read, and whether one page explains all of it; pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from scrobbled.core.records import Kind
from scrobbled.trackers.serializd.codec import instant, timestamp
from scrobbled.trackers.serializd.entries import Entry, EntryPage, Totals

ROWS, LOGS, TEXTS = "rows", "logs", "texts"
"""What the review count of the profile turned out to count: every row, the dated ones, or those with a text.

Empty where that is not known, and the count says no more than that something moved.
"""
PAGE_SIZE = 24


class Shown(Struct, frozen=True):
    """A row of the first page as it was."""

    stamp: str
    rating: int


class Mark(Struct, frozen=True):
    """How things stood when they were last read. It is the cursor."""

    owner: str
    joined: str
    kinds: frozenset[Kind]
    at: datetime
    reviews: int | None
    episodes: int | None
    counted: str
    rows: Mapping[int, Shown]
    """The first page of the diary, in its order."""
    rated: tuple[int, ...] = ()
    """The first page of the reviews."""
    wrote: str = ""
    """What ``RatingMemory.unread`` said before."""

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
            "wrote": self.wrote,
        }

    @classmethod
    def of(cls, cursor: Mapping[str, Any]) -> Mark | None:
        """``None`` for an empty one, and for one that was not written by this version."""
        try:
            at = instant(cursor["at"])
            rows = {int(id_): Shown(str(stamp), int(rating)) for id_, stamp, rating in cursor["rows"]}
            told = {key: cursor[key] for key in ("owner", "joined", "reviews", "episodes", "counted")}
            kinds, rated = frozenset(cursor["kinds"]), tuple(map(int, cursor["rated"]))
        except (KeyError, TypeError, ValueError):
            return None
        wrote = str(cursor.get("wrote", ""))
        return cls(**told, kinds=kinds, at=at, rows=rows, rated=rated, wrote=wrote) if at is not None else None


class News(Struct, frozen=True):
    """Rows that were made, and rows that were edited."""

    made: tuple[Entry, ...] = ()
    edited: tuple[Entry, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.made or self.edited)


def shown(page: EntryPage) -> dict[int, Shown]:
    return {row.id: Shown(row.stamp, row.rating) for row in page.rows}


def on_page(then: Mark, page: EntryPage, ours: Mapping[int, bool], was_told: Callable[[int], bool]) -> News | None:
    """What the first page brought; ``None`` where a row left it that nothing new pushed off its end.

    ``ours`` are rows that we made or changed, as ``Rows.news``. Of what is new on the page, a row that ``was_told``
    before has come from another page.
    """
    arrived = [row for row in page.rows if row.id not in then.rows]
    made = tuple(row for row in arrived if ours.get(row.id, not was_told(row.id)))
    edited = [row for row in page.rows if row.id in then.rows and then.rows[row.id].stamp != row.stamp]
    room = max(PAGE_SIZE, len(page.rows)) - len(arrived)
    pushed_off = set(list(then.rows)[max(0, room) :])
    if then.rows.keys() - set(page.ids) - pushed_off - ours.keys():
        return None
    return News(made, (*edited, *(row for row in arrived if row not in made)))


def explained(then: Mark, totals: Totals, made: Sequence[Entry], unsure: Collection[int]) -> bool:
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


def count(rows: Collection[Entry], counted: str) -> int:
    if counted == TEXTS:
        return sum(bool(row.text) for row in rows)
    return sum(row.is_log for row in rows) if counted == LOGS else len(rows)


def what_is_counted(total: int | None, rows: Collection[Entry]) -> str:
    """From a complete read; empty where no guess fits."""
    return next((guess for guess in (ROWS, LOGS, TEXTS) if total == count(rows, guess)), "")
