"""What API and pages say of a plan line by line, of a run change by change, and of how far it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from scrobbled.pair_stories import RunStory, run_story
from scrobbled.store import overview, run_items, runs
from scrobbled.store.codec import iso, iso_or_none
from scrobbled.store.run_items import RunItem, Tempo
from scrobbled.store.shelf import Line


@dataclass(frozen=True, slots=True)
class LineStory:
    """One thing that a plan would do; ``at`` is ISO 8601 in UTC. ``n`` is its place in the plan.

    ``action`` is ``add``, ``remove``, ``retime``, ``flag``, ``rate``, ``unrate``, or ``decide``: that is asked, and
    ``tracker`` is empty. ``poster`` is an address relative to our root, or empty.
    """

    n: int
    tracker: str
    action: str
    kind: str
    label: str
    title: str
    at: str | None
    before: str
    after: str
    why: str
    poster: str


@dataclass(frozen=True, slots=True)
class ItemStory:
    """One change of a run, and what became of it; times are ISO 8601 in UTC. ``id`` is like ``c12`` or ``a5``."""

    id: str
    play_id: str | None
    tracker: str
    action: str
    kind: str
    label: str
    title: str
    watched_at: str | None
    before: str
    after: str
    why: str
    outcome: str
    phase: str
    reason: str
    settled_at: str | None
    poster: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many changes of a run are alike."""

    tracker: str
    action: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class TempoStory:
    """How the changes of a run for one tracker go. ``state`` and ``reason`` are of the account, as in the status."""

    tracker: str
    waiting: int
    a_second: float | None
    last: str | None
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A run with what it comes to. ``seconds_left`` is ``None`` where nobody can say."""

    run: RunStory
    changes: list[Count]
    tempos: list[TempoStory]
    seconds_left: float | None


def progress_of(db: sqlite3.Connection, number: int) -> RunProgress | None:
    run = runs.get(db, number)
    if run is None:
        return None
    found = run_items.tempos(db, number, run.pair.split(","))
    states = overview.account_states(db)
    told = [_tempo(tempo, *states.get((run.viewer, tempo.tracker), ("ok", ""))[:2]) for tempo in found]
    changes = [Count(*row) for row in run_items.counts(db, number)]
    return RunProgress(run_story(db, run), changes, told, _left(found))


def _left(tempos: Sequence[Tempo]) -> float | None:
    """Trackers are written beside each other: the slowest decides."""
    spans = [tempo.waiting / tempo.a_second if tempo.a_second else None for tempo in tempos]
    known = [span for span in spans if span is not None]
    return max(known) if known and len(known) == len(spans) else None


def _tempo(tempo: Tempo, state: str, reason: str) -> TempoStory:
    return TempoStory(tempo.tracker, tempo.waiting, tempo.a_second, iso_or_none(tempo.last), state, reason)


def line_story(line: Line, poster: str) -> LineStory:
    at = iso(line.at) if line.at else None
    said = (line.before, line.after, line.why)
    return LineStory(line.n, line.tracker, line.action, line.kind, line.label, line.title, at, *said, poster)


def item_story(one: RunItem, poster: str) -> ItemStory:
    title = one.label if one.item is None else getattr(one.item, "show_title", "") or one.item.title or one.label
    return ItemStory(
        id=one.id,
        play_id=None if one.play is None else f"p{one.play}",
        tracker=one.tracker,
        action=one.action,
        kind=one.kind,
        label=one.label,
        title=title,
        watched_at=iso_or_none(one.watched_at),
        before=one.before,
        after=one.after,
        why=one.why,
        outcome=one.state,
        phase=one.phase,
        reason=one.reason,
        settled_at=iso_or_none(one.settled_at),
        poster=poster,
    )
