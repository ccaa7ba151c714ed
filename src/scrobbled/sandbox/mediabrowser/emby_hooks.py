"""What Emby's webhooks send: dotted events, the time of each in UTC, and ids of the item itself only."""

from __future__ import annotations

from scrobbled.sandbox.mediabrowser.rows import TICKS, Face, Happening, MediaBrowserRow, base_item, stamp
from scrobbled.sandbox.plex.items import LibraryItem

EVENTS = {
    "play": "playback.start",
    "pause": "playback.pause",
    "resume": "playback.unpause",
    "stop": "playback.stop",
    "mark": "item.markplayed",
    "unmark": "item.markunplayed",
    "rate": "item.rate",
    "like": "item.rate",
    "add": "library.new",
    "remove": "library.deleted",
}
"""There is nothing between pause and stop: this server tells no progress."""
VERBS = {"play": "started playing", "pause": "paused", "resume": "unpaused", "stop": "stopped playing"}
ONLY_HERE = ("LocationType",)
"""Not part of an item in a webhook."""


def payload(face: Face, happening: Happening, *, without_ids: bool = False) -> MediaBrowserRow:
    """``without_ids`` leaves out the ids of other services, as some builds do in playback events."""
    item = {k: v for k, v in base_item(face, happening.item, None, ["*"]).items() if k not in ONLY_HERE}
    if without_ids:
        item.pop("ProviderIds")
    if happening.event == "rate":
        item["UserData"] = _rating(happening)
    person = happening.person
    return {
        "Title": _title(happening),
        "Description": "",
        "Date": stamp(happening.at),
        "Event": EVENTS[happening.event],
        **({"User": {"Name": person.name, "Id": person.id}} if person else {}),
        "Item": item,
        "Server": {"Name": face.name, "Id": face.id, "Version": face.version},
        **_playback(happening),
    }


def _rating(happening: Happening) -> MediaBrowserRow:
    data = happening.data
    rating = {} if data.rating is None else {"Rating": data.rating}
    return {**rating, "IsFavorite": data.favorite, "Played": data.played, "PlayCount": data.count}


def _playback(happening: Happening) -> MediaBrowserRow:
    """Marks and ratings have no session; whether it was played to its end is told with the stop alone."""
    if not happening.session:
        return {}
    told: MediaBrowserRow = {"PlaylistIndex": 0, "PlaylistLength": 1}
    if happening.position or happening.event != "play":
        told["PositionTicks"] = happening.position * TICKS
    if happening.event == "stop":
        told["PlayedToCompletion"] = happening.complete
    session = {
        "RemoteEndPoint": "192.0.2.44",
        "Client": "Emby for Android",
        "DeviceName": "Lounge",
        "DeviceId": "tv-77",
        "ApplicationVersion": "3.4",
        "Id": happening.session,
    }
    return {"Session": session, "PlaybackInfo": told}


def _title(happening: Happening) -> str:
    """A sentence in the language of the server; nothing to rely on."""
    who = happening.person.name if happening.person else "Emby"
    return f"{who} has {VERBS.get(happening.event, 'changed')} {_label(happening.item)} on Lounge"


def _label(item: LibraryItem) -> str:
    if item.show and item.episode:
        return f"{item.show.title} - S{item.episode.season}, Ep{item.episode.number} - {item.title}"
    return item.title
