"""Whole seasons that are about to be added: the show's own page says enough of them, and takes one request for all."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from scrobbled.core.errors import NotInCatalogue
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import counted_alike, is_gapless
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.serializd.catalogue import RUNNING, SerializdCatalogue
from scrobbled.trackers.serializd.codec import EpisodeSpot, SeasonCount, ShowPage

WORTH_IT = 2
"""From so many seasons of a show on, its page costs less than theirs."""
PROVEN = 3
"""From so many on there is room for a look at one of them, too."""
SurveyedIds = dict[int, dict[int, int]]
"""TMDB *episode* ids by season and number."""


class _Known(Struct, frozen=True):
    at: float
    """Of the monotonic clock."""
    season: SeasonCount
    show_name: str


class Surveyor:
    """Remembers for a day which seasons Serializd counts as we do.

    Serializd and Trakt both number episodes as TMDB does, one a little later than the other. So where all the numbers
    that Serializd counts in a season are there, and no other, its episodes go by them; any other season, and whatever
    may follow another order of the show, is held against its own page, episode by episode. In a show with many seasons
    one page has to agree, too: the more there are, the more would be wrong.
    """

    def __init__(self, catalogue: SerializdCatalogue, clock: Clock) -> None:
        self._catalogue, self._clock = catalogue, clock
        self._known: dict[tuple[int, int], _Known] = {}

    async def look(self, episodes: Iterable[Episode]) -> None:
        """At the shows of these, where that spares requests. Raises as every read, but nothing for an unknown show."""
        shows: dict[int, SurveyedIds] = {}
        for episode in episodes:
            if (place := _place(episode)) is not None:
                show, season, number = place
                shows.setdefault(show, {}).setdefault(season, {})[number] = episode.ids.tmdb or 0
        for show, seasons in shows.items():
            if await self._is_worth_it(show, seasons):
                await self._look_at(show, seasons)

    def spot_of(self, episode: Episode) -> tuple[EpisodeSpot, str] | None:
        """Where it stands and the name of its show; ``None`` where its season's page has to tell."""
        if (place := _place(episode)) is None:
            return None
        show, season, number = place
        known = self._known_of(show, season)
        if known is None or not 1 <= number <= known.season.episodes:
            return None
        return EpisodeSpot(show, known.season.id, season, number), known.show_name

    def forget(self, show: int, season: int) -> None:
        """Serializd has just contradicted what we know of it."""
        self._known.pop((show, season), None)

    async def learn(self, episode: Episode, spot: EpisodeSpot) -> None:
        """What a season's page said: where it contradicts the numbers, none of that show's is believed any more."""
        place = _place(episode)
        if episode.season and place is not None and place != (spot.show, spot.season_number, spot.number):
            await self._distrust(spot.show)

    async def _distrust(self, show: int) -> None:
        self._known = {key: known for key, known in self._known.items() if key[0] != show}
        await self._catalogue.distrust(show)

    async def _is_worth_it(self, show: int, seasons: SurveyedIds) -> bool:
        whole = [n for n, ids in seasons.items() if n > 0 and is_gapless(ids.keys(), len(ids))]
        asked = [n for n in whole if not self._known_of(show, n) and not await self._catalogue.is_kept(show, n)]
        return len(asked) >= WORTH_IT and not await self._catalogue.is_distrusted(show)

    async def _look_at(self, show: int, seasons: SurveyedIds) -> None:
        try:
            page, counts = await self._catalogue.show(show), await self._catalogue.counts(show)
        except NotInCatalogue:
            return
        numbers = {season: ids.keys() for season, ids in seasons.items()}
        alike = counted_alike(numbers, {number: one.episodes for number, one in counts.items()})
        if len(alike) >= PROVEN and not await self._agrees(page, max(alike), seasons[max(alike)]):
            await self._distrust(show)
            return
        for season in alike:
            self._known[show, season] = _Known(self._clock.monotonic(), counts[season], page.name)

    async def _agrees(self, show: ShowPage, season: int, ids: dict[int, int]) -> bool:
        """Whether the page of a season has the same episodes under the same numbers."""
        found = await self._catalogue.season(show, season)
        return {entry.number: entry.tmdb for entry in found.episodes} == ids

    def _known_of(self, show: int, season: int) -> _Known | None:
        known = self._known.get((show, season))
        if known is not None and self._clock.monotonic() - known.at >= RUNNING:
            del self._known[show, season]
            return None
        return known


def _place(episode: Episode) -> tuple[int, int, int] | None:
    """TMDB *show* id, season and number, of an episode that was numbered as TMDB does.

    A media server (``origin``) may follow another order of the show, and what a person settled is looked at.
    """
    show, season, number = episode.show_ids.tmdb, episode.season, episode.number
    if episode.origin is not None or episode.settled or episode.absolute or episode.ids.tmdb is None:
        return None
    return (show, season, number) if show is not None and season is not None and number is not None else None
