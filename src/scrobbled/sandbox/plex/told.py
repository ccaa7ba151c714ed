"""What a Plex server says of an item wherever it appears, in the words and the guids of the agent that found it."""

from __future__ import annotations

from datetime import date
from typing import Any

from scrobbled.sandbox.plex.items import MODERN, LibraryItem, season_guid, season_title
from scrobbled.sandbox.world import WorldEpisode, WorldMovie, WorldSeason, WorldShow

CRITICS = {"rating": 6.1, "audienceRating": 8.3}
"""What the world thinks of it, which is nobody's own rating."""


def guids(item: LibraryItem) -> list[dict[str, str]]:
    """The external ids of *this* item: an episode's are episode ids, never those of its show.

    What a legacy agent found has none, nor has what nobody found.
    """
    named = item.episode or item.season or item.show or item.movie
    if item.type == "clip" or not item.guid.startswith(MODERN):
        return []
    pairs = ((name, getattr(named, name, None)) for name in ("imdb", "tmdb", "tvdb"))
    return [{"id": f"{name}://{value}"} for name, value in pairs if value]


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
        **CRITICS,
        "addedAt": item.held.added,
        "updatedAt": item.held.updated,
        "thumb": f"/library/metadata/{item.rating_key}/thumb/{item.held.updated}",
        **_kept(item),
    }
    if item.type == "clip":
        return {name: value for name, value in {**_own(item), **head, **tail}.items() if "librarySection" not in name}
    return {**head, **{name: value for name, value in _own(item).items() if value != ""}, **tail}


def _kept(item: LibraryItem) -> dict[str, Any]:
    given = {"editionTitle": item.held.edition, "deletedAt": item.held.deleted}
    return {name: value for name, value in given.items() if value}


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
