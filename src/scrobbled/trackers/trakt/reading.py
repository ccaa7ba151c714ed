"""What a Trakt account holds, asked for only where it moved since the last read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.clock import Clock
from scrobbled.core.errors import ContractDrift
from scrobbled.core.records import Kind, Ratings, Reading
from scrobbled.trackers.base import Known
from scrobbled.trackers.trakt.activity import Activity, OwnRatings
from scrobbled.trackers.trakt.entries import part
from scrobbled.trackers.trakt.gathering import RatingPages, Told
from scrobbled.trackers.trakt.history import FULL, History, PlaysFound
from scrobbled.trackers.trakt.marks import Activities, Cursor, Mark, Moves
from scrobbled.trackers.trakt.paging import MOST_PAGES, Asker

RATINGS = "/sync/ratings/all"
SETTINGS = "/users/settings"


class _RatingsFound(Struct, frozen=True):
    ratings: Ratings | None
    mark: Mark
    told: Told = field(default_factory=Told)


class AccountReader:
    """Answers ``Reads.read``."""

    def __init__(self, asker: Asker, activity: Activity, history: History, own: OwnRatings, clock: Clock) -> None:
        self._asker = asker
        self._own = own
        self._clock = clock
        self._activity = activity
        self._history = history

    async def read(self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: Known, *, full: bool) -> Reading:
        had, now, moves = Cursor.of(cursor), self._clock.now(), await self._activity.now()
        moved = {kind for kind in kinds if full or had.on(kind).settled != moves.on(kind)}
        if "ratings" in kinds and await self._own.unread():
            moved.add("ratings")
        if not moved:
            return Reading(cursor, had.owner)
        owner = await self._owner()
        if had.owner != owner:  # what was known is somebody else's
            had, moved = Cursor(owner), set(kinds)
        return await self._read(had, moves, now, moved, known, full=full)

    async def _read(
        self, had: Cursor, moves: Activities, now: datetime, moved: set[Kind], known: Known, *, full: bool
    ) -> Reading:
        plays, ratings = PlaysFound(None, had.plays), _RatingsFound(None, had.ratings)
        if "plays" in moved:
            plays = await self._history.read(had.plays, moves.plays, known, full=full)
            plays = replace(plays, mark=plays.mark.moved_to(moves.plays, found=plays.moved, now=now))
        if "ratings" in moved:
            ratings = await self._ratings(had.ratings, moves.ratings, now)
        return Reading(
            cursor=Cursor(had.owner, plays.mark, ratings.mark).values(),
            owner=had.owner,
            plays=plays.plays,
            ratings=ratings.ratings,
            subjects={**ratings.told.subjects, **plays.told.subjects},
            skipped=Counter(plays.told.skipped) + ratings.told.skipped,
        )

    async def _ratings(self, had: Mark, moves: Moves, now: datetime) -> _RatingsFound:
        """All of them: Trakt cannot be asked for the ones that changed."""
        unread = await self._own.unread()
        pages, _ = await self._activity.steadily("ratings", moves, RATINGS, FULL, RatingPages, most=MOST_PAGES)
        await self._own.were_read(unread)
        digest = pages.digest()
        mark = replace(had, digest=digest).moved_to(moves, found=digest != had.digest, now=now)
        return _RatingsFound(Ratings(list(pages.records.values()), complete=True), mark, pages.told)

    async def _owner(self) -> str:
        answer = await self._asker.get(SETTINGS)
        raw = answer.json()
        name = part(part({"": raw}, ""), "user").get("username")
        if not isinstance(name, str) or not name:
            raise ContractDrift(f"{answer.what} answered without user.username")
        return name
