"""What command, API and page say of pairs and their runs.

Ids of runs carry their letter (``r12``); times are ISO 8601 in UTC.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from msgspec import Struct, field

from scrobbled.alerts import Trouble
from scrobbled.config import Config
from scrobbled.config.viewing import PairConfig
from scrobbled.reconcile import Ended, Sides
from scrobbled.store import ledger, overview, questions, records, run_items, runs
from scrobbled.store.codec import iso, iso_or_none
from scrobbled.store.runs import Progress, Run
from scrobbled.trackers import TRACKERS

AGAIN_AFTER = 900.0
"""Seconds after a run that failed, where the pair is compared less often than that."""
ENDINGS = {
    "done": "brought over what was missing",
    "nothing": "nothing to do",
    "approval": "wants your yes",
    "refused": "refused",
    "cancelled": "cancelled",
    "failed": "failed",
    "": "under way",
}
"""How a run ended, for people."""


class RunStory(Struct, frozen=True):
    """One run of a pair. ``planned`` counts changes by what they are, ``outcomes`` those in the queue by outcome."""

    id: str
    viewer: str
    pair: str
    cause: str
    phase: str
    asked: str
    started: str | None
    ended: str | None
    seconds: float | None
    outcome: str
    reason: str
    planned: dict[str, int]
    outcomes: dict[str, int]
    done: int
    total: int
    plan_id: str | None
    plan: str
    """The plan in words, where it wants a yes."""
    options: dict[str, Any] = field(default_factory=dict)
    """What was asked for, other than the configuration says; ``plan`` is the one that somebody said yes to."""


class SideStory(Struct, frozen=True):
    """What one side of a pair held when it was last read. ``doubt`` is why its listing was not believed to be all."""

    tracker: str
    plays: int
    ratings: int
    read: str | None
    read_fully: str | None
    doubt: str
    added: int = 0
    """Plays that the last run of the pair has brought there since."""


class PairStory(Struct, frozen=True):
    """Two trackers of a viewer that are kept in agreement. ``agreed`` is how many viewings both hold."""

    viewer: str
    pair: str
    kinds: dict[str, str]
    every: float
    agreed: int
    sides: list[SideStory]
    last: RunStory | None
    last_success: str | None
    next: str | None
    conflict: str = ""
    removals: str = ""
    works: bool = True
    """Both trackers can be read, and some kind is not off."""
    waiting: dict[str, int] = field(default_factory=dict)
    """By tracker, how many changes are on their way to it, of whatever origin."""
    questions: int = 0
    """What runs have left to decide."""
    running: RunStory | None = None
    """The run that is under way, or waits for its turn."""


def pair_stories(db: sqlite3.Connection, config: Config) -> list[PairStory]:
    """In the order of the configuration."""
    found = []
    queued = {(row.viewer, row.tracker): row.count for row in overview.waiting(db) if row.state == "queued"}
    for viewer in config.viewers:
        for pair in viewer.pairs:
            name = ",".join(pair.between)
            latest = next(iter(runs.latest(db, viewer.name, name)), None)
            works = all(tracker in TRACKERS for tracker in pair.between) and bool(pair.directions())
            running = runs.under_way(db, viewer.name, name)
            found.append(
                PairStory(
                    viewer=viewer.name,
                    pair=name,
                    kinds=pair.directions(),
                    every=pair.every,
                    agreed=ledger.state(db, viewer.name, name).agreed,
                    sides=[_side(db, (viewer.name, tracker), latest) for tracker in pair.between],
                    last=None if latest is None else run_story(db, latest),
                    last_success=iso_or_none(runs.latest_success(db, viewer.name, name)),
                    next=iso(due_after(latest, pair)) if latest and works else None,
                    conflict=pair.conflict,
                    removals=pair.removals,
                    works=works,
                    waiting={tracker: queued.get((viewer.name, tracker), 0) for tracker in pair.between},
                    questions=questions.count(db, viewer.name, name),
                    running=None if running is None else run_story(db, running),
                )
            )
    return found


def due_after(last: Run, pair: PairConfig) -> float:
    """When the clock runs the pair next (Unix seconds): one that failed is tried again before long."""
    return last.asked_at + (min(pair.every, AGAIN_AFTER) if last.outcome == "failed" else pair.every)


def _side(db: sqlite3.Connection, account: tuple[str, str], last: Run | None) -> SideStory:
    state = records.state(db, account)
    return SideStory(
        tracker=account[1],
        plays=records.count(db, account),
        ratings=records.count_rated(db, account),
        read=iso_or_none(state.read_at or None),
        read_fully=iso_or_none(state.full_at or None),
        doubt=state.doubt,
        added=0 if last is None else run_items.added_since(db, last.id, account[1], state.read_at),
    )


def run_story(db: sqlite3.Connection, run: Run) -> RunStory:
    progress: Progress = runs.progress(db, run.id)
    ends = None if run.started_at is None or run.ended_at is None else run.ended_at - run.started_at
    return RunStory(
        id=f"r{run.id}",
        viewer=run.viewer,
        pair=run.pair,
        cause=run.cause,
        phase=run.phase,
        asked=iso(run.asked_at),
        started=iso_or_none(run.started_at),
        ended=iso_or_none(run.ended_at),
        seconds=None if ends is None else round(ends, 3),
        outcome=run.outcome,
        reason=run.reason,
        planned=dict(run.counts),
        outcomes=dict(progress.outcomes),
        done=progress.done,
        total=progress.total,
        plan_id=run.plan or None,
        plan=run.shown,
        options=dict(run.options),
    )


def in_a_line(story: PairStory) -> str:
    """ "anna: trakt and serializd: 2,341 viewings agree; nothing to do (2026-11-22T11:40:25Z)"."""
    a, b = story.pair.split(",")
    head = f"{story.viewer}: {a} and {b}: {story.agreed:,} viewings agree"
    if story.last is None:
        return f"{head}; not compared yet"
    told = ENDINGS.get(story.last.outcome, story.last.outcome)
    why = f" ({story.last.reason})" if story.last.reason else ""
    under_way = f", {story.last.done:,} of {story.last.total:,} delivered" if story.last.total else ""
    return f"{head}; {story.last.id} at {story.last.asked}: {told}{why}{under_way}"


def wants_a_yes(sides: Sides, ended: Ended) -> Trouble:
    """A plan that nobody asked for waits for a person."""
    return Trouble(
        kind="plan",
        subject=f"{sides.viewer}/{sides.pair}",
        title=f"{sides.viewer}: a plan for {' and '.join(sides.called)} wants your yes",
        text=f"{ended.reason}. Nothing is changed until then. To look at it, run: scrobbled sync --viewer "
        f"{sides.viewer} --pair {sides.pair} --dry-run; to say yes: scrobbled sync --viewer {sides.viewer} "
        f"--pair {sides.pair} --plan {ended.plan_id}",
        viewer=sides.viewer,
        link="/sync",
    )


def fails(sides: Sides, ended: Ended) -> Trouble:
    """For a day no run came to its end."""
    return Trouble(
        kind="pair",
        subject=f"{sides.viewer}/{sides.pair}",
        title=f"{sides.viewer}: {' and '.join(sides.called)} could not be compared for a day",
        text=f"{ended.reason}. Plays that come by webhook are not affected.",
        viewer=sides.viewer,
        link="/sync",
    )
