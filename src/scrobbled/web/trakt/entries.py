"""The lists in what clients send: bounded, as one of them may hold whatever fits into its size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST = 50_000
"""Entries of one call: more nobody has watched, and storing them would take minutes."""
EPISODES_AT_ONCE = 50
LONGEST = 500
"""Characters: as much as is read of a text."""
_SERVICES = ("trakt", "slug", "tvdb", "imdb", "tmdb")


def listed(parent: Mapping[str, Any], name: str) -> list[Any]:
    value = parent.get(name)
    return value if isinstance(value, list) else []


def objects(parent: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return [value for value in listed(parent, name) if isinstance(value, dict)]


def count(body: Mapping[str, Any]) -> int:
    """How many entries there are on all levels."""
    shows = objects(body, "shows")
    seasons = [season for show in shows for season in objects(show, "seasons")]
    own = sum(len(listed(body, name)) for name in ("movies", "shows", "seasons", "episodes"))
    return own + sum(len(listed(show, "seasons")) for show in shows) + sum(len(listed(s, "episodes")) for s in seasons)


def pieces(show: Any) -> Iterator[Any]:
    """``show`` with everything in it, in several where there is much of it, each with what names the show."""
    seasons = listed(show, "seasons") if isinstance(show, dict) else []
    if sum(len(listed(season, "episodes")) for season in seasons if isinstance(season, dict)) <= EPISODES_AT_ONCE:
        yield show
        return
    for season in seasons:
        for piece in _pieces_of_season(season):
            yield {**named(show), "seasons": [piece]}


def _pieces_of_season(season: Any) -> Iterator[Any]:
    episodes = listed(season, "episodes") if isinstance(season, dict) else []
    if len(episodes) <= EPISODES_AT_ONCE:
        yield season
        return
    alone = {name: cut(season[name]) for name in ("number", "watched_at") if name in season}
    for start in range(0, len(episodes), EPISODES_AT_ONCE):
        yield {**alone, "episodes": episodes[start : start + EPISODES_AT_ONCE]}


def named(show: Mapping[str, Any]) -> dict[str, Any]:
    """What is read of a show beside its seasons, and no more: it may be told thousands of times."""
    kept = {name: cut(show[name]) for name in ("title", "year", "watched_at") if name in show}
    ids = show.get("ids")
    if isinstance(ids, dict):
        kept["ids"] = {name: cut(ids[name]) for name in _SERVICES if name in ids}
    return kept


def cut(value: Any) -> Any:
    """A short value; lists and objects, which are none, as ``None``."""
    if isinstance(value, str):
        return value[:LONGEST]
    return None if isinstance(value, list | dict) else value
