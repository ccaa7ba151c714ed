"""Serializd's JSON, to and from our values; pure.

Everything that no decision rests on is optional, since the service leaves fields out and sends null at will. A missing
key that a decision does rest on raises ``ContractDrift`` and names the key.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from scrobbled.core.errors import ContractDrift
from scrobbled.core.naming.matching import Listed
from scrobbled.trackers.serializd.fields import day_of, int_of, list_of, mapping_of, number_of, text_of

ENDED = frozenset({"ended", "canceled", "cancelled"})


class ShowPage(Struct, frozen=True):
    """A show and the numbers of its seasons, specials (0) included; ``ended`` shows get no new episodes."""

    id: int
    name: str
    ended: bool
    seasons: tuple[int, ...]


class SeasonCount(Struct, frozen=True):
    """What a show says of one season: its TMDB *season* id, and how many episodes it has."""

    id: int
    episodes: int


class SeasonPage(Struct, frozen=True):
    """A season. ``id`` is a TMDB *season* id, or ``None`` for a season that Serializd has no data for."""

    id: int | None
    number: int
    episodes: tuple[Listed, ...]


class ShowHit(Struct, frozen=True):
    """One result of the title search."""

    id: int
    name: str
    year: int | None


class EpisodeSpot(Struct, frozen=True):
    """Where an episode stands: TMDB *show* id, TMDB *season* id, numbers of season and episode."""

    show: int
    season: int
    season_number: int
    number: int

    @property
    def key(self) -> str:
        return f"{self.show}:{self.season}:{self.number}"


def show_page(data: Any, what: str = "show") -> ShowPage:
    seasons = (mapping_of(s, f"{what}.seasons[]") for s in list_of(data, "seasons", what))
    return ShowPage(
        id=int_of(data, "id", what),
        name=text_of(data, "name"),
        ended=text_of(data, "status").casefold() in ENDED,
        seasons=tuple(int_of(season, "seasonNumber", f"{what}.seasons[]") for season in seasons),
    )


def season_numbers(data: Any) -> dict[int, int]:
    """The numbers of a show's seasons by their TMDB *season* ids."""
    seasons = [mapping_of(season, "show.seasons[]") for season in list_of(data, "seasons", "show")]
    pairs = [(season, number_of(season, "seasonNumber")) for season in seasons]
    told = [(number_of(season, key), number) for season, number in pairs for key in ("id", "seasonId")]
    return {id_: number for id_, number in told if id_ is not None and number is not None}


def season_counts(data: Any) -> dict[int, SeasonCount]:
    """What a show says of its seasons, by their numbers. A number that two seasons carry says nothing."""
    seasons = [mapping_of(season, "show.seasons[]") for season in list_of(data, "seasons", "show")]
    numbers = Counter(number_of(season, "seasonNumber") for season in seasons)
    found: dict[int, SeasonCount] = {}
    for season in seasons:
        number, count = number_of(season, "seasonNumber"), number_of(season, "episodeCount")
        id_ = _season_id(season)
        if number is not None and count is not None and id_ is not None and numbers[number] == 1:
            found[number] = SeasonCount(id_, count)
    return found


def season_page(data: Any, number: int, what: str = "season") -> SeasonPage:
    """Season ``number`` as asked for. An unknown season is answered with 200 and null in every field."""
    data = mapping_of(data, what)
    if "seasonId" not in data and "id" not in data:
        raise ContractDrift(f"{what}: neither seasonId nor id in the answer")
    found = _season_id(data)
    if found is None:
        return SeasonPage(None, number, ())
    episodes = (mapping_of(e, f"{what}.episodes[]") for e in list_of(data, "episodes", what))
    return SeasonPage(found, number, tuple(_listed(e, number, f"{what}.episodes[]") for e in episodes))


def _season_id(data: Mapping[str, Any]) -> int | None:
    """``seasonId`` where it is told; older answers have ``id`` alone."""
    found = number_of(data, "seasonId")
    return number_of(data, "id") if found is None else found


def runtimes(data: Any) -> dict[int, int]:
    """Seconds by episode number, of the episodes that say how long they last."""
    episodes = [mapping_of(one, "season.episodes[]") for one in mapping_of(data, "season").get("episodes") or ()]
    told = [(number_of(episode, "episodeNumber"), number_of(episode, "runtime")) for episode in episodes]
    return {number: 60 * minutes for number, minutes in told if number is not None and minutes}


def _listed(data: Mapping[str, Any], season: int, what: str) -> Listed:
    return Listed(
        season=season,
        number=int_of(data, "episodeNumber", what),
        title=text_of(data, "name") or None,
        air_date=day_of(data.get("airDate")),
        tmdb=number_of(data, "episodeId"),
    )


def show_to_keep(data: Any) -> dict[str, Any]:
    """The part of a show's answer that we read, for the cache."""
    keys = ("id", "seasonId", "seasonNumber", "episodeCount")
    seasons = [{key: season[key] for key in keys if key in season} for season in data["seasons"]]
    return {"id": data["id"], "name": data.get("name"), "status": data.get("status"), "seasons": seasons}


def season_to_keep(data: Any) -> dict[str, Any]:
    """The part of a season's answer that ``season_page`` reads, for the cache."""
    keys = ("episodeNumber", "name", "airDate", "episodeId", "runtime")
    episodes = [{key: episode.get(key) for key in keys} for episode in data.get("episodes") or ()]
    return {"seasonId": data.get("seasonId"), "id": data.get("id"), "episodes": episodes}


def search_hits(data: Any) -> tuple[ShowHit, ...]:
    results = (mapping_of(r, "search.results[]") for r in list_of(data, "results", "search"))
    return tuple(_hit(result) for result in results)


def _hit(data: Mapping[str, Any]) -> ShowHit:
    first = day_of(data.get("firstAirDate"))
    return ShowHit(int_of(data, "id", "search.results[]"), text_of(data, "name"), first.year if first else None)


def ticks(data: Any) -> dict[int, datetime]:
    """Watched episodes of a season: when each was ticked, by episode number."""
    logs = [mapping_of(log, "episodeLogs[]") for log in list_of(data, "episodeLogs", "season_v2_part_3")]
    found = ((number_of(log, "episodeNumber"), instant(log.get("dateAdded"))) for log in logs)
    return {number: at for number, at in found if number is not None and at is not None}


def tick_body(spot: EpisodeSpot, *more: EpisodeSpot) -> dict[str, Any]:
    """Marks episodes of one season as watched, or takes that back; harmless when it is so already."""
    numbers = [spot.number, *(other.number for other in more)]
    return {"show_id": spot.show, "season_id": spot.season, "episode_numbers": numbers}


def season_is_complete(data: Any) -> bool:
    """Whether the answer to a tick suggests to mark the whole season as watched, too."""
    return isinstance(data, dict) and data.get("shouldMarkSeasonAsWatched") is True


def log_body(spot: EpisodeSpot, watched_at: datetime, *, rewatch: bool) -> dict[str, Any]:
    """One dated diary row for one episode.

    ``rating`` 0 means unrated and must be there, else the answer is 500. ``season_id`` is never null: a log of a whole
    show marks every episode of it as watched.
    """
    return {
        "show_id": spot.show,
        "season_id": spot.season,
        "episode_number": spot.number,
        "review_text": "",
        "rating": 0,
        "contains_spoiler": False,
        "backdate": timestamp(watched_at),
        "is_log": True,
        "is_rewatch": rewatch,
        "tags": [],
        "allows_comments": True,
        "like": False,
    }


def created_id(data: Any) -> int:
    """The id of the row that was just created; without it nobody knows whether one was, so the write is in doubt."""
    found = number_of(data, "id") if isinstance(data, dict) else None
    if found is None:
        raise ContractDrift("POST show/reviews/add: no id in the answer", in_doubt=True)
    return found


def login(data: Any) -> tuple[str, str]:
    """Token and user name; the name was seen at the top and, by one client, inside ``user``."""
    data = mapping_of(data, "login")
    token = text_of(data, "token")
    if not token:
        raise ContractDrift("login: no token in the answer")
    user = data.get("user")
    return token, text_of(data, "username") or (text_of(user, "username") if isinstance(user, dict) else "")


def validity(data: Any) -> tuple[bool, str]:
    """Whether a token is valid, and whose it is."""
    data = mapping_of(data, "validateauthtoken")
    if not isinstance(data.get("isValid"), bool):
        raise ContractDrift("validateauthtoken: no isValid in the answer")
    return data["isValid"], text_of(data, "username")


def token_expiry(token: str) -> datetime | None:
    """When a token ends, as it says itself in ``expiry_time`` or ``exp``; not verified, which only the service can."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    return instant(claims.get("expiry_time")) or instant(claims.get("exp"))


def timestamp(when: datetime) -> str:
    """UTC seconds with ``Z``: the form in which Serializd keeps and returns instants."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(value: Any) -> datetime | None:
    """An ISO text (UTC where it names no zone) or epoch seconds or milliseconds, cut to the second; else ``None``."""
    try:
        if isinstance(value, str) and not _is_numeric(value):
            when = datetime.fromisoformat(value)
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
        if isinstance(value, bool) or value is None:
            return None
        seconds = float(value)
        return datetime.fromtimestamp(int(seconds / 1000 if seconds > 1e11 else seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _is_numeric(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
