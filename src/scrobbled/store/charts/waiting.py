"""What is to be sent to a database of charts, in the order in which it has to be: cleared, removed, written, counted.

What was sent is booked by its mark: where something changed meanwhile, it waits again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.charts import days
from scrobbled.core.charts.days import ChartDay, DayEntry
from scrobbled.core.charts.placing import ChartPlace
from scrobbled.core.charts.plays import watch_point
from scrobbled.core.charts.points import EVENT, REMOVED, SECOND, ChartPoint, Span, Tags
from scrobbled.core.statistics import DAY
from scrobbled.store.charts import exports, origins
from scrobbled.store.charts.book import ENTRY, REFUSED, UNKEPT, WAITING, WRITTEN, count_anew, entry, next_mark
from scrobbled.store.charts.exports import Charted

_DAY = DAY * SECOND
MANY = 10
"""Removals of a kind from one day from which on the whole day is deleted: one request, and some points again."""
READ = 500
"""Points in one read of the database."""


class WaitingPoint(NamedTuple):
    """A play's point, and by what it is booked."""

    point: ChartPoint
    charted: int
    id: str
    mark: int


PointMark = tuple[int, str]
"""A mark, and the id of a play."""
FIRST: PointMark = (0, "")


class PointPage(NamedTuple):
    """``last`` is the mark that the next page begins after, ``None`` at the end."""

    points: Sequence[WaitingPoint]
    last: PointMark | None


class WaitingRemoval(NamedTuple):
    place: ChartPlace
    mark: int


class WaitingDay(NamedTuple):
    """A day's points, and by what it is booked."""

    points: Sequence[ChartPoint]
    tag: str
    day: ChartDay
    mark: int


class ChartCounts(Struct, frozen=True):
    """Of one export, how many plays are booked, by what became of them."""

    booked: int
    written: int
    waiting: int
    refused: int
    left_out: Mapping[str, int]


def clears(db: sqlite3.Connection, sink: str) -> list[str]:
    """The series of which everything has to go first; an empty tag means all there is."""
    return [row[0] for row in db.execute("SELECT tag FROM chart_clears WHERE sink = ? ORDER BY tag", (sink,))]


def cleared(db: sqlite3.Connection, sink: str, tag: str) -> None:
    db.execute("DELETE FROM chart_clears WHERE sink = ? AND tag = ?", (sink, tag))


def removals(db: sqlite3.Connection, sink: str, limit: int) -> list[WaitingRemoval]:
    """The oldest first."""
    rows = db.execute(
        "SELECT place, media, source, rewatch, tag, mark FROM chart_removals WHERE sink = ? AND done = 0 "
        "ORDER BY mark LIMIT ?",
        (sink, limit),
    )
    return [WaitingRemoval(ChartPlace(row[0], row[1], row[2], bool(row[3]), row[4]), row[5]) for row in rows]


def gathered(db: sqlite3.Connection, sink: str, those: Sequence[WaitingRemoval]) -> list[Span]:
    """What is to be deleted for these: each point, or where many of a kind go from one day, that day.

    What else of that kind stands on the day has to be written again, and waits for it from now on.
    """
    found = []
    by_day: dict[tuple[Tags, int], list[ChartPlace]] = {}
    for place, _ in those:
        by_day.setdefault((place.tags, place.at // _DAY), []).append(place)
    for (tags, day), places in by_day.items():
        if len(places) < MANY:
            found += [place.span for place in places]
        else:
            _write_again(db, sink, places[0], day)
            found.append(Span(EVENT, tags, day * _DAY, (day + 1) * _DAY - 1))
    return found


def _write_again(db: sqlite3.Connection, sink: str, like: ChartPlace, day: int) -> None:
    db.execute(
        f"UPDATE chart_entries INDEXED BY chart_places SET state = {WAITING}, mark = ? WHERE place BETWEEN ? AND ? "
        "AND media = ? AND source = ? AND rewatch = ? AND charted IN "
        "(SELECT id FROM charted WHERE sink = ? AND tag = ?)",
        (
            next_mark(db),
            day * _DAY,
            (day + 1) * _DAY - 1,
            like.media,
            like.source,
            int(like.rewatch),
            sink,
            like.viewer,
        ),
    )


def removed(db: sqlite3.Connection, sink: str, those: Iterable[WaitingRemoval], *, overwritten: bool) -> None:
    """They are gone; ``overwritten``: only by a field that says so, which what comes back there has to take back."""
    change = "UPDATE chart_removals SET done = 1" if overwritten else "DELETE FROM chart_removals"
    db.executemany(
        f"{change} WHERE sink = ? AND tag = ? AND place = ? AND media = ? AND source = ? AND rewatch = ? AND mark = ?",
        [(sink, p.viewer, p.at, p.media, p.source, int(p.rewatch), mark) for p, mark in those],
    )


def points(db: sqlite3.Connection, charted: Charted, after: PointMark, limit: int = READ) -> PointPage:
    """In order of their marks, in pages: pass the last mark seen. Empty where nothing is left.

    A play that is there no more is not among them: what comes of it is news that is not booked yet.
    """
    rows = db.execute(
        f"SELECT {ENTRY}, mark FROM chart_entries INDEXED BY chart_waiting WHERE charted = ? AND state = {WAITING} "
        "AND place IS NOT NULL AND (mark, id) > (?, ?) ORDER BY mark, id LIMIT ?",
        (charted.id, *after, limit),
    ).fetchall()
    waiting = [(entry(row[:-1], charted.tag), row[-1]) for row in rows]
    plays = origins.of_titles(db, charted, {one.title for one, _ in waiting})
    by_id = {play.id: play for those in plays.values() for play in those}
    found = []
    for one, mark in waiting:
        if (play := by_id.get(one.id)) is not None and one.place is not None:
            point = watch_point(play, one.place.tags, one.place.at)
            found.append(WaitingPoint(_back(db, charted.sink, one.place, point), charted.id, one.id, mark))
    return PointPage(found, (rows[-1][-1], rows[-1][0]) if rows else None)


def _back(db: sqlite3.Connection, sink: str, place: ChartPlace, point: ChartPoint) -> ChartPoint:
    """Where something was overwritten as removed, it has to say that it is there."""
    row = db.execute(
        "SELECT 1 FROM chart_removals WHERE sink = ? AND tag = ? AND place = ? AND media = ? AND source = ? "
        "AND rewatch = ? AND done = 1",
        (sink, place.viewer, place.at, place.media, place.source, int(place.rewatch)),
    ).fetchone()
    return replace(point, fields={**point.fields, REMOVED: False}) if row else point


def written(db: sqlite3.Connection, those: Iterable[WaitingPoint]) -> None:
    db.executemany(
        f"UPDATE chart_entries SET state = {WRITTEN}, words = NULL WHERE charted = ? AND id = ? AND mark = ?",
        [(one.charted, one.id, one.mark) for one in those],
    )


def refused(db: sqlite3.Connection, one: WaitingPoint, words: str) -> None:
    """For good, with the server's words."""
    _settle(db, one, REFUSED, words)


def unkept(db: sqlite3.Connection, one: WaitingPoint) -> None:
    """It is older than the database keeps."""
    _settle(db, one, UNKEPT, None)


def _settle(db: sqlite3.Connection, one: WaitingPoint, state: int, words: str | None) -> None:
    db.execute(
        "UPDATE chart_entries SET state = ?, words = ? WHERE charted = ? AND id = ? AND mark = ?",
        (state, words, one.charted, one.id, one.mark),
    )


def retry(db: sqlite3.Connection, sink: str, *, unkept: bool = False) -> int:
    """What was refused, or was too old, waits again; returns how much that is."""
    state = UNKEPT if unkept else REFUSED
    mark = next_mark(db)
    return sum(
        db.execute(
            f"UPDATE chart_entries SET state = {WAITING}, words = NULL, mark = ? WHERE charted = ? AND state = ?",
            (mark, one.id, state),
        ).rowcount
        for one in exports.all_of(db, sink)
    )


def waiting_days(db: sqlite3.Connection, sink: str, limit: int) -> list[WaitingDay]:
    """The oldest marks first, each counted as the book has it now."""
    rows = db.execute(
        "SELECT tag, utc, day, mark FROM chart_days WHERE sink = ? AND words IS NULL ORDER BY mark LIMIT ?",
        (sink, limit),
    ).fetchall()
    found = []
    for tag, utc, number, mark in rows:
        day = ChartDay(number, bool(utc))
        found.append(WaitingDay(days.points(day, _of_day(db, sink, tag, day), tag), tag, day, mark))
    return found


def _of_day(db: sqlite3.Connection, sink: str, tag: str, day: ChartDay) -> list[DayEntry]:
    """Of the day in the viewer's zone, or of the one in UTC, which is at most one day of the calendar away."""
    reach = 1 if day.utc else 0
    exact = f" AND at >= {day.number * DAY} AND at < {(day.number + 1) * DAY}" if day.utc else ""
    rows = db.execute(
        "SELECT title, media, rewatch, minutes FROM chart_entries INDEXED BY chart_entries_of_day WHERE charted IN "
        "(SELECT id FROM charted WHERE sink = ? AND tag = ?) AND place IS NOT NULL AND day BETWEEN ? AND ?" + exact,
        (sink, tag, day.number - reach, day.number + reach),
    )
    return [DayEntry(row[0], row[1], bool(row[2]), row[3]) for row in rows]


def counted(db: sqlite3.Connection, sink: str, those: Iterable[WaitingDay]) -> None:
    """These days are written."""
    db.executemany(
        "DELETE FROM chart_days WHERE sink = ? AND tag = ? AND utc = ? AND day = ? AND mark = ?",
        [(sink, one.tag, int(one.day.utc), one.day.number, one.mark) for one in those],
    )


def day_refused(db: sqlite3.Connection, sink: str, one: WaitingDay, words: str) -> None:
    """It waits until it is counted anew."""
    db.execute(
        "UPDATE chart_days SET words = ? WHERE sink = ? AND tag = ? AND utc = ? AND day = ? AND mark = ?",
        (words, sink, one.tag, int(one.day.utc), one.day.number, one.mark),
    )


def book_unsent(db: sqlite3.Connection, sink: str) -> None:
    """Single plays are not written to this kind of database, and so none is waited for."""
    for one in exports.all_of(db, sink):
        db.execute(
            f"UPDATE chart_entries SET state = {WRITTEN} WHERE charted = ? AND state = {WAITING} AND place IS NOT NULL",
            (one.id,),
        )
    db.execute("DELETE FROM chart_removals WHERE sink = ?", (sink,))


def count_all_anew(db: sqlite3.Connection, sink: str) -> None:
    """Every day on which something stands, where one cannot be overwritten and all are written again."""
    mark = next_mark(db)
    for one in exports.all_of(db, sink):
        rows = db.execute(
            "SELECT DISTINCT day, at FROM chart_entries WHERE charted = ? AND place IS NOT NULL", (one.id,)
        ).fetchall()
        touched = {ChartDay(day) for day, _ in rows} | {ChartDay(at // DAY, utc=True) for _, at in rows}
        for day in touched:
            count_anew(db, sink, one.tag, day, mark)


def counts(db: sqlite3.Connection, charted: Charted) -> ChartCounts:
    rows = db.execute(
        "SELECT state, why, count(*) FROM chart_entries WHERE charted = ? GROUP BY 1, 2", (charted.id,)
    ).fetchall()
    there = {state: sum(n for s, why, n in rows if s == state and not why) for state in (WAITING, WRITTEN, REFUSED)}
    left = {why: n for _, why, n in rows if why}
    if old := sum(n for state, why, n in rows if state == UNKEPT and not why):
        left["retention"] = old
    return ChartCounts(sum(n for *_, n in rows), there[WRITTEN], there[WAITING], there[REFUSED], left)


def is_waiting(db: sqlite3.Connection, sink: str) -> bool:
    """Whether anything is to be sent there."""
    asked = (
        "SELECT 1 FROM chart_clears WHERE sink = ? LIMIT 1",
        "SELECT 1 FROM chart_removals WHERE sink = ? AND done = 0 LIMIT 1",
        "SELECT 1 FROM chart_days WHERE sink = ? AND words IS NULL LIMIT 1",
        "SELECT 1 FROM chart_entries JOIN charted ON charted.id = charted WHERE sink = ? AND state = 0 "
        "AND place IS NOT NULL LIMIT 1",
    )
    return any(db.execute(query, (sink,)).fetchone() for query in asked)
