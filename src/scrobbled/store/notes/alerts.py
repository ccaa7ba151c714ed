"""Troubles, who was told of them, and which addresses could not be reached: remembered across restarts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeVar

from scrobbled.alerts import CALM, LastTold, Open, Reach, Trouble, TroubleKey

T = TypeVar("T")


class Keeping(Protocol):
    """What ``Store`` is to those who read and write."""

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T: ...

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T: ...


class StoredTroubles:
    """``alerts.Memory`` in SQLite."""

    def __init__(self, store: Keeping) -> None:
        self._store = store

    async def seen(self, trouble: Trouble, now: float) -> bool:
        return await self._store.write(partial(_seen, trouble=trouble, now=now))

    async def over(self, key: TroubleKey, title: str, text: str, now: float) -> Open | None:
        def end(db: sqlite3.Connection) -> Open | None:
            changed = db.execute(
                "UPDATE alerts SET title = ?, text = ?, ended_at = ? WHERE kind = ? AND subject = ? "
                "AND ended_at IS NULL",
                (title, text, now, *key),
            ).rowcount
            return next((trouble for trouble in remembered(db) if trouble.key == key), None) if changed else None

        return await self._store.write(end)

    async def everything(self) -> Sequence[Open]:
        return await self._store.read(remembered)

    async def told(self, address: str, keys: Collection[TroubleKey], told: LastTold) -> None:
        def note(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT OR REPLACE INTO alerts_told (kind, subject, address, at, good) VALUES (?,?,?,?,?)",
                [(*key, address, told.at, told.good) for key in keys],
            )
            db.executemany(
                "UPDATE alerts SET last_sent = ? WHERE kind = ? AND subject = ?", [(told.at, *key) for key in keys]
            )

        await self._store.write(note)

    async def forget(self, keys: Collection[TroubleKey]) -> None:
        def drop(db: sqlite3.Connection) -> None:
            for table in ("alerts", "alerts_told"):
                db.executemany(f"DELETE FROM {table} WHERE kind = ? AND subject = ?", list(keys))

        await self._store.write(drop)

    async def reach(self) -> Mapping[str, Reach]:
        return await self._store.read(unreached)

    async def reached(self, address: str, reach: Reach | None) -> None:
        def note(db: sqlite3.Connection) -> None:
            if reach is None:
                db.execute("DELETE FROM alerts_reach WHERE address = ?", (address,))
                return
            db.execute(
                "INSERT OR REPLACE INTO alerts_reach (address, failures, next_at, failed_at, why) VALUES (?,?,?,?,?)",
                (address, reach.failures, reach.next_at, reach.failed_at, reach.why),
            )

        await self._store.write(note)


def remembered(db: sqlite3.Connection) -> list[Open]:
    """Every trouble, the oldest first, also what is over and not yet forgotten."""
    told: dict[TroubleKey, dict[str, LastTold]] = {}
    for kind, subject, address, at, good in db.execute("SELECT kind, subject, address, at, good FROM alerts_told"):
        told.setdefault((kind, subject), {})[address] = LastTold(at, bool(good))
    rows = db.execute(
        "SELECT kind, subject, title, text, viewer, link, once, first_seen, last_seen, count, returns, ended_at "
        "FROM alerts ORDER BY first_seen, kind, subject"
    )
    return [Open(*(*row[:6], bool(row[6]), *row[7:], told.get((row[0], row[1]), {}))) for row in rows]


def unreached(db: sqlite3.Connection) -> dict[str, Reach]:
    """Addresses that did not accept what was sent last."""
    rows = db.execute("SELECT address, failures, next_at, failed_at, why FROM alerts_reach")
    return {row[0]: Reach(*row[1:]) for row in rows}


def _seen(db: sqlite3.Connection, *, trouble: Trouble, now: float) -> bool:
    key = (trouble.kind, trouble.subject)
    row = db.execute("SELECT ended_at FROM alerts WHERE kind = ? AND subject = ?", key).fetchone()
    if row is not None and row[0] is not None and not 0 <= now - row[0] < CALM:
        # who has not heard of the end yet knows that it is bad, and is not told so once more
        db.execute("DELETE FROM alerts_told WHERE kind = ? AND subject = ? AND good", key)
        db.execute("DELETE FROM alerts WHERE kind = ? AND subject = ?", key)
        row = None
    db.execute(
        "INSERT INTO alerts (kind, subject, title, text, viewer, link, once, first_seen, last_seen, count, last_sent) "
        "VALUES (?,?,?,?,?,?,?,?,?,1,0) ON CONFLICT (kind, subject) DO UPDATE SET title = excluded.title, "
        "text = excluded.text, viewer = excluded.viewer, link = excluded.link, once = excluded.once, "
        "last_seen = excluded.last_seen, count = count + 1, returns = returns + (ended_at IS NOT NULL), "
        "ended_at = NULL",
        (*key, trouble.title, trouble.text, trouble.viewer, trouble.link, trouble.once, now, now),
    )
    return row is None or row[0] is not None
