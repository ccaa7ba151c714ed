"""What a person's libraries hold and what of it was watched and rated, asked for only where it moved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from scrobbled.core.errors import LoginNeeded, TrackerError
from scrobbled.core.kinds import COLLECTION, ITEMS, PLAYS, RATINGS, Kind
from scrobbled.core.naming.items import Item
from scrobbled.core.records import Reading
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.copies.gathering import CALLED, Gathered
from scrobbled.trackers.given import EarlierReads
from scrobbled.trackers.plex.cursor import PlexCursor, SeatMark, cursor_of
from scrobbled.trackers.plex.files import PlexFiles
from scrobbled.trackers.plex.seats import FindSeats, PlexSeats
from scrobbled.trackers.plex.visiting import SeatVisit
from scrobbled.trackers.plex.whole import FoundEntries, Step

LIBRARY, HISTORY = "library", "history"
NO_HISTORY = "play history of {name}, which this token may not read: the last time of each title counts instead"
Task = Callable[[SeatVisit], Awaitable[Any]]


class PlexReader:
    """Answers ``Reads.read``. ``titles`` are the libraries that were chosen; none are all with films or shows.

    One server of several that is off, or fails, says nothing: what the others say is news, and nothing counts as gone.
    """

    def __init__(self, find: FindSeats, titles: Sequence[str], files: PlexFiles, clock: Clock) -> None:
        self._find, self._titles, self._files, self._clock = find, tuple(titles), files, clock

    async def read(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        seats = await self._find()
        had = _owned(cursor_of(cursor, self._titles), seats)
        kinds = _asked(kinds)
        visits = [SeatVisit(seat, had.seats.get(seat.machine, SeatMark()), kinds, self._titles) for seat in seats.there]
        crew = _Crew(visits, list(seats.off))
        await crew.each(lambda visit: visit.begin(full=full))
        if not full and not any(visit.moved(kind) for visit in crew.visits for kind in kinds):
            return Reading(cursor, had.owner, skipped=dict.fromkeys(crew.off, 1), missing=tuple(crew.off))
        await crew.each(lambda visit: visit.confirm())
        read = _Read(crew, had, kinds, known, self._clock.now(), full=full)
        await read.all()
        if COLLECTION in kinds:
            await read.files(self._files)
        return await asyncio.to_thread(read.told)


def _asked(kinds: frozenset[Kind]) -> frozenset[Kind]:
    """What the libraries hold is told with plays, or alone."""
    return kinds & {PLAYS, RATINGS, COLLECTION, *(() if PLAYS in kinds else (ITEMS,))}


def _owned(had: PlexCursor, seats: PlexSeats) -> PlexCursor:
    """As of whom it is now: of another account, or of another server alone, what was read is somebody else's.

    A server that is not among several any more, or is off, leaves the account what it was.
    """
    machines = [seat.machine for seat in seats.there]
    is_there = had.home in machines or (had.home and seats.off)
    home = had.home if is_there else next(iter(sorted(machines)), "")
    owner = f"{seats.person} at {home}" if seats.person else home
    if is_there and not seats.person:
        owner = had.owner
    return replace(had, owner=owner, home=home, seats=had.seats if owner == had.owner else {})


class _Crew:
    """The servers that still say something; ``off`` are sentences on the others."""

    def __init__(self, visits: Sequence[SeatVisit], off: list[str]) -> None:
        self.visits, self.off = list(visits), off

    async def each(self, task: Task) -> None:
        """Raises what went wrong where none is left."""
        errors: list[TrackerError] = []
        for visit in list(self.visits):
            try:
                await task(visit)
            except TrackerError as error:
                errors.append(error)
                self.visits.remove(visit)
                self.off.append(f"server {visit.seat.name}, which says nothing now: {error.reason}")
        if errors and not self.visits:
            raise next((one for one in errors if isinstance(one, LoginNeeded)), errors[0])


class _Read:
    """One read in which something moved, or everything is asked for."""

    def __init__(
        self, crew: _Crew, had: PlexCursor, kinds: frozenset[Kind], known: EarlierReads, now: datetime, *, full: bool
    ) -> None:
        self._crew, self._had, self._kinds, self._known, self._full = crew, had, kinds, known, full
        self._gathered = Gathered(now, kinds=kinds)

    async def all(self) -> None:
        self._gathered.known = await self._known.subjects()
        places = {place: one.item for one in self._gathered.known.values() for place in one.places}
        if ITEMS in self._kinds:
            await self._part(ITEMS, places)
        if PLAYS in self._kinds:
            await self._part(PLAYS, places)
            step, full = self._step(HISTORY), self._full
            await self._crew.each(lambda visit: visit.read_history(step, full=full))
        if RATINGS in self._kinds:
            await self._part(RATINGS, places)
        if COLLECTION in self._kinds:
            await self._part(COLLECTION, places)
        self._gather()
        await asyncio.to_thread(self._gathered.name)
        await self._look_around()

    async def files(self, files: PlexFiles) -> None:
        """What the files are of all that may have got another one. With a server that says nothing it is left out:
        nobody knows whether the best file is there.
        """
        gathered, wanted = self._gathered, self._gathered.with_other_files()

        async def ask(visit: SeatVisit) -> None:
            mine = [one for one in wanted if one.place.startswith(f"{visit.seat.machine}/")]
            gathered.files |= await files.of(visit.seat, mine)

        await self._crew.each(ask)
        if self._crew.off:
            gathered.moved.discard(COLLECTION)

    async def _part(self, kind: Kind, places: Mapping[str, Item]) -> None:
        """What moved, where that explains itself everywhere; else everything."""
        whole = self._full or any(visit.is_new(kind) for visit in self._crew.visits)
        if not whole:
            explained: list[bool] = []

            async def news(visit: SeatVisit) -> None:
                if all(explained):
                    explained.append(await visit.read_news(kind, places))

            await self._crew.each(news)
            whole = not all(explained)
        if whole:
            step = self._step(LIBRARY)
            await self._crew.each(lambda visit: visit.read_all(kind, places, step))

    def _step(self, listing: str) -> Step:
        return self._known.draft(listing).step

    def _gather(self) -> None:
        """Of the servers that are still there at the end."""
        gathered, visits = self._gathered, self._crew.visits
        for visit in visits:
            if visit.items is not None:
                self._take(ITEMS, gathered.items, visit.items)
                if visit.items.whole:
                    gathered.listed.add(visit.seat.machine)
            if visit.ratings is not None:
                self._take(RATINGS, gathered.rated, visit.ratings)
            if visit.files is not None:
                gathered.changed |= {
                    place: one for place, one in visit.files.entries.items() if one.scope in ("movie", "episode")
                }
                gathered.moved.add(COLLECTION)
            if visit.viewings is not None:
                gathered.viewings |= visit.viewings.viewings
                gathered.moved.add(PLAYS)
                _skip(gathered, "viewing that cannot be read", visit.viewings.unreadable)
            if not visit.may_read_history:
                gathered.skipped[NO_HISTORY.format(name=visit.seat.name)] = 1
            for title in visit.gone():
                gathered.skipped[f"library {title}, which is not there now: nothing of it counts as gone"] = 1
        gathered.skipped.update(dict.fromkeys(self._crew.off, 1))
        whole = {
            ITEMS: all(visit.items is not None and visit.items.whole for visit in visits),
            RATINGS: all(visit.ratings is not None and visit.ratings.whole for visit in visits),
            COLLECTION: all(visit.files is not None and visit.files.whole for visit in visits),
            PLAYS: all(visit.viewings is not None and visit.viewings.whole for visit in visits),
        }
        gathered.complete = set() if self._crew.off else {kind for kind, is_whole in whole.items() if is_whole}

    def _take(self, kind: Kind, into: dict[str, Any], found: FoundEntries) -> None:
        into |= found.entries
        self._gathered.moved.add(kind)
        _skip(self._gathered, f"{CALLED[kind]} that cannot be read", found.unreadable)

    async def _look_around(self) -> None:
        """The other copies of what moved, and what was viewed that nobody knows of yet."""
        gathered, keys = self._gathered, self._gathered.place_of()
        strange = {
            one.place
            for visit in self._crew.visits
            if visit.seat.machine not in gathered.listed and visit.viewings is not None
            for one in visit.viewings.viewings.values()
            if one.place and one.place not in keys and visit.chose(one.section)
        }
        wanted, found = gathered.unseen() | strange, list[Any]()
        if not wanted:
            return

        async def ask(visit: SeatVisit) -> None:
            found.extend(await visit.at(wanted))

        await self._crew.each(ask)
        gathered.items |= {one.place: one for one in found}
        gathered.rated |= {one.place: one for one in found if one.scope in ("show", "season") and one.rating}
        if any(one.place in strange for one in found):
            gathered.moved.add(ITEMS)
        await asyncio.to_thread(gathered.name)

    def told(self) -> Reading:
        gathered, visits = self._gathered, self._crew.visits
        copies = gathered.copies()
        chosen = (f"{visit.seat.machine}/{one.library.key}" for visit in visits for one in visit.look.libraries)
        plays = gathered.plays(PLAYS, chosen)
        seats = {visit.seat.machine: visit.mark() for visit in visits}
        kept = self._had.seats if self._crew.off else {}
        return Reading(
            cursor=replace(self._had, seats={**kept, **seats}).values(),
            owner=self._had.owner,
            plays=plays,
            values=gathered.values(copies),
            subjects=gathered.subjects(copies),
            rechosen=any(self._had.seats.get(visit.seat.machine, SeatMark()).is_rechosen for visit in visits),
            skipped=dict(gathered.skipped),
            missing=tuple(self._crew.off),
        )


def _skip(gathered: Gathered, what: str, count: int) -> None:
    if count:
        gathered.skipped[what] += count
