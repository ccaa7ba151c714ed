"""What the "Webhooks" plugin by shemanaev sends for Jellyfin: its own format, and one that looks like Plex's."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from scrobbled.sandbox.mediabrowser.rows import (
    TICKS,
    Face,
    Happening,
    MediaBrowserRow,
    base_item,
    provider_ids,
    series_of,
    user_data,
)
from scrobbled.sandbox.mediabrowser.server import MAX_RESUME
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.posting import form_data

EVENTS = {
    "play": "Play",
    "progress": "Progress",
    "pause": "Pause",
    "resume": "Resume",
    "automated": "Progress",
    "credits": "Progress",
    "stop": "Stop",
    "mark": "MarkPlayed",
    "unmark": "MarkUnplayed",
    "rate": "Rate",
    "add": "ItemAdded",
    "remove": "ItemRemoved",
}
AS_PLEX = {
    "Play": "media.play",
    "Pause": "media.pause",
    "Resume": "media.resume",
    "Stop": "media.stop",
    "Scrobble": "media.scrobble",
    "MarkPlayed": "media.scrobble",
    "Rate": "media.rate",
    "ItemAdded": "library.new",
}
"""Other events are not sent in that format."""


def event_of(happening: Happening, scrobbled: Collection[str]) -> str:
    """``scrobbled`` are the items that once had their Scrobble: there is one for each until the server restarts."""
    event = EVENTS.get(happening.event, "")
    past = happening.position >= MAX_RESUME * happening.item.duration > 0
    first = happening.item.rating_key not in scrobbled
    return "Scrobble" if event == "Progress" and past and first else event


def default(face: Face, event: str, happening: Happening) -> MediaBrowserRow:
    """The only format of all that carries the ids of the series."""
    data, person = user_data(face, happening.item, happening.data), happening.person
    series = series_of(happening.item)
    session: MediaBrowserRow = {
        "Id": happening.session,
        "Client": "Android TV",
        "DeviceId": "tv-77",
        "DeviceName": "Lounge",
        "RemoteEndPoint": "192.0.2.44",
        "ApplicationVersion": "0.18",
        "PlayState": {"PositionTicks": happening.position * TICKS, "IsPaused": happening.event == "pause"},
    }
    return {
        "Event": event,
        "Item": base_item(face, happening.item, data if person else None, ["*"]),
        **({"User": {"Name": person.name, "ServerId": face.id, "Id": person.id}} if person else {}),
        **({"Session": session} if happening.session else {}),
        "Server": {"Id": face.id, "Name": face.name, "Version": f"{face.version}.0"},
        **({"Series": base_item(face, series, None, ["*"])} if series else {}),
    }


def as_plex(face: Face, event: str, happening: Happening) -> MediaBrowserRow | None:
    """Where it differs from Plex: see each line. ``None`` for what that format does not have."""
    person, item = happening.person, happening.item
    if event not in AS_PLEX:
        return None
    account = {"id": _dashed(person.id), "title": person.name, "thumb": ""} if person else {}
    body: MediaBrowserRow = {"event": AS_PLEX[event], "user": True, "owner": True, "Account": account}
    body["Server"] = {"title": face.name, "uuid": face.id}
    if happening.session:
        body["Player"] = {
            "local": True,
            "publicAddress": "192.0.2.44",
            "title": "Lounge",
            "uuid": happening.session,  # of the session, so another one each time
        }
    return {**body, "Metadata": _metadata(item)}


def plex_form(row: Mapping[str, Any]) -> tuple[str, bytes]:
    """Content type and bytes."""
    return form_data("payload", json.dumps(row, ensure_ascii=False).encode())


def _metadata(item: LibraryItem) -> MediaBrowserRow:
    """No rating key, no ``Guid``, no ``index``; and a length of ten times the milliseconds."""
    row: MediaBrowserRow = {
        "librarySectionType": item.section.type,
        "type": item.type,
        "title": item.title,
        "guid": _guid(item),
        "duration": item.duration * TICKS // 1000,
        "summary": "",
    }
    if item.show and item.season:
        row |= {"grandparentTitle": item.show.title, "parentTitle": f"Season {item.season.number}"}
    return {**row, "year": item.movie.year} if item.movie else row


def _guid(item: LibraryItem) -> str:
    """Made up in the form of Plex's old agents; of an episode it holds the ids of the show."""
    if item.movie:
        return f"com.plexapp.agents.imdb://{provider_ids(item).get('Imdb', '')}?lang=en"
    show = f"com.plexapp.agents.thetvdb://{item.show.tvdb}" if item.show else "local://"
    spot = f"/{item.episode.season}/{item.episode.number}" if item.episode else ""
    return f"{show}{spot}?lang=en"


def _dashed(text: str) -> str:
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
