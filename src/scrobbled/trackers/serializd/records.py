"""Rows of Serializd as records: plays, ratings, and what they are about."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import overload

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.agreeing.lineup import MINUTE, USUAL
from scrobbled.core.errors import NotInCatalogue
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.records import DatePrecision, PlayRecord, Subject, ValueRecord
from scrobbled.trackers.serializd.catalogue import SeasonNotes, SerializdCatalogue
from scrobbled.trackers.serializd.entries import EntryPlace, SerializdEntry, key_of

UNKNOWN_SEASON = "diary row of an unknown season"
UNKNOWN_TICK = "watched mark of an unknown season"
UNREAD_TICKS = "season whose watched marks could not be read, which the next complete reading tries again"
SLICE = 50
"""Rows told before others get their turn."""
TICK = "tick"
"""How the ids of plays begin that have no row."""


@dataclass
class ReadRecords:
    """What one read has to tell."""

    plays: list[SerializdEntry | PlayRecord] = field(default_factory=list)
    ratings: list[ValueRecord] = field(default_factory=list)
    cleared: set[str] = field(default_factory=set)
    subjects: dict[str, Subject] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)


class RowPlays(Sequence[PlayRecord]):
    """Plays that become records when they are looked at: all of them would lie in memory beside their rows."""

    def __init__(self, told: Sequence[SerializdEntry | PlayRecord]) -> None:
        self._told = told

    def __len__(self) -> int:
        return len(self._told)

    @overload
    def __getitem__(self, at: int) -> PlayRecord: ...

    @overload
    def __getitem__(self, at: slice) -> list[PlayRecord]: ...

    def __getitem__(self, at: int | slice) -> PlayRecord | list[PlayRecord]:
        return [_record(one) for one in self._told[at]] if isinstance(at, slice) else _record(self._told[at])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


class EpisodeTick(Struct, frozen=True):
    """An episode that is marked as watched; ``place`` as that of rows."""

    show: int
    season: int
    number: int
    made_at: datetime | None

    @property
    def place(self) -> EntryPlace:
        return self.show, self.season, self.number

    @property
    def key(self) -> str:
        return key_of(self.place)


class RecordTeller:
    """For one read. Asks the catalogue where a row does not say enough."""

    def __init__(self, catalogue: SerializdCatalogue) -> None:
        self.told = ReadRecords()
        self._catalogue = catalogue
        self._numbers: dict[tuple[int, int], int | None] = {}
        self._notes: dict[tuple[int, int], SeasonNotes] = {}
        self._shows: dict[int, Episode] = {}
        """As an item without season and number."""
        self._skipped: set[int] = set()
        self._close: set[str] = set()

    async def plays(self, rows: Iterable[SerializdEntry], beside: Iterable[SerializdEntry] = ()) -> None:
        """Rows that are no play tell nothing. ``beside`` are others that were seen."""
        rows = list(rows)
        ours = {row.id for row in rows} if (others := list(beside)) else set()
        self._close = _close(itertools.chain((row for row in others if row.id not in ours), rows))
        for number, row in enumerate(rows):
            if row.is_play and await self._introduced(row):
                self.told.plays.append(row)
            if number % SLICE == 0:
                await asyncio.sleep(0)

    async def ratings(self, rows: Iterable[SerializdEntry]) -> None:
        """Of each scope the newest row that rates it; ``rows`` must hold all of a scope, or its newest ones."""
        scopes: dict[str, list[SerializdEntry]] = {}
        for row in rows:
            if row.scope is not None:
                scopes.setdefault(row.key, []).append(row)
        for key, of_scope in scopes.items():
            newest = max((row for row in of_scope if row.rating), key=lambda row: row.newness, default=None)
            if newest is None:
                self.told.cleared.add(key)
            elif await self._introduced(newest):
                value = min(10, max(1, newest.rating))
                self.told.ratings.append(ValueRecord(key, value, newest.made_at, str(newest.id)))

    async def ticks(self, ticks: Iterable[EpisodeTick]) -> None:
        for tick in ticks:
            if tick.key not in self.told.subjects and not await self._introduced_tick(tick):
                continue
            id_ = f"{TICK}:{tick.season}:{tick.number}"
            self.told.plays.append(PlayRecord(id_, tick.key, None, DatePrecision.NONE, tick.made_at, stamp=TICK))

    async def season_number(self, show: int, season: int) -> int | None:
        """Of a TMDB *season* id."""
        if (show, season) not in self._numbers:
            self._numbers[show, season] = await self._catalogue.season_number(show, season)
        return self._numbers[show, season]

    async def listed(self, show: int, season: int) -> set[int]:
        """Numbers of the episodes of a season (TMDB *season* id) as they are kept; empty where that takes a look."""
        number = self._numbers.get((show, season))
        return set() if number is None else set((await self._noted(show, number)).episodes)

    async def _introduced(self, row: SerializdEntry) -> bool:
        """Whether it can be said what the row is about."""
        if row.key in self.told.subjects:
            return True
        if row.show_name:
            self._shows.setdefault(row.show, _show(row.show, row.show_name, row.show_year))
        if row.season is not None and row.season_number is not None:
            self._numbers[row.show, row.season] = row.season_number
        known = await self._introduce(row.place, row.title)
        if not known and row.id not in self._skipped:
            self._skipped.add(row.id)
            self.told.skipped[UNKNOWN_SEASON] += 1
        return known

    async def _introduced_tick(self, tick: EpisodeTick) -> bool:
        known = await self._introduce(tick.place, "")
        self.told.skipped.update({} if known else {UNKNOWN_TICK: 1})
        return known

    async def _introduce(self, place: EntryPlace, title: str) -> bool:
        show, season, episode = place
        number = await self.season_number(show, season) if season is not None else None
        if season is not None and number is None:
            return False
        item = replace(await self._show(show), season=number, number=episode, title=title or None)
        key = key_of(place)
        if number is None or episode is None:
            scope = "show" if season is None else "season"
            self.told.subjects[key] = Subject(key, scope, item)  # type: ignore[arg-type]
            return True
        self.told.subjects[key] = await self._detailed(key, item, show, number, episode)
        return True

    async def _detailed(self, key: str, item: Episode, show: int, season: int, number: int) -> Subject:
        """With what the catalogue said of the episode earlier, if it did."""
        notes = await self._noted(show, season)
        if key in self._close and number not in notes.seconds:
            page = await self._catalogue.claimed(show, [season], name=item.show_title)
            await self._catalogue.season(page, season)
            del self._notes[show, season]
            notes = await self._noted(show, season)
        listed = notes.episodes.get(number)
        title = item.title or (listed.title if listed else None)
        ids = EpisodeIds(tmdb=listed.tmdb) if listed else item.ids
        air_date = listed.air_date if listed else None
        told = replace(item, title=title, ids=ids, air_date=air_date)
        return Subject(key, "episode", told, notes.seconds.get(number))

    async def _noted(self, show: int, season: int) -> SeasonNotes:
        if (show, season) not in self._notes:
            self._notes[show, season] = await self._catalogue.kept_season(show, season)
        return self._notes[show, season]

    async def _show(self, show: int) -> Episode:
        if show not in self._shows:
            try:
                name = (await self._catalogue.show(show)).name
            except NotInCatalogue:
                name = ""
            self._shows[show] = _show(show, name)
        return self._shows[show]


def _show(show: int, name: str, year: int | None = None) -> Episode:
    return Episode(name, None, None, show_year=year, show_ids=ShowIds(tmdb=show))


def _close(rows: Iterable[SerializdEntry]) -> set[str]:
    """Keys of which two rows lie so close that it takes the runtime to tell whether they are one viewing."""
    times: dict[str, list[datetime]] = {}
    for row in rows:
        if row.is_play and row.kept is DatePrecision.EXACT and row.watched_at is not None:
            times.setdefault(row.key, []).append(row.watched_at)
    pairs = ((key, pair) for key, found in times.items() for pair in itertools.pairwise(sorted(found)))
    return {key for key, (one, next_) in pairs if MINUTE < next_ - one < USUAL["episode"]}


def _record(told: SerializdEntry | PlayRecord) -> PlayRecord:
    return told if isinstance(told, PlayRecord) else play_of(told)


def play_of(row: SerializdEntry) -> PlayRecord:
    return PlayRecord(
        id=str(row.id),
        key=sys.intern(row.key),
        at=row.watched_at,
        kept=row.kept,
        made_at=row.made_at,
        stamp=row.stamp,
        personal=row.personal,
        rewatch=row.rewatch,
    )
