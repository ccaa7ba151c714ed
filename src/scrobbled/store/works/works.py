"""Which work an item is, whoever reported it and under whatever ids: the catalogue of what this house has watched.

Two reports are one work when a service gives both the same id, or when title and numbers agree and no id speaks against
it. What later reports add is kept, and a report that shows two works to be one joins them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import Ids
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.matching import plain
from scrobbled.store.file.codec import decode_item, encode_item

STEP = 50
"""Plays that get their work in one go: some ten milliseconds in which no webhook is stored."""


class Work(Struct, frozen=True):
    """``item`` is all that is known of it: of a show an episode without season and number, of a season with a season.

    ``show`` is the id of the work it belongs to, for a season and for an episode whose show is known.
    """

    id: int
    kind: Scope
    item: Item
    show: int | None = None


def catch_up(db: sqlite3.Connection, limit: int = STEP) -> int:
    """Give up to ``limit`` plays their work, the oldest first; returns how many, 0 when none lacks one."""
    rows = db.execute("SELECT id, media, item FROM plays WHERE work IS NULL ORDER BY id LIMIT ?", (limit,)).fetchall()
    for play, media, text in rows:
        db.execute("UPDATE plays SET work = ? WHERE id = ?", (work_of(db, decode_item(media, text)), play))
    return len(rows)


def is_behind(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM plays WHERE work IS NULL LIMIT 1").fetchone() is not None


def work_of(db: sqlite3.Connection, item: Item) -> int:
    """The id of the work this movie or episode is; it is made where it is new."""
    if isinstance(item, Movie):
        return _settled(db, "movie", replace(item, origin=None), None)
    return _settled(db, "episode", replace(item, origin=None), show_of(db, item))


def show_of(db: sqlite3.Connection, item: Episode) -> int | None:
    """The id of the show's work; ``None`` where nothing at all is said of the show."""
    if not item.show_title and not item.show_ids:
        return None
    facts = Episode(item.show_title, None, None, show_year=item.show_year, show_ids=item.show_ids)
    return _settled(db, "show", facts, None)


def season_of(db: sqlite3.Connection, item: Episode) -> int | None:
    """The id of the work of the season; ``None`` where the show or the season's number is not known."""
    show = show_of(db, item)
    if show is None or item.season is None:
        return None
    facts = Episode(item.show_title, item.season, None, show_year=item.show_year, show_ids=item.show_ids)
    return _settled(db, "season", facts, show)


def known(db: sqlite3.Connection, kind: Scope, service: str, value: int | str) -> int | None:
    """The work that ``service`` gives this id, in the space of ``kind``."""
    row = db.execute("SELECT work FROM work_keys WHERE key = ? LIMIT 1", (f"{kind}:{service}:{value}",)).fetchone()
    return None if row is None else int(row[0])


def work(db: sqlite3.Connection, id_: int) -> Work:
    row = db.execute("SELECT id, kind, show, facts FROM works WHERE id = ?", (id_,)).fetchone()
    return Work(row[0], row[1], decode(row[1], row[3]), row[2])


def whole(kind: str, facts: str, show: str | None) -> Item:
    """The item of a work's row, with what is known of its show from wherever it was told."""
    item = decode(kind, facts)
    if show is None or not isinstance(item, Episode):
        return item
    known = decode("show", show)
    assert isinstance(known, Episode)
    return replace(item, show_title=known.show_title, show_year=known.show_year, show_ids=known.show_ids)


def decode(kind: str, facts: str) -> Item:
    """The item a work's row holds; a show and a season are told as an episode of theirs."""
    return decode_item("movie" if kind == "movie" else "episode", facts)


def _settled(db: sqlite3.Connection, kind: Scope, item: Item, show: int | None) -> int:
    found = _matching(db, kind, item, show)
    if not found:
        return _made(db, kind, item, show)
    first, *others = sorted(found, key=lambda w: w.id)
    for other in others:
        first = _joined(db, first, other)
    return _enriched(db, first, item, show)


def _matching(db: sqlite3.Connection, kind: Scope, item: Item, show: int | None) -> list[Work]:
    """Every work with one of the ids, and those of that name which neither the item nor one another contradict."""
    found = _works_with(db, _id_keys(kind, item))
    facts, ids = item, {w.id for w in found}
    for w in found:
        facts = _united(facts, w.item)
    for w in _works_with(db, _name_keys(kind, item, show)):
        if w.id not in ids and _agree(kind, w.item, facts):
            found.append(w)
            facts = _united(facts, w.item)
    return found


def _works_with(db: sqlite3.Connection, keys: Sequence[str]) -> list[Work]:
    marks = ",".join("?" * len(keys))
    rows = db.execute(
        "SELECT DISTINCT works.id, kind, show, facts FROM work_keys JOIN works ON works.id = work "
        f"WHERE key IN ({marks}) ORDER BY works.id",
        keys,
    )
    return [Work(row[0], row[1], decode(row[1], row[3]), row[2]) for row in rows]


def _id_keys(kind: Scope, item: Item) -> list[str]:
    return [f"{kind}:{service}:{value}" for service, value in _own_ids(kind, item).known().items()]


def _own_ids(kind: Scope, item: Item) -> Ids:
    if kind == "show" and isinstance(item, Episode):
        return item.show_ids
    return item.ids


def _name_keys(kind: Scope, item: Item, show: int | None) -> list[str]:
    """What it is called, where that tells it apart: a title, or a place in its show."""
    if isinstance(item, Movie):
        return [f"movie:title:{_plainly(item.title)}:{item.year}"] if item.title else []
    if kind == "show":
        return [f"show:title:{_plainly(item.show_title)}"] if item.show_title else []
    if show is None:
        return []
    if kind == "season":
        return [f"season:of:{show}:{item.season}"]
    if item.number is not None:
        season = "through" if item.absolute else item.season
        return [f"episode:of:{show}:{season}:{item.number}"]
    return [f"episode:of:{show}:{item.air_date}"] if item.air_date else []


def _plainly(title: str) -> str:
    return plain(title) or title.casefold().strip()


def _agree(kind: Scope, one: Item, other: Item) -> bool:
    """Whether nothing speaks against two of one name being one: no service tells them apart, and shows share a year."""
    if kind != "show":
        return _no_quarrel(one.ids, other.ids)
    assert isinstance(one, Episode)
    assert isinstance(other, Episode)
    years = {one.show_year, other.show_year} - {None}
    return len(years) < 2 and _no_quarrel(one.show_ids, other.show_ids)


def _no_quarrel(one: Ids, other: Ids) -> bool:
    ours, theirs = one.known(), other.known()
    return all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())


def _made(db: sqlite3.Connection, kind: Scope, item: Item, show: int | None) -> int:
    season, number = (None, None) if isinstance(item, Movie) else (item.season, item.number)
    id_ = db.execute(
        "INSERT INTO works (kind, show, season, number, facts) VALUES (?,?,?,?,?)",
        (kind, show, season, number, encode_item(item)),
    ).lastrowid
    assert id_ is not None
    _add_keys(db, id_, (*_id_keys(kind, item), *_name_keys(kind, item, show)))
    return id_


def _enriched(db: sqlite3.Connection, old: Work, item: Item, show: int | None) -> int:
    """Write down what the report adds. Its ids and titles are remembered even where others came first."""
    if show is not None and old.show is not None and show != old.show and (one := _one_show(db, old.show, show)):
        return _settled(db, old.kind, item, one)  # joining the shows may have joined this work with another
    facts, belongs = _united(old.item, item), show if old.show is None else old.show
    if facts == old.item and belongs == old.show and _says_nothing_new(old, item):
        return old.id
    titled = item if old.kind in ("movie", "show") else facts  # the first place told is the one that counts
    _add_keys(db, old.id, (*_id_keys(old.kind, item), *_name_keys(old.kind, titled, belongs)))
    if facts != old.item or belongs != old.show:
        _save(db, replace(old, item=facts, show=belongs))
    return old.id


def _says_nothing_new(old: Work, item: Item) -> bool:
    same_name = _name_keys(old.kind, old.item, old.show) == _name_keys(old.kind, item, old.show)
    return same_name and _no_quarrel(_own_ids(old.kind, old.item), _own_ids(old.kind, item))


def _save(db: sqlite3.Connection, changed: Work) -> None:
    item = changed.item
    season, number = (None, None) if isinstance(item, Movie) else (item.season, item.number)
    db.execute(
        "UPDATE works SET show = ?, season = ?, number = ?, facts = ? WHERE id = ?",
        (changed.show, season, number, encode_item(item), changed.id),
    )


def _united(one: Item, other: Item) -> Item:
    """The first, with its gaps filled from the second. Season and number are told together or not at all."""
    if isinstance(one, Movie) or isinstance(other, Movie):
        assert isinstance(one, Movie)
        assert isinstance(other, Movie)
        return Movie(one.title or other.title, one.year or other.year, one.ids.merged(other.ids))
    place = one if one.number is not None or other.number is None else other
    return replace(
        one,
        show_title=one.show_title or other.show_title,
        season=place.season if place.season is not None else one.season,
        number=place.number,
        absolute=place.absolute,
        title=one.title or other.title,
        show_year=one.show_year or other.show_year,
        show_ids=one.show_ids.merged(other.show_ids),
        ids=one.ids.merged(other.ids),
        air_date=one.air_date or other.air_date,
    )


def _one_show(db: sqlite3.Connection, one: int, other: int) -> int | None:
    """An episode was reported under two shows: they are one under two names, unless something speaks against it."""
    first, second = (work(db, id_) for id_ in sorted((one, other)))
    return _joined(db, first, second).id if _agree("show", first.item, second.item) else None


def _joined(db: sqlite3.Connection, first: Work, other: Work) -> Work:
    """Everything of ``other`` belongs to ``first`` from now on."""
    if first.kind == "show":
        _take_over(db, first.id, other.id)
    db.execute("UPDATE OR IGNORE work_keys SET work = ? WHERE work = ?", (first.id, other.id))
    db.execute("DELETE FROM work_keys WHERE work = ?", (other.id,))
    db.execute("UPDATE plays SET work = ? WHERE work = ?", (first.id, other.id))
    for register in ("resumes", "ratings", "watching"):
        db.execute(f"UPDATE OR IGNORE {register} SET work = ? WHERE work = ?", (first.id, other.id))
        db.execute(f"DELETE FROM {register} WHERE work = ?", (other.id,))
    db.execute("DELETE FROM works WHERE id = ?", (other.id,))
    belongs = first.show if first.show is not None else other.show
    one = Work(first.id, first.kind, _united(first.item, other.item), belongs)
    _save(db, one)
    return one


def _take_over(db: sqlite3.Connection, show: int, other: int) -> None:
    """The seasons and episodes of ``other``, each joined with its like."""
    for (id_,) in db.execute("SELECT id FROM works WHERE show = ? ORDER BY id", (other,)).fetchall():
        child = replace(work(db, id_), show=show)
        db.execute("DELETE FROM work_keys WHERE work = ? AND key LIKE ?", (id_, f"{child.kind}:of:%"))
        _save(db, child)
        names = _name_keys(child.kind, child.item, show)
        for like in _works_with(db, names):
            if like.id != id_ and _agree(child.kind, like.item, child.item):
                _joined(db, like, child)
                break
        else:
            _add_keys(db, id_, names)


def _add_keys(db: sqlite3.Connection, id_: int, keys: Iterable[str]) -> None:
    db.executemany("INSERT OR IGNORE INTO work_keys (key, work) VALUES (?,?)", [(key, id_) for key in keys])
