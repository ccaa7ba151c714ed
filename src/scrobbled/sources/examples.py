"""Webhooks of our own making, as the servers would send them: for ``scrobbled test-event``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from scrobbled.sources.base import LIBRARY

MARK = "scrobbled-test-event"
"""A member of the payload, for trakt of each entry, that nobody else sends.

Such an event is understood and stored, and never becomes a play.
"""
TITLE = "scrobbled test event"
MINUTES = 45
_BOUNDARY = "scrobbled-test-event-boundary"
_TICKS = MINUTES * 60 * 10_000_000


class Example(Struct, frozen=True):
    """What was watched to its end: by whom, on which server, in which library."""

    account: str
    at: datetime
    server: str = ""
    library: str = ""


Made = tuple[str, bytes]
"""Content type and body."""


def _plex(example: Example) -> Made:
    """An episode, in the form that Plex sends."""
    account: dict[str, object] = {"title": example.account}
    if _is_number(example.account):
        account["id"] = int(example.account)
    payload = {
        "event": "media.scrobble",
        "user": True,
        "owner": True,
        "Account": account,
        "Server": {"title": TITLE, "uuid": example.server},
        "Player": {"local": True, "title": TITLE, "uuid": MARK},
        "Metadata": {
            "librarySectionType": "show",
            "librarySectionTitle": example.library,
            "ratingKey": MARK,
            "type": "episode",
            "title": TITLE,
            "grandparentTitle": TITLE,
            "parentIndex": 1,
            "index": 1,
            "duration": MINUTES * 60_000,
            "lastViewedAt": int(example.at.timestamp()),
        },
    }
    return _form("payload", payload)


def _tautulli(example: Example) -> Made:
    """Our own template, filled in: every value is text."""
    id_ = example.account if _is_number(example.account) else ""
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
    return _json(payload)


def _jellyfin(example: Example) -> Made:
    """The official plugin, which calls its JSON text."""
    payload = {
        **_library(example),
        "ServerId": example.server,
        "ServerName": TITLE,
        "NotificationType": "PlaybackStop",
        "UtcTimestamp": _stamp(example.at),
        "Name": TITLE,
        "ItemId": MARK,
        "ItemType": "Episode",
        "RunTimeTicks": _TICKS,
        "SeriesName": TITLE,
        "SeasonNumber": 1,
        "EpisodeNumber": 1,
        "PlaybackPositionTicks": _TICKS,
        "PlayedToCompletion": True,
        "DeviceId": MARK,
        "DeviceName": TITLE,
        "NotificationUsername": example.account,
        "UserId": _user_id(example),
    }
    return "text/plain; charset=utf-8", _json(payload)[1]


def _jellyfin_webhooks(example: Example) -> Made:
    """The other plugin, in its format Default."""
    data = {"Played": True, "PlayCount": 1, "LastPlayedDate": _stamp(example.at)}
    payload = {
        **_library(example),
        "Event": "Stop",
        "Item": {**_base_item(example), "UserData": data},
        "User": {"Name": example.account, "Id": _user_id(example)},
        "Session": {"DeviceId": MARK, "DeviceName": TITLE, "PlayState": {"PositionTicks": _TICKS, "IsPaused": False}},
        "Server": {"Id": example.server, "Name": TITLE},
    }
    return _json(payload)


def _emby(example: Example) -> Made:
    """In a form, as Emby sends unless it is told otherwise."""
    payload = {
        **_library(example),
        "Title": TITLE,
        "Date": _stamp(example.at),
        "Event": "playback.stop",
        "User": {"Name": example.account, "Id": _user_id(example)},
        "Item": _base_item(example),
        "Server": {"Name": TITLE, "Id": example.server},
        "Session": {"DeviceName": TITLE, "DeviceId": MARK, "Id": MARK},
        "PlaybackInfo": {"PlayedToCompletion": True, "PositionTicks": _TICKS},
    }
    return _form("data", payload)


def _kodi(example: Example) -> Made:
    """Kodi does not say who watched, and an add-on that does calls it a profile."""
    item = {"type": "episode", "title": TITLE, "showtitle": TITLE, "season": 1, "episode": 1, "uniqueid": {}}
    length = {"hours": 0, "minutes": MINUTES, "seconds": 0}
    data = {"end": True, "item": item, "player": {"time": length, "totaltime": length}}
    payload = {
        "method": "Player.OnStop",
        "profile": example.account,
        "server": example.server,
        "params": {"data": data},
    }
    return _json(payload)


def _sonarr(example: Example) -> Made:
    """An import: nobody watched anything."""
    series = {"id": 1, "title": TITLE, "tvdbId": 0}
    episodes = [{"id": 1, "episodeNumber": 1, "seasonNumber": 1, "title": TITLE}]
    return _json({"eventType": "Download", "instanceName": TITLE, "series": series, "episodes": episodes})


def _radarr(example: Example) -> Made:
    return _json({"eventType": "Download", "instanceName": TITLE, "movie": {"id": 1, "title": TITLE, "year": 2000}})


def _trakt(example: Example) -> Made:
    """An addition to the history: of all that a player tells it leaves the least behind. The token says whose it is."""
    entry = {
        "season": 1,
        "number": 1,
        "title": TITLE,
        "show": {"title": TITLE},
        "watched_at": f"{example.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}",
    }
    return "application/json", json.dumps({"episodes": [{MARK: True, **entry}]}).encode()


def _library(example: Example) -> dict[str, str]:
    """What would be found out by asking the server."""
    return {LIBRARY: example.library} if example.library else {}


def _base_item(example: Example) -> dict[str, Any]:
    """As Jellyfin and Emby describe an episode."""
    return {
        "Name": TITLE,
        "Id": MARK,
        "ServerId": example.server,
        "Type": "Episode",
        "MediaType": "Video",
        "RunTimeTicks": _TICKS,
        "IndexNumber": 1,
        "ParentIndexNumber": 1,
        "SeriesName": TITLE,
        "ProviderIds": {},
    }


def _json(payload: Mapping[str, Any]) -> Made:
    return "application/json", json.dumps({MARK: True, **payload}).encode()


def _form(part: str, payload: Mapping[str, Any]) -> Made:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{part}"\r\nContent-Type: application/json\r\n\r\n'
    body = head.encode() + _json(payload)[1] + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return f"multipart/form-data; boundary={_BOUNDARY}", body


def _stamp(at: datetime) -> str:
    """As .NET writes times: seven decimals."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.0000000Z"


def _user_id(example: Example) -> str:
    """People may be listed by the id of their user, which has 32 digits."""
    plain = example.account.replace("-", "")
    return plain if re.fullmatch(r"[0-9a-fA-F]{32}", plain) else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


EXAMPLES: dict[str, Callable[[Example], Made]] = {
    "plex": _plex,
    "tautulli": _tautulli,
    "jellyfin": _jellyfin,
    "jellyfin-webhooks": _jellyfin_webhooks,
    "emby": _emby,
    "kodi": _kodi,
    "sonarr": _sonarr,
    "radarr": _radarr,
    "trakt": _trakt,
}
"""By source. A new source adds a line, so that its webhook can be tried."""
