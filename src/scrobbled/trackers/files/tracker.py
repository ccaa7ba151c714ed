"""A file as a tracker that can only be read, so that importing it is comparing it with the others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scrobbled.core.kinds import PLAYS, RATINGS, Kind
from scrobbled.core.naming.names import FILE
from scrobbled.core.records import Plays, Reading, ReadValues
from scrobbled.core.words.checks import Check
from scrobbled.trackers.base import Reads, Tracker
from scrobbled.trackers.capabilities import Capabilities
from scrobbled.trackers.files.parsed import Parsed
from scrobbled.trackers.given import EarlierReads

_STRANGE = re.compile(r"[^a-z0-9._-]+")
_LONGEST = 40


def file_name(path: Path, parsed: Parsed) -> str:
    """What the file is called beside trackers: another name for another content, the same for the same."""
    records = sorted([play.id for play in parsed.plays] + [rating.id for rating in parsed.ratings])
    digest = hashlib.sha256("\n".join(records).encode()).hexdigest()[:8]
    shown = _STRANGE.sub("-", path.name.casefold()).strip("-.")[:_LONGEST]
    return f"{FILE}{shown or 'history'}-{digest}"


class FileTracker(Tracker):
    """What a file holds. Keys and ids of its records are the same whenever the same content is imported.

    Without ``parsed`` it was read and stored before: a file has no news.
    """

    def __init__(self, name: str, parsed: Parsed | None = None) -> None:
        self._parsed = parsed
        self._can = Capabilities(
            media=frozenset({"movie", "episode"}),
            batch=1,
            precision=1,
            settle=0,
            site=name,
            adds=False,
            reads=frozenset({PLAYS, RATINGS}),
        )

    @property
    def can(self) -> Capabilities:
        return self._can

    @property
    def reads(self) -> Reads:
        return self

    async def read(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        """Everything; after that nothing ever moves."""
        if self._parsed is None:
            return Reading(cursor=cursor)
        return Reading(
            cursor={},
            plays=Plays(self._parsed.plays, complete=True) if PLAYS in kinds else None,
            values={RATINGS: ReadValues(self._parsed.ratings, complete=True)} if RATINGS in kinds else {},
            subjects=self._parsed.subjects,
            skipped=self._parsed.skipped,
        )

    async def sign_in(self) -> None:
        """A file needs none."""

    async def examine(self) -> Sequence[Check]:
        return []
