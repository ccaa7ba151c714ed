"""Taking back what we wrote: by play, by run, or all that came within a time. It stays undone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import partial

from msgspec import Struct

from scrobbled.desk.facts import ids as ids_facts
from scrobbled.desk.facts.ids import NotThere
from scrobbled.desk.undo.steps import AmendmentToUndo, ChangeToUndo, UndoStep
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import runs
from scrobbled.store.queue import amendments, ticks, undoing

NEVER = float(1 << 62)
AT_ONCE = 20
"""So many are looked at in one transaction: webhooks wait no longer than for that."""
WHERE_IDS_ARE = (
    "Plays look like p12, ticks like a5 and runs like r3: scrobbled explain names plays and ticks, scrobbled sync and "
    "scrobbled status name runs."
)


class UndoRequest(Struct, frozen=True):
    """What is to be taken back: named ``plays`` and ``ticks``, all of a ``run``, or all that came in within a time.

    ``since`` and ``until`` are Unix seconds, by when a play came in and not by when it was watched.
    """

    plays: tuple[int, ...] = ()
    run: int | None = None
    since: float | None = None
    until: float | None = None
    ticks: tuple[int, ...] = ()
    """Amendments that tick something off, which has no play."""


class UndoReport(Struct, frozen=True):
    """``dry_run``: this is only what would be done."""

    dry_run: bool
    plays: list[str]
    """The plays of which something is taken back."""
    steps: list[UndoStep]


async def undo(store: Store, asked: UndoRequest, now: float, *, dry_run: bool = False) -> UndoReport:
    """Take it back, a little at a time; may be repeated. Raises ``NotThere``, and then changes nothing.

    What has to be taken from a tracker is done by its courier, now or as soon as the service runs.
    """
    changes, amended = await store.read(lambda db: _found(db, asked))
    look = store.read if dry_run else store.write
    steps: list[UndoStep] = []
    for some in _pieces(changes):
        steps += await look(partial(_take_back, ids=some, now=now, dry_run=dry_run))
    for some in _pieces(amended):
        steps += await look(partial(_set_back, ids=some, now=now, dry_run=dry_run))
    plays = dict.fromkeys(step.play_id for step in steps if step.play_id and step.action != "leave")
    return UndoReport(dry_run, [id_ for id_ in plays if id_], steps)


def _found(db: sqlite3.Connection, asked: UndoRequest) -> tuple[list[int], list[int]]:
    """Ids of the changes and amendments that are meant; raises ``NotThere``."""
    missing = sorted(set(asked.plays) - undoing.known(db, asked.plays))
    if missing:
        names = " ".join(f"p{id_}" for id_ in missing)
        raise NotThere(f"There is no {names}, so nothing was taken back. {WHERE_IDS_ARE}")
    if asked.run is not None and runs.get(db, asked.run) is None:
        raise NotThere(f"There is no r{asked.run}, so nothing was taken back. {WHERE_IDS_ARE}")
    changes = undoing.of_plays(db, asked.plays)
    if asked.run is not None:
        changes += undoing.of_run(db, asked.run)
    if asked.since is not None:
        until = NEVER if asked.until is None else asked.until
        changes += undoing.of_plays(db, undoing.came_between(db, asked.since, until))
    amended = [] if asked.run is None else [one.id for one in amendments.of_run(db, asked.run)]
    return list(dict.fromkeys(changes)), [*amended, *_ticks(db, asked)]


def _ticks(db: sqlite3.Connection, asked: UndoRequest) -> list[int]:
    """Raises ``NotThere`` for what was named and is no tick."""
    found = {id_: amendments.get(db, id_) for id_ in sorted(set(asked.ticks))}
    if missing := [f"a{id_}" for id_, one in found.items() if one is None or one.wish.action != "tick"]:
        raise NotThere(f"{' '.join(missing)} ticks nothing off, so nothing was taken back. {WHERE_IDS_ARE}")
    within: list[int] = []
    if asked.since is not None:
        within = ticks.between(db, asked.since, NEVER if asked.until is None else asked.until)
    return [*found, *within]


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def _take_back(db: sqlite3.Connection, *, ids: Sequence[int], now: float, dry_run: bool) -> list[UndoStep]:
    return [ChangeToUndo(db, change, now).step(dry_run=dry_run) for change in undoing.sent(db, ids)]


def _set_back(db: sqlite3.Connection, *, ids: Sequence[int], now: float, dry_run: bool) -> list[UndoStep]:
    found = (amendments.get(db, id_) for id_ in ids)
    return [AmendmentToUndo(db, one, now).step(dry_run=dry_run) for one in found if one is not None]


def chosen(ids: Sequence[str], run: str | None, since: float | None, until: float | None) -> UndoRequest:
    """From what a person wrote; raises ``ValueError`` with what to write instead."""
    if bool(ids) + (run is not None) + (since is not None or until is not None) != 1:
        raise ValueError("Name plays like p12, or a run with --run, or a time with --since; one of the three.")
    if since is not None and until is not None and until <= since:
        raise ValueError("--until lies before --since; turn them round, so that the earlier time is that of --since.")
    plays, ticks = [], []
    for text in ids:
        if text.strip().startswith("a") and (tick := ids_facts.number(text, "a")) is not None:
            ticks.append(tick)
        elif (play := ids_facts.number(text, "p")) is not None:
            plays.append(play)
        else:
            raise ValueError(f"{text[:40]} is not the id of a play. {WHERE_IDS_ARE}")
    number = None if run is None else ids_facts.number(run, "r")
    if run is not None and number is None:
        raise ValueError(f"{run[:40]} is not the id of a run. {WHERE_IDS_ARE}")
    return UndoRequest(tuple(plays), number, since, until, tuple(ticks))
