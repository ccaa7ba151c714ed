"""What API and pages say of a plan line by line, of a run change by change, and of how far it is."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from scrobbled.desk.facts.pairs import ChangeCount, RunStory, run_story
from scrobbled.store.file.codec import iso, iso_or_none
from scrobbled.store.mirror import runs
from scrobbled.store.notes.shelf import PlanLine
from scrobbled.store.queue import overview, run_items
from scrobbled.store.queue.run_items import RunItem, Tempo

WORKING = ("ok", "new")
"""States of an account that can be written."""
SLOW = 120.0
"""Seconds without a settled change after which nobody knows the pace any more."""


class LineStory(Struct, frozen=True):
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


class ItemStory(Struct, frozen=True):
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
    reason_code: str = ""


class TempoStory(Struct, frozen=True):
    """How the changes of a run for one tracker go. ``state`` and ``reason`` are of the account, as in the status.

    ``a_second`` is ``None`` where nothing moves just now, or too little to tell.
    """

    tracker: str
    waiting: int
    a_second: float | None
    last: str | None
    state: str
    reason: str


class RunProgress(Struct, frozen=True):
    """A run with what it comes to. ``seconds_left`` is ``None`` where nobody can say."""

    run: RunStory
    changes: list[ChangeCount]
    tempos: list[TempoStory]
    seconds_left: float | None


def progress_of(db: sqlite3.Connection, number: int, now: float) -> RunProgress | None:
    """``now`` is Unix seconds."""
    run = runs.get(db, number)
    if run is None:
        return None
    story = run_story(db, run, now)
    found = run_items.tempos(db, number, _waiting(story.changes))
    states = overview.account_states(db)
    told = [_tempo(tempo, *states.get((run.viewer, tempo.tracker), ("ok", ""))[:2], now) for tempo in found]
    return RunProgress(story, story.changes, told, _left(told))


def _waiting(changes: Sequence[ChangeCount]) -> Mapping[str, int]:
    """By tracker, what is on its way there."""
    found: Counter[str] = Counter()
    for one in changes:
        found[one.tracker] += one.count if one.outcome == "queued" else 0
    return +found


def _left(tempos: Sequence[TempoStory]) -> float | None:
    """Trackers are written beside each other: the slowest decides, and one that stands still promises nothing."""
    spans = [tempo.waiting / tempo.a_second if tempo.a_second else None for tempo in tempos]
    known = [span for span in spans if span is not None]
    return max(known) if known and len(known) == len(spans) else None


def _tempo(tempo: Tempo, state: str, reason: str, now: float) -> TempoStory:
    moves = state in WORKING and tempo.last is not None and now - tempo.last <= SLOW
    pace = tempo.a_second if moves else None
    return TempoStory(tempo.tracker, tempo.waiting, pace, iso_or_none(tempo.last), state, reason)


def line_story(line: PlanLine, poster: str) -> LineStory:
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
        reason_code=one.code,
    )
