"""Plays to be charted, by title: from the mirror of an account, or from our own ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from scrobbled.core.charts.plays import ChartPlay, number_of
from scrobbled.core.naming.items import Item
from scrobbled.core.naming.things import names_of
from scrobbled.store.charts.exports import LEDGER, Charted
from scrobbled.store.file.codec import THESE, decode_item, instant, listed
from scrobbled.store.mirror.records import GONE
from scrobbled.store.queue.words import IS_ANOTHER
from scrobbled.store.works import works

_TITLE = "printf('%012d', {})"
_ASIDE = (
    "EXISTS (SELECT 1 FROM outbox AS a INDEXED BY outbox_no_plays WHERE a.play_id = p.id AND (a.state = 'undone' "
    f"OR {IS_ANOTHER.format('a')})) AND NOT EXISTS (SELECT 1 FROM outbox AS b WHERE b.play_id = p.id "
    f"AND b.state <> 'unwanted' AND b.state <> 'undone' AND NOT {IS_ANOTHER.format('b')})"
)
"""As SQL: it was taken back everywhere, or proved to be another play's viewing; as in ``store.history.tally``."""
ChartTitles = dict[str, list[ChartPlay]]


def titles_after(db: sqlite3.Connection, charted: Charted, after: str, limit: int) -> list[str]:
    """The titles of all plays there, in order, in pages: pass the last one seen."""
    if charted.origin == LEDGER:
        query = f"SELECT DISTINCT {_TITLE.format('work')} FROM plays WHERE viewer = ? AND work > ? ORDER BY 1 LIMIT ?"
        rows = db.execute(query, (charted.viewer, int(after or 0), limit))
    else:
        rows = db.execute(
            "SELECT DISTINCT key FROM records INDEXED BY records_of_key WHERE viewer = ? AND tracker = ? AND key > ? "
            "ORDER BY key LIMIT ?",
            (*charted.account, after, limit),
        )
    return [row[0] for row in rows]


def of_titles(db: sqlite3.Connection, charted: Charted, titles: Collection[str]) -> ChartTitles:
    """Every play of these titles that is there; a title without any has an empty list."""
    found: ChartTitles = {title: [] for title in titles}
    for title, play in _ledger(db, charted, titles) if charted.origin == LEDGER else _mirror(db, charted, titles):
        found[title].append(play)
    return found


def _mirror(db: sqlite3.Connection, charted: Charted, titles: Collection[str]) -> list[tuple[str, ChartPlay]]:
    """A mark beside the plays is none of them."""
    rows = db.execute(
        "SELECT id, key, at, kept, first_seen, scope, item, runtime FROM records AS r INDEXED BY records_of_key "
        "JOIN subjects USING (viewer, tracker, key) WHERE r.viewer = ? AND r.tracker = ? "
        f"AND r.key IN {THESE} AND missed < {GONE} AND NOT (kept = 'none' AND at IS NULL AND made_at IS NOT NULL)",
        (*charted.account, listed(titles)),
    )
    return [(row[1], _of_record(db, charted, row)) for row in rows.fetchall()]


def _of_record(db: sqlite3.Connection, charted: Charted, row: Sequence[Any]) -> ChartPlay:
    id_, _, at, kept, first_seen, scope, item_text, runtime = row
    item = decode_item("movie" if scope == "movie" else "episode", item_text)
    seconds = runtime or _elsewhere(db, charted.viewer, item)
    when = None if kept == "none" else at
    return ChartPlay(id_, number_of(id_), when, item, charted.origin, instant(first_seen), _minutes(seconds))


def _ledger(db: sqlite3.Connection, charted: Charted, titles: Collection[str]) -> list[tuple[str, ChartPlay]]:
    rows = db.execute(
        "SELECT p.id, p.work, p.watched_at, p.source, p.created_at, coalesce(nullif(p.duration_ms, 0), "
        "(SELECT max(duration_ms) FROM plays AS q INDEXED BY idx_plays_work WHERE q.work = p.work)), w.kind, w.facts, "
        "s.facts FROM plays AS p INDEXED BY idx_plays_viewer_work_watched_at_created_at JOIN works AS w "
        "ON w.id = p.work LEFT JOIN works AS s ON s.id = w.show WHERE p.viewer = ? "
        f"AND p.work IN (SELECT CAST(value AS INTEGER) FROM json_each(?)) AND NOT ({_ASIDE})",
        (charted.viewer, listed(titles)),
    )
    return [(f"{row[1]:012d}", _of_play(db, charted, row)) for row in rows.fetchall()]


def _of_play(db: sqlite3.Connection, charted: Charted, row: Sequence[Any]) -> ChartPlay:
    id_, _, at, source, created_at, ms, kind, facts, show = row
    item = works.whole(kind, facts, show)
    seconds = ms / 1000 if ms else _elsewhere(db, charted.viewer, item)
    return ChartPlay(str(id_), id_, at, item, source, instant(created_at), _minutes(seconds))


def _elsewhere(db: sqlite3.Connection, viewer: str, item: Item) -> float | None:
    """How long another account, or a media server that is one, says that it is: seconds."""
    row = db.execute(
        "SELECT max(runtime) FROM json_each(?) AS name CROSS JOIN readings AS a CROSS JOIN subject_names AS n "
        "ON n.viewer = a.viewer AND n.tracker = a.tracker AND n.name = name.value CROSS JOIN subjects AS s "
        "ON s.viewer = n.viewer AND s.tracker = n.tracker AND s.key = n.key WHERE a.viewer = ?",
        (listed(names_of(item.media, item)), viewer),
    ).fetchone()
    found: float | None = row[0]
    return found


def _minutes(seconds: float | None) -> float | None:
    return round(seconds / 60, 3) if seconds and seconds > 0 else None
