"""Serializd's JSON, to and from our values; pure.

Everything that no decision rests on is optional, since the service leaves fields out and sends null at will. A missing
key that a decision does rest on raises ``ContractDrift`` and names the key.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from scrobbled.core.errors import ContractDrift
from scrobbled.core.matching import Listed

ENDED = frozenset({"ended", "canceled", "cancelled"})


@dataclass(frozen=True, slots=True)
class ShowPage:
    """A show and the numbers of its seasons, specials (0) included; ``ended`` shows get no new episodes."""

    id: int
    name: str
    ended: bool
    seasons: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SeasonPage:
    """A season. ``id`` is a TMDB *season* id, or ``None`` for a season that Serializd has no data for."""

    id: int | None
    number: int
    episodes: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class ShowHit:
    """One result of the title search."""

    id: int
    name: str
    year: int | None


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an episode stands: TMDB *show* id, TMDB *season* id, numbers of season and episode."""

    show: int
    season: int
    season_number: int
    number: int

    @property
    def key(self) -> str:
        return f"{self.show}:{self.season}:{self.number}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the diary; show- and season-level rows have no episode. ``watched_at`` is UTC, to the second."""

    id: int
    show: int
    season: int | None
    number: int | None
    watched_at: datetime | None
    is_log: bool


@dataclass(frozen=True, slots=True)
class DiaryPage:
    """``total`` pages there are; ``None`` where the answer does not say."""

    rows: tuple[Row, ...]
    total: int | None


def show_page(data: Any, what: str = "show") -> ShowPage:
    seasons = (_mapping(s, f"{what}.seasons[]") for s in _list(data, "seasons", what))
    return ShowPage(
        id=_int(data, "id", what),
        name=_text(data, "name"),
        ended=_text(data, "status").casefold() in ENDED,
        seasons=tuple(_int(season, "seasonNumber", f"{what}.seasons[]") for season in seasons),
    )


def season_page(data: Any, number: int, what: str = "season") -> SeasonPage:
    """Season ``number`` as asked for. An unknown season is answered with 200 and null in every field."""
    data = _mapping(data, what)
    if "seasonId" not in data and "id" not in data:
        raise ContractDrift(f"{what}: neither seasonId nor id in the answer")
    found = _number(data, "seasonId")
    found = _number(data, "id") if found is None else found
    if found is None:
        return SeasonPage(None, number, ())
    episodes = (_mapping(e, f"{what}.episodes[]") for e in _list(data, "episodes", what))
    return SeasonPage(found, number, tuple(_listed(e, number, f"{what}.episodes[]") for e in episodes))


def _listed(data: Mapping[str, Any], season: int, what: str) -> Listed:
    return Listed(
        season=season,
        number=_int(data, "episodeNumber", what),
        title=_text(data, "name") or None,
        air_date=_day(data.get("airDate")),
        tmdb=_number(data, "episodeId"),
    )


def show_to_keep(data: Any) -> dict[str, Any]:
    """The part of a show's answer that ``show_page`` reads, for the cache."""
    seasons = [{"seasonNumber": season["seasonNumber"]} for season in data["seasons"]]
    return {"id": data["id"], "name": data.get("name"), "status": data.get("status"), "seasons": seasons}


def season_to_keep(data: Any) -> dict[str, Any]:
    """The part of a season's answer that ``season_page`` reads, for the cache."""
    keys = ("episodeNumber", "name", "airDate", "episodeId")
    episodes = [{key: episode.get(key) for key in keys} for episode in data.get("episodes") or ()]
    return {"seasonId": data.get("seasonId"), "id": data.get("id"), "episodes": episodes}


def search_hits(data: Any) -> tuple[ShowHit, ...]:
    results = (_mapping(r, "search.results[]") for r in _list(data, "results", "search"))
    return tuple(_hit(result) for result in results)


def _hit(data: Mapping[str, Any]) -> ShowHit:
    first = _day(data.get("firstAirDate"))
    return ShowHit(_int(data, "id", "search.results[]"), _text(data, "name"), first.year if first else None)


def ticks(data: Any) -> dict[int, datetime]:
    """Watched episodes of a season: when each was ticked, by episode number."""
    logs = [_mapping(log, "episodeLogs[]") for log in _list(data, "episodeLogs", "season_v2_part_3")]
    found = ((_number(log, "episodeNumber"), instant(log.get("dateAdded"))) for log in logs)
    return {number: at for number, at in found if number is not None and at is not None}


def diary_page(data: Any) -> DiaryPage:
    rows = (_mapping(r, "diary.reviews[]") for r in _list(data, "reviews", "diary"))
    return DiaryPage(tuple(_row(row) for row in rows), _number(data, "totalPages"))


def _row(data: Mapping[str, Any]) -> Row:
    # Rows were seen with isLog and, in older clients, described with isLogged.
    logged = data.get("isLog", data.get("isLogged"))
    return Row(
        id=_int(data, "id", "diary.reviews[]"),
        show=_int(data, "showId", "diary.reviews[]"),
        season=_number(data, "seasonId"),
        number=_number(data, "episodeNumber"),
        watched_at=instant(data.get("backdate")),
        is_log=logged is not False,
    )


def tick_body(spot: Spot) -> dict[str, Any]:
    """Marks one episode as watched; harmless when it is."""
    return {"show_id": spot.show, "season_id": spot.season, "episode_numbers": [spot.number]}


def log_body(spot: Spot, watched_at: datetime, *, rewatch: bool) -> dict[str, Any]:
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
    found = _number(data, "id") if isinstance(data, dict) else None
    if found is None:
        raise ContractDrift("POST show/reviews/add: no id in the answer", in_doubt=True)
    return found


def login(data: Any) -> tuple[str, str]:
    """Token and user name; the name was seen at the top and, by one client, inside ``user``."""
    data = _mapping(data, "login")
    token = _text(data, "token")
    if not token:
        raise ContractDrift("login: no token in the answer")
    user = data.get("user")
    return token, _text(data, "username") or (_text(user, "username") if isinstance(user, dict) else "")


def validity(data: Any) -> tuple[bool, str]:
    """Whether a token is valid, and whose it is."""
    data = _mapping(data, "validateauthtoken")
    if not isinstance(data.get("isValid"), bool):
        raise ContractDrift("validateauthtoken: no isValid in the answer")
    return data["isValid"], _text(data, "username")


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


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _mapping(data: Any, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ContractDrift(f"{what}: {type(data).__name__} where an object was expected")
    return data


def _list(data: Any, key: str, what: str) -> list[Any]:
    value = _mapping(data, what).get(key)
    if not isinstance(value, list):
        raise ContractDrift(f"{what}: no {key} in the answer")
    return value


def _int(data: Any, key: str, what: str) -> int:
    value = _number(_mapping(data, what), key)
    if value is None:
        raise ContractDrift(f"{what}: no {key} in the answer")
    return value


def _number(data: Mapping[str, Any], key: str) -> int | None:
    """An integer, also written as text (ids are seen both ways); ``True`` is none."""
    value = data.get(key)
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(data: Any, key: str) -> str:
    value = _mapping(data, key).get(key)
    return value if isinstance(value, str) else ""
