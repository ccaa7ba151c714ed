"""What was watched, counted by the database: quick at a hundred thousand plays, and in constant memory.

For a connection that nobody else uses: it is given temporary tables. Statements are kept short and apart, as a commit
may have to wait for each.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.core.naming.items import Media, Movie
from scrobbled.core.statistics import DAY, Counted, DayCount, Share, Stretch, day_of
from scrobbled.core.watching.plays import EARLIEST
from scrobbled.store.queue.words import IS_ANOTHER
from scrobbled.store.works import works

_EARLIEST = EARLIEST.timestamp()
_MONDAY = 3 * 24
"""1 January 1970 was a Thursday."""
_SET_ASIDE = (
    "SELECT DISTINCT a.play_id FROM outbox AS a INDEXED BY outbox_no_plays WHERE (a.state = 'undone' "
    f"OR {IS_ANOTHER.format('a')}) AND NOT EXISTS (SELECT 1 FROM "
    "outbox AS b WHERE b.play_id = a.play_id AND b.state <> 'unwanted' AND b.state <> 'undone' "
    f"AND NOT {IS_ANOTHER.format('b')})"
)
"""Plays that were taken back everywhere, or that proved to be another play's viewing, as in ``store.watched``."""
_OF_KIND = "FROM plays INDEXED BY plays_in_numbers WHERE viewer = ? AND source = ? AND media = ?"
_PIECE = f"{_OF_KIND} AND watched_at >= ? AND watched_at < ?"
"""A range of the index: nothing else of a play is read, and no text is compared row by row."""
TallyKey = tuple[str, str, Media]
"""Viewer, source and media."""


class Most(Struct, frozen=True):
    """A show or film that was watched often. ``different`` is how many of its episodes; 1 for a film."""

    work: int
    title: str
    year: int | None
    plays: int
    different: int


class Favourites(Struct, frozen=True):
    """Those that were watched most often, and how many different ones there were."""

    shows: list[Most]
    films: list[Most]
    different_shows: int
    different_films: int
    different_episodes: int


class Tally:
    """The plays of one viewer, or of all. Stretches are those of ``core.statistics``: they follow on one another."""

    def __init__(self, db: sqlite3.Connection, viewer: str | None) -> None:
        self._db = db
        self._kinds = [kind for kind in _kinds(db) if viewer is None or kind[0] == viewer]
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute("CREATE TEMP TABLE set_aside (play_id INTEGER PRIMARY KEY)")
        db.execute(f"INSERT INTO temp.set_aside {_SET_ASIDE}")
        aside = db.execute("SELECT 1 FROM temp.set_aside LIMIT 1").fetchone()
        self._counts = " AND id NOT IN (SELECT play_id FROM temp.set_aside)" if aside else ""

    def counted(self, within: Sequence[Stretch], later: datetime) -> Counted:
        """What is said to be ``later`` than this has no date that can be believed."""
        return Counted(
            self.days(within), self._hours(within), self._shares(within), self._firsts(within), self._undated(later)
        )

    def favourites(self, within: Sequence[Stretch], limit: int) -> Favourites:
        """As many shows and films at most; plays of which nobody knows what they are of are in neither."""
        self._db.execute("CREATE TEMP TABLE seen (work INTEGER, plays INTEGER)")
        for kind in self._kinds:
            self._db.execute(
                f"INSERT INTO temp.seen SELECT work, count(*) {_PIECE}{self._counts} AND work IS NOT NULL "
                "GROUP BY work",
                (*kind, *_whole(within)),
            )
        different = self._db.execute(
            "SELECT count(DISTINCT CASE WHEN w.kind = 'episode' THEN w.show END), "
            "count(DISTINCT CASE WHEN w.kind = 'movie' THEN w.id END), "
            "count(DISTINCT CASE WHEN w.kind = 'episode' THEN w.id END) "
            "FROM temp.seen AS t JOIN works AS w ON w.id = t.work"
        ).fetchone()
        shows = self._most("w.show", "w.kind = 'episode' AND w.show IS NOT NULL", limit)
        films = self._most("w.id", "w.kind = 'movie'", limit)
        return Favourites(shows, films, *map(int, different))

    def _most(self, whole: str, which: str, limit: int) -> list[Most]:
        rows = self._db.execute(
            "SELECT m.id, x.kind, x.facts, m.plays, m.different FROM (SELECT "
            f"{whole} AS id, sum(t.plays) AS plays, count(DISTINCT t.work) AS different FROM temp.seen AS t JOIN works "
            f"AS w ON w.id = t.work WHERE {which} GROUP BY {whole} ORDER BY plays DESC, different DESC, id LIMIT ?) "
            "AS m JOIN works AS x ON x.id = m.id ORDER BY m.plays DESC, m.different DESC, m.id",
            (limit,),
        )
        return [_told(*row) for row in rows]

    def _by(self, within: Sequence[Stretch], expression: str) -> Iterator[tuple[TallyKey, int, int]]:
        """Kind, value of ``expression`` and number of plays; ``?`` is how far the house's clock is ahead of UTC."""
        query = f"SELECT {expression}, count(*) {_PIECE}{self._counts} GROUP BY 1"
        for kind in self._kinds:
            for piece in within:
                for value, plays in self._db.execute(query, (piece.offset, *kind, piece.start, piece.end)).fetchall():
                    yield kind, value, plays

    def days(self, within: Sequence[Stretch]) -> list[DayCount]:
        plays, films = Counter[int](), Counter[int]()
        for kind, day, count in self._by(within, f"(watched_at + ?) / {DAY}"):
            plays[day] += count
            if kind[2] == "movie":
                films[day] += count
        return [DayCount(day_of(day), plays[day], films[day]) for day in sorted(plays)]

    def _hours(self, within: Sequence[Stretch]) -> list[int]:
        found = Counter[int]()
        for _, hour, count in self._by(within, f"((watched_at + ?) / 3600 + {_MONDAY}) % 168"):
            found[hour] += count
        return [found[hour] for hour in range(168)]

    def _shares(self, within: Sequence[Stretch]) -> list[Share]:
        query = "SELECT count(*), count(work), count(duration_ms), coalesce(sum(duration_ms), 0) "
        query += f"{_PIECE}{self._counts}"
        rows = [(kind, self._db.execute(query, (*kind, *_whole(within))).fetchone()) for kind in self._kinds]
        return [Share(*kind, *row) for kind, row in rows if row[0]]

    def _firsts(self, within: Sequence[Stretch]) -> dict[str, int]:
        viewers = dict.fromkeys(kind[0] for kind in self._kinds)
        query = (
            "SELECT count(*) FROM (SELECT min(watched_at) AS at FROM plays WHERE viewer = ? AND work IS NOT NULL "
            f"AND watched_at >= {_EARLIEST}{self._counts} GROUP BY work) WHERE at >= ? AND at < ?"
        )
        return {viewer: self._db.execute(query, (viewer, *_whole(within))).fetchone()[0] for viewer in viewers}

    def _undated(self, later: datetime) -> int:
        """Whatever the stretches are: who knows."""
        return sum(
            self._db.execute(f"SELECT count(*) {_OF_KIND} AND {wrong}{self._counts}", kind).fetchone()[0]
            for kind in self._kinds
            for wrong in ("watched_at IS NULL", f"watched_at < {_EARLIEST}", f"watched_at >= {later.timestamp()}")
        )


def _whole(within: Sequence[Stretch]) -> tuple[int, int]:
    return (within[0].start, within[-1].end) if within else (0, 0)


def _kinds(db: sqlite3.Connection) -> list[TallyKey]:
    """Those that there are, however many plays there are."""
    rows = db.execute("SELECT viewer, source, media FROM shelves WHERE plays > 0 ORDER BY viewer, source, media")
    return rows.fetchall()


def state(db: sqlite3.Connection) -> tuple[int | float | None, ...]:
    """Another one after a play was added, deleted, set aside or given its work."""
    row = db.execute(
        "SELECT (SELECT max(id) FROM plays), (SELECT total(count) FROM tallies WHERE what = 'plays'), "
        "(SELECT count(*) FROM plays WHERE work IS NULL), count(*), total(play_id) FROM outbox "
        "INDEXED BY outbox_no_plays WHERE state = 'undone' "
        f"OR {IS_ANOTHER.format('outbox')}"
    ).fetchone()
    return tuple(row)


def viewers(db: sqlite3.Connection) -> list[str]:
    """Who has plays."""
    return list(dict.fromkeys(kind[0] for kind in _kinds(db)))


def edges(db: sqlite3.Connection, viewer: str | None, now: datetime) -> tuple[float, float] | None:
    """When the first and the last dated play was watched, taken back or not; Unix seconds."""
    between = (_EARLIEST, now.timestamp())
    ends = [
        db.execute(f"SELECT {end}(watched_at) {_OF_KIND} AND watched_at BETWEEN ? AND ?", (*kind, *between)).fetchone()
        for kind in _kinds(db)
        if viewer is None or kind[0] == viewer
        for end in ("min", "max")  # each by itself: asked for together, all between them would be read
    ]
    found = [float(row[0]) for row in ends if row[0] is not None]
    return (min(found), max(found)) if found else None


def _told(work: int, kind: str, facts: str, plays: int, different: int) -> Most:
    item = works.decode(kind, facts)
    if isinstance(item, Movie):
        return Most(work, item.title or item.label(), item.year, plays, different)
    return Most(work, item.show_title or item.label(), item.show_year, plays, different)
