"""Templates that people have pasted into Jellyfin's official Webhook plugin for other programs.

They say what the plugin says, each in words of its own: ``event``, ``series_name``, ``positionTicks``, ``tmdb``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrobbled.plumbing.fields import is_blank, part, text

NAMES = {
    "event": "notificationtype",
    "eventtype": "notificationtype",
    "type": "itemtype",
    "mediatype": "itemtype",
    "series": "seriesname",
    "showname": "seriesname",
    "title": "name",
    "itemname": "name",
    "itemexternalid": "itemid",
    "userexternalid": "userid",
    "parentindexnumber": "seasonnumber",
    "indexnumber": "episodenumber",
    "indexnumberend": "episodenumberend",
    "season": "seasonnumber",
    "episode": "episodenumber",
    "episodeend": "episodenumberend",
    "provider_ids": "providerids",
    "tmdb": "provider_tmdb",
    "tmdbid": "provider_tmdb",
    "imdb": "provider_imdb",
    "imdbid": "provider_imdb",
    "tvdb": "provider_tvdb",
    "tvdbid": "provider_tvdb",
    "runtime": "runtimeticks",
    "position": "playbackpositionticks",
    "positionticks": "playbackpositionticks",
    "paused": "ispaused",
    "completed": "playedtocompletion",
    "user": "notificationusername",
    "username": "notificationusername",
    "device": "devicename",
}
"""Their words, in lower case and without underscores, and the plugin's."""

OTHERS = frozenset({"item", "metadata"})
"""Objects, which only other programs send."""
WITHIN = ("item", "playback", "user_data")
"""Objects that some templates sort the same into."""
OBJECTS = frozenset({*WITHIN, "user"})
ORIGINAL = "ori_title"
"""Bangumi-syncer's templates have it, and the show's title where others have the episode's."""
RELEASED = "releasedate"
"""The day of a film. Of an episode it is that of the episode, but for Bangumi-syncer's: "{{Year}}-01-01"."""
EVENTS = frozenset({"playbackstart", "playbackprogress", "playbackstop", "userdatasaved", "itemadded", "itemdeleted"})


def is_official(message: Mapping[str, Any]) -> bool:
    """Whether the plugin sent this message, its names in lower case."""
    if "notificationtype" in message or "notification_type" in message:
        return True
    return not OTHERS & message.keys() and word(official(message)) in EVENTS


def word(message: Mapping[str, Any]) -> str:
    """What happened, as the plugin writes it but for its case; some write ``playback.start``."""
    return text(message.get("notificationtype")).casefold().replace(".", "")


def official(message: Mapping[str, Any]) -> dict[str, Any]:
    """``message``, its names in lower case, by the plugin's names; what it says under these already is kept."""
    said = _spread(message)
    if ORIGINAL in message and text(said.get("media_type")).casefold() == "episode":
        said["series"] = said.pop("title", "")
    named = {key if key.startswith("provider_") else key.replace("_", ""): value for key, value in said.items()}
    whole = {NAMES.get(key, key): value for key, value in named.items()} | named
    if RELEASED in whole and "year" not in whole and (ORIGINAL in message or _is_film(whole)):
        whole["year"] = text(whole[RELEASED])[:4]
    return whole


def _is_film(named: Mapping[str, Any]) -> bool:
    return text(named.get("itemtype")).casefold() == "movie"


def _spread(message: Mapping[str, Any]) -> dict[str, Any]:
    """What says something, with the members of objects as if they stood beside them."""
    item, user = part(message, "item"), part(message, "user")
    whole: dict[str, Any] = {"itemid": item.get("id"), "userid": user.get("id"), "username": user.get("name")}
    for name in WITHIN:
        whole |= part(message, name)
    outer = ((key, value) for key, value in message.items() if key not in OBJECTS or not isinstance(value, dict))
    return {key: value for key, value in (*whole.items(), *outer) if not is_blank(value)}
