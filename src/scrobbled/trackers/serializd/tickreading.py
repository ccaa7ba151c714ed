"""Plays that have no row: episodes somebody marked as watched, season by season, as no listing shows them all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from msgspec import Struct

from scrobbled.core.errors import ContractDrift, NotInCatalogue, TryLater
from scrobbled.core.records import PlayRecord
from scrobbled.trackers.given import ListingDraft
from scrobbled.trackers.serializd.activity import Profile
from scrobbled.trackers.serializd.codec import EpisodeSpot
from scrobbled.trackers.serializd.cursor import SerializdCursor, Visit
from scrobbled.trackers.serializd.entries import SerializdEntry, place_of
from scrobbled.trackers.serializd.records import TICK, UNREAD_TICKS, EpisodeTick, RecordTeller
from scrobbled.trackers.serializd.ticks import SeasonTicks

SeasonIds = tuple[int, int]
"""TMDB *show* id and TMDB *season* id."""
MARKS = "marks"
MOST = 800
"""Seasons asked for in one complete read."""
LONG = 40
"""Seasons from which on what they say is kept while others are asked for."""
LATER_TICKS = "season whose watched marks a later complete reading looks at"
RECENT = 12
"""Seasons in which new marks are looked for between complete reads, most recently watched first."""
MOST_FAILED = 3
"""Seasons; after so many that could not be read, the others are not tried either."""
CLOCKS_DIFFER = timedelta(minutes=5)
EVER = datetime.min.replace(tzinfo=UTC)
log = structlog.get_logger("serializd")


class TickReading(Struct, frozen=True):
    """Plays without a row that were told before and stay, and the last season that was asked for, 0 where all were."""

    told_before: list[PlayRecord]
    asked: int


class _Stand(Struct, frozen=True):
    owner: str
    episodes: int | None


class TickReader:
    """Marks that we made ourselves are not told: they belong to plays that we added or are about to add.

    A season whose page fails is left as it was until the next complete read: the pages are the mobile app's, one for
    each season, and the diary, which tells everything with a date, is not to wait for them.
    """

    def __init__(self, ticks: SeasonTicks, profile: Profile) -> None:
        self._ticks = ticks
        self._profile = profile

    async def since(
        self, visit: Visit, then: SerializdCursor, made: Sequence[SerializdEntry], teller: RecordTeller
    ) -> list[EpisodeTick]:
        """New marks, where the profile counts more of them than the new rows and our own explain.

        A season that no row and no earlier read ever mentioned is not found this way.
        """
        if not visit.known.marks:
            return []
        explained = {row.key for row in made if row.is_play} | visit.ticked
        missing = _grown(visit, then) - len(explained)
        if missing <= 0:
            return []
        plays = await visit.known.plays()
        watched = {play.key for play in plays} | {row.key for row in made}
        found: list[EpisodeTick] = []
        failed: list[str] = []
        for season in await self._likely(plays, made):
            ticks = await self._of_season(season, teller, failed)
            new = [tick for tick in ticks or () if tick.made_at and tick.made_at > then.at - CLOCKS_DIFFER]
            found += [tick for tick in new if tick.key not in watched and not await self._is_ours(tick, teller)]
            if len(found) >= missing:
                break
        return found

    async def _likely(self, plays: Sequence[PlayRecord], made: Sequence[SerializdEntry]) -> list[SeasonIds]:
        newest = sorted(plays, key=lambda play: play.made_at or play.at or EVER, reverse=True)
        marked = await self._profile.marked_seasons()
        seasons = [(row.show, row.season) for row in made if row.season is not None]
        recent = dict.fromkeys(place[:2] for play in newest if (place := place_of(play.key)))
        return list(dict.fromkeys((*seasons, *marked[-RECENT:], *list(recent)[:RECENT])))

    async def everywhere(self, visit: Visit, rows: Collection[SerializdEntry], teller: RecordTeller) -> TickReading:
        """Adds marks without a row to what is told.

        Nothing is asked where nobody wants to know, nor of a season of which each episode has a row, and of no more
        than ``MOST`` seasons: of the others what was told before stays, until a later read has come to them.
        """
        then = visit.then.asked if visit.then else 0
        if visit.totals.episodes == 0:
            return TickReading([], then)
        plays = await visit.known.plays("" if visit.known.marks else f"{TICK}:")
        watched = {row.key for row in rows if row.is_play}
        settled: set[SeasonIds] = set()
        if visit.known.marks:
            seasons = await self._seasons(visit, rows, plays)
            asked = _from(await self._open(seasons, watched, teller), then)
            unread = await self._tell(asked[:MOST], watched, teller, visit) | set(asked[MOST:])
            settled = set(seasons) - unread
            if len(asked) > MOST:
                then = asked[MOST - 1][1]
                teller.told.skipped[LATER_TICKS] += len(asked) - MOST
        left = (play for play in plays if play.id.startswith(f"{TICK}:") and play.key not in watched)
        return TickReading([play for play in left if _season_of(play) not in settled], then)

    async def _open(
        self, seasons: Sequence[SeasonIds], watched: Collection[str], teller: RecordTeller
    ) -> list[SeasonIds]:
        """Those in which an episode may be marked and have no row, as far as that is known without asking."""
        numbers: dict[SeasonIds, set[int]] = {}
        for place in filter(None, map(place_of, watched)):
            numbers.setdefault(place[:2], set()).add(place[2])
        found = []
        for season in seasons:
            listed = await teller.listed(*season)
            if not listed or not listed <= numbers.get(season, set()):
                found.append(season)
        return found

    async def _seasons(
        self, visit: Visit, rows: Collection[SerializdEntry], plays: Sequence[PlayRecord]
    ) -> list[SeasonIds]:
        """Where to look. Where the count of marks says that nothing else happened: where a row is gone."""
        there = {str(row.id) for row in rows}
        then = visit.then
        if (
            then is not None
            and then.marks
            and not visit.full
            and visit.totals.episodes is not None
            and then.episodes is not None
        ):
            before = {play.id for play in plays}
            new = {row.key for row in rows if row.is_play and str(row.id) not in before}
            if 0 <= _grown(visit, then) <= len(new | visit.ticked):
                gone = (play for play in plays if play.id not in there and not play.id.startswith(f"{TICK}:"))
                return list(dict.fromkeys(season for play in gone if (season := _season_of(play))))
        of_rows = [(row.show, row.season) for row in rows if row.season is not None]
        known = [season for play in plays if (season := _season_of(play))]
        return list(dict.fromkeys((*of_rows, *known, *await self._profile.marked_seasons())))

    async def _tell(
        self, seasons: Sequence[SeasonIds], watched: Collection[str], teller: RecordTeller, visit: Visit
    ) -> set[SeasonIds]:
        """Tells the marks of these seasons; returns those that could not be read."""
        unread: set[SeasonIds] = set()
        failed: list[str] = []
        draft, kept, seen = visit.known.draft(MARKS), dict[int, list[EpisodeTick]](), 0
        if len(seasons) >= LONG:
            kept = await _gone_on(draft, _Stand(visit.totals.username, visit.totals.episodes))
        for number, season in enumerate(seasons, 1):
            if seen == visit.totals.episodes:
                break  # that was every mark there is
            ticks = kept.get(season[1])
            if ticks is None:
                ticks = await self._of_season(season, teller, failed)
                if len(seasons) >= LONG and ticks is not None:
                    await draft.keep(season[1], ticks)
                    await draft.step(number, len(seasons))
            if ticks is None:
                unread.add(season)
                continue
            seen += len(ticks)
            bare = [tick for tick in ticks if tick.key not in watched]
            await teller.ticks([tick for tick in bare if not await self._is_ours(tick, teller)])
        return unread

    async def _of_season(self, season: SeasonIds, teller: RecordTeller, failed: list[str]) -> list[EpisodeTick] | None:
        """``None`` for a season that the service does not know any more, or that could not be read."""
        show, id_ = season
        number = await teller.season_number(show, id_)
        if number is None:
            return None
        if len(failed) < MOST_FAILED:
            try:
                ticked = await self._ticks.read(show, id_, number)
                return [EpisodeTick(show, id_, episode, at) for episode, at in ticked.items()]
            except NotInCatalogue:
                return None
            except (TryLater, ContractDrift) as error:
                failed.append(error.reason)
                log.warning("the watched marks of a season could not be read", action="read-marks", why=error.reason)
        teller.told.skipped[UNREAD_TICKS] += 1
        return None

    async def _is_ours(self, tick: EpisodeTick, teller: RecordTeller) -> bool:
        number = await teller.season_number(tick.show, tick.season)
        return await self._ticks.is_ours(EpisodeSpot(tick.show, tick.season, number or 0, tick.number))


async def _gone_on(draft: ListingDraft, stand: _Stand) -> dict[int, list[EpisodeTick]]:
    """What an earlier read was told by season, where as much is marked as then."""
    if stand.episodes is None or await draft.head(_Stand) != stand:
        await draft.begin(stand)
        return {}
    return {season: ticks async for season, ticks in draft.pages(list[EpisodeTick])}


def _from(seasons: Sequence[SeasonIds], last: int) -> list[SeasonIds]:
    """In an order that stays, those first that come after the one that was asked for last."""
    ordered = sorted(seasons, key=lambda season: season[1])
    return (
        [*(one for one in ordered if one[1] > last), *(one for one in ordered if one[1] <= last)]
        if last
        else list(seasons if len(seasons) <= MOST else ordered)
    )


def _grown(visit: Visit, then: SerializdCursor) -> int:
    now = visit.totals.episodes
    return 0 if now is None or then.episodes is None else now - then.episodes


def _season_of(play: PlayRecord) -> SeasonIds | None:
    place = place_of(play.key)
    return place[:2] if place else None
