"""The made-up world as a Plex library: one item per rating key, written as Plex writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from scrobbled.sandbox.world import World, WorldEpisode, WorldMovie, WorldSeason, WorldShow

PlexType = Literal["movie", "show", "season", "episode", "clip"]
TYPES: dict[PlexType, int] = {"movie": 1, "show": 2, "season": 3, "episode": 4}
"""The numbers of Plex's ``type=`` parameter."""
TRAILER = 150_000
"""Milliseconds that a trailer takes."""
ADDED = int(datetime(2026, 1, 9, 23, 6, 40, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class PlexSection:
    key: int
    title: str
    type: Literal["movie", "show"]
    agent: str
    uuid: str


FILMS = PlexSection(1, "Films", "movie", "tv.plex.agents.movie", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a51")
SERIES = PlexSection(4, "TV", "show", "tv.plex.agents.series", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a54")
SECTIONS = (FILMS, SERIES)


@dataclass(frozen=True, slots=True)
class LibraryItem:
    """A movie, show, season or episode of the library; what it is part of is set beside it."""

    type: PlexType
    rating_key: str
    movie: WorldMovie | None = None
    show: WorldShow | None = None
    season: WorldSeason | None = None
    episode: WorldEpisode | None = None

    @property
    def section(self) -> PlexSection:
        return FILMS if self.type == "movie" else SERIES

    @property
    def title(self) -> str:
        if self.type == "season" and self.season:
            return season_title(self.season.number)
        named = self.episode or self.show or self.movie
        return named.title if named else ""

    @property
    def duration(self) -> int:
        """Milliseconds; 0 for what has none."""
        if self.type == "clip":
            return TRAILER
        timed = self.movie or self.episode
        return timed.runtime * 60_000 if timed else 0


def movie_item(movie: WorldMovie) -> LibraryItem:
    return LibraryItem("movie", movie.rating_key, movie=movie)


def show_item(show: WorldShow) -> LibraryItem:
    return LibraryItem("show", show.rating_key, show=show)


def season_item(show: WorldShow, season: WorldSeason) -> LibraryItem:
    return LibraryItem("season", season.rating_key, show=show, season=season)


def episode_item(show: WorldShow, episode: WorldEpisode) -> LibraryItem:
    """Raises ``LookupError`` for an episode of another show."""
    for season in show.seasons:
        if season.number == episode.season and episode in season.episodes:
            return LibraryItem("episode", episode.rating_key, show=show, season=season, episode=episode)
    raise LookupError(f"{episode.title} is not in {show.title}")


class Library:
    """All items of a world, by rating key."""

    def __init__(self, world: World) -> None:
        self.items = {item.rating_key: item for item in _items(world)}
        self.clips: dict[str, LibraryItem] = {}
        """Trailers, which no list shows."""
        self._of_show: dict[str, list[LibraryItem]] = {}
        for item in self.items.values():
            if item.show is not None:
                self._of_show.setdefault(item.show.rating_key, []).append(item)

    def trailer(self, movie: WorldMovie) -> LibraryItem:
        """Something that can be played and is in no section; like all extras it has a key of its own."""
        clip = LibraryItem("clip", f"7{movie.rating_key}", movie=movie)
        self.clips[clip.rating_key] = clip
        return clip

    def remove(self, item: LibraryItem) -> None:
        """As when its files are gone: what was played of it stays in the history, without keys."""
        del self.items[item.rating_key]
        if item.show is not None:
            self._of_show[item.show.rating_key].remove(item)

    def find(self, text: str) -> LibraryItem:
        """By rating key, or by title; an episode by ``Show S1E2`` as well. Raises ``LookupError`` for none."""
        if text in self.items:
            return self.items[text]
        wanted = " ".join(text.casefold().split())
        for item in self.items.values():
            if wanted in _names(item):
                return item
        raise LookupError(f"nothing in the library is called {text}")

    def of_type(self, section: PlexSection, kind: PlexType) -> list[LibraryItem]:
        return [item for item in self.items.values() if item.section is section and item.type == kind]

    def children(self, item: LibraryItem) -> list[LibraryItem]:
        """Seasons of a show, episodes of a season."""
        below: PlexType = "season" if item.type == "show" else "episode"
        return [one for one in self._inside(item) if one.type == below]

    def leaves(self, item: LibraryItem) -> list[LibraryItem]:
        """What of it can be watched: itself, or all its episodes."""
        if item.type in ("movie", "episode"):
            return [item]
        return [one for one in self._inside(item) if one.type == "episode"]

    def _inside(self, item: LibraryItem) -> Iterator[LibraryItem]:
        for one in self._of_show.get(item.show.rating_key, ()) if item.show else ():
            if one is not item and (item.season is None or one.season is item.season):
                yield one


def _items(world: World) -> Iterator[LibraryItem]:
    yield from (movie_item(movie) for movie in world.movies)
    for show in world.shows:
        yield show_item(show)
        for season in show.seasons:
            yield season_item(show, season)
            yield from (LibraryItem("episode", e.rating_key, None, show, season, e) for e in season.episodes)


def _names(item: LibraryItem) -> Iterable[str]:
    yield item.title.casefold()
    if item.episode and item.show:
        yield f"{item.show.title} s{item.episode.season}e{item.episode.number}".casefold()


def season_title(number: int) -> str:
    return f"Season {number}" if number else "Specials"


def season_guid(show: WorldShow, season: WorldSeason) -> str:
    """Plex's own id of a season, made from the show's."""
    return f"plex://season/{show.guid.rpartition('/')[2][:20]}{season.number:04x}"


def guids(item: LibraryItem) -> list[dict[str, str]]:
    """The external ids of *this* item: an episode's are episode ids, never those of its show."""
    named = item.episode or item.season or item.show or item.movie
    if item.type == "clip":
        return []
    pairs = ((name, getattr(named, name, None)) for name in ("imdb", "tmdb", "tvdb"))
    return [{"id": f"{name}://{value}"} for name, value in pairs if value is not None]


def metadata(item: LibraryItem) -> dict[str, Any]:
    """What Plex says of an item wherever it appears. Keys are strings, times epoch seconds, lengths milliseconds."""
    section = item.section
    head = {
        "librarySectionType": section.type,
        "ratingKey": item.rating_key,
        "key": f"/library/metadata/{item.rating_key}" + ("/children" if item.type in ("show", "season") else ""),
    }
    tail = {
        "librarySectionTitle": section.title,
        "librarySectionID": section.key,
        "librarySectionKey": f"/library/sections/{section.key}",
        "summary": "",
        "addedAt": ADDED,
        "updatedAt": ADDED + 500,
        "thumb": f"/library/metadata/{item.rating_key}/thumb/{ADDED + 500}",
    }
    if item.type == "clip":
        return {name: value for name, value in {**_own(item), **head, **tail}.items() if "librarySection" not in name}
    return {**head, **_own(item), **tail}


def _own(item: LibraryItem) -> dict[str, Any]:
    if item.type == "clip" and item.movie is not None:
        return _trailer(item.movie, item.duration)
    if item.movie is not None:
        return _movie(item.movie, item.duration)
    if item.show is None:
        raise ValueError("an item is a movie or belongs to a show")
    if item.season is None:
        return _show(item.show)
    if item.episode is None:
        return _season(item.show, item.season)
    return _episode(item.show, item.season, item.episode, item.duration)


def _movie(movie: WorldMovie, duration: int) -> dict[str, Any]:
    return {
        "guid": movie.guid,
        "slug": movie.slug,
        "type": "movie",
        "title": movie.title,
        "year": movie.year,
        "duration": duration,
        "originallyAvailableAt": date(movie.year, 6, 1).isoformat(),
    }


def _trailer(movie: WorldMovie, duration: int) -> dict[str, Any]:
    named = {"guid": f"{movie.guid}7", "type": "clip", "subtype": "trailer", "extraType": 1}
    return {**named, "title": f"{movie.title} - Trailer", "year": movie.year, "index": 1, "duration": duration}


def _show(show: WorldShow) -> dict[str, Any]:
    counts = {"leafCount": sum(1 for _ in show.episodes()), "childCount": len(show.seasons)}
    named = {"guid": show.guid, "slug": show.slug, "type": "show", "title": show.title, "year": show.year, "index": 1}
    return {**named, **counts}


def _season(show: WorldShow, season: WorldSeason) -> dict[str, Any]:
    return {
        "parentRatingKey": show.rating_key,
        "parentKey": f"/library/metadata/{show.rating_key}",
        "guid": season_guid(show, season),
        "parentGuid": show.guid,
        "parentSlug": show.slug,
        "type": "season",
        "title": season_title(season.number),
        "parentTitle": show.title,
        "parentYear": show.year,
        "index": season.number,
        "leafCount": len(season.episodes),
    }


def _episode(show: WorldShow, season: WorldSeason, episode: WorldEpisode, duration: int) -> dict[str, Any]:
    return {
        "parentRatingKey": season.rating_key,
        "grandparentRatingKey": show.rating_key,
        "guid": episode.guid,
        "parentGuid": season_guid(show, season),
        "grandparentGuid": show.guid,
        "grandparentSlug": show.slug,
        "type": "episode",
        "title": episode.title,
        "titleSort": episode.title,
        "grandparentKey": f"/library/metadata/{show.rating_key}",
        "parentKey": f"/library/metadata/{season.rating_key}",
        "grandparentTitle": show.title,
        "parentTitle": season_title(season.number),
        "index": episode.number,
        "parentIndex": season.number,
        "year": episode.air_date.year,
        "duration": duration,
        "originallyAvailableAt": episode.air_date.isoformat(),
    }
