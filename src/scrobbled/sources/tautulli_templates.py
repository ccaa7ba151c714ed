"""The bodies that people have Tautulli send: the template we recommend, and those that other programs do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from scrobbled.plumbing.fields import is_blank, section
from scrobbled.sources.base import Setup
from scrobbled.sources.examples import MARK, MINUTES, TITLE, Example, ExampleBody, as_json, is_number

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
TemplateValues = Mapping[str, Any]
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
    ("Metadata", "librarySectionType"): "media_type",
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
    ("Metadata", "duration"): "duration",
    ("Metadata", "Guids", "imdb"): "imdb_id",
    ("Metadata", "Guids", "tmdb"): "themoviedb_id",
    ("Metadata", "Guids", "tvdb"): "thetvdb_id",
}
"""Templates in the form of Plex that are passed around; their ids are the show's, whatever they look like."""
_ALIASES = {
    "event": "action",
    "eventtype": "action",
    "trigger": "action",
    "type": "media_type",
    "show": "show_name",
    "grandparenttitle": "show_name",
    "grandparentyear": "show_year",
    "season": "season_num",
    "parentmediaindex": "season_num",
    "episode": "episode_num",
    "mediaindex": "episode_num",
    "plex": "rating_key",
    "imdb": "imdb_id",
    "tmdb": "themoviedb_id",
    "tmdbid": "themoviedb_id",
    "tvdb": "thetvdb_id",
    "tvdbid": "thetvdb_id",
    "anidb": "anidb_id",
    "percentcomplete": "progress_percent",
    "percent": "progress_percent",
    "friendlyname": "user",
}
"""What people call parameters where they choose the name, as ``_folded``."""
_LEFT = re.compile(r"\s*\{[a-z][a-z0-9_]{0,40}(?:[!:][^{}]{0,20})?\}\s*\Z", re.ASCII | re.IGNORECASE)


def _paths(template: Mapping[str, Any], above: _Path = ()) -> Iterator[tuple[_Path, str]]:
    for key, value in template.items():
        if isinstance(value, dict):
            yield from _paths(value, (*above, key))
        elif match := _PARAMETER.match(str(value)):
            yield (*above, key), match[1]


_OURS = dict(_paths(json.loads(TEMPLATE)))
_NAMES = {*_OURS.values(), "movie_name", "utctime", "duration"}


def _folded(key: str) -> str:
    return key.replace("_", "").casefold()


_MEANT = {_folded(name): name for name in _NAMES} | _ALIASES


@lru_cache(maxsize=512)
def _meant(key: str) -> str:
    """The parameter that a template calls ``key``; empty for what is none."""
    return _MEANT.get(_folded(key), "")


def parameters(payload: Mapping[str, Any]) -> TemplateValues:
    """What the template asked for, wherever it put that: as ours does, in the form of Plex, or under any of its names.

    Values are as they came; what is missing is ``None`` or not there.
    """
    if isinstance(payload.get("media"), dict) and "action" in payload:
        return {name: _value(payload, path) for path, name in _OURS.items()}
    if isinstance(payload.get("Metadata"), dict):
        return _firsts((name, _value(payload, path)) for path, name in _LIKE_PLEX.items())
    leaves = ((_meant(key), value) for key, value in _leaves(payload, _DEEPEST))
    return _firsts((name, value) for name, value in leaves if name)


def is_left(value: Any) -> bool:
    """Whether this is one whole ``{name}``: Tautulli leaves what it does not know as it stands in the template."""
    return isinstance(value, str) and _LEFT.match(value) is not None


def filled(told: TemplateValues) -> tuple[TemplateValues, dict[str, str]]:
    """What Tautulli filled in, and what it left, by the names of parameters."""
    braced = ((name, value) for name, value in told.items() if isinstance(value, str) and "{" in value)
    left = {name: value.strip() for name, value in braced if is_left(value)}
    return ({**told, **dict.fromkeys(left)} if left else told), left


def _firsts(told: Iterable[tuple[str, Any]]) -> TemplateValues:
    """The first that says something, of each name."""
    found: dict[str, Any] = {}
    for name, value in told:
        before = found.get(name)
        if is_blank(before) or (is_left(before) and not is_blank(value)):
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


TRIGGERS = ("Playback Start", "Playback Stop", "Playback Pause", "Playback Resume", "Watched", "Recently Added")
SETUP = Setup(
    title="Tautulli",
    where="Settings, Notification Agents, Add, Webhook",
    steps=(
        "In Tautulli open Settings > Notification Agents, click Add a new notification agent, and choose Webhook.",
        "Configuration: paste the address into Webhook URL, and choose POST as Webhook Method.",
        f"Triggers: tick {', '.join(TRIGGERS)}.",
        "Data: for each of these open its section, and paste the template below into JSON Data.",
        "Click Save.",
    ),
    notes=(
        "No Plex Pass is needed. Use Tautulli or Plex webhooks, or both: one viewing stays one play.",
        "The template has to be pasted for each trigger; a trigger without it sends an empty body, which is refused.",
        "Test Notifications sends the template as it is: it arrives, and is not taken for a viewing.",
    ),
    paste_into="JSON Data",
    paste=TEMPLATE,
)


def example(example: Example) -> ExampleBody:
    """Our own template, filled in: every value is text."""
    id_ = example.account if is_number(example.account) else ""
    length = str(MINUTES * 60_000)
    payload = {
        "scrobbled": 1,
        "action": "watched",
        "at": str(int(example.at.timestamp())),
        "server": {"id": example.server, "name": TITLE},
        "user": {"id": id_, "name": example.account, "friendly": example.account},
        "player": {"id": MARK, "name": TITLE, "product": ""},
        "progress": {"percent": "100", "offset_ms": length, "duration_ms": length},
        "media": {
            "type": "episode",
            "library": example.library,
            "rating_key": MARK,
            "title": TITLE,
            "show": TITLE,
            "season": "1",
            "episode": "1",
            "episode_title": TITLE,
        },
    }
    return as_json(payload)
