"""What plays and works are about, with all that is known of it: for whoever looks for a picture."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from scrobbled.core.corrections import corrected
from scrobbled.core.items import Episode, Item, Movie
from scrobbled.store import works
from scrobbled.store.codec import THESE, decode_item
from scrobbled.store.corrections import in_force

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
