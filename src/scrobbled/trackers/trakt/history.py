"""The plays of an account: what is new among them, or all of them, in as few requests as that takes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.naming.items import Media
from scrobbled.core.records import PlayRecord, Plays, Subject
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Answer
from scrobbled.trackers.given import EarlierReads
from scrobbled.trackers.trakt.answers import read_history
from scrobbled.trackers.trakt.codec import timestamp
from scrobbled.trackers.trakt.cursor import KindCursor, Moves
from scrobbled.trackers.trakt.paging import PAGE, Asker, Paging
from scrobbled.trackers.trakt.records import PlayPages, ToldSubjects
from scrobbled.trackers.trakt.seeking import HISTORY, PlayFinder
from scrobbled.trackers.trakt.snapshot import (
    Difference,
    Minutes,
    PlaysByTitle,
    TitleKey,
    WatchedDates,
    by_title,
    difference,
    overlaid,
)
from scrobbled.trackers.trakt.whole import WholeReader

LISTING = "history"
FULL = {"extended": "full"}
"""Tells how long things last."""
MIN = {"extended": "min"}
NOT_OFFERED = (400, 404, 405, 422, 426)
"""Answers that mean that there is no such listing for this app or account; 426 is "VIP only"."""
DAY = timedelta(days=1)
"""Trakt's documents disagree on whether a bound is a day or a moment, and whose midnight counts."""


class PlaysFound(Struct, frozen=True):
    """``plays`` is ``None`` where nothing moved after all."""

    plays: Plays | None
    mark: KindCursor
    told: ToldSubjects = field(default_factory=ToldSubjects)
    moved: bool = True
    """Whether anything was found that explains the move."""


class _Look(Struct, frozen=True):
    """What the newest plays and the number of all say."""

    pages: PlayPages
    items: int | None
    new: int
    gone: int
    more: int | None
    """By how much Trakt counts more plays than last time; ``None`` where it does not count."""

    @property
    def explains(self) -> bool:
        """Whether new plays are all that happened: none went, and none was entered with a date of long ago."""
        return self.new > 0 and self.gone == 0 and self.more in (None, self.new)

    @property
    def nothing(self) -> bool:
        return not self.new and not self.gone and self.more == 0


class TraktHistory:
    """Reads plays."""

    def __init__(self, asker: Asker, reader: PlayFinder, whole: WholeReader, clock: Clock) -> None:
        self._asker = asker
        self._reader = reader
        self._whole = whole
        self._clock = clock

    async def read(self, had: KindCursor, moves: Moves, known: EarlierReads, *, full: bool) -> PlaysFound:
        """From what moved since ``had``; ``known`` is only asked for a look at everything."""
        begins = had.begins()
        if begins is None:
            return await self._everything(had, moves, known, None)
        look = await self._look(had, begins) if had.settled != moves else None
        if look is not None and not full:
            if look.explains:
                records = list(look.pages.records.values())
                mark = had.over(records, look.items, self._clock.now(), complete=False)
                return PlaysFound(Plays(records, complete=False), mark, look.pages.told)
            if look.nothing and had.looked == moves:
                return PlaysFound(None, had, moved=False)
        return await self._by_dates(had, moves, known, look)

    async def _look(self, had: KindCursor, begins: datetime) -> _Look:
        items = await self._items()
        start = (begins - DAY).replace(hour=0, minute=0)
        pages, _ = await self._asker.gather_again(HISTORY, {**FULL, "start_at": timestamp(start)}, PlayPages)
        there = {int(record.id) for record in pages.records.values() if record.at and record.at >= begins}
        more = None if items is None or had.items is None else items - had.items
        return _Look(pages, items, len(there - had.recent), len(had.recent - there), more)

    async def _items(self) -> int | None:
        """How many plays Trakt counts in all."""
        answer = await self._asker.get(HISTORY, {"page": 1, "limit": 1})
        read_history(answer.json(), answer.what)
        return Paging.of(answer).items

    async def _by_dates(self, had: KindCursor, moves: Moves, known: EarlierReads, look: _Look | None) -> PlaysFound:
        """By all dates, which are cheap to get, and the plays behind those that are not known."""
        items = look.items if look else await self._items()
        pages = look.pages if look else PlayPages()
        dates = await self._dates()
        if dates is None:
            return await self._everything(had, moves, known, None)
        plays, subjects = await known.plays(), {**await known.subjects(), **pages.told.subjects}
        compared = await asyncio.to_thread(_compared, dates, plays, pages.records.values(), subjects)
        differing = compared.difference
        if differing is not None and not differing.titles:
            moved = look is not None and bool(look.new or look.gone)
            return await self._all(replace(had, digest=""), compared.records, items, pages.told, moved=moved)
        if differing is None or len(differing.titles) * PAGE >= (len(compared.records) if items is None else items):
            return await self._everything(had, moves, known, dates)
        read, left = await self._reread(differing.titles, dates, pages.told)
        if left.digest not in ("", had.digest):  # the same as ever: plays of hidden titles, which only dates tell of
            return await self._everything(had, moves, known, dates)
        records = await asyncio.to_thread(compared.mended, read)
        return await self._all(replace(had, digest=left.digest), records, items, pages.told)

    async def _reread(
        self, titles: Iterable[TitleKey], dates: Mapping[TitleKey, Minutes], told: ToldSubjects
    ) -> tuple[Iterable[PlayRecord], Difference]:
        """The plays of these titles, and where they still differ from ``dates``."""
        pages = PlayPages(told)
        for media, trakt in titles:
            pages.add(await self._reader.of_item(media, trakt))
        read = pages.records.values()
        wanted = {title: dates[title] for title in titles if title in dates}
        return read, difference(wanted, by_title(read, told.subjects) or {})

    async def _everything(
        self, had: KindCursor, moves: Moves, known: EarlierReads, dates: Mapping[TitleKey, Minutes] | None
    ) -> PlaysFound:
        """The whole history. Where it does not agree with ``dates``, it may never do: that is remembered."""
        found = await self._whole.read(moves, known.draft(LISTING))
        pages = found.pages
        records = list(pages.records.values())
        digest = ""
        if dates is not None:
            compared = await asyncio.to_thread(_compared, dates, records, (), pages.told.subjects)
            digest = compared.difference.digest if compared.difference else ""
        return await self._all(replace(had, digest=digest), records, found.items, pages.told)

    async def _all(
        self,
        mark: KindCursor,
        records: Sequence[PlayRecord],
        items: int | None,
        told: ToldSubjects,
        *,
        moved: bool = True,
    ) -> PlaysFound:
        mark = await asyncio.to_thread(mark.over, records, items, self._clock.now(), complete=True)
        return PlaysFound(Plays(records, complete=True), mark, told, moved=moved)

    async def _dates(self) -> Mapping[TitleKey, Minutes] | None:
        """Of every play, ``None`` where Trakt does not offer them.

        All at once where it gives them so: paged, it would be as many requests as the history.
        """
        found: dict[TitleKey, Minutes] = {}
        kinds: tuple[Media, ...] = ("movie", "episode")
        for media in kinds:
            path, dates = f"/sync/watched/{media}s", WatchedDates(media)
            answer = await self._asker.get(path, MIN, absent=NOT_OFFERED)
            if not answer.ok:
                return None
            await asyncio.to_thread(_take, dates, answer)
            pages = Paging.of(answer).pages
            if pages is None or pages > 1:  # where no header says that this is all, it may not be
                dates, _ = await self._asker.gather_again(path, MIN, partial(WatchedDates, media))
            found |= dates.found
        return found


def _take(dates: WatchedDates, answer: Answer) -> None:
    dates.take(answer.json(), answer.what)


class _Compared(Struct, frozen=True):
    records: Sequence[PlayRecord]
    held: PlaysByTitle
    difference: Difference | None
    """``None`` where the records cannot be compared."""

    def mended(self, read: Iterable[PlayRecord]) -> Sequence[PlayRecord]:
        """The records with those of the differing titles as they were read anew."""
        differing = set(self.difference.titles if self.difference else ())
        kept = (record for title in self.held.keys() - differing for record in self.held[title])
        return overlaid(kept, read)


def _compared(
    dates: Mapping[TitleKey, Minutes],
    known: Iterable[PlayRecord],
    window: Iterable[PlayRecord],
    subjects: Mapping[str, Subject],
) -> _Compared:
    records = overlaid(known, window)
    held = by_title(records, subjects)
    return _Compared(records, held or {}, None if held is None else difference(dates, held))
