"""What a side has that could not be told at the other: the same for command, API and page."""

from __future__ import annotations

import sqlite3
from itertools import permutations
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from scrobbled.config import Config
from scrobbled.core.naming.corrections import Correction, corrected
from scrobbled.core.naming.unmatched import NAMELESS, UnmatchedGroup, gathered
from scrobbled.store.queue import corrections, unmatched
from scrobbled.store.queue.unmatched import UnmatchedRow


class UnmatchedStory(Struct, frozen=True):
    """Things of a viewer that have no place at ``tracker``, and one answer. ``origins`` are where they come from.

    ``count`` is how many things they are, ``waiting`` how many changes wait for them, which are ``changes``.
    ``reason`` and ``next`` are sentences; ``command`` does what ``next`` says, with ``NUMBER`` to be filled in.
    ``correct`` is the page of ours where that is chosen, empty where there is none.
    """

    viewer: str
    tracker: str
    origins: list[str]
    media: str
    title: str
    state: str
    count: int
    waiting: int
    reason: str
    next: str
    command: str
    samples: list[str]
    changes: list[str]
    candidates: list[dict[str, Any]]
    correct: str


class UnmatchedFacts(Struct, frozen=True):
    """What was read of it; ``known`` are the corrections in force."""

    rows: list[UnmatchedRow]
    known: tuple[Correction, ...]


def facts(db: sqlite3.Connection, config: Config) -> UnmatchedFacts:
    """Of all that waits, and of what pairs of the configuration asked a catalogue for.

    Quick: what takes longer is left to ``stories``, beside the database.
    """
    pairs = {(one.name, *sides) for one in config.viewers for pair in one.pairs for sides in permutations(pair.between)}
    rows = [one for one in unmatched.rows(db) if one.change or (one.viewer, one.origin, one.tracker) in pairs]
    return UnmatchedFacts(rows, corrections.in_force(db))


def stories(found: UnmatchedFacts, viewer: str = "", tracker: str = "") -> list[UnmatchedStory]:
    """Of all, or of this ``viewer``, at this ``tracker`` or of it; what most waits for first."""
    chosen = (one for one in found.rows if viewer in ("", one.viewer) and tracker in ("", one.tracker, one.origin))
    things = map(unmatched.thing, chosen)
    # what a person said is never to be sent is no question
    wanted = (one for one in things if not corrected(one.item, one.viewer, found.known).is_ignored)
    return [_story(group) for group in gathered(wanted)]


def _story(group: UnmatchedGroup) -> UnmatchedStory:
    return UnmatchedStory(
        viewer=group.viewer,
        tracker=group.tracker,
        origins=[one for one in group.origins if one],
        media=group.media,
        title=group.title,
        state=group.state,
        count=group.count,
        waiting=len(group.changes),
        reason=group.reason,
        next=group.next,
        command=group.command,
        samples=list(group.samples),
        changes=list(group.changes),
        candidates=[dict(one) for one in group.candidates],
        correct=_page(group),
    )


def _page(group: UnmatchedGroup) -> str:
    if group.title == NAMELESS:
        return ""
    if group.changes:
        return f"correct/{group.changes[0]}"
    return f"correct?{urlencode({'what': group.title, 'of': 'movie' if group.media == 'movie' else 'show'})}"
