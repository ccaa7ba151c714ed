"""What API and pages say of how far a run is."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from scrobbled.core.naming.items import Item
from scrobbled.desk.facts.pairs import ChangeCount, RunStory, run_story
from scrobbled.store.file.codec import iso_or_none
from scrobbled.store.mirror import runs
from scrobbled.store.queue import overview, run_items

WORKING = ("ok", "new")
"""States of an account that can be written."""
_FINE = ("ok", "")
SLOW = 120.0
"""Seconds without a settled change after which nobody knows the pace any more."""


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
    states = overview.account_states(db)
    told = [
        _tempo(tracker, waiting, run_items.pace(db, number, tracker), states.get((run.viewer, tracker), _FINE), now)
        for tracker, waiting in _waiting(story.changes).items()
    ]
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


def _tempo(
    tracker: str, waiting: int, pace: tuple[float | None, float | None], account: Sequence[Any], now: float
) -> TempoStory:
    (a_second, last), (state, reason) = pace, account[:2]
    moves = state in WORKING and last is not None and now - last <= SLOW
    return TempoStory(tracker, waiting, a_second if moves else None, iso_or_none(last), state, reason)


def title_of(item: Item | None, label: str) -> str:
    """The show or the film; the ``label`` of what it is about where nobody knows."""
    return label if item is None else getattr(item, "show_title", "") or item.title or label
