"""An evening with trakt.py, told on standard output: first its code, in the last line what it understood.

Run with trakt.py on the path. The only word is JSON with ``url``, ``movie``, ``other``, ``show`` and ``episode``.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

from trakt import Trakt

WATCHED_AT = "2026-05-02T21:05:30.000Z"


def main(plan: dict[str, Any]) -> None:
    Trakt.base_url = plan["url"]
    Trakt.configuration.defaults.client(id="trakt-py-drill", secret="not-checked")
    Trakt.configuration.defaults.app(name="drill", version="1.0", date="2026-05-01")
    told, grant = renewed(signed_in())
    with Trakt.configuration.oauth.from_response(grant):
        for step in (scrobbled, added, rated):
            told |= step(plan)
        told |= read()
    sys.stdout.write(json.dumps(told, default=str) + "\n")


def signed_in() -> dict[str, Any]:
    code = Trakt["oauth/device"].code()
    sys.stdout.write(f"code {code['user_code']} {code['verification_url']}\n")
    until = time.monotonic() + 240
    while time.monotonic() < until:
        time.sleep(code["interval"])
        if grant := Trakt["oauth/device"].token(code["device_code"]):
            return dict(grant)
    raise TimeoutError("nobody approved")


def renewed(grant: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """As the library does it alone when a token is near its end, then by hand: with what is void, and too soon."""
    fresh: list[dict[str, Any]] = []
    Trakt.on("oauth.refresh", lambda username, response: fresh.append(response))
    with Trakt.configuration.oauth.from_response({**grant, "created_at": 0}, refresh=True):
        settings = Trakt["users/settings"].get()
    second = fresh[0]
    answers = [
        Trakt["oauth"].token_refresh(one["refresh_token"], "urn:ietf:wg:oauth:2.0:oob", parse=False).status_code
        for one in (grant, second)
    ]
    with Trakt.configuration.oauth.from_response(grant):
        old = Trakt["users/settings"].get(parse=False).status_code
    lives = second["expires_in"] > 2 * 86_400  # the library renews two days before the end: else at each call
    told = {"refresh": [second["token_type"], lives, *answers, old, len(fresh)], "settings": settings["user"]}
    return told, second


def scrobbled(plan: dict[str, Any]) -> dict[str, Any]:
    film, part = {"movie": plan["movie"]}, {"show": plan["show"], "episode": plan["episode"]}
    start = Trakt["scrobble"].start(**film, progress=2.5)
    pause = Trakt["scrobble"].pause(**film, progress=42.5)
    stopped_early = Trakt["scrobble"].stop(**part, progress=30.0)
    paused = Trakt["sync/playback"].get(exceptions=True)
    points = sorted(
        [item.progress, item.title, item.paused_at.tzinfo is not None]
        for item in paused.values()
        if hasattr(item, "progress")
    )
    shown = [
        [show.title, key, e.progress]
        for show in paused.values()
        if hasattr(show, "seasons")
        for key, e in show.episodes()
    ]
    flat = list(Trakt["sync/playback"].get("episodes", flat=True))
    stop = Trakt["scrobble"].stop(**film, progress=99.0)
    again = Trakt["scrobble"].stop(**film, progress=99.0, parse=False)
    deleted = Trakt["sync/playback"].delete(flat[0].id)
    Trakt["scrobble"].stop(**part, progress=96)
    return {
        "actions": [start["action"], pause["action"], stopped_early["action"], stop["action"], again.status_code],
        "told": [stop["movie"]["title"], stopped_early["show"]["title"], stopped_early["episode"]["number"]],
        "points": [points, shown],
        "deleted": [deleted, len(list(Trakt["sync/playback"].get("episodes", flat=True)))],
    }


def added(plan: dict[str, Any]) -> dict[str, Any]:
    body = {
        "movies": [{**plan["other"], "watched_at": WATCHED_AT}, {"title": ""}],
        "shows": [{**plan["show"], "seasons": [{"number": 1, "episodes": [{"number": 2, "watched_at": WATCHED_AT}]}]}],
    }
    first = Trakt["sync/history"].add(body, exceptions=True)
    second = Trakt["sync/history"].add(body, exceptions=True)
    removed = Trakt["sync/history"].remove({"movies": [plan["other"]]}, exceptions=True)
    return {
        "added": [first["added"], second["added"], first["not_found"]["movies"]],
        "removed": [removed["deleted"], len(removed["not_found"]["movies"])],
    }


def rated(plan: dict[str, Any]) -> dict[str, Any]:
    body = {
        "movies": [{**plan["movie"], "rating": 8, "rated_at": WATCHED_AT}],
        "shows": [{**plan["show"], "rating": 7, "seasons": [{"number": 1, "rating": 6}]}],
        "episodes": [],
    }
    counted = Trakt["sync/ratings"].add(body, exceptions=True)["added"]
    everything = list(Trakt["sync/ratings"].get())
    movies = Trakt["sync/ratings"].movies()
    (film,) = movies.values()
    gone = Trakt["sync/ratings"].remove({"shows": [plan["show"]]}, exceptions=True)["deleted"]
    return {
        "rated": [counted, sorted([type(item).__name__, item.rating.value] for item in everything)],
        "film": [film.title, film.year, film.rating.value, film.rating.timestamp, film.get_key("imdb")],
        "unrated": [gone["shows"], sorted(type(item).__name__ for item in Trakt["sync/ratings"].get())],
    }


def read() -> dict[str, Any]:
    watched = Trakt["sync/watched"].movies(exceptions=True).values()
    shows = Trakt["sync/watched"].shows(extended="progress", exceptions=True).values()
    pages = Trakt["sync/history"].get(pagination=True, per_page=3, exceptions=True)
    everything = list(pages)
    since = datetime(2026, 5, 3, tzinfo=UTC)
    activities = Trakt["sync"].last_activities(exceptions=True)
    return {
        "movies": sorted([film.title, film.plays, film.is_watched] for film in watched),
        "shows": [[show.title, sorted([*key, part.plays] for key, part in show.episodes())] for show in shows],
        "history": [pages.total_pages, pages.total_items, sorted(describe(item) for item in everything)],
        "dates": [item.watched_at for item in everything] == sorted((i.watched_at for i in everything), reverse=True),
        "recent": sorted(describe(item) for item in Trakt["sync/history"].get(start_at=since)),
        "of_movies": sorted(item.title for item in Trakt["sync/history"].movies()),
        "of_users": len(list(Trakt["users/*/history"].get("anna"))),
        "activities": sorted(activities),
        "moved": [activities["all"] >= activities[kind]["watched_at"] > "2026" for kind in ("movies", "episodes")],
        "empty": [
            Trakt["sync/collection"].movies(),
            list(Trakt["sync/watchlist"].get()),
            Trakt["sync/collection"].shows(),
        ],
    }


def describe(item: Any) -> list[Any]:
    show = getattr(item, "show", None)
    name = f"{show.title} {item.pk}" if show else item.title
    return [type(item).__name__, name, item.action]


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
