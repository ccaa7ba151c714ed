"""Serializd's catalogue: TMDB's shows and ids, with gaps that can be opened and closed while it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from scrobbled.sandbox.base import Reply, Request, route
from scrobbled.sandbox.serializd.body import page_number, refuse
from scrobbled.sandbox.serializd.store import PAGE_SIZE, pages
from scrobbled.sandbox.world import World, WorldEpisode, WorldSeason, WorldShow

Gap = tuple[int, int | None, int | None]
"""TMDB show id, season number (``None``: the whole show), episode number (``None``: the whole season)."""
NO_SEASON: Mapping[str, Any] = {
    "seasonId": None,
    "id": None,
    "seasonNumber": None,
    "name": None,
    "overview": None,
    "airDate": None,
    "posterPath": None,
    "episodes": [],
}
"""What a season without data answers: 200 and nulls, not 404."""


def gap(values: Iterable[Any]) -> Gap:
    """From ``[show]``, ``[show, season]`` or ``[show, season, episode]``; raises ``ValueError`` for anything else."""
    show, season, episode = (*values, None, None)[:3]
    if not isinstance(show, int) or not isinstance(season, int | None) or not isinstance(episode, int | None):
        raise ValueError("a gap is [show], [show, season] or [show, season, episode], in numbers")
    return show, season, episode


class SerializdWorld:
    """The world as Serializd knows it. Gaps make shows, seasons or episodes unknown until they are closed."""

    def __init__(self, world: World) -> None:
        self._place = {show.tmdb: place for place, show in enumerate(world.shows)}
        self._shows = {show.tmdb: show for show in world.shows}
        self._numbers = {(show.tmdb, s.tmdb): s.number for show in world.shows for s in show.seasons}
        self.gaps: set[Gap] = {(show, season, None) for show, season in world.hidden_from_serializd}
        self._seasons: dict[tuple[int, int], dict[int, WorldEpisode]] = {}
        self._summaries: dict[int, list[dict[str, Any]]] = {}

    def change(self, *, hide: Iterable[Gap] = (), show: Iterable[Gap] = ()) -> None:
        self.gaps |= set(hide)
        self.gaps -= set(show)
        self._seasons.clear()
        self._summaries.clear()

    def shows(self) -> list[WorldShow]:
        return [show for tmdb, show in self._shows.items() if (tmdb, None, None) not in self.gaps]

    def show(self, tmdb: int) -> WorldShow:
        """Answers 404 for an unknown one."""
        show = self._shows.get(tmdb)
        if show is None or (tmdb, None, None) in self.gaps:
            refuse(404, "Show not found")
        return show

    def seasons(self, show: WorldShow) -> list[WorldSeason]:
        return [s for s in show.seasons if (show.tmdb, s.number, None) not in self.gaps]

    def season(self, show: WorldShow, number: int) -> WorldSeason | None:
        return next((s for s in self.seasons(show) if s.number == number), None)

    def episodes(self, show_id: int, season_id: int) -> dict[int, WorldEpisode]:
        """By number; answers 404 for an unknown show or season id."""
        kept = self._seasons.get((show_id, season_id))
        if kept is not None:
            return kept
        season = self.season(self.show(show_id), self._numbers.get((show_id, season_id), -1))
        if season is None:
            refuse(404, "Season not found")
        listed = {e.number: e for e in season.episodes if (show_id, season.number, e.number) not in self.gaps}
        return self._seasons.setdefault((show_id, season_id), listed)

    def number_of(self, show_id: int, season_id: int) -> int | None:
        """The number of a season, by its id, gaps aside."""
        return self._numbers.get((show_id, season_id))

    def season_id(self, show_id: int, number: int) -> int:
        """The id of a season, by its number, gaps aside; raises ``LookupError`` for an unknown one."""
        for season in self._shows[show_id].seasons:
            if season.number == number:
                return season.tmdb
        raise LookupError(f"show {show_id} has no season {number}")

    def title(self, show_id: int) -> str:
        return self._shows[show_id].title

    def premiere(self, show_id: int) -> str | None:
        return first_air_date(self._shows[show_id])

    def banner(self, show_id: int) -> str | None:
        """Every third show has no picture."""
        return None if self._place[show_id] % 3 == 1 else f"/banner{show_id}.jpg"

    def summaries(self, show: WorldShow) -> list[dict[str, Any]]:
        """The seasons as they appear within a show; every fourth show has the older form without ``seasonId``."""
        if show.tmdb not in self._summaries:
            old = self._place[show.tmdb] % 4 == 3
            self._summaries[show.tmdb] = [self._summary(show, s, old=old) for s in self.seasons(show)]
        return self._summaries[show.tmdb]

    def known_summaries(self, show_id: int) -> list[dict[str, Any]]:
        """The same for a show id; none for a show in a gap, whose old diary rows stay."""
        return [] if (show_id, None, None) in self.gaps else self.summaries(self._shows[show_id])

    def _summary(self, show: WorldShow, season: WorldSeason, *, old: bool) -> dict[str, Any]:
        number = season.number
        return {
            "id": season.tmdb,
            **({} if old else {"seasonId": season.tmdb}),
            "airDate": season.episodes[0].air_date.isoformat() if number and season.episodes else None,
            "episodeCount": len(self.episodes(show.tmdb, season.tmdb)),
            "name": season_name(number),
            "overview": "",
            "posterPath": f"/poster{season.tmdb}.jpg" if number else None,
            "seasonNumber": number,
        }

    def details(self, show: WorldShow) -> dict[str, Any]:
        """The whole show."""
        regular = [s for s in self.summaries(show) if s["seasonNumber"]]
        return {
            "id": show.tmdb,
            "name": show.title,
            "tagline": "",
            "summary": f"{show.title}, a made-up show.",
            "status": "Ended" if show.ended else "Returning Series",
            "bannerImage": self.banner(show.tmdb),
            "premiereDate": first_air_date(show),
            "lastAirDate": max((e.air_date for e in show.episodes()), default=date(show.year, 1, 1)).isoformat(),
            "networks": [{"id": 7, "name": "Net", "logo_path": None, "origin_country": "GB"}],
            "genres": [{"id": 18, "name": "Drama"}],
            "seasons": self.summaries(show),
            "numSeasons": len(regular),
            "numEpisodes": sum(s["episodeCount"] for s in regular),
            "nextEpisodeToAir": None,
            "episodeToPreview": None,
            "episodeRunTime": [next((e.runtime for e in show.episodes()), None), None],
            "nextEpisodeForUser": None,
        }

    def season_details(self, show: WorldShow, number: int) -> dict[str, Any]:
        season = self.season(show, number)
        if season is None:
            return dict(NO_SEASON)
        return {
            "seasonId": season.tmdb,
            "id": season.tmdb,
            "seasonNumber": number,
            "name": season_name(number),
            "overview": "",
            "airDate": season.episodes[0].air_date.isoformat() if season.episodes else None,
            "posterPath": None,
            "episodes": [episode_details(e) for e in self.episodes(show.tmdb, season.tmdb).values()],
        }


def first_air_date(show: WorldShow) -> str | None:
    """The first regular episode's; ``None`` for a show that has none yet."""
    regular = [e.air_date for e in show.episodes() if e.season]
    return min(regular).isoformat() if regular else None


def season_name(number: int) -> str:
    return f"Season {number}" if number else "Specials"


def episode_details(episode: WorldEpisode) -> dict[str, Any]:
    return {
        "episodeId": episode.tmdb,
        "airDate": episode.air_date.isoformat(),
        "episodeNumber": episode.number,
        "name": episode.title,
        "overview": "",
        "stillPath": None,
        "seasonNumber": episode.season,
        "runtime": episode.runtime,
    }


def found_by(shows: Iterable[WorldShow], query: str) -> list[WorldShow]:
    """Shows whose title contains the words of ``Title`` or ``Title (Year)``."""
    parsed = re.fullmatch(r"(?P<title>.*?)\s*(?:\((?P<year>\d{4})\))?\s*", query)
    wanted, year = (parsed["title"].casefold(), parsed["year"]) if parsed else (query.casefold(), None)
    return [s for s in shows if wanted in s.title.casefold() and (year is None or str(s.year) == year)]


class CatalogueRoutes:
    """Reads that need the app headers but no sign-in."""

    catalogue: SerializdWorld

    @route("GET", "/api/show/{show:int}")
    def get_show(self, request: Request, show: int) -> Reply:
        return Reply(200, self.catalogue.details(self.catalogue.show(show)))

    @route("GET", "/api/show/{show:int}/season/{number:int}")
    def get_season(self, request: Request, show: int, number: int) -> Reply:
        return Reply(200, self.catalogue.season_details(self.catalogue.show(show), number))

    @route("GET", "/mobile/page/show_v2_part_1/{show:int}")
    def get_show_page(self, request: Request, show: int) -> Reply:
        details = self.catalogue.details(self.catalogue.show(show))
        return Reply(200, {"showDetails": details, "averageRating": 7.4, "ratings": []})

    @route("GET", "/api/search/shows")
    def search(self, request: Request) -> Reply:
        shows = found_by(self.catalogue.shows(), request.query.get("search_query", ""))
        first = (page_number(request) - 1) * PAGE_SIZE
        results = [self._hit(show) for show in shows[first : first + PAGE_SIZE]]
        return Reply(200, {"results": results, "totalPages": pages(len(shows))})

    def _hit(self, show: WorldShow) -> dict[str, Any]:
        return {
            "id": show.tmdb,
            "name": show.title,
            "firstAirDate": first_air_date(show),
            "summary": "",
            "image": None,
            "backdrop": self.catalogue.banner(show.tmdb),
            "popularity": 1.0,
        }

    @route("GET", "/api/quick_log/search_shows")
    def quick_search(self, request: Request) -> Reply:
        shows = found_by(self.catalogue.shows(), request.query.get("search_query", ""))
        results = [
            {
                "id": show.tmdb,
                "name": show.title,
                "bannerImage": self.catalogue.banner(show.tmdb),
                "seasons": self.catalogue.summaries(show),
            }
            for show in shows[:PAGE_SIZE]
        ]
        return Reply(200, {"results": results})
