"""Ids, times and requests as Trakt writes them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec import Struct, field

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Item, Media
from scrobbled.core.naming.matching import Confidence
from scrobbled.trackers.base import Addition, Address

SPACES = ("trakt", "tmdb", "tvdb", "imdb")
MOVIE_SPACES = ("trakt", "tmdb", "imdb")
"""Trakt knows no TVDB ids of films."""
KEY_ORDER = ("tmdb", "tvdb", "imdb", "trakt")
"""Media servers never know Trakt's own ids, so a key built from those would differ by how the item was found."""
_SEARCH_SYNTAX = re.compile(r'([+\-&|!(){}\[\]^"~*?:/\\])')

UNKNOWN, RELEASED = "unknown", "released"
"""What stands for the time of a play that has none; an episode gets the time of its release by the second."""
RawIds = Mapping[str, int | str]
IdsT = TypeVar("IdsT", MovieIds, EpisodeIds, ShowIds)


def minute(moment: datetime) -> datetime:
    """Trakt keeps minutes: it cuts seconds off, so we do before sending and comparing."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def timestamp(moment: datetime) -> str:
    """UTC with milliseconds and ``Z``; numbers or local times would land on another moment without an error."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def moment(text: object) -> datetime | None:
    """A UTC moment, or ``None`` for what is no date."""
    if not isinstance(text, str):
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def escaped(query: str) -> str:
    """A title as search text: Trakt's search language gives a meaning to these characters unless escaped."""
    return _SEARCH_SYNTAX.sub(r"\\\1", query)


def raw_ids(ids: MovieIds | EpisodeIds | ShowIds) -> dict[str, int | str]:
    """What Trakt understands of ``ids``; nothing of Plex or AniDB."""
    spaces = MOVIE_SPACES if isinstance(ids, MovieIds) else SPACES
    known = ids.known()
    return {space: known[space] for space in spaces if known.get(space)}


def clean_ids(raw: object) -> dict[str, int | str]:
    """The ids of an answer; null, 0 and empty mean unknown, and numbers may come as text."""
    if not isinstance(raw, dict):
        return {}
    found: dict[str, int | str] = {}
    for space in SPACES:
        value = raw.get(space)
        if space == "imdb" and isinstance(value, str) and value.startswith("tt"):
            found[space] = value
        elif space != "imdb" and (number := whole(value)):
            found[space] = number
    return found


def typed_ids(space: type[IdsT], raw: RawIds) -> IdsT:
    """``raw`` must come from ``clean_ids``."""
    numbers = {name: value for name, value in raw.items() if isinstance(value, int)}
    imdb = raw.get("imdb")
    return space(
        imdb=imdb if isinstance(imdb, str) else None,
        tmdb=numbers.get("tmdb"),
        tvdb=numbers.get("tvdb"),
        trakt=numbers.get("trakt"),
    )


def show_ids(raw: RawIds) -> ShowIds:
    """``raw`` must come from ``clean_ids``."""
    return typed_ids(ShowIds, raw)


def key_of(what: str, ids: RawIds) -> str:
    """The key of what has these ids, of which there is at least one."""
    best = next(space for space in KEY_ORDER if space in ids)
    return f"{what}:{best}:{ids[best]}"


def whole(value: object) -> int | None:
    """A whole number, also one written as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def share(mine: RawIds, other: RawIds) -> bool:
    """Whether both name the same title in one space."""
    return any(str(value) == str(other.get(space)) for space, value in mine.items())


def contradict(mine: RawIds, other: RawIds) -> bool:
    """Whether both know an id in one space and differ there."""
    return any(space in other and str(value) != str(other[space]) for space, value in mine.items())


class TraktPlace(Struct, frozen=True):
    """Where an item is on Trakt: what an ``Address`` carries. ``ids`` are the item's own, never its show's."""

    media: Media
    ids: RawIds
    show: RawIds = field(default_factory=dict)
    season: int | None = None
    number: int | None = None

    def address(self, how: str, confidence: Confidence = Confidence.CERTAIN, title: str | None = None) -> Address:
        """``title`` is the entry's own, as Trakt lists it."""
        data: dict[str, Any] = {"type": self.media, "ids": dict(self.ids)}
        if self.show and self.season is not None and self.number is not None:
            data |= {"show": dict(self.show), "season": self.season, "number": self.number}
        return Address(key_of(self.media, self.ids), data, how, confidence, self._entry(title))

    def _entry(self, title: str | None) -> str:
        ids = self.show or self.ids
        known = [f"{space} {ids[space]}" for space in KEY_ORDER if space in ids]
        place = f"S{self.season} E{self.number}" if self.season is not None and self.number is not None else ""
        return " ".join(filter(None, ("show" if self.show else self.media, *known, place, title)))

    @classmethod
    def of(cls, address: Address) -> TraktPlace:
        data = address.data
        return cls(
            media=data["type"],
            ids=data["ids"],
            show=data.get("show", {}),
            season=data.get("season"),
            number=data.get("number"),
        )


def undated_word(play: Addition) -> str:
    """How Trakt is told of a play without a date. By the release only of episodes: of films nobody documents that."""
    return RELEASED if play.undated == RELEASED and play.address.data["type"] == "episode" else UNKNOWN


class Outgoing(Struct, frozen=True):
    """One play on its way, and the ids it goes by."""

    index: int
    media: Media
    ids: RawIds
    watched_at: datetime | None
    undated: str = ""
    """How it is told that nobody knows when."""
    show: RawIds = field(default_factory=dict)
    """Those of its show, as far as they are known."""
    item: Item | None = None
    note: str = ""
    """How it was found, where that was not by the ids it came with."""

    @classmethod
    def of(cls, index: int, play: Addition) -> Outgoing:
        place = TraktPlace.of(play.address)
        ids = {"trakt": place.ids["trakt"]} if "trakt" in place.ids else place.ids
        at, word = (minute(play.at), "") if play.watched_at is not None else (None, undated_word(play))
        return cls(index, place.media, ids, at, word, place.show, play.item)

    def line(self) -> dict[str, Any]:
        """Never without ``watched_at``: Trakt would take that for now."""
        return {"watched_at": timestamp(self.watched_at) if self.watched_at else self.undated, "ids": dict(self.ids)}


def history_body(plays: Iterable[Outgoing]) -> dict[str, Any]:
    """The body of a history add: only films and episodes, since a bare show would mark all its episodes."""
    movies: list[Any] = []
    episodes: list[Any] = []
    for play in plays:
        (movies if play.media == "movie" else episodes).append(play.line())
    lists = {"movies": movies, "episodes": episodes}
    return {name: lines for name, lines in lists.items() if lines}
