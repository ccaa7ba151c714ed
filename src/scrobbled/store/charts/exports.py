"""Who is exported where, from which origin, and how far that is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

LEDGER = "ledger"
_COLUMNS = "id, sink, viewer, origin, zone, tag, earliest, rev, after, built_at"


class ChartWish(Struct, frozen=True):
    """What the configuration says of one viewer. ``zone`` is its name, empty for the machine's.

    ``tag`` is the viewer as written into the points; empty where they do not tell.
    """

    viewer: str
    origin: str
    zone: str
    tag: str = ""


class Charted(Struct, frozen=True):
    """One export. ``after`` is how far a comparison of everything has come, ``None`` where none is under way."""

    id: int
    sink: str
    viewer: str
    origin: str
    zone: str
    tag: str
    earliest: int | None
    rev: int
    after: str | None
    built_at: float | None

    @property
    def account(self) -> tuple[str, str]:
        """Of which it is exported; of the ledger it is none."""
        return self.viewer, self.origin


def all_of(db: sqlite3.Connection, sink: str) -> list[Charted]:
    rows = db.execute(f"SELECT {_COLUMNS} FROM charted WHERE sink = ? ORDER BY id", (sink,))
    return [Charted(*row) for row in rows]


def named(db: sqlite3.Connection, charted: int) -> Charted | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM charted WHERE id = ?", (charted,)).fetchone()
    return None if row is None else Charted(*row)


def settle(db: sqlite3.Connection, sink: str, wishes: Iterable[ChartWish], *, can_forget: bool) -> None:
    """The exports are those of the wishes. One that is wished otherwise is built anew, and so are those that stood in
    the same series; one that is wished no more stays as it is, and is not kept up to date.

    ``can_forget``: what is there can be cleared, so that nothing of before has to be remembered.
    """
    there = {one.viewer: one for one in all_of(db, sink)}
    for wish in wishes:
        before = there.get(wish.viewer)
        told = (wish.origin, wish.zone, wish.tag)
        if before is None:
            db.execute(
                "INSERT INTO charted (sink, viewer, origin, zone, tag) VALUES (?,?,?,?,?)", (sink, wish.viewer, *told)
            )
        elif told != (before.origin, before.zone, before.tag):
            restart(db, sink, {before.tag}, can_forget=can_forget)
            db.execute("UPDATE charted SET origin = ?, zone = ?, tag = ?, rev = 0 WHERE id = ?", (*told, before.id))


def restart(db: sqlite3.Connection, sink: str, tags: Iterable[str], *, can_forget: bool) -> None:
    """All that stands in these series is written anew from what is stored; no tracker is asked.

    Where it ``can_forget``, the series are cleared first; an empty tag means everything there is.
    """
    everything = "" in set(tags)
    for one in [one for one in all_of(db, sink) if everything or one.tag in tags]:
        db.execute("UPDATE charted SET after = '' WHERE id = ?", (one.id,))
        if can_forget:
            db.execute("DELETE FROM chart_entries WHERE charted = ?", (one.id,))
        else:
            db.execute("UPDATE chart_entries SET fields = 0 WHERE charted = ? AND place IS NOT NULL", (one.id,))
    if can_forget:
        _clear(db, sink, {""} if everything else set(tags))


def _clear(db: sqlite3.Connection, sink: str, tags: Iterable[str]) -> None:
    for tag in tags:
        db.execute("INSERT OR IGNORE INTO chart_clears VALUES (?,?)", (sink, tag))
        for name in ("chart_removals", "chart_days"):
            db.execute(f"DELETE FROM {name} WHERE sink = ? AND (tag = ? OR ? = '')", (sink, tag, tag))


def clear_all(db: sqlite3.Connection) -> None:
    """Of what was exported anywhere nothing is known any more: it is cleared before anything is written."""
    db.execute("INSERT OR IGNORE INTO chart_clears SELECT DISTINCT sink, '' FROM charted")


def restart_all(db: sqlite3.Connection) -> None:
    """What stands in the databases of charts may be newer than all that is known here: it is built anew."""
    for (sink,) in db.execute("SELECT DISTINCT sink FROM charted").fetchall():
        restart(db, sink, {""}, can_forget=True)


def forget(db: sqlite3.Connection, sink: str) -> int:
    """What was exported there, of everybody; returns how many exports that were. The next one is a rebuild."""
    ids = [(one.id,) for one in all_of(db, sink)]
    for name in ("chart_entries", "chart_news"):
        db.executemany(f"DELETE FROM {name} WHERE charted = ?", ids)
    for name in ("chart_removals", "chart_days", "charted"):
        db.execute(f"DELETE FROM {name} WHERE sink = ?", (sink,))
    db.execute("INSERT OR IGNORE INTO chart_clears VALUES (?,'')", (sink,))
    return len(ids)


def drop(db: sqlite3.Connection, sink: str, viewer: str) -> Charted | None:
    """That viewer is exported no more, and what stands there of them goes; ``None`` where nobody of that name is."""
    found = next((one for one in all_of(db, sink) if one.viewer == viewer), None)
    if found is None:
        return None
    restart(db, sink, {found.tag}, can_forget=True)
    db.execute("DELETE FROM chart_news WHERE charted = ?", (found.id,))
    db.execute("DELETE FROM charted WHERE id = ?", (found.id,))
    return found


def reach(db: sqlite3.Connection, charted: int, after: str | None, now: float) -> None:
    """So far a comparison of everything has come; ``None`` ends it."""
    if after is None:
        db.execute("UPDATE charted SET after = NULL, built_at = ? WHERE id = ?", (now, charted))
    else:
        db.execute("UPDATE charted SET after = ? WHERE id = ?", (after, charted))


def keep_up(db: sqlite3.Connection, charted: int, rev: int) -> None:
    """All that reads up to that one have changed is compared."""
    db.execute("UPDATE charted SET rev = ? WHERE id = ?", (rev, charted))
