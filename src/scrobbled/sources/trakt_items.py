"""Movies, shows and episodes as Trakt clients write them: strings for numbers, 0 for "not given", keys of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scrobbled.core.naming.ids import EpisodeIds, Ids, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.plumbing.fields import Malformed, decimal, place, section, text, year

SERVER = "trakt"
"""Stands for the server in ``Origin``: there is none behind these clients."""
LARGEST_ID = 10**12
_NUMBERED = ("tmdb", "tvdb", "trakt")
_PREFERRED = ("tmdb", "tvdb", "imdb", "trakt")
_IMDB = re.compile(r"tt[0-9]{1,12}\Z", re.IGNORECASE | re.ASCII)
_SLUG = re.compile(r"(?P<words>[a-z0-9-]*[a-z][a-z0-9-]*?)(?:-(?P<year>(?:19|20)[0-9]{2}))?\Z", re.ASCII)


def movie(entry: Mapping[str, Any]) -> Movie | None:
    """``None`` for what has neither an id nor a title. ``origin.key`` is the same however often it is told alike."""
    ids = MovieIds(**_ids(entry))
    title, released = text(entry.get("title")), year(entry.get("year"))
    if not (title or ids):
        title, released = _of_slug(entry)
    if not (title or ids):
        return None
    return Movie(title, released, ids, Origin(SERVER, f"movie/{_named(ids) or _titled(title, released)}"))


def episode(show: Mapping[str, Any], entry: Mapping[str, Any]) -> Episode | None:
    """``None`` for what names no single episode.

    Its own ids come first, then the show's ids or title with season and number, then the number through the show.
    """
    ids, show_ids = EpisodeIds(**_ids(entry)), ShowIds(**_ids(show))
    title, began = text(show.get("title")), year(show.get("year"))
    if not (title or show_ids):
        title, began = _of_slug(show)
    season, number, absolute = _place(entry, has_ids=bool(ids))
    if not (ids or (number is not None and (show_ids or title))):
        return None
    where = _named(show_ids) or (_titled(title, began) if title else "")
    key = f"{where}/{season}/{number}" if where and number is not None else f"episode/{_named(ids)}"
    return Episode(
        show_title=title,
        season=season,
        number=number,
        title=text(entry.get("title")) or None,
        show_year=began,
        show_ids=show_ids,
        ids=ids,
        absolute=absolute,
        origin=Origin(SERVER, f"show/{key}" if where and number is not None else key),
    )


def playing(body: Mapping[str, Any]) -> Item | None:
    """What a scrobble or a check-in is about."""
    found = movie(section(body, "movie"))
    return found or episode(section(body, "show"), section(body, "episode"))


def _ids(entry: Mapping[str, Any]) -> dict[str, Any]:
    """By service; 0, an empty text, null and everything that cannot be an id there are left out."""
    given = section(entry, "ids")
    found: dict[str, Any] = {service: _number(given.get(service)) for service in _NUMBERED}
    imdb = text(given.get("imdb"))
    found["imdb"] = imdb.lower() if _IMDB.match(imdb) else None
    return {service: value for service, value in found.items() if value}


def _number(value: Any) -> int | None:
    number = decimal(value)
    return int(number) if number is not None and number == int(number) and 0 < number <= LARGEST_ID else None


def _place(entry: Mapping[str, Any], *, has_ids: bool) -> tuple[int | None, int | None, bool]:
    """Season, number, and whether the number counts through the whole show.

    Clients that know an episode by its ids send 0 for both, as their language has no empty number.
    """
    season, number = _counted(entry.get("season")), _counted(entry.get("number"))
    if season is not None and number is not None and not (has_ids and season == number == 0):
        return season, number, False
    through = _counted(entry.get("number_abs"))
    return (None, through, True) if through else (None, None, False)


def _counted(value: Any) -> int | None:
    try:
        return place(value)
    except Malformed:
        return None


def _of_slug(entry: Mapping[str, Any]) -> tuple[str, int | None]:
    """Title and year that Trakt's name in addresses was made of: ``salt-flats-2023``."""
    match = _SLUG.match(text(section(entry, "ids").get("slug")).lower())
    if match is None:
        return "", None
    return match["words"].replace("-", " ").strip(), year(match["year"])


def _named(ids: Ids) -> str:
    """One id, always of the same service where several are told."""
    known = ids.known()
    return next((f"{service}/{known[service]}" for service in _PREFERRED if service in known), "")


def _titled(title: str, released: int | None) -> str:
    return f"title/{title.casefold()}/{released or ''}"
