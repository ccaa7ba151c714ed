"""What Jellyfin and Emby write alike, as both descend from MediaBrowser: ticks, ids, times, items, ratings.

Keys are read without regard to case: the servers write ``PascalCase``, some of their builds and many templates do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any, TypeVar

from msgspec.structs import replace

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import EpisodeIds, Ids, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.plays import EARLIEST
from scrobbled.core.words.reasons import NO_TYPE
from scrobbled.plumbing.fields import (
    YEARS,
    Malformed,
    day,
    decimal,
    flag,
    identifier,
    is_blank,
    lowered,
    milliseconds,
    part,
    place,
    text,
    year,
)
from scrobbled.sources import ratings
from scrobbled.sources.base import Ignored

TICKS_PER_MS = 10_000
MOST_EPISODES = 20
"""In one file. ``S01E01-1080p`` has been read as a file of a thousand episodes."""
MAX_KEY = 100
MAX_NAME = 200
LARGEST_ID = 10**12
_NOON = timedelta(hours=12)
LIVE = frozenset({"tvchannel", "livetvchannel", "livetvprogram", "tvprogram", "program", "recording"})
_SCOPES: dict[str, Scope] = {"series": "show", "season": "season"}
_SCOPED = frozenset({EventKind.RATED, EventKind.UNRATED, EventKind.ADDED})
"""What can be said of a whole show or season."""
_ENTITY = re.compile(r"&(?:amp|quot|apos|lt|gt|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")
_IMDB = re.compile(r"tt[0-9]{1,12}\Z", re.ASCII)
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
_Space = TypeVar("_Space", bound=Ids)


def attempt(
    event: PlaybackEvent, read: Callable[[PlaybackEvent], tuple[PlaybackEvent, ...]]
) -> tuple[PlaybackEvent, ...]:
    """What ``read`` makes of ``event``, or the one ignored event that says why it made nothing."""
    try:
        return read(event)
    except Ignored as ignored:
        return (replace(event, kind=EventKind.IGNORED, reason=ignored.reason),)
    except Malformed:
        return (replace(event, kind=EventKind.IGNORED, reason="malformed"),)


# --- single values ---------------------------------------------------------------------------------------------------


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


# --- when ------------------------------------------------------------------------------------------------------------


def marked(event: PlaybackEvent, *stated: datetime | None) -> PlaybackEvent:
    """Set by hand, at the first of these times that is not in the future, however old; else nobody knows when."""
    event = replace(event, marked=True, entered=True)
    for moment in stated:
        if moment is not None and moment <= event.occurred_at:
            return replace(event, occurred_at=moment, time_from_source=True)
    return replace(event, dated=any(moment is not None for moment in stated))


# --- who and what ----------------------------------------------------------------------------------------------------


def account(user: Mapping[str, Any]) -> Account:
    return Account(identifier(user.get("id")), text(user.get("name"), limit=MAX_NAME))


def rated(event: PlaybackEvent, value: Any, favourite: Any = None) -> PlaybackEvent:
    """0 to 10, where 0 is a rating taken back. Favouriting looks the same, so a favourite without stars is neither."""
    event = ratings.rated(event, value)
    if event.kind is EventKind.UNRATED and switch(favourite):
        raise Ignored("unsupported")
    return event


def about(
    event: PlaybackEvent, item: Mapping[str, Any], server: str, series: Mapping[str, Any] | None = None
) -> tuple[PlaybackEvent, ...]:
    """``event`` of each episode in a file, of a movie, or, where it is no viewing, of a show or season.

    ``item`` and ``series`` are a ``BaseItemDto`` each, with names in lower case; ``libraryname`` may be added.
    Raises ``Ignored`` for what cannot be watched: ``no item``, ``live tv``, ``type``.
    """
    kind = text(item.get("type")).casefold()
    if not item:
        raise Ignored("no item")
    if kind in LIVE or identifier(item.get("channelid")):
        raise Ignored("live tv")
    if kind in _SCOPES and event.kind in _SCOPED:
        return (replace(event, item=_above(item, server, kind), scope=_SCOPES[kind]),)
    if is_blank(item.get("type")):
        raise Ignored(NO_TYPE)
    if kind not in ("movie", "episode") or not is_blank(item.get("extratype")):  # a trailer never counts
        raise Ignored("type")
    items = (_movie(item, server),) if kind == "movie" else _episodes(item, server, series or {})
    return tuple(replace(event, item=one) for one in items)


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


def _movie(item: Mapping[str, Any], server: str) -> Movie:
    ids = provider_ids(item.get("providerids"), MovieIds)
    name = title(item.get("name"))
    if not (name or ids):
        raise Ignored("no item")
    return Movie(name, year(item.get("productionyear")), ids, _origin(item, server))


def _above(item: Mapping[str, Any], server: str, kind: str) -> Item:
    """A show or a season, told as ``records.Subject`` has it. The ids of a season are in a space of their own."""
    is_show = kind == "series"
    ids = provider_ids(item.get("providerids") if is_show else item.get("seriesproviderids"), ShowIds)
    name = title(item.get("name" if is_show else "seriesname"))
    season = None if is_show else place(item.get("indexnumber"))
    if not (name or ids) or (season is None and not is_show):
        raise Ignored("no item")
    show_key = identifier(item.get("id" if is_show else "seriesid"))
    began = year(item.get("productionyear")) if is_show else None
    origin = _origin(item, server, show_key)
    return Episode(show_title=name, season=season, number=None, show_year=began, show_ids=ids, origin=origin)


def _episodes(item: Mapping[str, Any], server: str, series: Mapping[str, Any]) -> tuple[Episode, ...]:
    """Every episode of the file. Ids and air date are those of its first one, so the others have none."""
    first = _episode(item, server, series)
    number, last = first.number, place(item.get("indexnumberend"))
    if number is None or last is None or not number < last < number + MOST_EPISODES:
        return (first,)
    count = last - number + 1
    names: list[str] = (first.title or "").split(" / ")  # how Jellyfin joins the titles of such a file
    titles = names if len(names) == count else [first.title or "", *[""] * (count - 1)]
    others = (_following(first, number + n, titles[n]) for n in range(1, count))
    return (replace(first, title=titles[0] or None), *others)


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
        raise Ignored("no item")
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
