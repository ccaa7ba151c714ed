"""Plays that have no row: episodes somebody marked as watched, season by season, as no listing shows them all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from scrobbled.core.errors import ContractDrift, NotInCatalogue, TryLater
from scrobbled.core.records import PlayRecord
from scrobbled.trackers.serializd.codec import Spot
from scrobbled.trackers.serializd.entries import Entry, place_of
from scrobbled.trackers.serializd.gate import Mark
from scrobbled.trackers.serializd.profile import Profile
from scrobbled.trackers.serializd.telling import TICK, UNREAD_TICKS, Teller, Tick
from scrobbled.trackers.serializd.ticks import Ticks

if TYPE_CHECKING:
    from scrobbled.trackers.serializd.reading import Visit

Season = tuple[int, int]
"""TMDB *show* id and TMDB *season* id."""
RECENT = 12
"""Seasons in which new marks are looked for between complete reads, most recently watched first."""
MOST_FAILED = 3
"""Seasons; after so many that could not be read, the others are not tried either."""
CLOCKS_DIFFER = timedelta(minutes=5)
EVER = datetime.min.replace(tzinfo=UTC)
log = structlog.get_logger("serializd")


class TickReader:
    """Marks that we made ourselves are not told: they belong to plays that we added or are about to add.

    A season whose page fails is left as it was until the next complete read: the pages are the mobile app's, one for
    each season, and the diary, which tells everything with a date, is not to wait for them.
    """

    def __init__(self, ticks: Ticks, profile: Profile) -> None:
        self._ticks = ticks
        self._profile = profile

    async def since(self, visit: Visit, then: Mark, made: Sequence[Entry], teller: Teller) -> list[Tick]:
        """New marks, where the profile counts more of them than the new rows and our own explain.

        A season that no row and no earlier read ever mentioned is not found this way.
        """
        explained = {row.key for row in made if row.is_play} | visit.ticked
        missing = _grown(visit, then) - len(explained)
        if missing <= 0:
            return []
        plays = await visit.known.plays()
        watched = {play.key for play in plays} | {row.key for row in made}
        found: list[Tick] = []
        failed: list[str] = []
        for season in await self._likely(plays, made):
            ticks = await self._of_season(season, teller, failed)
            new = [tick for tick in ticks or () if tick.made_at and tick.made_at > then.at - CLOCKS_DIFFER]
            found += [tick for tick in new if tick.key not in watched and not await self._is_ours(tick, teller)]
            if len(found) >= missing:
                break
        return found

    async def _likely(self, plays: Sequence[PlayRecord], made: Sequence[Entry]) -> list[Season]:
        newest = sorted(plays, key=lambda play: play.made_at or play.at or EVER, reverse=True)
        marked = await self._profile.marked_seasons()
        seasons = [(row.show, row.season) for row in made if row.season is not None]
        recent = dict.fromkeys(place[:2] for play in newest if (place := place_of(play.key)))
        return list(dict.fromkeys((*seasons, *marked[-RECENT:], *list(recent)[:RECENT])))

    async def everywhere(self, visit: Visit, rows: Sequence[Entry], teller: Teller) -> list[PlayRecord]:
        """Adds all marks without a row to what is told; returns those that were told before and need no new look."""
        if visit.totals.episodes == 0:
            return []
        plays = await visit.known.plays()
        watched = {row.key for row in rows if row.is_play}
        seasons = await self._seasons(visit, rows, plays)
        unread = await self._tell(seasons, watched, teller, visit.totals.episodes)
        settled = set(seasons) - unread
        left = (play for play in plays if play.id.startswith(f"{TICK}:") and play.key not in watched)
        return [play for play in left if _season_of(play) not in settled]

    async def _seasons(self, visit: Visit, rows: Sequence[Entry], plays: Sequence[PlayRecord]) -> list[Season]:
        """Where to look. Where the count of marks says that nothing else happened: where a row is gone."""
        there = {str(row.id) for row in rows}
        then = visit.then
        if then is not None and not visit.full and visit.totals.episodes is not None and then.episodes is not None:
            before = {play.id for play in plays}
            new = {row.key for row in rows if row.is_play and str(row.id) not in before}
            if 0 <= _grown(visit, then) <= len(new | visit.ticked):
                gone = (play for play in plays if play.id not in there and not play.id.startswith(f"{TICK}:"))
                return list(dict.fromkeys(season for play in gone if (season := _season_of(play))))
        of_rows = [(row.show, row.season) for row in rows if row.season is not None]
        known = [season for play in plays if (season := _season_of(play))]
        return list(dict.fromkeys((*of_rows, *known, *await self._profile.marked_seasons())))

    async def _tell(
        self, seasons: Sequence[Season], watched: Collection[str], teller: Teller, total: int | None
    ) -> set[Season]:
        """Tells the marks of these seasons; returns those that could not be read."""
        unread: set[Season] = set()
        failed: list[str] = []
        seen = 0
        for season in seasons:
            if seen == total:
                break  # that was every mark there is
            ticks = await self._of_season(season, teller, failed)
            if ticks is None:
                unread.add(season)
                continue
            seen += len(ticks)
            bare = [tick for tick in ticks if tick.key not in watched]
            await teller.ticks([tick for tick in bare if not await self._is_ours(tick, teller)])
        return unread

    async def _of_season(self, season: Season, teller: Teller, failed: list[str]) -> list[Tick] | None:
        """``None`` for a season that the service does not know any more, or that could not be read."""
        show, id_ = season
        number = await teller.season_number(show, id_)
        if number is None:
            return None
        if len(failed) < MOST_FAILED:
            try:
                ticked = await self._ticks.read(show, id_, number)
                return [Tick(show, id_, episode, at) for episode, at in ticked.items()]
            except NotInCatalogue:
                return None
            except (TryLater, ContractDrift) as error:
                failed.append(error.reason)
                log.warning("the watched marks of a season could not be read", action="read-marks", why=error.reason)
        teller.told.skipped[UNREAD_TICKS] += 1
        return None

    async def _is_ours(self, tick: Tick, teller: Teller) -> bool:
        number = await teller.season_number(tick.show, tick.season)
        return await self._ticks.is_ours(Spot(tick.show, tick.season, number or 0, tick.number))


def _grown(visit: Visit, then: Mark) -> int:
    now = visit.totals.episodes
    return 0 if now is None or then.episodes is None else now - then.episodes


def _season_of(play: PlayRecord) -> Season | None:
    place = place_of(play.key)
    return place[:2] if place else None
