"""How TMDB writes its titles: short in results, long on their own."""

from __future__ import annotations

from typing import Any

from scrobbled.sandbox.world import WorldEpisode, WorldMovie, WorldSeason, WorldShow

POSTER_SIZES = ("w92", "w154", "w185", "w342", "w500", "w780", "original")
_VOTES = {"vote_average": 7.4, "vote_count": 12}


def configuration(base: str) -> dict[str, Any]:
    return {
        "images": {
            "base_url": base,
            "secure_base_url": base,
            "poster_sizes": list(POSTER_SIZES),
            "backdrop_sizes": ["w300", "w780", "w1280", "original"],
            "still_sizes": ["w92", "w185", "w300", "original"],
            "profile_sizes": ["w45", "w185", "h632", "original"],
            "logo_sizes": ["w45", "w92", "w154", "w185", "w300", "w500", "original"],
        },
        "change_keys": [],
    }


def _first_air_date(show: WorldShow) -> str | None:
    regular = [episode.air_date for episode in show.episodes() if episode.season]
    return min(regular).isoformat() if regular else None


def show_result(show: WorldShow) -> dict[str, Any]:
    return {
        "id": show.tmdb,
        "name": show.title,
        "original_name": show.title,
        "media_type": "tv",
        "overview": "",
        "poster_path": f"/tv{show.tmdb}.jpg",
        "backdrop_path": None,
        "first_air_date": _first_air_date(show),
        "genre_ids": [18],
        "adult": False,
        "popularity": 1.0,
        **_VOTES,
    }


def show_item(show: WorldShow) -> dict[str, Any]:
    short = show_result(show)
    regular = [season for season in show.seasons if season.number]
    del short["media_type"], short["genre_ids"]
    return {
        **short,
        "status": "Ended" if show.ended else "Returning Series",
        "in_production": not show.ended,
        "last_air_date": max((e.air_date.isoformat() for e in show.episodes()), default=None),
        "number_of_seasons": len(regular),
        "number_of_episodes": sum(len(season.episodes) for season in regular),
        "episode_run_time": [],
        "genres": [{"id": 18, "name": "Drama"}],
        "networks": [{"id": 7, "name": "Net", "logo_path": None, "origin_country": "GB"}],
        "seasons": [_season_summary(season) for season in show.seasons],
    }


def _season_summary(season: WorldSeason) -> dict[str, Any]:
    return {
        "id": season.tmdb,
        "name": f"Season {season.number}" if season.number else "Specials",
        "season_number": season.number,
        "episode_count": len(season.episodes),
        "air_date": season.episodes[0].air_date.isoformat() if season.episodes else None,
        "overview": "",
        "poster_path": None,
        "vote_average": 7.4,
    }


def season_result(show: WorldShow, season: WorldSeason) -> dict[str, Any]:
    return {**_season_summary(season), "media_type": "tv_season", "show_id": show.tmdb}


def season_item(show: WorldShow, season: WorldSeason) -> dict[str, Any]:
    """With its episodes, which do not carry their foreign ids here."""
    short = _season_summary(season)
    del short["episode_count"]
    episodes = [episode_item(show, episode) for episode in season.episodes]
    return {"_id": f"{season.tmdb:024x}", **short, "networks": [], "episodes": episodes}


def episode_item(show: WorldShow, episode: WorldEpisode) -> dict[str, Any]:
    return {
        "id": episode.tmdb,
        "show_id": show.tmdb,
        "season_number": episode.season,
        "episode_number": episode.number,
        "episode_type": "standard",
        "name": episode.title,
        "air_date": episode.air_date.isoformat(),
        "runtime": episode.runtime,
        "still_path": None,
        "production_code": "",
        "overview": "",
        "crew": [],
        "guest_stars": [],
        **_VOTES,
    }


def episode_result(show: WorldShow, episode: WorldEpisode) -> dict[str, Any]:
    item = episode_item(show, episode)
    del item["crew"], item["guest_stars"]
    return {**item, "media_type": "tv_episode"}


def movie_result(movie: WorldMovie) -> dict[str, Any]:
    return {
        "id": movie.tmdb,
        "title": movie.title,
        "original_title": movie.title,
        "media_type": "movie",
        "overview": "",
        "poster_path": f"/movie{movie.tmdb}.jpg",
        "backdrop_path": None,
        "release_date": f"{movie.year}-06-01",
        "genre_ids": [18],
        "adult": False,
        "popularity": 1.0,
        **_VOTES,
    }


def movie_item(movie: WorldMovie) -> dict[str, Any]:
    short = movie_result(movie)
    del short["media_type"], short["genre_ids"]
    return {**short, "imdb_id": movie.imdb, "runtime": movie.runtime, "status": "Released", "genres": []}
