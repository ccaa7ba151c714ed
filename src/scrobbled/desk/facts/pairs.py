"""What command, API and page say of pairs and their runs.

Ids of runs carry their letter (``r12``); times are ISO 8601 in UTC.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from msgspec import Struct, field

from scrobbled.config import Config
from scrobbled.config.viewing import PairConfig
from scrobbled.core.agreeing.outline import Outline
from scrobbled.core.kinds import KINDS, RATINGS
from scrobbled.core.standing import Standing
from scrobbled.core.standing import pair as pair_stands
from scrobbled.desk.facts import standings
from scrobbled.desk.facts.holdings import AccountHolds, holding
from scrobbled.desk.facts.pausing import PauseStory
from scrobbled.desk.facts.pausing import story as pause_story
from scrobbled.desk.facts.run_kinds import KindStory, kind_stories
from scrobbled.desk.facts.run_words import when
from scrobbled.desk.facts.steps import StepStory, step_stories
from scrobbled.reconcile import Sides
from scrobbled.reconcile.timetable import next_run
from scrobbled.reconcile.unkept import unkept
from scrobbled.store.file.codec import iso, iso_or_none
from scrobbled.store.mirror import ledger, records, run_changes, runs
from scrobbled.store.mirror import library as mirrored
from scrobbled.store.mirror.run_changes import RunCounts
from scrobbled.store.mirror.runs import Run
from scrobbled.store.queue import overview, pausing, questions, run_items
from scrobbled.trackers import TRACKERS


class ChangeCount(Struct, frozen=True):
    """How many changes of a run are alike."""

    tracker: str
    action: str
    outcome: str
    count: int


class RunStory(Struct, frozen=True):
    """One run of a pair. ``planned`` counts changes by what they are, ``outcomes`` those in the queue by outcome.

    ``seconds`` is how long it compared, and ``took`` how long it was from its start until the last change arrived;
    ``None`` while some are on their way.
    """

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
    changes: list[ChangeCount] = field(default_factory=list)
    """What became of it, by tracker, action and outcome."""
    took: float | None = None
    steps: list[StepStory] = field(default_factory=list)
    """How far it is with what takes long, by tracker, while it reads and compares."""
    outline: Outline | None = None
    """The same plan as data. ``a`` and ``b`` are the sides that it ``names``."""
    requests: dict[str, int] = field(default_factory=dict)
    """Sent for it so far, to read, to look up and to deliver, by service."""
    kinds: dict[str, KindStory] = field(default_factory=dict)
    """What came of each kind so far."""


class SideStory(Struct, frozen=True):
    """What one side of a pair held when it was last read. ``doubt`` is why its listing was not believed to be all."""

    tracker: str
    plays: int
    ratings: int
    read: str | None
    read_fully: str | None
    doubt: str
    added: int = 0
    """Plays that the last run of the pair has brought there since; of a library what it has ticked off."""
    holds: AccountHolds = field(default_factory=AccountHolds)
    """The same and all else, by list and in words."""


class PairStory(Struct, frozen=True):
    """Two trackers of a viewer that are kept in agreement. ``agreed`` is how many viewings both hold."""

    viewer: str
    pair: str
    kinds: dict[str, str]
    every: float | None
    """Seconds; ``None`` where it goes by its schedule, or is run by hand."""
    agreed: int
    sides: list[SideStory]
    last: RunStory | None
    last_success: str | None
    next: str | None
    standing: Standing
    """How it stands, in words."""
    conflict: str = ""
    removals: str | dict[str, str] = ""
    """One word for all kinds, or each kind's own."""
    works: bool = True
    """Both trackers can be read, and some kind is not off."""
    waiting: dict[str, int] = field(default_factory=dict)
    """By tracker, how many changes are on their way to it, of whatever origin."""
    questions: int = 0
    """What runs have left to decide."""
    running: RunStory | None = None
    """The run that is under way, or waits for its turn."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Plays that are never brought over, as the other side keeps no such: ``serializd leave movie``."""
    schedule: str = ""
    """Five cron fields, in the zone of the house."""
    when: str = ""
    """When it is run, for people: "every 15 minutes", "at 04:30 every day", "by hand"."""
    library: str = ""
    """The side that is a library; empty where none is."""
    titles: list[str] = field(default_factory=list)
    """Of the libraries there that are read, for whoever chooses one; ``status`` leaves them out."""
    unmatched: dict[str, int] = field(default_factory=dict)
    """By tracker, how many changes wait as it does not know what they are about."""
    pause: PauseStory | None = None
    """Nothing is compared by the clock while it lasts."""


def pair_stories(
    db: sqlite3.Connection, config: Config, stood: standings.Standings, *, titles: bool = False
) -> list[PairStory]:
    """In the order of the configuration. ``titles`` of a large library take some hundredths of a second."""
    found, standing = [], map(pair_stands, stood.pairs)
    waiting = {(row.viewer, row.tracker, row.state): row.count for row in overview.waiting(db)}
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
                    last=None if latest is None else run_story(db, latest, stood.now),
                    last_success=iso_or_none(runs.latest_success(db, viewer.name, name)),
                    next=iso_or_none(next_run(pair, latest, config.server.zone, stood.now)) if works else None,
                    schedule=pair.schedule.text if pair.schedule else "",
                    when=when(pair),
                    library=(library := _library(pair)),
                    titles=mirrored.titles(db, (viewer.name, library)) if titles and library else [],
                    conflict=pair.conflict,
                    removals=_removals(pair),
                    works=works,
                    waiting={one: waiting.get((viewer.name, one, "queued"), 0) for one in pair.between},
                    unmatched={
                        one: sum(waiting.get((viewer.name, one, state), 0) for state in ("unmatched", "parked"))
                        for one in pair.between
                    },
                    questions=questions.count(db, viewer.name, name),
                    running=None if running is None else run_story(db, running, stood.now),
                    standing=next(standing),
                    left_out=_left_out(db, viewer.name, pair),
                    pause=pause_story(pausing.in_force(db, stood.now, pausing.of_pair(viewer.name, name))),
                )
            )
    return found


def _removals(pair: PairConfig) -> str | dict[str, str]:
    by_kind = {kind: pair.removal(kind) for kind in KINDS}
    words = set(by_kind.values())
    return words.pop() if len(words) == 1 else by_kind


def _library(pair: PairConfig) -> str:
    return next((name for name in pair.between if name in TRACKERS and TRACKERS[name].can().is_library), "")


def _left_out(db: sqlite3.Connection, viewer: str, pair: PairConfig) -> dict[str, int]:
    made = standings.policy_of(viewer, pair)
    return {} if made is None else unkept(db, Sides(viewer, *pair.between), made)


def _side(db: sqlite3.Connection, account: tuple[str, str], last: Run | None) -> SideStory:
    state, held = records.state(db, account), holding(db, account)
    return SideStory(
        tracker=account[1],
        plays=state.plays,
        ratings=held.counts.get(RATINGS, 0),
        read=iso_or_none(state.read_at or None),
        read_fully=iso_or_none(state.full_at or None),
        doubt=state.doubt,
        added=0 if last is None else run_items.added_since(db, last.id, account[1], state.read_at),
        holds=held,
    )


def run_story(db: sqlite3.Connection, run: Run, now: float) -> RunStory:
    """``now`` is Unix seconds."""
    progress: RunCounts = run_changes.progress(db, run.id)
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
        plan=run.plan_text,
        outline=run.outline,
        options=dict(run.options),
        changes=[ChangeCount(*row) for row in progress.changes],
        took=_took(run, progress),
        steps=step_stories(run.steps, now) if run.ended_at is None else [],
        requests=dict(run.requests),
        kinds=kind_stories(db, run, progress),
    )


def _took(run: Run, progress: RunCounts) -> float | None:
    if run.started_at is None or run.ended_at is None or progress.waiting:
        return None
    return round(max(run.ended_at, progress.until or 0.0) - run.started_at, 3)
