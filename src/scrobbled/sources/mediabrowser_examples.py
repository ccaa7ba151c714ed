"""What Jellyfin and Emby would send, in the form of each of their plugins."""

from __future__ import annotations

import re
from typing import Any

from scrobbled.sources.base import LIBRARY
from scrobbled.sources.examples import MARK, TICKS, TITLE, Example, ExampleBody, as_form, as_json, stamp


def jellyfin(example: Example) -> ExampleBody:
    """The official plugin, which calls its JSON text."""
    payload = {
        **_library_of(example),
        "ServerId": example.server,
        "ServerName": TITLE,
        "NotificationType": "PlaybackStop",
        "UtcTimestamp": stamp(example.at),
        "Name": TITLE,
        "ItemId": MARK,
        "ItemType": "Episode",
        "RunTimeTicks": TICKS,
        "SeriesName": TITLE,
        "SeasonNumber": 1,
        "EpisodeNumber": 1,
        "PlaybackPositionTicks": TICKS,
        "PlayedToCompletion": True,
        "DeviceId": MARK,
        "DeviceName": TITLE,
        "NotificationUsername": example.account,
        "UserId": _user_id(example),
    }
    return "text/plain; charset=utf-8", as_json(payload)[1]


def jellyfin_webhooks(example: Example) -> ExampleBody:
    """The other plugin, in its format Default."""
    data = {"Played": True, "PlayCount": 1, "LastPlayedDate": stamp(example.at)}
    payload = {
        **_library_of(example),
        "Event": "Stop",
        "Item": {**_base_item(example), "UserData": data},
        "User": {"Name": example.account, "Id": _user_id(example)},
        "Session": {"DeviceId": MARK, "DeviceName": TITLE, "PlayState": {"PositionTicks": TICKS, "IsPaused": False}},
        "Server": {"Id": example.server, "Name": TITLE},
    }
    return as_json(payload)


def emby(example: Example) -> ExampleBody:
    """In a form, as Emby sends unless it is told otherwise."""
    payload = {
        **_library_of(example),
        "Title": TITLE,
        "Date": stamp(example.at),
        "Event": "playback.stop",
        "User": {"Name": example.account, "Id": _user_id(example)},
        "Item": _base_item(example),
        "Server": {"Name": TITLE, "Id": example.server},
        "Session": {"DeviceName": TITLE, "DeviceId": MARK, "Id": MARK},
        "PlaybackInfo": {"PlayedToCompletion": True, "PositionTicks": TICKS},
    }
    return as_form("data", payload)


def _library_of(example: Example) -> dict[str, str]:
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
        "RunTimeTicks": TICKS,
        "IndexNumber": 1,
        "ParentIndexNumber": 1,
        "SeriesName": TITLE,
        "ProviderIds": {},
    }


def _user_id(example: Example) -> str:
    """People may be listed by the id of their user, which has 32 digits."""
    plain = example.account.replace("-", "")
    return plain if re.fullmatch(r"[0-9a-fA-F]{32}", plain) else ""
