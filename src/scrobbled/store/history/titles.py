"""What plays and works are about, with all that is known of it, and what they are called."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from scrobbled.core.naming.corrections import corrected
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.titles import Title, TitleKind
from scrobbled.store.file.codec import THESE, decode_item
from scrobbled.store.queue.corrections import in_force
from scrobbled.store.works import works

KNOWN = 3_000
LISTED = 500
OF_THE_SHOW = (
    "SELECT other.id FROM plays AS mine JOIN works ON works.id = mine.work JOIN works AS other "
    "ON other.id = works.id OR other.show = works.show WHERE mine.id = ?"
)
"""As SQL: the works of the same show, or the same film, as a play."""
_PLAYS = (
    "SELECT plays.id, plays.viewer, plays.media, plays.item, works.kind, works.facts, shows.facts FROM plays "
    "LEFT JOIN works ON works.id = plays.work LEFT JOIN works AS shows ON shows.id = works.show"
)
_LAST_OF = (
    "SELECT item FROM plays WHERE work = works.id OR work IN "
    "(SELECT id FROM works AS parts WHERE parts.show = works.id ORDER BY id DESC LIMIT 40) ORDER BY id DESC LIMIT 1"
)


def of_plays(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Item]:
    """By play; corrected, and with the ids that other reports of the same work told. Unknown ones are left out."""
    return _items(db, db.execute(f"{_PLAYS} WHERE plays.id IN {THESE}", (json.dumps(list(ids)),)))


def newest_plays(db: sqlite3.Connection, after: int, limit: int) -> dict[int, Item]:
    """As ``of_plays``, for the newest of those that came after one; the newest first."""
    return _items(db, db.execute(f"{_PLAYS} WHERE plays.id > ? ORDER BY plays.id DESC LIMIT ?", (after, limit)))


def of_works(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Item]:
    """By work; where it is kept is told by a play of it. Unknown ones are left out."""
    rows = db.execute(
        f"SELECT works.id, works.kind, works.facts, shows.facts, ({_LAST_OF}) FROM works "
        f"LEFT JOIN works AS shows ON shows.id = works.show WHERE works.id IN {THESE}",
        (json.dumps(list(ids)),),
    )
    return {row[0]: _kept_at(works.whole(row[1], row[2], row[3]), row[1], row[4]) for row in rows}


def watched(db: sqlite3.Connection, kind: TitleKind) -> list[Title]:
    """Shows or films that were watched here before: the newest, some thousands at most."""
    ids, name, year = ("show_ids", "show_title", "show_year") if kind == "show" else ("ids", "title", "year")
    rows = db.execute(
        f"SELECT json_extract(facts, '$.{name}'), json_extract(facts, '$.{year}'), json_extract(facts, '$.{ids}.tmdb') "
        f"FROM works WHERE kind = ? ORDER BY id DESC LIMIT {KNOWN}",
        (kind,),
    )
    return [Title(kind, str(title), year, tmdb) for title, year, tmdb in rows if title]


def seasons(db: sqlite3.Connection, play: int | None) -> list[int]:
    """The season of each episode that was watched here of the show of this play, as their sources number them."""
    rows = db.execute(
        "SELECT DISTINCT json_extract(plays.item, '$.season'), json_extract(plays.item, '$.number') FROM plays "
        f"WHERE plays.id = ? OR plays.work IN ({OF_THE_SHOW}) LIMIT {LISTED}",
        (play, play),
    )
    return [season for season, number in rows if season is not None and number is not None]


def names(db: sqlite3.Connection, limit: int) -> list[str]:
    """What so many of the newest plays, and their shows, are called."""
    rows = db.execute(
        "SELECT label, json_extract(item, '$.show_title'), json_extract(item, '$.title') FROM plays "
        "WHERE json_valid(item) ORDER BY id DESC LIMIT ?",
        (limit,),
    )
    return [str(name) for row in rows for name in row if name]


def _items(db: sqlite3.Connection, rows: Iterable[Sequence[Any]]) -> dict[int, Item]:
    known = in_force(db)
    result: dict[int, Item] = {}
    for id_, viewer, media, text, kind, facts, show in rows:
        item = decode_item(media, text)
        told = corrected(item, viewer, known)
        if told.correction is not None:
            result[id_] = replace(told.item, origin=None)  # its server says what it was taken for
        else:
            result[id_] = item if kind is None else _merged(item, works.whole(kind, facts, show))
    return result


def _merged(item: Item, known: Item) -> Item:
    if isinstance(item, Movie) and isinstance(known, Movie):
        return replace(item, ids=item.ids.merged(known.ids))
    if isinstance(item, Episode) and isinstance(known, Episode):
        return replace(item, show_ids=item.show_ids.merged(known.show_ids))
    return item


def _kept_at(item: Item, kind: str, play: str | None) -> Item:
    if play is None:
        return item
    return replace(item, origin=decode_item("movie" if kind == "movie" else "episode", play).origin)
