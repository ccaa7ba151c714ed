"""Runs of pairs: asked for, under way, ended; and how far their changes have come."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from scrobbled.core.agreeing.outline import Outline
from scrobbled.core.agreeing.plan_words import in_words
from scrobbled.core.kinds import Kind
from scrobbled.core.words.reasons import Code, Reason

_COLUMNS = (
    "id, viewer, pair, cause, options, phase, asked_at, started_at, ended_at, outcome, reason, code, counts, plan, "
    "shown, steps, outline, requests, skips"
)
CUT_SHORT = Reason("the service ended in the middle; what was not done is found again by the next run", Code.CUT_SHORT)


class RunStep(Struct, frozen=True):
    """How far a run is with something. Times are Unix seconds."""

    what: str
    """``history``, ``diary``, ``library``, ``marks`` or ``places``."""
    done: int
    of: int | None
    """``None`` where nobody knows."""
    since: float
    """When that was ``first`` told: what was done before, another run did."""
    first: int
    until: float | None = None
    """It rests until then, as the service limits how much may be asked."""

    def left(self, now: float) -> float | None:
        """Seconds that it takes to the end at the pace so far; ``None`` where that cannot be said yet."""
        pace = self.a_second(now)
        return None if self.of is None or pace is None else (self.of - self.done) / pace

    def a_second(self, now: float) -> float | None:
        """How many are done in a second so far; ``None`` where that cannot be said yet."""
        passed, done = now - self.since, self.done - self.first
        return None if passed < 1.0 or done < 2 else done / passed


class RunSkip(Struct, frozen=True):
    """How often something was left alone for one reason, and some of what."""

    count: int
    some: tuple[str, ...] = ()


RunSkips = Mapping[Kind, Mapping[str, RunSkip]]
"""By kind and code; see ``core.sending.change.left``."""


class Run(Struct, frozen=True):
    """One run of one pair. Times are Unix seconds. Shown to people as ``r12``."""

    id: int
    viewer: str
    pair: str
    """Its two trackers, ``trakt,serializd``."""
    cause: str
    """``schedule``, ``sync`` or ``import``."""
    options: Mapping[str, Any]
    phase: str
    """``asked``, ``reading``, ``comparing``, ``queueing``, ``cancelling`` or ``ended``."""
    asked_at: float
    started_at: float | None
    ended_at: float | None
    outcome: str
    """Empty while it is under way, then ``done``, ``nothing``, ``approval`` (wants a yes), ``refused``, ``cancelled``
    or ``failed``."""
    reason: str
    counts: Mapping[str, int]
    """What was planned: ``serializd add plays`` and the like."""
    plan: str
    """The plan's id, where one was made."""
    shown: str
    """The plan in words, where it wants a yes and is kept in no other way: up to 0.5.0."""
    steps: Mapping[str, RunStep] = field(default_factory=dict)
    """How far it is, by tracker, where that takes long."""
    outline: Outline | None = None
    """The plan in short, where it wants a yes."""
    code: str = ""
    """That of the reason, where it is compared."""
    requests: Mapping[str, int] = field(default_factory=dict)
    """Sent for it so far, by service."""
    skips: RunSkips = field(default_factory=dict)
    """What was compared and left alone."""

    @property
    def plan_text(self) -> str:
        """The plan in words, where it wants a yes."""
        return self.shown if self.outline is None else in_words(self.outline)


def ask(db: sqlite3.Connection, viewer: str, pair: str, cause: str, options: Mapping[str, Any], now: float) -> int:
    """A run that whoever serves will carry out."""
    cursor = db.execute(
        "INSERT INTO runs (viewer, pair, cause, options, phase, asked_at) VALUES (?,?,?,?,'asked',?)",
        (viewer, pair, cause, json.dumps(dict(options)), now),
    )
    return int(cursor.lastrowid or 0)


def asked(db: sqlite3.Connection) -> list[Run]:
    """Those nobody has begun, oldest first."""
    return _runs(db, "WHERE phase = 'asked' AND ended_at IS NULL ORDER BY id", ())


def get(db: sqlite3.Connection, id_: int) -> Run | None:
    return next(iter(_runs(db, "WHERE id = ?", (id_,))), None)


def latest(db: sqlite3.Connection, viewer: str, pair: str, limit: int = 1) -> list[Run]:
    """The newest runs of a pair that have begun."""
    condition = "WHERE viewer = ? AND pair = ? AND started_at IS NOT NULL ORDER BY id DESC LIMIT ?"
    return _runs(db, condition, (viewer, pair, limit))


def last_ended(db: sqlite3.Connection, viewer: str, pair: str) -> Run | None:
    """The newest run of a pair that is over, however that came."""
    condition = "WHERE viewer = ? AND pair = ? AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 1"
    return next(iter(_runs(db, condition, (viewer, pair))), None)


def latest_success(db: sqlite3.Connection, viewer: str, pair: str) -> float | None:
    """When a run last read and compared all there is (Unix seconds)."""
    row = db.execute(
        "SELECT max(ended_at) FROM runs WHERE viewer = ? AND pair = ? AND outcome IN ('done', 'nothing')",
        (viewer, pair),
    ).fetchone()
    return None if row is None else row[0]


def is_under_way(db: sqlite3.Connection, viewer: str, pair: str) -> bool:
    query = "SELECT 1 FROM runs WHERE viewer = ? AND pair = ? AND ended_at IS NULL AND started_at IS NOT NULL LIMIT 1"
    return db.execute(query, (viewer, pair)).fetchone() is not None


def under_way(db: sqlite3.Connection, viewer: str, pair: str) -> Run | None:
    """The oldest run of a pair that was asked for and has not ended."""
    condition = "WHERE ended_at IS NULL AND viewer = ? AND pair = ? ORDER BY id LIMIT 1"
    return next(iter(_runs(db, condition, (viewer, pair))), None)


def listing(
    db: sqlite3.Connection,
    before: int | None = None,
    limit: int = 50,
    *,
    viewer: str = "",
    pair: str = "",
    outcomes: Sequence[str] = (),
) -> list[Run]:
    """Newest first. An empty text is any; what is under way has an empty outcome."""
    values: list[Any] = [2**62 if before is None else before]
    condition = "WHERE id < ?"
    for column, value in (("viewer", viewer), ("pair", pair)):
        condition, values = (f"{condition} AND {column} = ?", [*values, value]) if value else (condition, values)
    if outcomes:
        condition, values = f"{condition} AND outcome IN ({', '.join('?' * len(outcomes))})", [*values, *outcomes]
        condition += "" if "nothing" in outcomes else " AND outcome <> 'nothing'"  # as the index of the others has it
    return _runs(db, f"{condition} ORDER BY id DESC LIMIT ?", (*values, limit))


def begin(db: sqlite3.Connection, id_: int, now: float) -> bool:
    """False where it is over already, as somebody cancelled it."""
    query = "UPDATE runs SET started_at = ?, phase = 'reading' WHERE id = ? AND ended_at IS NULL"
    return db.execute(query, (now, id_)).rowcount > 0


def phase(db: sqlite3.Connection, id_: int, name: str, counts: Mapping[str, int] | None = None) -> None:
    told = None if counts is None else json.dumps(dict(counts))
    query = "UPDATE runs SET phase = ?, steps = '{}', counts = coalesce(?, counts) WHERE id = ? AND ended_at IS NULL"
    db.execute(query, (name, told, id_))


def add_requests(db: sqlite3.Connection, counts: Mapping[int, Mapping[str, int]]) -> None:
    """By run and service."""
    for run, sent in counts.items():
        row = db.execute("SELECT requests FROM runs WHERE id = ?", (run,)).fetchone()
        if row is not None:
            before: dict[str, int] = json.loads(row[0])
            after = {name: before.get(name, 0) + sent.get(name, 0) for name in {**before, **sent}}
            db.execute("UPDATE runs SET requests = ? WHERE id = ?", (json.dumps(after), run))


def take_skips(db: sqlite3.Connection, id_: int, skips: RunSkips) -> None:
    db.execute("UPDATE runs SET skips = ? WHERE id = ?", (msgspec.json.encode(skips).decode(), id_))


def take_steps(db: sqlite3.Connection, id_: int, steps: Mapping[str, RunStep]) -> None:
    told = msgspec.json.encode(steps).decode()
    db.execute("UPDATE runs SET steps = ? WHERE id = ? AND ended_at IS NULL", (told, id_))


def end(
    db: sqlite3.Connection,
    id_: int,
    now: float,
    outcome: str,
    reason: str,
    plan: str = "",
    outline: Outline | None = None,
) -> None:
    told = "" if outline is None else msgspec.json.encode(outline).decode()
    db.execute(
        "UPDATE runs SET phase = 'ended', ended_at = ?, outcome = ?, reason = ?, plan = ?, outline = ? "
        "WHERE id = ? AND ended_at IS NULL",
        (now, outcome, reason, plan, told, id_),
    )


def with_plan(db: sqlite3.Connection, plan: str) -> Run | None:
    """The newest run that ended with this plan."""
    return next(iter(_runs(db, "WHERE plan = ? ORDER BY id DESC LIMIT 1", (plan,))), None)


def carrying_out(db: sqlite3.Connection, viewer: str, pair: str, plan: str) -> Run | None:
    """The newest run that was asked to do this plan, and does it or has done it."""
    condition = (
        "WHERE viewer = ? AND pair = ? AND json_extract(options, '$.plan') = ? "
        "AND outcome IN ('', 'done', 'nothing', 'incomplete') ORDER BY id DESC LIMIT 1"
    )
    return next(iter(_runs(db, condition, (viewer, pair, plan))), None)


def abandon(db: sqlite3.Connection, now: float) -> int:
    """At the start of a service: what was under way when the process before ended. Returns how many."""
    return db.execute(
        "UPDATE runs SET phase = 'ended', ended_at = ?, outcome = 'failed', reason = ?, code = ? "
        "WHERE ended_at IS NULL AND phase <> 'asked'",
        (now, CUT_SHORT, CUT_SHORT.code),
    ).rowcount


def again(db: sqlite3.Connection, id_: int) -> bool:
    """Ask anew for a run that was cut short; false where that cannot be, as a part of its plan is carried out."""
    cursor = db.execute(
        "UPDATE runs SET phase = 'asked', started_at = NULL, ended_at = NULL, outcome = '', reason = '', code = '' "
        "WHERE id = ? AND code = ? AND (json_extract(options, '$.plan') IS NULL OR counts = '{}')",
        (id_, Code.CUT_SHORT),
    )
    return cursor.rowcount > 0


def before(db: sqlite3.Connection, run: Run) -> Run | None:
    """The run of the same person that is under way."""
    condition = "WHERE viewer = ? AND started_at IS NOT NULL AND ended_at IS NULL AND id <> ? ORDER BY id LIMIT 1"
    return next(iter(_runs(db, condition, (run.viewer, run.id))), None)


def drop_old(db: sqlite3.Connection, before: float, limit: int, keep: int = 200) -> int:
    """Forget up to ``limit`` runs that led to nothing and ended before ``before``, but for the last ``keep``."""
    return db.execute(
        "DELETE FROM runs WHERE id IN (SELECT id FROM runs INDEXED BY runs_by_end WHERE ended_at < ? "
        "AND (outcome IN ('nothing', 'failed', 'refused') OR (outcome = 'incomplete' AND counts = '{}')) "
        "AND id <= (SELECT coalesce(max(id), 0) - ? FROM runs) ORDER BY ended_at LIMIT ?)",
        (before, keep, limit),
    ).rowcount


def _runs(db: sqlite3.Connection, condition: str, values: tuple[Any, ...]) -> list[Run]:
    rows = db.execute(f"SELECT {_COLUMNS} FROM runs {condition}", values).fetchall()
    return [_run(dict(zip(_COLUMNS.split(", "), row, strict=True))) for row in rows]


def _run(values: dict[str, Any]) -> Run:
    steps = msgspec.json.decode(values["steps"], type=dict[str, RunStep])
    outline = msgspec.json.decode(values["outline"], type=Outline) if values["outline"] else None
    told = {name: json.loads(values[name]) for name in ("options", "counts", "requests")}
    told |= {"steps": steps, "skips": msgspec.json.decode(values["skips"], type=dict[str, dict[str, RunSkip]])}
    return Run(**{**values, **told, "outline": outline})
