"""What a run did, kind by kind: added, changed, removed, and what it left alone and why."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct, field

from scrobbled.core.kinds import KINDS, PLAYS, Kind, kind_of, words_of
from scrobbled.core.naming.names import name
from scrobbled.core.sending.change import LEAVE, left_out, warned
from scrobbled.core.words.outcomes import PlayOutcome, told
from scrobbled.store.mirror import run_changes
from scrobbled.store.mirror.run_changes import RunCounts
from scrobbled.store.mirror.runs import Run

UNKEPT = "not-kept"
"""Why a play is left alone that the other side keeps no such of."""


class SkipStory(Struct, frozen=True):
    """Why some things were left alone, in a sentence; ``some`` are examples that are told nowhere else."""

    reason: str
    count: int
    text: str
    some: list[str] = field(default_factory=list)


class KindStory(Struct, frozen=True):
    """What came of one kind. ``skipped`` is by reason, and ``why`` tells of each."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    why: list[SkipStory] = field(default_factory=list)
    queued: int = 0
    """Of what was skipped, so much is among the changes of the run."""


def kind_stories(db: sqlite3.Connection, run: Run, progress: RunCounts) -> dict[Kind, KindStory]:
    """By kind, in the order of the table; a kind of which nothing is to be told is missing."""
    done, skips = Counter[tuple[Kind, str]](), list(_skips(db, run, progress))
    for _, action, outcome, count in progress.changes:
        if outcome == PlayOutcome.DELIVERED:
            done[kind_of(action), words_of(action).does] += count
    told = {
        kind: KindStory(
            **{does: done[kind, does] for does in ("added", "changed", "removed")},
            skipped=_counted([skip for of, skip, _ in skips if of == kind]),
            why=[skip for of, skip, _ in skips if of == kind],
            queued=sum(skip.count for of, skip, is_change in skips if of == kind and is_change),
        )
        for kind in KINDS
    }
    return {kind: story for kind, story in told.items() if story != KindStory()}


def _counted(skips: list[SkipStory]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for skip in skips:
        found[skip.reason] += skip.count
    return dict(found)


def _skips(db: sqlite3.Connection, run: Run, progress: RunCounts) -> Iterator[tuple[Kind, SkipStory, bool]]:
    """And whether it is a change of the run."""
    names = tuple(map(name, run.pair.split(",")))
    for kind, skips in run.skips.items():
        for code, skip in skips.items():
            (text,) = warned({code: skip.count}, (names[0], names[-1]))
            yield kind, SkipStory(code.partition(":")[0], skip.count, told(text), list(skip.some)), False
    for what, count in run.counts.items():
        if f" {LEAVE} " in what:
            yield PLAYS, SkipStory(UNKEPT, count, told(left_out({what: count})[0])), False
    if set(progress.outcomes) - {PlayOutcome.QUEUED, PlayOutcome.DELIVERED}:
        for kind, code, count, reason in run_changes.reasons(db, run.id):
            yield kind, SkipStory(code, count, f"{count:,} {code.replace('-', ' ')}. {told(reason)}".strip()), True
