"""An evening with pytrakt, told on standard output: first what it prints by itself, last what it understood.

Run with pytrakt on the path. The only word is JSON with ``url``, ``store``, ``movie``, ``other`` and ``episode``.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import trakt
import trakt.core
from trakt import sync
from trakt.errors import ConflictException, NotFoundException
from trakt.movies import Movie
from trakt.tv import TVEpisode
from trakt.users import User, get_user_settings

WATCHED_AT = datetime(2026, 5, 2, 21, 5, 30, tzinfo=UTC)


def main(plan: dict[str, Any]) -> None:
    sign_in(plan)
    movie = Movie(plan["movie"]["title"], plan["movie"]["year"], ids=plan["movie"]["ids"])
    other = Movie(plan["other"]["title"], plan["other"]["year"], ids=plan["other"]["ids"])
    place = plan["episode"]
    episode = TVEpisode(place["show"], place["season"], place["number"], ids=place["ids"])
    told = {"settings": get_user_settings()["user"]["username"], **scrobbled(movie, episode), **added(other, episode)}
    told |= {**rated(movie), **read()}
    sys.stdout.write(json.dumps(told, default=str) + "\n")


def sign_in(plan: dict[str, Any]) -> None:
    trakt.core.BASE_URL = plan["url"] + "/"
    trakt.core.CONFIG_PATH = plan["store"]
    trakt.core.AUTH_METHOD = trakt.core.DEVICE_AUTH
    trakt.init(client_id="pytrakt-drill", client_secret="not-checked", store=True)


def scrobbled(movie: Movie, episode: TVEpisode) -> dict[str, Any]:
    film = movie.scrobble(10, "1.0", "2026-05-01")  # starts
    watching = User("me").watching
    paused = film.pause(42.5)
    (resume,) = sync.get_playback("movies")
    stopped = film.stop(95)
    with episode.scrobble(5, "1.0", "2026-05-01"):
        playing = User("me").watching
    return {
        "watching": [type(watching).__name__, watching.title, playing.show, playing.season, playing.number],
        "paused": [paused["action"], paused["id"], resume.progress, resume.type, resume.data["title"], resume.imdb],
        "stopped": [stopped["action"], stopped["progress"], stopped["movie"]["title"]],
        "resumes": len(sync.get_playback()),
        "again": raised(film.stop),
        "unknown": raised(TVEpisode("", 0, 0, ids={}).scrobble(0, "", "").start),
    }


def raised(call: Any) -> str:
    try:
        return f"no error but {call()}"
    except (ConflictException, NotFoundException) as error:
        return type(error).__name__


def added(other: Movie, episode: TVEpisode) -> dict[str, Any]:
    seen = other.mark_as_seen(WATCHED_AT)
    twice = other.mark_as_seen(WATCHED_AT)
    once_more = episode.mark_as_seen(WATCHED_AT)
    unseen = sync.remove_from_history({"movies": [{"ids": other.ids["ids"]}]})
    return {
        "seen": [seen["added"], twice["added"], once_more["added"]],
        "unseen": [unseen["deleted"], len(unseen["not_found"]["movies"])],
        "collected": other.add_to_library()["added"],
    }


def rated(movie: Movie) -> dict[str, Any]:
    first = movie.rate(6)["added"]["movies"]
    movie.rate(9, WATCHED_AT)
    (row,) = User("me").get_ratings("movies")
    return {"rated": [first, row["rating"], row["rated_at"], row["movie"]["title"]]}


def read() -> dict[str, Any]:
    me = User("me")
    return {
        "movies": sorted([film.title, film.plays] for film in me.watched_movies),
        "watched": sorted(film.title for film in sync.get_watched("movies")),
        "shows": [[show.title, show.plays] for show in me.watched_shows],
        "progress": [show.title for show in sync.get_watched("shows", extended="progress")],
        "empty": [sync.get_watchlist("movies"), sync.get_collection("shows"), me.movie_collection, me.watchlist_shows],
        "me": [me.username, me.name],
    }


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
