"""Which of Serializd's episodes an episode of a media server is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import NotInCatalogue, Uncertain
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import (
    BY_NAME,
    IN_DOUBT,
    Claim,
    Confidence,
    ShowMatch,
    agrees,
    candidate,
    place,
    weaker,
)
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.given import Shows
from scrobbled.trackers.serializd.catalogue import SerializdCatalogue
from scrobbled.trackers.serializd.codec import EpisodeSpot, SeasonPage, ShowPage
from scrobbled.trackers.serializd.surveying import Surveyor


class LocatedEpisode(Struct, frozen=True):
    """``how`` is in plain words."""

    spot: EpisodeSpot
    how: str
    confidence: Confidence
    entry: str = ""
    """What is there, as Serializd calls it."""


class SerializdLocator:
    """Looks where an episode is claimed to be, then by its own ids, then through the whole show."""

    def __init__(self, catalogue: SerializdCatalogue, shows: Shows, clock: Clock) -> None:
        self._catalogue = catalogue
        self._shows = shows
        self._clock = clock
        self._surveyor = Surveyor(catalogue, clock)

    async def survey(self, episodes: Iterable[Episode]) -> None:
        """These are about to be looked for, those of one show together."""
        await self._surveyor.look(episodes)

    async def forget(self, spot: EpisodeSpot) -> None:
        """Serializd has just said that it does not have it."""
        self._surveyor.forget(spot.show, spot.season_number)
        await self._catalogue.forget(spot.show, spot.season_number)

    async def spot_of(self, episode: Episode) -> LocatedEpisode:
        """The place and how it was found. Raises ``NotInCatalogue`` or ``Uncertain``."""
        started = self._clock.now()
        match = await self._shows.show_of(episode)
        if match.method != BY_NAME and (whole := self._surveyor.spot_of(episode)) is not None:
            return _of_whole_season(*whole, match)
        try:
            return await self._found(episode, match, None)
        except (NotInCatalogue, Uncertain):
            if not await self._catalogue.may_look_again(_show_id(match)):
                raise
        return await self._found(episode, match, started)  # it may have appeared since we last read the show

    async def place_of(self, item: Episode, *, whole_show: bool) -> tuple[tuple[int, int | None], str, str]:
        """Show and season (its id) of a show or season, how it was found, and what it is called there.

        Raises ``NotInCatalogue`` or ``Uncertain``.
        """
        match = await self._shows.show_of(item)
        show = await self._catalogue.show(_show_id(match))
        how, entry = f"show by {match.method}", f"show {show.id} {show.name}"
        if whole_show:
            return (show.id, None), how, entry
        if item.season is None:
            raise Uncertain("it is not known which season is meant")
        id_ = await self._season_id(show.id, item.season)
        return (show.id, id_), f"{how}, season by number", f"{entry} S{item.season}"

    async def _season_id(self, show: int, number: int) -> int:
        started = self._clock.now()
        for since in (None, started):
            if since is not None and not await self._catalogue.may_look_again(show):
                break
            page = await self._catalogue.show(show, since=since)
            for season in await self._catalogue.seasons(page, [number], since=since):
                if season.id is not None:
                    return season.id
        raise NotInCatalogue(f"Serializd has no season {number} of the show with TMDB id {show} yet")

    async def _found(self, episode: Episode, match: ShowMatch, since: datetime | None) -> LocatedEpisode:
        # A number that counts through the whole show means nothing within a part of it.
        if match.claims and not episode.absolute:
            try:
                return await self._among(episode, match, {claim.season for claim in match.claims}, since)
            except (NotInCatalogue, Uncertain):
                pass
        return await self._found_deeper(episode, match, since)

    async def _found_deeper(self, episode: Episode, match: ShowMatch, since: datetime | None) -> LocatedEpisode:
        deeper = await self._deeper(episode, match)
        if _show_id(deeper) == _show_id(match):
            both = replace(match, claims=_united(deeper.claims, match.claims))
            return await self._among(episode, both, None, since)
        try:
            return await self._among(episode, deeper, None, since)
        except (NotInCatalogue, Uncertain):
            return await self._among(episode, match, None, since)

    async def _deeper(self, episode: Episode, match: ShowMatch) -> ShowMatch:
        try:
            return await self._shows.show_of(episode, deeper=True)
        except Uncertain:
            return match

    async def _among(
        self, episode: Episode, match: ShowMatch, seasons: Iterable[int] | None, since: datetime | None
    ) -> LocatedEpisode:
        show = await self._show(episode, match, seasons, since)
        pages = await self._catalogue.seasons(show, seasons, since=since)
        placed = place(episode, match.claims, [entry for page in pages for entry in page.episodes])
        if not agrees(match, episode, placed.entry):
            raise Uncertain(IN_DOUBT, [candidate(episode, placed.entry)])
        spot = EpisodeSpot(show.id, _season_id(pages, placed.entry.season), placed.entry.season, placed.entry.number)
        await self._surveyor.learn(episode, spot)
        how = f"show by {match.method}, episode by {placed.how}"
        entry = f"{_named(spot, show.name)} {placed.entry.title or ''}".rstrip()
        return LocatedEpisode(spot, how, weaker(match.confidence, placed.confidence), entry)

    async def _show(
        self, episode: Episode, match: ShowMatch, seasons: Iterable[int] | None, since: datetime | None
    ) -> ShowPage:
        """Where the season is claimed, its own page tells whether it is there, and the show's need not be asked."""
        if seasons is not None and since is None and not episode.settled:
            return await self._catalogue.claimed(_show_id(match), seasons, name=episode.show_title)
        return await self._catalogue.show(_show_id(match), since=since)


def _show_id(match: ShowMatch) -> int:
    if match.ids.tmdb is None:
        raise Uncertain("the show's TMDB id is not known, and Serializd knows shows by no other")
    return match.ids.tmdb


def _of_whole_season(spot: EpisodeSpot, show_name: str, match: ShowMatch) -> LocatedEpisode:
    how = f"show by {match.method}, episode by number in a season that is as long there"
    return LocatedEpisode(spot, how, weaker(match.confidence, Confidence.LIKELY), _named(spot, show_name))


def _named(spot: EpisodeSpot, show_name: str) -> str:
    return f"show {spot.show} {show_name} S{spot.season_number} E{spot.number}"


def _season_id(pages: Iterable[SeasonPage], number: int) -> int:
    return next(page.id for page in pages if page.number == number and page.id is not None)


def _united(first: Iterable[Claim], second: Iterable[Claim]) -> tuple[Claim, ...]:
    return tuple(dict.fromkeys((*first, *second)))
