"""Items, users and what users have seen, as Jellyfin and Emby write them: both descend from MediaBrowser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from scrobbled.sandbox.plex.items import LibraryItem, season_item, show_item

MediaBrowserRow = dict[str, Any]
TICKS = 10_000
"""A millisecond in units of 100 ns."""
TYPES = {"movie": "Movie", "show": "Series", "season": "Season", "episode": "Episode"}


@dataclass(frozen=True, slots=True)
class ServerUser:
    """A user of the server; ``token`` is what signing in gave them."""

    id: str
    name: str
    token: str
    admin: bool = False


@dataclass(frozen=True, slots=True)
class ServerCaller:
    """Who asks: a user, or an API key, which may do everything and is nobody."""

    person: ServerUser | None = None

    @property
    def admin(self) -> bool:
        return self.person is None or self.person.admin


@dataclass(frozen=True, slots=True)
class Face:
    """Who the server says it is; ``item_id`` makes its own id of an item from the world's key."""

    id: str
    name: str
    product: str
    version: str
    item_id: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class UserData:
    """What the server knows of one item for one user; ``position`` is milliseconds, ``rating`` 0 to 10."""

    played: bool = False
    count: int = 0
    last: datetime | None = None
    position: int = 0
    rating: float | None = None
    favorite: bool = False
    likes: bool | None = None

    def started(self, at: datetime) -> UserData:
        """The server forgets at the start of a rewatch that it was played."""
        return replace(self, played=False, count=self.count + 1, last=at)

    def reached(self, position: int, *, complete: bool) -> UserData:
        return replace(self, played=self.played or complete, position=0 if complete else position)

    def marked(self, at: datetime) -> UserData:
        return replace(self, played=True, count=self.count + 1, last=at, position=0)

    def unmarked(self) -> UserData:
        return replace(self, played=False, count=0, last=None, position=0)


NO_DATA = UserData()


@dataclass(frozen=True, slots=True)
class Happening:
    """Something the server may tell. ``data`` is what it knows afterwards; ``position`` is milliseconds.

    ``event`` is a step of a viewing (``play``, ``pause`` …), or ``mark``, ``unmark``, ``rate``, ``data``, ``like``,
    ``add``, ``remove``.
    """

    event: str
    item: LibraryItem
    at: datetime
    person: ServerUser | None = None
    data: UserData = NO_DATA
    position: int = 0
    complete: bool = False
    session: str = ""


@dataclass(frozen=True, slots=True)
class FinishedViewing:
    """One viewing that went on to its end; ``at`` is when it was stopped."""

    item: LibraryItem
    person: ServerUser
    at: datetime


def stamp(at: datetime) -> str:
    """As .NET writes a date: seven decimals, and always a ``Z``, whatever zone it is in."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond:06d}0Z"


def lowered(query: Mapping[str, str]) -> dict[str, str]:
    """Names of parameters are without case at both."""
    return {name.lower(): value for name, value in query.items()}


def provider_ids(item: LibraryItem) -> dict[str, str]:
    """Of *this* item: an episode's are episode ids, never those of its series."""
    named = item.episode or item.season or item.show or item.movie
    pairs = ((name, getattr(named, name, None)) for name in ("tmdb", "imdb", "tvdb"))
    return {name.capitalize(): str(value) for name, value in pairs if value is not None}


def base_item(
    face: Face, item: LibraryItem, data: MediaBrowserRow | None, fields: Iterable[str] = ()
) -> MediaBrowserRow:
    """A ``BaseItemDto``; ``fields`` in lower case are those that come only when asked for, ``*`` is all of them."""
    row = {"Name": item.title, "ServerId": face.id, "Id": face.item_id(item.rating_key), **_own(face, item)}
    wanted = set(fields)
    extra: MediaBrowserRow = {
        "ProviderIds": provider_ids(item),
        "DateCreated": stamp(datetime.fromtimestamp(item.held.added, UTC)),
        "Etag": f"{item.held.updated:x}",
        "Path": f"/media/{item.section.title}/{item.rating_key}" + ("" if _folder(item) else ".mkv"),
        "SortName": item.title,
    }
    row |= {name: value for name, value in extra.items() if "*" in wanted or name.lower() in wanted}
    return {**row, **({"UserData": data} if data is not None else {}), "LocationType": "FileSystem"}


def series_of(item: LibraryItem) -> LibraryItem | None:
    """The series that an episode or a season belongs to."""
    return show_item(item.show) if item.show and item.season else None


def _folder(item: LibraryItem) -> bool:
    return item.type in ("show", "season")


def _own(face: Face, item: LibraryItem) -> MediaBrowserRow:
    head: MediaBrowserRow = {"Type": TYPES[item.type], "IsFolder": _folder(item)}
    if item.duration:
        head |= {"RunTimeTicks": item.duration * TICKS, "MediaType": "Video", "Container": "mkv"}
    if item.movie:
        return {**head, "ProductionYear": item.movie.year, "PremiereDate": f"{item.movie.year}-06-01T00:00:00.0000000Z"}
    if item.show is None:
        raise ValueError("an item is a movie or belongs to a show")
    if item.season is None:
        return {**head, "ProductionYear": item.show.year}
    series = {"SeriesName": item.show.title, "SeriesId": face.item_id(item.show.rating_key)}
    if item.episode is None:
        return {**head, **series, "IndexNumber": item.season.number}
    return {
        **head,
        **series,
        "SeasonId": face.item_id(item.season.rating_key),
        "SeasonName": season_item(item.show, item.season).title,
        "ParentIndexNumber": item.episode.season,
        "IndexNumber": item.episode.number,
        "ProductionYear": item.episode.air_date.year,
        "PremiereDate": f"{item.episode.air_date.isoformat()}T00:00:00.0000000Z",
    }


def user_data(face: Face, item: LibraryItem, data: UserData) -> MediaBrowserRow:
    """What is not known is left out."""
    known: MediaBrowserRow = {
        "PlayedPercentage": 100 * data.position / item.duration if data.position and item.duration else None,
        "LastPlayedDate": stamp(data.last) if data.last else None,
        "Rating": data.rating,
        "Likes": data.likes,
    }
    return {
        "PlaybackPositionTicks": data.position * TICKS,
        "PlayCount": data.count,
        "IsFavorite": data.favorite,
        "Played": data.played,
        "Key": provider_ids(item).get("Tmdb", item.rating_key),
        "ItemId": face.item_id(item.rating_key),
        **{name: value for name, value in known.items() if value is not None},
    }


def folder_data(face: Face, item: LibraryItem, leaves: Sequence[UserData], own: UserData) -> MediaBrowserRow:
    """A series or season is played when all of it is; what else is said of it is its own."""
    left = sum(1 for data in leaves if not data.played)
    return {
        "UnplayedItemCount": left,
        "PlaybackPositionTicks": 0,
        "PlayCount": 0,
        "IsFavorite": own.favorite,
        "Played": left == 0,
        "Key": item.rating_key,
        "ItemId": face.item_id(item.rating_key),
        **({} if own.rating is None else {"Rating": own.rating}),
    }


def user_row(face: Face, person: ServerUser) -> MediaBrowserRow:
    return {
        "Name": person.name,
        "ServerId": face.id,
        "Id": person.id,
        "HasPassword": True,
        "HasConfiguredPassword": True,
        "EnableAutoLogin": False,
        "Configuration": {"PlayDefaultAudioTrack": True, "HidePlayedInLatest": True},
        "Policy": {"IsAdministrator": person.admin, "IsHidden": False, "IsDisabled": False, "EnableAllFolders": True},
    }


def date_of(text: str) -> datetime:
    """ISO 8601 as Jellyfin takes it, or ``yyyyMMddHHmmss`` as Emby does. Raises ``ValueError``."""
    if text.isdigit() and len(text) == 14:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
