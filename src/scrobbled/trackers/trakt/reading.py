"""What a Trakt account holds, asked for only where it moved since the last read."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.errors import ContractDrift, TrackerError, TryLater
from scrobbled.core.kinds import RATINGS as RATED
from scrobbled.core.kinds import Kind
from scrobbled.core.records import Reading, ReadValues
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.given import EarlierReads
from scrobbled.trackers.trakt.activity import Activity
from scrobbled.trackers.trakt.cursor import JUST_NOW, Activities, KindCursor, Moves, TraktCursor
from scrobbled.trackers.trakt.entries import part
from scrobbled.trackers.trakt.history import FULL, LISTING, PlaysFound, TraktHistory
from scrobbled.trackers.trakt.memory import TraktMemory
from scrobbled.trackers.trakt.paging import MOST_PAGES, Asker
from scrobbled.trackers.trakt.records import RatingPages, ToldSubjects

RATINGS = "/sync/ratings/all"
SETTINGS = "/users/settings"
LIMITED_AGAIN = 3
"""So often a read is gone on with after a 429."""
LONGEST_REST = 330.0
"""Seconds: one window of Trakt's limit and a little more."""


@contextlib.contextmanager
def _left_out(kind: Kind, unread: dict[Kind, TrackerError]) -> Iterator[None]:
    """Pages of this kind alone that do not come, or shift, are put down; where Trakt wants to rest, nothing is read."""
    try:
        yield
    except TryLater as error:
        if error.limited:
            raise
        unread[kind] = error


class _RatingsFound(Struct, frozen=True):
    ratings: ReadValues | None
    mark: KindCursor
    told: ToldSubjects = field(default_factory=ToldSubjects)


class TraktReader:
    """Answers ``Reads.read``."""

    def __init__(self, asker: Asker, activity: Activity, history: TraktHistory, own: TraktMemory, clock: Clock) -> None:
        self._asker = asker
        self._own = own
        self._clock = clock
        self._activity = activity
        self._history = history

    async def read(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        """Waits where Trakt says for how long: another process, or we before a restart, may have used up its limit."""
        for _ in range(LIMITED_AGAIN):
            try:
                return await self._read_now(kinds, cursor, known, full=full)
            except TryLater as error:
                if not error.limited or error.after is None or error.after > LONGEST_REST:
                    raise
                rest = error.after + 1.0
            await known.draft(LISTING).waits(rest)
            await self._clock.wait(asyncio.Event(), rest)
        return await self._read_now(kinds, cursor, known, full=full)

    async def _read_now(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        had, moves = TraktCursor.of(cursor), await self._activity.now()
        moved = {kind for kind in kinds if full or had.on(kind).settled != moves.on(kind)}
        if "ratings" in kinds and await self._own.unread():
            moved.add("ratings")
        if not moved:
            return Reading(cursor, had.owner)
        owner = await self._owner()
        if had.owner != owner:  # what was known is somebody else's
            had, moved = TraktCursor(owner), set(kinds)
        if moves.is_just_now(moved):  # what else that second brings is read with it, and never looked for again
            await self._clock.wait(asyncio.Event(), JUST_NOW)
        return await self._read(had, moves, moved, kinds, known, full=full)

    async def _read(
        self,
        had: TraktCursor,
        moves: Activities,
        moved: set[Kind],
        kinds: frozenset[Kind],
        known: EarlierReads,
        *,
        full: bool,
    ) -> Reading:
        """Of several ``kinds`` one that cannot be read is left out, and the others are told."""
        plays, ratings, unread = (
            PlaysFound(None, had.plays),
            _RatingsFound(None, had.ratings),
            dict[Kind, TrackerError](),
        )
        if "plays" in moved:
            with _left_out("plays", unread):
                plays = await self._history.read(had.plays, moves.plays, known, full=full)
                plays = replace(plays, mark=plays.mark.moved_to(moves.plays, found=plays.moved))
        if "ratings" in moved:
            with _left_out("ratings", unread):
                ratings = await self._ratings(had.ratings, moves.ratings)
        if unread.keys() >= kinds:
            raise next(iter(unread.values()))
        return Reading(
            cursor=TraktCursor(had.owner, plays.mark, ratings.mark).values(),
            owner=had.owner,
            plays=plays.plays,
            values={} if ratings.ratings is None else {RATED: ratings.ratings},
            subjects={**ratings.told.subjects, **plays.told.subjects},
            skipped=Counter(plays.told.skipped) + ratings.told.skipped,
            unread={kind: error.reason for kind, error in unread.items()},
        )

    async def _ratings(self, had: KindCursor, moves: Moves) -> _RatingsFound:
        """All of them: Trakt cannot be asked for the ones that changed."""
        unread = await self._own.unread()
        pages, _ = await self._activity.steadily("ratings", moves, RATINGS, FULL, RatingPages, most=MOST_PAGES)
        await self._own.were_read(unread)
        digest = pages.digest()
        mark = replace(had, digest=digest).moved_to(moves, found=digest != had.digest)
        return _RatingsFound(ReadValues(list(pages.records.values()), complete=True), mark, pages.told)

    async def _owner(self) -> str:
        answer = await self._asker.get(SETTINGS)
        raw = answer.json()
        name = part(part({"": raw}, ""), "user").get("username")
        if not isinstance(name, str) or not name:
            raise ContractDrift(f"{answer.what} answered without user.username")
        return name
