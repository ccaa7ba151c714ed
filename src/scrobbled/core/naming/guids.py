"""Plex guids: every form its agents, old and new, have written, and the ids that can be taken from each.

A guid names either the item itself (new agents) or the *title* the item belongs to (legacy agents): the show of an
episode, or the movie. The two never mix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import Any

from msgspec import Struct

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds

MAX_GUID = 300
MAX_GUIDS = 50


class GuidScope(Enum):
    """What a guid names, as far as its form tells."""

    ITEM = auto()
    """Whatever carries it."""
    TITLE = auto()
    """The show of an episode, or the movie."""
    MOVIE = auto()
    SHOW = auto()
    EPISODE = auto()
    OTHER = auto()
    """A season, or something that cannot be watched."""


class Numbering(Enum):
    """How far season and episode number of the guid's agent can be believed."""

    PLAIN = auto()
    ABSOLUTE = auto()
    """Counted through the show or through an AniDB entry, so it must be mapped."""
    DVD = auto()
    """Order of the discs, which no tracker uses."""


class Guid(Struct, frozen=True):
    """One guid, read. ``service`` is a field of ``Ids``; ``tsdb`` is TMDB's series space, known not to be a movie.

    ``mal`` is an entry of MyAnimeList: no id that anybody here asks for, but it says how the episodes are counted.
    """

    service: str
    value: int | str
    scope: GuidScope
    season: int | None = None
    number: int | None = None
    numbering: Numbering = Numbering.PLAIN


class EpisodeGuids(Struct, frozen=True):
    """What all guids of an episode say together."""

    ids: EpisodeIds
    show_ids: ShowIds
    season: int | None = None
    number: int | None = None
    numbering: Numbering = Numbering.PLAIN


_MOVIE_SCOPES = {GuidScope.ITEM, GuidScope.TITLE, GuidScope.MOVIE}
_EPISODE_SCOPES = {GuidScope.ITEM, GuidScope.EPISODE}
_SHOW_SCOPES = {GuidScope.TITLE, GuidScope.SHOW}
_BY_WORD = {"movie": GuidScope.MOVIE, "show": GuidScope.SHOW, "series": GuidScope.SHOW, "episode": GuidScope.EPISODE}
_SERVICES = frozenset({"imdb", "tmdb", "tvdb", "anidb"})
_LEGACY = {"imdb": "imdb", "themoviedb": "tmdb", "thetvdb": "tvdb", "thetvdbdvdorder": "tvdb", "xbmcnfotv": "tvdb"}
_PLEX = re.compile(r"(movie|show|season|episode)/[0-9A-Za-z_-]{1,64}\Z")
_MAL = "net.fribbtastic.coding.plex.myanimelist"
_IMDB = re.compile(r"tt[0-9]{1,12}\Z", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,12}\Z")
_HAMA = re.compile(r"(anidb|tvdb|tmdb|tsdb|imdb)([0-9]?)-(.+)\Z")
_LIVE = "tv.plex.xmltv://"


def texts(value: Any) -> tuple[str, ...]:
    """The guids in ``guid`` or ``Guid``, whatever their shape: a string, an object with ``id``, or a list of these.

    Very old servers sent ``guid`` as a string and as a list in one message.
    """
    entries = value[:MAX_GUIDS] if isinstance(value, list) else [value]
    plain = (entry.get("id") if isinstance(entry, dict) else entry for entry in entries)
    return tuple(text.strip() for text in plain if isinstance(text, str) and len(text) <= MAX_GUID)


def is_live(metadata: Mapping[str, Any]) -> bool:
    """Whether a guid comes from a television guide."""
    return any(text.startswith(_LIVE) for text in (*texts(metadata.get("guid")), *texts(metadata.get("Guid"))))


def of_movie(metadata: Mapping[str, Any]) -> MovieIds:
    """The first id of each service; a TVDB *series* id that a television agent gave a movie is not among them."""
    wanted = (g for g in _own(metadata) if g.scope in _MOVIE_SCOPES and g.number is None and g.service != "tsdb")
    return MovieIds(**_first(g for g in wanted if not (g.scope is GuidScope.TITLE and g.service == "tvdb")))


def of_show(metadata: Mapping[str, Any]) -> ShowIds:
    """The first id of each service, of metadata whose ``type`` is ``show``."""
    return ShowIds(**_first(g for g in _own(metadata) if g.scope in _SHOW_SCOPES | {GuidScope.ITEM}))


def of_episode(metadata: Mapping[str, Any]) -> EpisodeGuids:
    """Ids of the episode and of its show, the first of each service, and the place that legacy guids carry."""
    own = tuple(_own(metadata))
    show = [g for g in own if g.scope in _SHOW_SCOPES]
    above = [g for g in _read_all(texts(metadata.get("grandparentGuid"))) if g.scope in _SHOW_SCOPES | {GuidScope.ITEM}]
    placed = next((g for g in show if g.number is not None), None)
    numbering = next((g.numbering for g in (*show, *above) if g.numbering is not Numbering.PLAIN), Numbering.PLAIN)
    return EpisodeGuids(
        ids=EpisodeIds(**_first(g for g in own if g.scope in _EPISODE_SCOPES)),
        show_ids=ShowIds(**_first([*show, *above])),
        season=placed.season if placed else None,
        number=placed.number if placed else None,
        numbering=numbering,
    )


def numbered(guids: EpisodeGuids, season: int | None, number: int | None) -> tuple[int | None, int | None, bool]:
    """Season and number of an episode as far as they can be used, and whether they count through the whole show.

    ``season`` and ``number`` are what the metadata says; where it says nothing the guids do.
    """
    if guids.numbering is Numbering.DVD:
        # Disc order is nobody else's order, so these numbers would name another episode. Without them the show is still
        # known by its id, and title or air date decide.
        return None, None, False
    season = guids.season if season is None else season
    number = guids.number if number is None else number
    return season, number, guids.numbering is Numbering.ABSOLUTE and season != 0  # specials are not counted through


def read(text: str) -> Guid | None:
    """One guid; ``None`` for forms without a usable id (``local://``, ``mbid://``, unknown agents, broken ids)."""
    agent, separator, tail = text.partition("://")
    path = tail.partition("?")[0].rstrip("/")
    if not separator:
        return _guid("imdb", text, GuidScope.ITEM)
    if agent == "plex":
        return _plex(path)
    if agent in _SERVICES:
        return _modern(agent, path)
    if agent.startswith("com.plexapp.agents."):
        return _legacy(agent.removeprefix("com.plexapp.agents."), path)
    if agent == _MAL:
        return _title("mal", path, Numbering.ABSOLUTE)
    if agent in {"tv.plex.agents.nfo.movie", "tv.plex.agents.nfo.series"}:
        return _nfo(path)
    return None


def _own(metadata: Mapping[str, Any]) -> Iterator[Guid]:
    return _read_all((*texts(metadata.get("Guid")), *texts(metadata.get("guid"))))


def _read_all(guids: Iterable[str]) -> Iterator[Guid]:
    return (guid for guid in map(read, guids) if guid is not None)


def _first(guids: Iterable[Guid]) -> dict[str, Any]:
    """Several ids of one service do occur, for merged items; Plex lists the one it matched by first."""
    found: dict[str, Any] = {}
    for guid in guids:
        if guid.service == "mal":
            continue
        found.setdefault("tmdb" if guid.service == "tsdb" else guid.service, guid.value)
    return found


def _plex(path: str) -> Guid | None:
    match = _PLEX.match(path)
    return Guid("plex", f"plex://{path}", _BY_WORD.get(match.group(1), GuidScope.OTHER)) if match else None


def _modern(service: str, path: str) -> Guid | None:
    """``tvdb://429999/1/1`` stands beside the plain episode id: show, season and episode."""
    if "/" in path:
        return _placed(service, path, Numbering.PLAIN)
    return _guid(service, path, GuidScope.ITEM)


def _legacy(agent: str, path: str) -> Guid | None:
    if agent == "hama":
        return _hama(path)
    if agent == "xbmcnfo":  # its files hold an IMDb id, or else a TMDB one
        return _guid("imdb" if path.startswith("tt") else "tmdb", path, GuidScope.MOVIE)
    if agent not in _LEGACY:
        return None
    service = "imdb" if path.startswith("tt") else _LEGACY[agent]
    return _title(service, path, Numbering.DVD if agent == "thetvdbdvdorder" else Numbering.PLAIN)


def _hama(path: str) -> Guid | None:
    """``tvdb4-440011/1/133``: the digit is the agent's mode, and modes 2 to 5 renumber or count on."""
    match = _HAMA.match(path)
    if match is None:
        return None
    service, mode, rest = match.groups()
    counted = service == "anidb" or mode in {"2", "3", "4", "5"}
    return _title(service, rest, Numbering.ABSOLUTE if counted else Numbering.PLAIN)


def _nfo(path: str) -> Guid | None:
    """``movie/tmdb_123``; ``movie/858024`` does not say whose number that is, so it is no id."""
    kind, _, rest = path.partition("/")
    service, separator, value = rest.rpartition("/")[2].partition("_")
    if not separator or service not in _SERVICES:
        return None
    return _guid(service, value, _BY_WORD.get(kind, GuidScope.OTHER))


def _title(service: str, path: str, numbering: Numbering) -> Guid | None:
    if "/" in path:
        return _placed(service, path, numbering)
    return _guid(service, path, GuidScope.TITLE, numbering=numbering)


def _placed(service: str, path: str, numbering: Numbering) -> Guid | None:
    """Show, season, episode. A two-part path is a season's, which says nothing about the place of an episode."""
    value, *place = path.split("/")
    if len(place) == 1 and _DIGITS.match(place[0]):
        return _guid(service, value, GuidScope.SHOW, numbering=numbering)
    if len(place) != 2 or not all(_DIGITS.match(part) and len(part) <= 6 for part in place):
        return None
    season, number = map(int, place)
    return _guid(service, value, GuidScope.SHOW, season, number, numbering)


def _guid(
    service: str,
    value: str,
    scope: GuidScope,
    season: int | None = None,
    number: int | None = None,
    numbering: Numbering = Numbering.PLAIN,
) -> Guid | None:
    """With the id checked: IMDb's is ``tt`` and digits, all others are positive numbers."""
    if service == "imdb":
        return Guid(service, value, scope, season, number, numbering) if _IMDB.match(value) else None
    if not _DIGITS.match(value) or int(value) == 0:
        return None
    return Guid(service, int(value), scope, season, number, numbering)
