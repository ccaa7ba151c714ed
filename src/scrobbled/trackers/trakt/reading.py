"""What a Trakt account holds, asked for only where it moved since the last read."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import ContractDrift, NotJson, TrackerError, TryLater
from scrobbled.core.kinds import PLAYS, WATCHLIST, Kind
from scrobbled.core.records import Reading, ReadValues
from scrobbled.core.sending.room import Allowance
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.given import EarlierReads
from scrobbled.trackers.trakt.activity import Activity
from scrobbled.trackers.trakt.codec import whole
from scrobbled.trackers.trakt.cursor import JUST_NOW, Activities, KindCursor, Moves, TraktCursor
from scrobbled.trackers.trakt.entries import part
from scrobbled.trackers.trakt.history import LISTING, PlaysFound, TraktHistory
from scrobbled.trackers.trakt.listed import LISTINGS
from scrobbled.trackers.trakt.memory import TraktMemory
from scrobbled.trackers.trakt.paging import MOST_PAGES, Asker
from scrobbled.trackers.trakt.records import ToldSubjects, ValuePages

SETTINGS = "/users/settings"
LIMITED_AGAIN = 3
"""So often a read is gone on with after a 429."""
LONGEST_REST = 330.0
"""Seconds: one window of Trakt's limit and a little more."""


@contextlib.contextmanager
def _left_out(kind: Kind, unread: dict[Kind, TrackerError]) -> Iterator[None]:
    """Pages of this kind alone that do not come, shift, or are no answer of Trakt's (a web page, or cut) are put down.
    Where Trakt wants to rest, or answers in another shape, nothing is read."""
    try:
        yield
    except TryLater as error:
        if error.limited:
            raise
        unread[kind] = error
    except NotJson as error:
        unread[kind] = error


class _ValuesFound(Struct, frozen=True):
    values: ReadValues
    mark: KindCursor
    told: ToldSubjects


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
        moved |= {kind for kind in kinds if kind in LISTINGS and await self._own.unread(kind)}
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
        plays, unread = PlaysFound(None, had.on(PLAYS)), dict[Kind, TrackerError]()
        if PLAYS in moved:
            with _left_out(PLAYS, unread):
                plays = await self._history.read(had.on(PLAYS), moves.on(PLAYS), known, full=full)
                plays = replace(plays, mark=plays.mark.moved_to(moves.on(PLAYS), found=plays.moved))
        found: dict[Kind, _ValuesFound] = {}
        for kind in (kind for kind in LISTINGS if kind in moved):
            with _left_out(kind, unread):
                found[kind] = await self._values(kind, had.on(kind), moves.on(kind))
        if unread.keys() >= kinds:
            raise next(iter(unread.values()))
        told = [*(one.told for one in found.values()), plays.told]
        marks = {PLAYS: plays.mark, **{kind: one.mark for kind, one in found.items()}}
        return Reading(
            cursor=TraktCursor(had.owner, {**had.marks, **marks}).values(),
            owner=had.owner,
            plays=plays.plays,
            values={kind: one.values for kind, one in found.items()},
            subjects={key: subject for one in told for key, subject in one.subjects.items()},
            skipped=sum((one.skipped for one in told), Counter()),
            unread={kind: error.reason for kind, error in unread.items()},
        )

    async def _values(self, kind: Kind, had: KindCursor, moves: Moves) -> _ValuesFound:
        """All of them: Trakt cannot be asked for the ones that changed."""
        unread = await self._own.unread(kind)
        pages = ValuePages(kind)
        for path, params in LISTINGS[kind].paths:
            read, _ = await self._activity.steadily(
                kind, moves, path, params, lambda: ValuePages(kind), most=MOST_PAGES
            )
            pages.join(read)
        await self._own.were_read(kind, unread)
        digest = pages.digest()
        mark = replace(had, digest=digest).moved_to(moves, found=digest != had.digest)
        return _ValuesFound(ReadValues(list(pages.records.values()), complete=True), mark, pages.told)

    async def _owner(self) -> str:
        raw, what = await self._settings()
        name = part(raw, "user").get("username")
        if not isinstance(name, str) or not name:
            raise ContractDrift(f"{what} answered without user.username")
        return name

    async def allowance(self) -> Allowance:
        """As the account's settings tell; what Trakt does not tell there is missing."""
        raw, _ = await self._settings()
        vip, most = part(raw, "user").get("vip"), whole(part(part(raw, "limits"), WATCHLIST).get("item_count"))
        limits = {} if most is None else {WATCHLIST: most}
        return Allowance(vip if isinstance(vip, bool) else None, limits)

    async def _settings(self) -> tuple[Mapping[str, Any], str]:
        """What was answered, and to which question."""
        answer = await self._asker.get(SETTINGS)
        return part({"": answer.json()}, ""), answer.what
