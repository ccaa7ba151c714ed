"""The bodies that people have Tautulli send: the template we recommend, and those that other programs do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scrobbled.sources.fields import is_blank, section

TEMPLATE = """{
  "scrobbled": 1,
  "action": "{action}",
  "at": "{unixtime}",
  "tautulli": "{tautulli_version}",
  "server": {"id": "{server_machine_id}", "name": "{server_name}"},
  "user": {"id": "{user_id}", "name": "{username}", "friendly": "{user}"},
  "player": {"id": "{machine_id}", "name": "{player}", "product": "{product}"},
  "session": {"key": "{session_key}", "id": "{session_id}"},
  "progress": {"percent": "{progress_percent}", "offset_ms": "{view_offset}", "duration_ms": "{duration_ms}"},
  "media": {
    "type": "{media_type}", "live": "{live}", "preroll": "{preroll}", "extra": "{extra_type}",
    "library_id": "{section_id}", "library": "{library_name}",
    "rating_key": "{rating_key}", "parent_rating_key": "{parent_rating_key}",
    "grandparent_rating_key": "{grandparent_rating_key}",
    "guid": "{guid}",
    "title": "{title}", "year": "{year}",
    "show": "{show_name}", "show_year": "{show_year}",
    "season": "{season_num}", "episode": "{episode_num}", "episode_title": "{episode_name}",
    "imdb": "{imdb_id}", "tmdb": "{themoviedb_id}", "tvdb": "{thetvdb_id}", "anidb": "{anidb_id}",
    "user_rating": "{user_rating}"
  }
}
"""
"""What to paste as JSON Data, the same for each trigger."""
Told = Mapping[str, Any]
"""Values by Tautulli's own names of its parameters."""
_Path = tuple[str, ...]
_PARAMETER = re.compile(r"\{([a-z0-9_]+)\}\Z")
_DEEPEST = 4
_LIKE_PLEX: dict[_Path, str] = {
    ("event",): "action",
    ("Account", "userId"): "user_id",
    ("Account", "id"): "user_id",
    ("Account", "title"): "username",
    ("Server", "uuid"): "server_machine_id",
    ("Player", "uuid"): "machine_id",
    ("Player", "title"): "player",
    ("Metadata", "type"): "media_type",
    ("Metadata", "live"): "live",
    ("Metadata", "ratingKey"): "rating_key",
    ("Metadata", "parentRatingKey"): "parent_rating_key",
    ("Metadata", "grandparentRatingKey"): "grandparent_rating_key",
    ("Metadata", "guid"): "guid",
    ("Metadata", "Guid"): "guids",
    ("Metadata", "title"): "episode_name",
    ("Metadata", "grandparentTitle"): "show_name",
    ("Metadata", "librarySectionTitle"): "library_name",
    ("Metadata", "index"): "episode_num",
    ("Metadata", "parentIndex"): "season_num",
    ("Metadata", "year"): "show_year",
    ("Metadata", "viewOffset"): "view_offset",
    ("Metadata", "duration"): "duration_ms",
    ("Metadata", "Guids", "imdb"): "imdb_id",
    ("Metadata", "Guids", "tmdb"): "themoviedb_id",
    ("Metadata", "Guids", "tvdb"): "thetvdb_id",
}
"""Templates in the form of Plex that are passed around; their ids are the show's, whatever they look like."""
_ALIASES = {
    "event": "action",
    "trigger": "action",
    "type": "media_type",
    "show": "show_name",
    "grandparent_title": "show_name",
    "grandparent_year": "show_year",
    "season": "season_num",
    "parent_media_index": "season_num",
    "episode": "episode_num",
    "media_index": "episode_num",
    "plex": "rating_key",
    "imdb": "imdb_id",
    "tmdb": "themoviedb_id",
    "tmdb_id": "themoviedb_id",
    "tvdb": "thetvdb_id",
    "tvdb_id": "thetvdb_id",
    "anidb": "anidb_id",
    "percent_complete": "progress_percent",
    "percent": "progress_percent",
    "friendly_name": "user",
}
"""What people call parameters where they choose the name."""


def _paths(template: Mapping[str, Any], above: _Path = ()) -> Iterator[tuple[_Path, str]]:
    for key, value in template.items():
        if isinstance(value, dict):
            yield from _paths(value, (*above, key))
        elif match := _PARAMETER.match(str(value)):
            yield (*above, key), match[1]


_OURS = dict(_paths(json.loads(TEMPLATE)))
_NAMES = {*_OURS.values(), "movie_name", "utctime"}


def parameters(payload: Mapping[str, Any]) -> Told:
    """What the template asked for, wherever it put that: as ours does, in the form of Plex, or under any of its names.

    Values are as they came; what is missing is ``None`` or not there.
    """
    if isinstance(payload.get("media"), dict) and "action" in payload:
        return {name: _value(payload, path) for path, name in _OURS.items()}
    if isinstance(payload.get("Metadata"), dict):
        return _firsts((name, _value(payload, path)) for path, name in _LIKE_PLEX.items())
    leaves = ((_ALIASES.get(key, key), value) for key, value in _leaves(payload, _DEEPEST))
    return _firsts((name, value) for name, value in leaves if name in _NAMES)


def _firsts(told: Iterable[tuple[str, Any]]) -> Told:
    """The first that says something, of each name."""
    found: dict[str, Any] = {}
    for name, value in told:
        if is_blank(found.get(name)):
            found[name] = value
    return found


def _value(payload: Mapping[str, Any], path: _Path) -> Any:
    *above, last = path
    for key in above:
        payload = section(payload, key)
    return payload.get(last)


def _leaves(payload: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    """The outermost first."""
    inner = [value for value in payload.values() if isinstance(value, dict)]
    yield from ((key, value) for key, value in payload.items() if not isinstance(value, dict))
    if depth > 1:
        for value in inner:
            yield from _leaves(value, depth - 1)
