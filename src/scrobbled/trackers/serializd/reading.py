"""Reading an account: two requests when nothing moved, one page when that explains it, else everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.kinds import RATINGS, Kind
from scrobbled.core.records import Plays, Reading, ReadValues
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.given import EarlierReads
from scrobbled.trackers.serializd import cursor as cursors
from scrobbled.trackers.serializd.activity import Profile
from scrobbled.trackers.serializd.catalogue import SerializdCatalogue
from scrobbled.trackers.serializd.cursor import RowNews, SerializdCursor, Visit
from scrobbled.trackers.serializd.entries import EntryPage, SerializdEntry
from scrobbled.trackers.serializd.history import Diary
from scrobbled.trackers.serializd.memory import SerializdMemory
from scrobbled.trackers.serializd.records import ReadRecords, RecordTeller, RowPlays
from scrobbled.trackers.serializd.reviews import Reviews
from scrobbled.trackers.serializd.rows import SerializdRows
from scrobbled.trackers.serializd.tickreading import CLOCKS_DIFFER, TickReader
from scrobbled.trackers.serializd.ticks import SeasonTicks
from scrobbled.trackers.serializd.whole import SweepPages

DIARY = "diary"
_Told = tuple[Reading, Collection[SerializdEntry]]
"""What is told, and the rows that it is told of."""
FEW = 8
"""Rows of ours that are looked up one by one; of more, the diary tells as cheaply when it is read whole."""


class ReadingParts(Struct, frozen=True):
    """What a read works with."""

    profile: Profile
    diary: Diary
    reviews: Reviews
    rows: SerializdRows
    ticks: SeasonTicks
    memory: SerializdMemory
    catalogue: SerializdCatalogue
    clock: Clock


class SerializdReader:
    """See ``trackers.base.Reads``."""

    def __init__(self, parts: ReadingParts) -> None:
        self._parts = parts
        self._rows, self._ticks = parts.rows, parts.ticks
        self._tick_reader = TickReader(parts.ticks, parts.profile)

    async def read(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        ours, removed = frozenset(self._rows.news), frozenset(self._rows.removed)
        ticked, at = frozenset(self._ticks.fresh), self._parts.clock.now()
        then = SerializdCursor.of(cursor)
        unread = await self._unread(then)
        totals = await self._parts.profile.totals()
        if totals.episodes == 0:
            await self._ticks.nothing_is_ticked()
        first = await self._parts.diary.page(1)
        visit = Visit(kinds, known, full, then, totals, first, ours, ticked, removed, at, unread)
        hidden = bool(self._rows.removed) or self._parts.memory.is_foreign(unread)
        found = None if hidden else await self._short(visit) or await self._with_new_kinds(visit)
        reading, rows = found or await self._whole(visit)
        self._have_told(visit, rows)
        return reading

    async def _unread(self, then: SerializdCursor | None) -> str:
        """What was read is forgotten only when it was stored, as the cursor tells."""
        unread = await self._parts.memory.unread()
        if then is not None and unread and then.wrote == unread:
            await self._parts.memory.were_read(unread)
            return ""
        return unread

    # -- what is new --------------------------------------------------------------------------------------------------

    async def _short(self, visit: Visit) -> _Told | None:
        """What the first page explains; ``None`` where it does not explain all."""
        then = visit.then
        if then is None or not visit.may_be_short:
            return None
        news = cursors.on_page(then, visit.first, self._rows.news, self._rows.was_told)
        news = await self._with_ours(visit, news) if news is not None else None
        if news is None:
            return None
        late = self._rows.news.keys() - visit.ours
        rated = then.rated
        if not cursors.explained(then, visit.totals, news.made, late):
            page = await self._parts.reviews.page(1) if "ratings" in visit.kinds else EntryPage(())
            news, rated = _with_rated(then, news, page, self._rows.was_told), tuple(page.ids)
            if not cursors.explained(then, visit.totals, news.made, late):
                return None
        await self._parts.memory.saw(news.made)
        rates = self._rates(then, news)
        if rates is None and "ratings" in visit.kinds:
            return None
        return await self._told(visit, then, news, rates or [], cursors.with_made(rated, news.made))

    async def _with_ours(self, visit: Visit, news: RowNews) -> RowNews | None:
        """And the rows that we wrote and that stand on other pages; ``None`` where that takes too many requests."""
        elsewhere = self._rows.news.keys() - set(visit.first.ids)
        if len(elsewhere) > max(FEW, (visit.first.total or 0) // 4) or (elsewhere and not self._rows.looked):
            return None
        made, edited = list(news.made), list(news.edited)
        for id_ in sorted(elsewhere):
            row = await self._rows.fresh(id_)
            if row is None:
                return None
            (made if self._rows.news.get(id_) else edited).append(row)
        return RowNews(tuple(made), tuple(edited))

    def _rates(self, then: SerializdCursor, news: RowNews) -> list[SerializdEntry] | None:
        """All rows of what was rated anew; ``None`` where other rows of it might say something else."""
        regraded = [row for row in news.edited if row.id not in then.rows or then.rows[row.id].rating != row.rating]
        if regraded and not self._rows.looked:
            return None
        graded = [row for row in news.made if row.rating]
        self._rows.see((*news.made, *news.edited))
        if not self._rows.looked:
            return graded
        places = dict.fromkeys(row.place for row in (*graded, *regraded))
        return [row for place in places for row in self._rows.seen_of(place)]

    async def _told(
        self,
        visit: Visit,
        then: SerializdCursor,
        news: RowNews,
        rates: Sequence[SerializdEntry],
        rated: tuple[int, ...],
    ) -> _Told:
        teller, plays, ratings = RecordTeller(self._parts.catalogue), "plays" in visit.kinds, "ratings" in visit.kinds
        if plays:
            await teller.plays((*news.made, *news.edited), visit.first.rows)
            await teller.ticks(await self._tick_reader.since(visit, then, news.made, teller))
        if ratings:
            await teller.ratings(rates)
        told = teller.told
        reading = Reading(
            cursor=self._mark(
                visit, then.counted, visit.first, rated, self._reviews_by_now(visit, then, news)
            ).cursor(),
            owner=visit.owner,
            plays=Plays(RowPlays(told.plays), complete=False) if told.plays else None,
            values={RATINGS: _rated(told, complete=False)} if told.ratings or told.cleared else {},
            subjects=told.subjects,
            skipped=told.skipped,
        )
        return reading, (*news.made, *news.edited)

    def _reviews_by_now(self, visit: Visit, then: SerializdCursor, news: RowNews) -> int | None:
        """The count that goes with what was told, which may be ahead of what the profile said."""
        late = [row for row in news.made if row.id not in visit.ours and row.id in self._rows.news]
        if not late or then.reviews is None or not then.counted:
            return visit.totals.reviews
        return then.reviews + cursors.count(news.made, then.counted)

    async def _with_new_kinds(self, visit: Visit) -> _Told | None:
        """All of the kinds that were not read before, beside what is new of the others; ``None`` where all takes all.

        Both stand in the diary; what else there is of one kind is not read for the other.
        """
        before = visit.kinds & visit.then.kinds if visit.then else frozenset()
        if not before or before == visit.kinds or (found := await self._short(replace(visit, kinds=before))) is None:
            return None
        (news, rows), (new, all_) = found, await self._whole(replace(visit, kinds=visit.kinds - before))
        told = {name: new.cursor[name] for name in ("counted", "asked")}
        rated = new.cursor["rated"] or news.cursor["rated"]
        reading = Reading(
            cursor={**news.cursor, **told, "rated": rated, "kinds": sorted(visit.kinds)},
            owner=news.owner,
            plays=news.plays or new.plays,
            values={**new.values, **news.values},
            subjects={**news.subjects, **new.subjects},
            skipped=Counter(news.skipped) + Counter(new.skipped),
        )
        return reading, (*rows, *all_)

    # -- everything ---------------------------------------------------------------------------------------------------

    async def _whole(self, visit: Visit) -> _Told:
        teller, plays, ratings = RecordTeller(self._parts.catalogue), "plays" in visit.kinds, "ratings" in visit.kinds
        stands = (visit.totals.reviews, visit.totals.episodes)
        keeper = SweepPages(visit.known.draft(DIARY), visit.totals.username, stands)
        look = await self._rows.look(visit.first, reviews=ratings, keeper=keeper)
        rows, first = look.rows, look.diary.first or visit.first
        asked = visit.then.asked if visit.then else 0
        if plays:
            await teller.plays(rows[id_] for id_ in look.diary.rows)
            marked = await self._tick_reader.everywhere(visit, look.diary.rows.values(), teller)
            teller.told.plays += marked.told_before
            asked = marked.asked
        if ratings:
            await teller.ratings(rows.values())
        told = teller.told
        complete = look.complete and not await self._parts.memory.is_hidden_from(look)
        counted = cursors.what_is_counted(visit.totals.reviews, rows.values()) if ratings else ""
        counted = counted or (visit.then.counted if visit.then else "")
        reading = Reading(
            cursor=replace(
                self._mark(visit, counted, first, look.reviews.first, visit.totals.reviews), asked=asked
            ).cursor(),
            owner=visit.owner,
            plays=Plays(RowPlays(told.plays), complete=True) if plays else None,
            values={RATINGS: _rated(told, complete=complete)} if ratings else {},
            subjects=told.subjects,
            skipped=told.skipped,
        )
        return reading, rows.values()

    def _mark(
        self, visit: Visit, counted: str, first: EntryPage, rated: tuple[int, ...], reviews: int | None
    ) -> SerializdCursor:
        return SerializdCursor(
            owner=visit.owner,
            joined=visit.totals.joined,
            kinds=visit.kinds,
            at=visit.at,
            reviews=reviews,
            episodes=visit.totals.episodes,
            counted=counted,
            rows=cursors.shown(first),
            rated=rated,
            marks=visit.known.marks,
            asked=visit.then.asked if visit.then else 0,
            wrote=visit.unread,
        )

    def _have_told(self, visit: Visit, rows: Collection[SerializdEntry]) -> None:
        """What we wrote is no news any more, where it was told or was not there to be told."""
        self._rows.have_told((*visit.ours, *(row.id for row in rows)), visit.removed)
        self._ticks.fresh -= visit.ticked


def _rated(told: ReadRecords, *, complete: bool) -> ReadValues:
    return ReadValues(told.ratings, complete, frozenset(told.cleared))


def _with_rated(then: SerializdCursor, news: RowNews, page: EntryPage, was_told: Callable[[int], bool]) -> RowNews:
    """And the ratings by themselves that the reviews list among their newest.

    A row that was there and was rated since is listed there as well, so that only what was made since counts.
    """
    known = {*then.rated, *then.rows, *(row.id for row in (*news.made, *news.edited))}
    since = then.at - CLOCKS_DIFFER
    new = (row for row in page.rows if row.id not in known and not was_told(row.id))
    newer = [row for row in new if (row.made_at or then.at) > since]
    return RowNews((*news.made, *newer), news.edited)
