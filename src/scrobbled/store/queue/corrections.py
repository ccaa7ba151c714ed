"""The owner's corrections, and the changes that waited for one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.naming.corrections import Correction, Ignore, Of, OfMovie, OfShow, Target, ToMovie, ToShow
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Item
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import Code
from scrobbled.store.file.codec import decode_item
from scrobbled.store.queue import outbox
from scrobbled.store.queue.words import SAYS_NOTHING

_COLUMNS = "id, viewer, media, title, year, ids, season, first, last, target, tmdb, to_season, to_first"
_QUERY = (
    "SELECT outbox.id, outbox.play_id, outbox.viewer, outbox.tracker, plays.label, plays.media, plays.item "
    "FROM outbox JOIN plays ON plays.id = outbox.play_id"
)
_MAY_WAIT = (
    "outbox.state NOT IN ('delivered', 'already-there', 'echo', 'unwanted', 'undone') AND outbox.phase = '' "  # indexed
    "AND (outbox.state IN ('queued', 'parked', 'unmatched') OR outbox.state = 'dead' "
    f"AND outbox.code = '{Code.NOT_FOUND}')"
)
_LEFT_OUT = f"outbox.state = 'unwanted' AND outbox.code = '{Code.CORRECTION}'"


class StoredCorrection(Struct, frozen=True):
    """A correction and when it was set, in Unix seconds."""

    correction: Correction
    set_at: float


class CorrectableChange(Struct, frozen=True):
    """A change that a correction may apply to."""

    id: int
    play_id: int
    viewer: str
    tracker: str
    label: str
    item: Item


def listed(db: sqlite3.Connection) -> list[StoredCorrection]:
    """All of them, oldest first."""
    rows = db.execute(f"SELECT {_COLUMNS}, set_at FROM corrections ORDER BY id")
    return [StoredCorrection(_correction(row), row[-1]) for row in rows]


def in_force(db: sqlite3.Connection, viewer: str | None = None) -> tuple[Correction, ...]:
    """Those that may apply to a play of ``viewer``, oldest first; ``None`` is all."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM corrections WHERE ? IS NULL OR viewer IS NULL OR viewer = ? ORDER BY id",
        (viewer, viewer),
    )
    return tuple(_correction(row) for row in rows)


def add(db: sqlite3.Connection, correction: Correction, now: float) -> Correction:
    """As it is stored, with its id; ids grow and none is used twice."""
    of, target = correction.of, correction.target
    place = (of.season, of.first, of.last) if isinstance(of, OfShow) else (None, None, None)
    to = (target.season, target.first) if isinstance(target, ToShow) else (None, None)
    cursor = db.execute(
        "INSERT INTO corrections (viewer, media, title, year, ids, season, first, last, target, tmdb, to_season, "
        "to_first, set_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            correction.viewer,
            "episode" if isinstance(of, OfShow) else "movie",
            of.title,
            of.year,
            json.dumps(of.ids.known()),
            *place,
            _word(target),
            None if isinstance(target, Ignore) else target.tmdb,
            *to,
            now,
        ),
    )
    return replace(correction, id=int(cursor.lastrowid or 0))


def remove(db: sqlite3.Connection, id_: int) -> Correction | None:
    """The one that was removed, ``None`` where there is none with this id."""
    found = next((c for c in in_force(db) if c.id == id_), None)
    db.execute("DELETE FROM corrections WHERE id = ?", (id_,))
    return found


def concerned(db: sqlite3.Connection, fits: Callable[[CorrectableChange], bool]) -> list[CorrectableChange]:
    """What a correction may still change, oldest first: what is to be looked up, and what was left out by one.

    Never a write that has begun, and of dead changes only those that were not found.
    """
    found = [*_select(db, _MAY_WAIT), *_select(db, _LEFT_OUT)]
    return sorted((change for change in found if fits(change)), key=lambda change: change.id)


def reopen(db: sqlite3.Connection, ids: Collection[int], now: float, why: str) -> None:
    """Due now, to be looked up as if it were the first time; only the counters of attempts are kept."""
    db.executemany(
        f"UPDATE outbox SET state = 'queued', phase = '', {SAYS_NOTHING}, next_at = 0, candidates = NULL, "
        "address_key = NULL, address = NULL, how = NULL, confidence = NULL, settled_at = NULL WHERE id = ?",
        [(id_,) for id_ in ids],
    )
    for id_ in ids:
        outbox.note(db, id_, now, PlayOutcome.QUEUED, why)


def _select(db: sqlite3.Connection, condition: str) -> list[CorrectableChange]:
    rows = db.execute(f"{_QUERY} WHERE {condition}")
    return [CorrectableChange(*(*row[:5], decode_item(row[5], row[6]))) for row in rows]


def _word(target: Target) -> str:
    return {ToShow: "show", ToMovie: "movie", Ignore: "ignore"}[type(target)]


def _correction(row: Sequence[object]) -> Correction:
    id_, viewer, media, title, year, ids, season, first, last, word, tmdb, to_season, to_first, *_ = row
    known = json.loads(str(ids))
    of: Of = OfMovie(_text(title), _whole(year), MovieIds(**known))
    if media == "episode":
        of = OfShow(_text(title), _whole(year), ShowIds(**known), _whole(season), _whole(first), _whole(last))
    target: Target = Ignore()
    if word == "show":
        target = ToShow(_whole(tmdb) or 0, _whole(to_season), _whole(to_first))
    elif word == "movie":
        target = ToMovie(_whole(tmdb) or 0)
    return Correction(_whole(id_) or 0, None if viewer is None else _text(viewer), of, target)


def _text(value: object) -> str:
    return str(value)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
