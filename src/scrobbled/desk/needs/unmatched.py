"""What a side has that could not be told at the other: the same for command, API and page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from scrobbled.core.naming.corrections import Correction, corrected
from scrobbled.core.naming.unmatched import NAMELESS, UnmatchedGroup, UnmatchedThing, gathered
from scrobbled.store.queue import corrections, unmatched


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


def stories(db: sqlite3.Connection, viewer: str | None = None, tracker: str | None = None) -> list[UnmatchedStory]:
    """Of all, or of this ``viewer``, at this ``tracker`` or of it; what most waits for first."""
    known = corrections.in_force(db)
    found = (
        one
        for one in unmatched.things(db)
        if viewer in (None, one.viewer) and tracker in (None, one.tracker, one.origin)
    )
    return [_story(group) for group in gathered(_wanted(found, known))]


def _wanted(found: Iterator[UnmatchedThing], known: tuple[Correction, ...]) -> Iterator[UnmatchedThing]:
    """What a person said is never to be sent is no question."""
    return (one for one in found if not corrected(one.item, one.viewer, known).is_ignored)


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
