"""What Jellyfin's official Webhook plugin sends: a flat object for each notification, and its oddities.

Ids have no dashes, ticks are 100 ns, dates always end in ``Z``: ``Timestamp`` is local time all the same. With *Send
All Properties* quotation marks in texts arrive escaped. ``Provider_*`` of an episode are the episode's own ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from scrobbled.sandbox.mediabrowser.rows import (
    TICKS,
    TYPES,
    Face,
    Happening,
    MediaBrowserRow,
    provider_ids,
    series_of,
    stamp,
)
from scrobbled.sandbox.plex.items import LibraryItem

EAST = timedelta(hours=1)
"""How far the server's own clock is ahead of UTC."""
NOTIFICATIONS = ("ItemAdded", "ItemDeleted", "PlaybackStart", "PlaybackProgress", "PlaybackStop", "UserDataSaved")
SAVED = {
    "play": "PlaybackStart",
    "progress": "PlaybackProgress",
    "pause": "PlaybackProgress",
    "resume": "PlaybackProgress",
    "credits": "PlaybackProgress",
    "stop": "PlaybackFinished",
    "mark": "TogglePlayed",
    "unmark": "TogglePlayed",
    "rate": "UpdateUserRating",
    "like": "UpdateUserRating",
    "data": "UpdateUserData",
}
"""``SaveReason`` of the user data that each thing saves; what the server repeats by itself saves nothing."""
PLAYBACK = {
    "play": "PlaybackStart",
    "progress": "PlaybackProgress",
    "pause": "PlaybackProgress",
    "resume": "PlaybackProgress",
    "automated": "PlaybackProgress",
    "credits": "PlaybackProgress",
    "stop": "PlaybackStop",
}
DEVICE = {"DeviceId": "tv-77", "DeviceName": "Lounge", "ClientName": "Android TV", "PlayMethod": "DirectPlay"}


def notifications(face: Face, happening: Happening) -> Iterator[MediaBrowserRow]:
    """In the order of the server: it saves user data before it tells of the playback."""
    whole = {**_server(face), **_times(happening), **_item(face, happening.item)}
    if happening.event in ("add", "remove"):
        yield {**whole, "NotificationType": "ItemAdded" if happening.event == "add" else "ItemDeleted"}
    if happening.event in SAVED:
        yield {**whole, "NotificationType": "UserDataSaved", **_saved(happening, SAVED[happening.event])}
    if happening.event in PLAYBACK:
        yield {**whole, "NotificationType": PLAYBACK[happening.event], **_playback(face, happening)}


def as_form(row: Mapping[str, Any]) -> dict[str, str]:
    """*Generic Form* sends strings only, as .NET writes them."""
    return {name: str(value) for name, value in row.items()}


def clock(ticks: int) -> str:
    seconds = ticks // (1000 * TICKS)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _server(face: Face) -> MediaBrowserRow:
    url = "http://jelly.home.example:8096"
    return {"ServerId": face.id, "ServerName": face.name, "ServerVersion": face.version, "ServerUrl": url}


def _times(happening: Happening) -> MediaBrowserRow:
    return {"Timestamp": stamp(happening.at + EAST), "UtcTimestamp": stamp(happening.at)}


def _escaped(text: str) -> str:
    return text.replace('"', '\\"')


def _item(face: Face, item: LibraryItem) -> MediaBrowserRow:
    ticks = item.duration * TICKS
    own = item.show or item.movie
    row: MediaBrowserRow = {
        "Name": _escaped(item.title),
        "Overview": "",
        "Tagline": "",
        "ItemId": face.item_id(item.rating_key),
        "ItemType": TYPES[item.type],
        "RunTimeTicks": ticks,
        "RunTime": clock(ticks),
        "Year": own.year if own else None,
        "Genres": "Drama",
        **_episode(face, item),
        **{f"Provider_{name.lower()}": value for name, value in provider_ids(item).items()},
    }
    if ticks:
        row |= {"Video_0_Codec": "hevc", "Video_0_Height": 2160, "Audio_0_Codec": "eac3", "Audio_0_Language": "eng"}
    return row


def _episode(face: Face, item: LibraryItem) -> MediaBrowserRow:
    if item.show is None or item.season is None or item.episode is None:
        return {}
    season, number = item.episode.season, item.episode.number
    series = series_of(item)
    return {
        "PremiereDate": item.episode.air_date.isoformat(),
        "SeriesName": _escaped(item.show.title),
        "SeriesId": face.item_id(series.rating_key) if series else "",
        "SeasonId": face.item_id(item.season.rating_key),
        "SeriesPremiereDate": next(item.show.episodes()).air_date.isoformat(),
        "SeasonNumber": season,
        "SeasonNumber00": f"{season:02d}",
        "SeasonNumber000": f"{season:03d}",
        "EpisodeNumber": number,
        "EpisodeNumber00": f"{number:02d}",
        "EpisodeNumber000": f"{number:03d}",
    }


def _user(happening: Happening) -> MediaBrowserRow:
    person = happening.person
    return {"NotificationUsername": person.name, "UserId": person.id} if person else {}


def _saved(happening: Happening, reason: str) -> MediaBrowserRow:
    """User data as saved: past the mark it says played, at position 0, while it still plays."""
    data, ticks = happening.data, happening.data.position * TICKS
    row = {
        "Likes": bool(data.likes),
        "Rating": data.rating or 0,
        "PlaybackPositionTicks": ticks,
        "PlaybackPosition": clock(ticks),
        "PlayCount": data.count,
        "Favorite": data.favorite,
        "Played": data.played,
        "AudioStreamIndex": -1,
        "SubtitleStreamIndex": -1,
        "SaveReason": reason,
    }
    return {**row, **({"LastPlayedDate": stamp(data.last)} if data.last else {}), **_user(happening)}


def _playback(face: Face, happening: Happening) -> MediaBrowserRow:
    ticks = 0 if happening.event == "play" else happening.position * TICKS
    row = {
        "PlaybackPositionTicks": ticks,
        "PlaybackPosition": clock(ticks),
        "MediaSourceId": face.item_id(happening.item.rating_key),
        "IsPaused": happening.event == "pause",
        "IsAutomated": happening.event == "automated",
        **DEVICE,
        "Id": happening.session,
        **_user(happening),
        "Client": DEVICE["ClientName"],
        "LastActivityDate": stamp(happening.at),
        "LastPlaybackCheckIn": stamp(happening.at - timedelta(seconds=9)),
        "RemoteEndPoint": "192.0.2.44",
    }
    return {**row, "PlayedToCompletion": happening.complete} if happening.event == "stop" else row
