"""Items and times as Trakt writes them: pure, and without an id we do not know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from scrobbled.core.naming.ids import EpisodeIds, Ids, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.matching import plain

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a date that nobody knows, as it does at Trakt."""
_SPACES: dict[type[Ids], tuple[str, ...]] = {
    MovieIds: ("trakt", "imdb", "tmdb"),
    ShowIds: ("trakt", "tvdb", "imdb", "tmdb"),
    EpisodeIds: ("trakt", "tvdb", "imdb", "tmdb"),
}
"""Other ids mean nothing to a Trakt client, and some of them break over a key they do not know."""


def movie(item: Movie) -> dict[str, Any]:
    """``{title, year, ids}``; the title is never empty, the year may be null."""
    title = item.title or _nameless(item.ids)
    return {"title": title, "year": item.year, "ids": ids(item.ids, slug(item.title, item.year))}


def episode(item: Episode) -> dict[str, Any]:
    """``{"episode": {season, number, title, ids}, "show": {title, year, ids}}``; titles are never empty.

    Season and number are always whole numbers: 0 stands for one that nobody told, as it does with the clients, which
    break over null. What is counted through the whole show has ``number_abs`` too, and is season 1 where none is told.
    """
    return {"episode": _episode(item), "show": show(item)}


def show(item: Episode) -> dict[str, Any]:
    """``{title, year, ids}`` of the show an episode belongs to; the title is never empty."""
    title = item.show_title or _nameless(item.show_ids)
    return {"title": title, "year": item.show_year, "ids": ids(item.show_ids, slug(item.show_title))}


def named(item: Item) -> dict[str, Any]:
    """What names an item inside a larger answer: ``movie``, or ``episode`` and ``show``."""
    return {"movie": movie(item)} if isinstance(item, Movie) else episode(item)


def ids(known: Ids, name: str = "") -> dict[str, int | str]:
    """Only those we know, each in its own space. ``name`` is the slug, empty for none."""
    found = {key: value for key in _SPACES[type(known)] if (value := getattr(known, key)) is not None}
    return {**found, **({"slug": name} if name else {})}


def slug(title: str, year: int | None = None) -> str:
    """A title as Trakt would write it in an address: ``salt-flats-2023``. Films carry their year, shows do not."""
    words = plain(title).split() or title.casefold().split()  # a title may be nothing but signs
    return "-".join([*words, str(year)] if year and words else words)


def when(at: datetime | None) -> str:
    """UTC with milliseconds, ``2026-05-03T19:42:00.000Z``; the epoch where nobody knows."""
    return (at or EPOCH).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def minute(at: datetime | None) -> str:
    """The time of a play: as ``when``, rounded down to the minute, which is all that Trakt keeps."""
    return when(at.replace(second=0, microsecond=0) if at else None)


def _episode(item: Episode) -> dict[str, Any]:
    first = 1 if item.absolute else 0
    place = {"season": first if item.season is None else item.season, "number": item.number or 0}
    through = {"number_abs": item.number} if item.absolute else {}
    return {**place, **through, "title": item.title or _untitled(item), "ids": ids(item.ids)}


def _untitled(item: Episode) -> str:
    """Trakt calls an episode without a title so, and so do media servers: it reads as "no title" everywhere."""
    return "Episode" if item.number is None else f"Episode {item.number}"


def _nameless(known: Ids) -> str:
    name, value = next(iter(ids(known).items()), ("", ""))
    return f"{name} {value}" if name else "Unknown"
