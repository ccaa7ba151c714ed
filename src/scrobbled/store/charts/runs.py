"""Runs of exports: asked for, under way, and what came of each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

JOBS = INCREMENTAL, RECONCILE, BACKFILL = "incremental", "reconcile", "backfill"
FORCE, REBUILD, DRY = "force", "rebuild", "dry"
"""Options: everything is read and written anew, only written anew, nothing is written."""
DONE, FAILED, WAITING = "done", "failed", "waiting"
_COLUMNS = "id, sink, viewer, job, cause, options, asked_at, began_at, ended_at, outcome, reason, counts"


class ChartRun(Struct, frozen=True):
    """``outcome`` is ``done``, ``failed``, ``cut-short`` or ``cancelled``; empty until it has ended."""

    id: int
    sink: str
    viewer: str
    job: str
    cause: str
    options: frozenset[str]
    asked_at: float
    began_at: float | None
    ended_at: float | None
    outcome: str
    reason: str
    counts: Mapping[str, int]


def ask(
    db: sqlite3.Connection, sink: str, viewer: str, job: str, cause: str, options: Iterable[str], now: float
) -> int:
    """Its number; one that is asked for already, and has not begun, is the same."""
    told = json.dumps(sorted(options))
    row = db.execute(
        "SELECT id FROM chart_runs WHERE ended_at IS NULL AND began_at IS NULL AND sink = ? AND viewer = ? AND job = ? "
        "AND options = ?",
        (sink, viewer, job, told),
    ).fetchone()
    if row:
        return int(row[0])
    made = db.execute(
        "INSERT INTO chart_runs (sink, viewer, job, cause, options, asked_at) VALUES (?,?,?,?,?,?)",
        (sink, viewer, job, cause, told, now),
    )
    return int(made.lastrowid or 0)


def get(db: sqlite3.Connection, run: int) -> ChartRun | None:
    return next(_found(db, "WHERE id = ?", (run,)), None)


def asked(db: sqlite3.Connection) -> list[ChartRun]:
    """The oldest first."""
    return list(_found(db, "WHERE ended_at IS NULL AND began_at IS NULL ORDER BY id", ()))


def latest(db: sqlite3.Connection, sink: str, limit: int = 20) -> list[ChartRun]:
    """The newest first."""
    return list(_found(db, "WHERE sink = ? ORDER BY id DESC LIMIT ?", (sink, limit)))


def last(db: sqlite3.Connection, sink: str, viewer: str, job: str, *, done: bool = False) -> ChartRun | None:
    """The newest of its kind that has ended, or was ``done``."""
    which = "AND ended_at IS NOT NULL" + (f" AND outcome = '{DONE}'" if done else "")
    values = (sink, viewer, job)
    return next(_found(db, f"WHERE sink = ? AND viewer = ? AND job = ? {which} ORDER BY id DESC LIMIT 1", values), None)


def begin(db: sqlite3.Connection, run: int, now: float) -> None:
    db.execute("UPDATE chart_runs SET began_at = ? WHERE id = ?", (now, run))


def tell(db: sqlite3.Connection, run: int, counts: Mapping[str, int]) -> None:
    """How far it is."""
    db.execute("UPDATE chart_runs SET counts = ? WHERE id = ?", (json.dumps(dict(counts)), run))


def end(db: sqlite3.Connection, run: int, now: float, outcome: str, reason: str, counts: Mapping[str, int]) -> None:
    db.execute(
        "UPDATE chart_runs SET ended_at = ?, outcome = ?, reason = ?, counts = ? WHERE id = ? AND ended_at IS NULL",
        (now, outcome, reason, json.dumps(dict(counts)), run),
    )


def abandon(db: sqlite3.Connection, now: float) -> None:
    """Those that were under way when a process ended; what they were for goes on by itself."""
    db.execute(
        "UPDATE chart_runs SET ended_at = ?, outcome = 'cut-short', reason = 'the service ended meanwhile' "
        "WHERE ended_at IS NULL AND began_at IS NOT NULL",
        (now,),
    )


def thin(db: sqlite3.Connection, before: float, limit: int) -> int:
    """Drop old ones, but for the last of each kind; returns how many."""
    return db.execute(
        "DELETE FROM chart_runs WHERE id IN (SELECT id FROM chart_runs AS r WHERE ended_at < ? AND EXISTS (SELECT 1 "
        "FROM chart_runs AS n WHERE n.sink = r.sink AND n.viewer = r.viewer AND n.job = r.job AND n.id > r.id "
        "AND n.outcome = 'done') LIMIT ?)",
        (before, limit),
    ).rowcount


def _found(db: sqlite3.Connection, which: str, values: tuple[Any, ...]) -> Iterator[ChartRun]:
    for row in db.execute(f"SELECT {_COLUMNS} FROM chart_runs {which}", values).fetchall():
        told = dict(zip(_COLUMNS.split(", "), row, strict=True))
        yield ChartRun(**{**told, "options": frozenset(json.loads(row[5])), "counts": json.loads(row[11])})
