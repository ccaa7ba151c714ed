"""What API and page ask about how much was watched: the days, hours, titles and people behind the numbers."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial

from msgspec import Struct

from scrobbled.core.statistics import Counted, DayCount, DaySpan, Sums, daily, stretches, summed
from scrobbled.core.watching.plays import EARLIEST
from scrobbled.desk.posters.artwork import Artwork
from scrobbled.runtime.service import Runtime
from scrobbled.store.file.beside import beside
from scrobbled.store.history import tally
from scrobbled.store.history.tally import Favourites, Most, Tally
from scrobbled.store.works import works

ALL = "all"
LATELY = 90
"""Days that are always told one by one."""
MOST = 10
FRESH = timedelta(minutes=1)
"""So long what was counted may lack that a title was corrected. Plays that come or go are seen at once."""
MOST_KEPT = 8


class CountedTitle(Struct, frozen=True):
    """``different`` is how many of its episodes were watched, 1 for a film. ``poster`` is relative to our root."""

    work: int
    title: str
    year: int | None
    plays: int
    different: int
    poster: str


class Statistics(Struct, frozen=True):
    """What was watched from ``first`` to ``last``, days of the house, both included; by ``viewer``, or by all.

    ``days`` are those with plays, ``lately`` the last 90 of the period, without a gap. What was taken back does not
    count. ``undated`` plays are in no other number: nobody knows when they were, or it was before ``EARLIEST``.
    ``unsorted`` plays lack their show or film yet, and are in no favourite, nor known to be watched again. What several
    people watched together counts once for each. ``years`` and ``viewers`` are what can be asked for.
    """

    period: str
    first: date
    last: date
    viewer: str | None
    totals: Sums
    undated: int
    unsorted: int
    days: list[DayCount]
    lately: list[DayCount]
    shows: list[CountedTitle]
    films: list[CountedTitle]
    different_shows: int
    different_films: int
    different_episodes: int
    years: list[int]
    viewers: list[str]


class _Found(Struct, frozen=True):
    span: DaySpan
    counted: Counted
    lately: list[DayCount]
    favourites: Favourites
    years: list[int]
    viewers: list[str]


class _Kept(Struct, frozen=True):
    """``state`` is what the database, and the household, looked like."""

    state: object
    at: datetime
    found: _Found


class Counting:
    """Keeps what was counted a moment ago."""

    def __init__(self, runtime: Runtime, art: Artwork) -> None:
        self._runtime, self._art = runtime, art
        self._counting = asyncio.Lock()
        self._kept: dict[tuple[str, str | None, date], _Kept] = {}

    async def statistics(self, period: str, viewer: str | None) -> Statistics:
        """``period`` is a year or ``all``, empty for this year. Raises ``ValueError`` with what to ask instead."""
        here = self._runtime.clock.now().astimezone(self._runtime.config.server.zone)
        period = period or str(here.year)
        _check(period, here.year)
        if await self._runtime.store.read(works.is_behind):  # just watched, or very many: nobody waits for all of them
            await self._runtime.store.write(works.catch_up)
        async with self._counting:  # one after the other: a webhook must not wait for many who count
            found = await asyncio.to_thread(self._found, period, viewer or None, here)
        return await self._told(period, viewer or None, here.date(), found)

    def _found(self, period: str, viewer: str | None, here: datetime) -> _Found:
        """Beside the writer, which goes on storing. What was counted a moment ago need not be counted again."""
        with beside(self._runtime.store.path) as db:
            viewers = sorted({*tally.viewers(db), *(one.name for one in self._runtime.config.viewers)})
            if viewer is not None and viewer not in viewers:
                raise ValueError(f"There is nobody called {viewer[:40]}; ask for {' or '.join(viewers)}.")
            asked, state = (period, viewer, here.date()), (tally.state(db), tuple(viewers), here.tzinfo)
            kept = self._kept.get(asked)
            if kept is None or kept.state != state or not timedelta() <= here - kept.at < FRESH:
                kept = _Kept(state, here, _counted(db, viewers, period, viewer, here))
            self._kept = {**dict(list(self._kept.items())[-MOST_KEPT:]), asked: kept}
            return kept.found

    async def _told(self, period: str, viewer: str | None, today: date, found: _Found) -> Statistics:
        best = found.favourites
        posters = await self._art.of_works(one.work for one in (*best.shows, *best.films))
        return Statistics(
            period=period,
            first=found.span.first,
            last=found.span.last,
            viewer=viewer,
            totals=summed(found.counted, today),
            undated=found.counted.undated,
            unsorted=sum(share.plays - share.sorted for share in found.counted.shares),
            days=found.counted.days,
            lately=found.lately,
            shows=[_title(one, posters) for one in best.shows],
            films=[_title(one, posters) for one in best.films],
            different_shows=best.different_shows,
            different_films=best.different_films,
            different_episodes=best.different_episodes,
            years=found.years,
            viewers=found.viewers,
        )


def _counted(db: sqlite3.Connection, viewers: list[str], period: str, viewer: str | None, here: datetime) -> _Found:
    plays, edges, today = Tally(db, viewer), tally.edges(db, viewer, here), here.date()
    first = _day(edges[0], here.tzinfo) if edges else today
    span, offset = _span(period, first, today), partial(ahead, here.tzinfo)
    lately = DaySpan(span.last - timedelta(days=LATELY - 1), span.last)
    within = stretches(span, offset)
    return _Found(
        span=span,
        counted=plays.counted(within, _midnight(today, here.tzinfo)),
        lately=daily(plays.days(stretches(lately, offset)), lately),
        favourites=plays.favourites(within, MOST),
        years=list(range(today.year, min(first, today).year - 1, -1)),
        viewers=viewers,
    )


def _span(period: str, first: date, today: date) -> DaySpan:
    if period == ALL:
        return DaySpan(min(first, today), today)
    year = int(period)
    return DaySpan(date(year, 1, 1), min(date(year, 12, 31), today))


def ahead(zone: tzinfo | None, at: float) -> int:
    """Seconds that a clock of the zone is ahead of UTC at a moment."""
    found = datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset()
    return int(found.total_seconds()) if found else 0


def _day(at: float, zone: tzinfo | None) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).date()


def _midnight(today: date, zone: tzinfo | None) -> datetime:
    """The end of the day: what is said to be later than that has not come yet."""
    return datetime.combine(today + timedelta(days=1), time(), zone)


def _check(period: str, this_year: int) -> None:
    if period != ALL and not (re.fullmatch(r"\d{4}", period, re.ASCII) and EARLIEST.year <= int(period) <= this_year):
        raise ValueError(f"period is a year from {EARLIEST.year} to {this_year}, or {ALL}.")


def _title(one: Most, posters: dict[int, str]) -> CountedTitle:
    return CountedTitle(one.work, one.title, one.year, one.plays, one.different, posters.get(one.work, ""))
