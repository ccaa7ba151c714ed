"""A file as a tracker that can only be read, so that importing it is comparing it with the others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from scrobbled.core.checkup import Check
from scrobbled.core.errors import Refused
from scrobbled.core.items import Item
from scrobbled.core.names import FILE, called
from scrobbled.core.records import KINDS, Kind, Plays, Ratings, Reading
from scrobbled.importing.parsed import Parsed
from scrobbled.trackers.base import Addition, Address, Capabilities, Known, Receipt, Result, Sending

_STRANGE = re.compile(r"[^a-z0-9._-]+")
_LONGEST = 40


def file_name(path: Path, parsed: Parsed) -> str:
    """What the file is called beside trackers: another name for another content, the same for the same."""
    records = sorted([play.id for play in parsed.plays] + [rating.id for rating in parsed.ratings])
    digest = hashlib.sha256("\n".join(records).encode()).hexdigest()[:8]
    shown = _STRANGE.sub("-", path.name.casefold()).strip("-.")[:_LONGEST]
    return f"{FILE}{shown or 'history'}-{digest}"


def is_file(name: str) -> bool:
    return name.startswith(FILE)


class FileTracker:
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
            reads=frozenset(KINDS),
        )

    @property
    def can(self) -> Capabilities:
        return self._can

    async def read(self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: Known, *, full: bool) -> Reading:
        """Everything; after that nothing ever moves."""
        if self._parsed is None:
            return Reading(cursor=cursor)
        return Reading(
            cursor={},
            plays=Plays(self._parsed.plays, complete=True) if "plays" in kinds else None,
            ratings=Ratings(self._parsed.ratings, complete=True) if "ratings" in kinds else None,
            subjects=self._parsed.subjects,
            skipped=self._parsed.skipped,
        )

    async def locate(self, item: Item) -> Address:
        raise self._refused()

    def delay(self) -> float:
        return 0.0

    async def add_plays(self, plays: Sequence[Addition], sending: Sending) -> Sequence[Result]:
        raise self._refused()

    async def find_plays(self, plays: Sequence[Addition]) -> Sequence[Receipt | None]:
        raise self._refused()

    async def sign_in(self) -> None:
        """A file needs none."""

    def expires_at(self) -> datetime | None:
        return None

    def roots(self) -> Mapping[str, str]:
        return {}

    async def examine(self) -> Sequence[Check]:
        return []

    async def aclose(self) -> None:
        """It was read as a whole and is closed."""

    def _refused(self) -> Refused:
        return Refused(f"{called(self._can.site)} is a file: it is read, and never written to")
