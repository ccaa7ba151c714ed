"""What is to stand in a database of charts, compared with what does, and written down: a few titles at a time.

Each step reads plays and book and writes the outcome in one transaction, so that nothing comes in between.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import Any

from msgspec import Struct

from scrobbled.core.charts.days import ChartDay
from scrobbled.core.charts.placing import ChartEntry, ChartPlace, Surroundings, entries
from scrobbled.core.charts.plan import ChartPlan, changes
from scrobbled.core.charts.plays import AHEAD, EARLIEST, FUTURE
from scrobbled.store.charts import exports, origins
from scrobbled.store.charts.exports import Charted
from scrobbled.store.file.codec import THESE, listed
from scrobbled.store.mirror import records

STEP = 40
"""Titles in one transaction: some ten milliseconds in which no webhook is stored."""
ENTRY = "id, title, at, place, media, source, rewatch, why, day, minutes, fields"
WAITING, WRITTEN, REFUSED, UNKEPT = range(4)


class BookStep(Struct, frozen=True):
    """What came of one: ``more`` is whether there is anything left, ``plays`` how many were looked at."""

    more: bool
    plays: int = 0
    changed: int = 0


def entry(row: Sequence[Any], tag: str) -> ChartEntry:
    """From the columns ``ENTRY``."""
    id_, title, at, place, media, source, rewatch, why, day, minutes, fields = row
    there = None if place is None else ChartPlace(place, media, source, bool(rewatch), tag)
    return ChartEntry(id_, title, at, there, why, day or 0, minutes, fields)


def catch_up(db: sqlite3.Connection, charted: Charted, zone: tzinfo, now: float) -> BookStep:
    """One step towards the plays there are: of a comparison of everything, else of what is news."""
    if charted.after is not None:
        return _pass(db, charted, zone, now)
    titles = news(db, charted, now)
    found = _compare(db, charted, titles, zone, now)
    db.execute(f"DELETE FROM chart_news WHERE charted = ? AND title IN {THESE}", (charted.id, listed(titles)))
    return BookStep(len(titles) >= STEP, *found)


def _pass(db: sqlite3.Connection, charted: Charted, zone: tzinfo, now: float) -> BookStep:
    """All titles in order: those that have plays, and those that only the book has.

    Whatever a read changes from here on is news.
    """
    if charted.after == "" and charted.origin != exports.LEDGER:
        exports.keep_up(db, charted.id, records.state(db, charted.account).rev)
    after = charted.after or ""
    there = origins.titles_after(db, charted, after, STEP)
    booked = _titles_after(db, charted, after)
    titles = sorted({*there, *booked})[:STEP]
    found = _compare(db, charted, titles, zone, now)
    exports.reach(db, charted.id, titles[-1] if len(titles) == STEP else None, now)
    return BookStep(len(titles) == STEP, *found)


def _titles_after(db: sqlite3.Connection, charted: Charted, after: str) -> list[str]:
    query = "SELECT DISTINCT title FROM chart_entries WHERE charted = ? AND title > ? ORDER BY title LIMIT ?"
    return [row[0] for row in db.execute(query, (charted.id, after, STEP))]


def news(db: sqlite3.Connection, charted: Charted, now: float) -> list[str]:
    """Also those whose time has come."""
    told = db.execute("SELECT title FROM chart_news WHERE charted = ? LIMIT ?", (charted.id, STEP))
    titles = {row[0] for row in told}
    come = "SELECT title FROM chart_entries WHERE charted = ? AND why = ? AND at <= ? AND place IS NULL LIMIT ?"
    titles |= {row[0] for row in db.execute(come, (charted.id, FUTURE, now + AHEAD, STEP))}
    return sorted(titles)[: 2 * STEP]


def hear(db: sqlite3.Connection, charted: Charted) -> int:
    """What reads of the account have changed since it was last compared is news; returns of how many titles.

    An account that was forgotten meanwhile is compared completely, as soon as it is read completely.
    """
    state = records.state(db, charted.account)
    if charted.after is not None or state.rev == charted.rev:
        return 0
    if state.rev < charted.rev:
        exports.reach(db, charted.id, "", 0.0)
        return 0
    titles = records.touched(db, charted.account, charted.rev)
    db.executemany("INSERT OR IGNORE INTO chart_news VALUES (?,?)", [(charted.id, title) for title in titles])
    exports.keep_up(db, charted.id, state.rev)
    return len(titles)


def may_pass(db: sqlite3.Connection, charted: Charted) -> bool:
    """Whether all there is can be compared: an account has to have been read to its end."""
    return charted.origin == exports.LEDGER or records.state(db, charted.account).full_at > 0


class BookPreview(Struct, frozen=True):
    """What a comparison would change, from the titles after one to ``last``; ``None`` where that is all."""

    last: str | None
    plays: int
    written: int
    removed: int


def preview(db: sqlite3.Connection, charted: Charted, zone: tzinfo, now: float, after: str) -> BookPreview:
    """A few titles further; nothing is written down."""
    there = origins.titles_after(db, charted, after, STEP)
    titles = sorted({*there, *_titles_after(db, charted, after)})[:STEP]
    plays, written, removed = 0, 0, 0
    for those, plan in _plans(db, charted, titles, zone, now):
        plays, written, removed = plays + those, written + len(plan.written), removed + len(plan.removed)
    return BookPreview(titles[-1] if len(titles) == STEP else None, plays, written, removed)


def _compare(
    db: sqlite3.Connection, charted: Charted, titles: Collection[str], zone: tzinfo, now: float
) -> tuple[int, int]:
    """How many plays were looked at, and how much changed."""
    looked = changed = mark = 0
    for those, plan in _plans(db, charted, titles, zone, now):
        if plan:
            mark = mark or next_mark(db)
            _put(db, charted, plan, mark)
        looked, changed = looked + those, changed + len(plan.put) + len(plan.gone)
    return looked, changed


def _plans(
    db: sqlite3.Connection, charted: Charted, titles: Collection[str], zone: tzinfo, now: float
) -> Iterator[tuple[int, ChartPlan]]:
    """Of each title how many plays it has, and what changes; to be put before the next one is asked for."""
    plays = origins.of_titles(db, charted, titles)
    booked = _of_titles(db, charted, titles)
    elsewhere = _of_ids(db, charted, {play.id for those in plays.values() for play in those} - booked.keys())
    if others := {one.title for one in elsewhere.values()} - plays.keys():  # a play is of something else now
        plays |= origins.of_titles(db, charted, others)
        booked |= _of_titles(db, charted, others)
    for title, those in plays.items():
        ids = {play.id for play in those}
        mine = {id_: one for id_, one in booked.items() if one.title == title or id_ in ids}
        booked = {id_: one for id_, one in booked.items() if id_ not in mine}
        yield len(those), changes(entries(title, those, mine, _around(db, charted, zone, now)), mine)


def _around(db: sqlite3.Connection, charted: Charted, zone: tzinfo, now: float) -> Surroundings:
    def is_taken(place: ChartPlace) -> bool:
        rows = db.execute(
            "SELECT 1 FROM chart_entries JOIN charted ON charted.id = chart_entries.charted WHERE place = ? "
            "AND media = ? AND chart_entries.source = ? AND rewatch = ? AND sink = ? AND tag = ? LIMIT 1",
            (place.at, place.media, place.source, int(place.rewatch), charted.sink, charted.tag),
        )
        return rows.fetchone() is not None

    earliest = EARLIEST if charted.earliest is None else charted.earliest
    return Surroundings(zone, now, is_taken, charted.tag, earliest)


def _of_titles(db: sqlite3.Connection, charted: Charted, titles: Iterable[str]) -> dict[str, ChartEntry]:
    query = f"SELECT {ENTRY} FROM chart_entries INDEXED BY chart_titles WHERE charted = ? AND title IN {THESE}"
    return {row[0]: entry(row, charted.tag) for row in db.execute(query, (charted.id, listed(titles)))}


def _of_ids(db: sqlite3.Connection, charted: Charted, ids: Iterable[str]) -> dict[str, ChartEntry]:
    query = f"SELECT {ENTRY} FROM chart_entries WHERE charted = ? AND id IN {THESE}"
    return {row[0]: entry(row, charted.tag) for row in db.execute(query, (charted.id, listed(ids)))}


def _put(db: sqlite3.Connection, charted: Charted, plan: ChartPlan, mark: int) -> None:
    db.executemany("DELETE FROM chart_entries WHERE charted = ? AND id = ?", [(charted.id, id_) for id_ in plan.gone])
    db.executemany(
        f"INSERT INTO chart_entries (charted, {ENTRY}, mark) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE "
        "SET title = excluded.title, at = excluded.at, place = excluded.place, media = excluded.media, "
        "source = excluded.source, rewatch = excluded.rewatch, why = excluded.why, day = excluded.day, "
        "minutes = excluded.minutes, fields = excluded.fields, mark = excluded.mark, state = 0, words = NULL",
        [(charted.id, *_values(one), mark) for one in plan.put],
    )
    for place in plan.removed:
        remove(db, charted.sink, place, mark)
    for day in plan.days:
        count_anew(db, charted.sink, charted.tag, day, mark)


def _values(one: ChartEntry) -> tuple[Any, ...]:
    place = one.place
    stands = (None,) * 4 if place is None else (place.at, place.media, place.source, int(place.rewatch))
    return (one.id, one.title, one.at, *stands, one.reason, one.day, one.minutes, one.fields)


def next_mark(db: sqlite3.Connection) -> int:
    """Larger than all before it."""
    return int(db.execute("UPDATE chart_clock SET mark = mark + 1 RETURNING mark").fetchone()[0])


def remove(db: sqlite3.Connection, sink: str, place: ChartPlace, mark: int) -> None:
    """What stands there is to go."""
    db.execute(
        "INSERT OR REPLACE INTO chart_removals (sink, tag, place, media, source, rewatch, mark) VALUES (?,?,?,?,?,?,?)",
        (sink, place.viewer, place.at, place.media, place.source, int(place.rewatch), mark),
    )


def count_anew(db: sqlite3.Connection, sink: str, tag: str, day: ChartDay, mark: int) -> None:
    db.execute(
        "INSERT OR REPLACE INTO chart_days (sink, tag, utc, day, mark) VALUES (?,?,?,?,?)",
        (sink, tag, int(day.utc), day.number, mark),
    )
