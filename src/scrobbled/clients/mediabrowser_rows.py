"""Items as Jellyfin and Emby write them alike, as both descend from MediaBrowser: ticks, ids, times, films, episodes.

Keys are read without regard to case: the servers write ``PascalCase``, some of their builds and many templates do not.
Rows are a ``BaseItemDto`` with the names of its members in lower case (``plumbing.fields.lowered``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any, TypeVar

from msgspec.structs import replace

from scrobbled.core.naming.ids import EpisodeIds, Ids, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.core.watching.plays import EARLIEST
from scrobbled.plumbing.fields import (
    YEARS,
    Malformed,
    day,
    decimal,
    flag,
    identifier,
    lowered,
    milliseconds,
    part,
    place,
    text,
    year,
)

TICKS_PER_MS = 10_000
MOST_EPISODES = 20
"""In one file. ``S01E01-1080p`` has been read as a file of a thousand episodes."""
LARGEST_ID = 10**12
_NOON = timedelta(hours=12)
_ENTITY = re.compile(r"&(?:amp|quot|apos|lt|gt|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")
_IMDB = re.compile(r"tt[0-9]{1,12}\Z", re.ASCII)
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
_Space = TypeVar("_Space", bound=Ids)


class NoItem(Malformed):
    """It says neither what it is called nor by which ids it is known."""


def title(value: Any) -> str:
    r"""One clean line. Jellyfin's official plugin escapes quotes before its JSON does: ``The \"Big\" One`` arrives.

    Its templates escape for HTML, unless they are written with three braces.
    """
    if not isinstance(value, str):
        return text(value)
    return text(_ENTITY.sub(lambda entity: unescape(entity.group()), value).replace('\\"', '"'))


def ticks(value: Any) -> int | None:
    """Milliseconds of so many units of 100 nanoseconds."""
    number = decimal(value)
    return None if number is None else milliseconds(number / TICKS_PER_MS)


def switch(value: Any) -> bool | None:
    """Yes or no, also as ``True``, ``"False"`` or ``"1"``; ``None`` where it is not said."""
    if flag(value):
        return True
    return False if value is False or text(value).casefold() in {"0", "false"} else None


def instant(value: Any) -> datetime | None:
    """A time with up to seven decimals, which is UTC also where no zone is written; year 1 stands for none."""
    found = _moment(value)
    return found if found is not None and found >= EARLIEST else None


def aired(value: Any) -> date | None:
    """A calendar day. Emby writes its midnight in its own zone as UTC: in Shanghai a day begins at 16:00 before it."""
    found = _moment(value)
    return day(value if found is None or found.year > YEARS[-1] else (found + _NOON).date().isoformat())


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str) or not _INSTANT.match(value.strip()):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def provider_ids(given: Any, space: type[_Space]) -> _Space:
    """The ids of one item, in its own space; what cannot be an id at that service is left out."""
    names = lowered(given)
    found: dict[str, Any] = {service: _number(names.get(service)) for service in ("tmdb", "tvdb", "anidb")}
    imdb = text(names.get("imdb")).lower()
    return space(**found, imdb=imdb if _IMDB.match(imdb) else None)


def _number(value: Any) -> int | None:
    number = decimal(value)
    return int(number) if number is not None and number == int(number) and 0 < number <= LARGEST_ID else None


def _origin(item: Mapping[str, Any], server: str, show_key: str = "") -> Origin | None:
    key = identifier(item.get("id"))
    return Origin(server, key, show_key or None, text(item.get("libraryname")) or None) if key else None


def movie(item: Mapping[str, Any], server: str) -> Movie:
    """Raises ``NoItem``. Keys in ``origin`` are those of this ``server``."""
    ids = provider_ids(item.get("providerids"), MovieIds)
    name = title(item.get("name"))
    if not (name or ids):
        raise NoItem("no item")
    return Movie(name, year(item.get("productionyear")), ids, _origin(item, server))


def above(item: Mapping[str, Any], server: str, kind: str) -> Item:
    """A show (``kind`` is ``series``) or a season, told as ``records.Subject`` has it; raises ``NoItem``.

    The ids of a season are in a space of their own.
    """
    is_show = kind == "series"
    ids = provider_ids(item.get("providerids") if is_show else item.get("seriesproviderids"), ShowIds)
    name = title(item.get("name" if is_show else "seriesname"))
    season = None if is_show else place(item.get("indexnumber"))
    if not (name or ids) or (season is None and not is_show):
        raise NoItem("no item")
    show_key = identifier(item.get("id" if is_show else "seriesid"))
    began = year(item.get("productionyear")) if is_show else None
    origin = _origin(item, server, show_key)
    return Episode(show_title=name, season=season, number=None, show_year=began, show_ids=ids, origin=origin)


def episodes(item: Mapping[str, Any], server: str, series: Mapping[str, Any]) -> tuple[Episode, ...]:
    """Every episode of the file; ``series`` is the row of its show, where that is known. Raises ``NoItem``.

    Ids and air date are those of the first one, so the others have none.
    """
    first, count = _episode(item, server, series), episode_count(item)
    number = first.number
    if number is None or count == 1:
        return (first,)
    names: list[str] = (first.title or "").split(" / ")  # how Jellyfin joins the titles of such a file
    titles = names if len(names) == count else [first.title or "", *[""] * (count - 1)]
    others = (_following(first, number + n, titles[n]) for n in range(1, count))
    return (replace(first, title=titles[0] or None), *others)


def episode_count(item: Mapping[str, Any]) -> int:
    """How many episodes are in the file of an item; 1 for everything else."""
    number, last = place(item.get("indexnumber")), place(item.get("indexnumberend"))
    if number is None or last is None or not number < last < number + MOST_EPISODES:
        return 1
    return last - number + 1


def _following(first: Episode, number: int, name: str) -> Episode:
    """Its key is one that no server knows: by the file's own, the first episode would be found."""
    origin = first.origin and replace(first.origin, key=f"{first.origin.key}#{number}")
    return replace(first, number=number, title=name or None, ids=EpisodeIds(), air_date=None, origin=origin)


def _episode(item: Mapping[str, Any], server: str, series: Mapping[str, Any]) -> Episode:
    ids = provider_ids(item.get("providerids"), EpisodeIds)
    above = series.get("providerids") or item.get("seriesproviderids") or part(item, "series").get("providerids")
    show_ids = provider_ids(above, ShowIds)
    show_title = title(item.get("seriesname")) or title(series.get("name"))
    if not (show_title or ids or show_ids):
        raise NoItem("no item")
    return Episode(
        show_title=show_title,
        season=place(item.get("parentindexnumber")),
        number=place(item.get("indexnumber")),
        title=title(item.get("name")) or None,
        show_year=year(series.get("productionyear")),
        show_ids=show_ids,
        ids=ids,
        air_date=aired(item.get("premieredate")),
        original_title=title(item.get("originaltitle")) or None,
        origin=_origin(item, server, identifier(item.get("seriesid")) or identifier(series.get("id"))),
    )
