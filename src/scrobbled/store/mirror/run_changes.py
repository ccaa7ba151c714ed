"""How far what runs put into the queue has come, and what else is on its way to their trackers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.mirror.runs import Run

SETTLED = ("delivered", "already-there", "echo", "unwanted", "undone")
ARRIVED = ("delivered", "already-there", "echo")
_CHANGES = (
    "SELECT tracker, 'add', state, count(*), min(settled_at), max(settled_at) FROM outbox INDEXED BY outbox_settled "
    "WHERE run = ? GROUP BY state, tracker",
    "SELECT tracker, action, state, count(*), min(settled_at), max(settled_at) FROM amendments "
    "WHERE run = ? GROUP BY tracker, action, state",
)
_QUEUED = f"state = 'queued' AND state NOT IN {SETTLED}"
"""As the indices of what waits have it."""


class RunCounts(Struct, frozen=True):
    """How far the changes of a run have come."""

    total: int
    done: int
    waiting: int
    """Those that are on their way, and nobody needs to do anything about."""
    stuck: int
    """Those that wait for a catalogue or a person."""
    since: float | None
    """When the first one was settled (Unix seconds)."""
    until: float | None
    """When the last one reached the tracker, or was seen to be there."""
    outcomes: Mapping[str, int]
    changes: Sequence[tuple[str, str, str, int]] = ()
    """Tracker, action, outcome and how many."""


def progress(db: sqlite3.Connection, run: int) -> RunCounts:
    """Of what the run put into the queue."""
    rows = [row for query in _CHANGES for row in db.execute(query, (run,))]
    counts: dict[str, int] = {}
    for _, _, state, count, _, _ in rows:
        counts[state] = counts.get(state, 0) + count
    total, waiting = sum(counts.values()), counts.get(PlayOutcome.QUEUED, 0)
    done = sum(counts.get(state, 0) for state in SETTLED)
    return RunCounts(
        total=total,
        done=done,
        waiting=waiting,
        stuck=total - done - waiting,
        since=min((row[4] for row in rows if row[4] is not None), default=None),
        until=max((row[5] for row in rows if row[2] in ARRIVED and row[5] is not None), default=None),
        outcomes=counts,
        changes=[row[:4] for row in rows],
    )


def reasons(db: sqlite3.Connection, run: int) -> list[tuple[str, str, int, str]]:
    """Why what the run put into the queue did not arrive: kind, code (else the outcome), how many, and a reason."""
    told = "coalesce(nullif(code, ''), state) AS why, count(*), coalesce(min(reason), '')"
    left = "WHERE run = ? AND state NOT IN ('queued', 'delivered')"
    rows = [
        *db.execute(
            f"SELECT 'plays' AS kind, {told} FROM outbox INDEXED BY outbox_settled {left} GROUP BY why", (run,)
        ),
        *db.execute(f"SELECT kind, {told} FROM amendments {left} GROUP BY kind, why", (run,)),
    ]
    return [(kind, code, count, reason) for kind, code, count, reason in rows]


def left_over(db: sqlite3.Connection, run: Run) -> int:
    """How much is still on its way to this pair from before, and not planned again.

    What earlier runs put into the queue, and whatever is to be amended: ``undo`` is of no run.
    """
    count = 0
    for tracker in run.pair.split(","):
        whose = {"viewer": run.viewer, "tracker": tracker, "pair": run.pair, "run": run.id}
        count += db.execute(
            f"SELECT count(*) FROM outbox WHERE viewer = :viewer AND tracker = :tracker AND {_QUEUED} "
            "AND run IN (SELECT id FROM runs WHERE viewer = :viewer AND pair = :pair AND id < :run)",
            whose,
        ).fetchone()[0]
        count += db.execute(
            f"SELECT count(*) FROM amendments WHERE viewer = :viewer AND tracker = :tracker AND {_QUEUED} "
            "AND coalesce(run, 0) <> :run",
            whose,
        ).fetchone()[0]
    return count


def on_its_way(db: sqlite3.Connection, viewer: str, trackers: Iterable[str]) -> tuple[int, int | None]:
    """How many changes of a person wait for these trackers, and the newest run that put some of them there."""
    count, newest = 0, None
    for tracker in trackers:
        for queue in ("outbox", "amendments"):
            query = f"SELECT count(*), max(run) FROM {queue} WHERE viewer = ? AND tracker = ? AND {_QUEUED}"
            found, run = db.execute(query, (viewer, tracker)).fetchone()
            count, newest = count + found, run if newest is None or (run is not None and run > newest) else newest
    return count, newest


def written(db: sqlite3.Connection, viewer: str, trackers: Iterable[str]) -> list[tuple[int, float | None]]:
    """Another answer after something of ours has reached one of these trackers."""
    query = (
        "SELECT coalesce((SELECT count FROM tallies WHERE what = 'changes' AND one = :whose AND two = :at "
        "AND three = 'delivered'), 0), (SELECT max(settled_at) FROM amendments WHERE viewer = :whose AND tracker = :at)"
    )
    return [db.execute(query, {"whose": viewer, "at": one}).fetchone() for one in trackers]


def waits_for(db: sqlite3.Connection, run: Run) -> list[str]:
    """The trackers of the pair to which something is still on its way, of whatever run."""
    query = " UNION ALL ".join(
        f"SELECT 1 FROM {queue} WHERE viewer = :viewer AND tracker = :tracker AND {_QUEUED}"
        for queue in ("outbox", "amendments")
    )
    whose = ({"viewer": run.viewer, "tracker": tracker} for tracker in run.pair.split(","))
    return [one["tracker"] for one in whose if db.execute(f"{query} LIMIT 1", one).fetchone()]
