"""Kodi's add-ons that post by themselves, HTTP Scrobbler and Movary, and whatever posts in the form of one of them.

https://github.com/Programie/KodiAddon-HttpScrobbler#data-structure, https://github.com/leepeuker/movary-kodi-addon
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrobbled.core.watching.events import EventKind
from scrobbled.plumbing.fields import is_blank, section, text
from scrobbled.sources.base import Setup, unknown_form
from scrobbled.sources.examples import MARK, MINUTES, TITLE, Example, ExampleBody, as_json

KINDS = {
    "start": EventKind.START,
    "pause": EventKind.PAUSE,
    "resume": EventKind.RESUME,
    "seek": EventKind.PROGRESS,
    "interval": EventKind.PROGRESS,
    "stop": EventKind.STOP,
    "end": EventKind.WATCHED,
}
"""By ``event`` of HTTP Scrobbler; its ``stop`` is one before the end."""


def is_one(payload: Mapping[str, Any]) -> bool:
    return isinstance(payload.get("uniqueIds"), dict) or "mediaType" in payload


def kind_of(payload: Mapping[str, Any]) -> EventKind | None:
    """What happened; ``None`` for a word of HTTP Scrobbler's that is not known. Raises as ``unknown_form`` says.

    Movary names no event, and nothing but a film: it posts only what was seen to its last tenth.
    """
    word = text(payload.get("event")).casefold()
    if word:
        return KINDS.get(word)
    if not is_blank(payload.get("rating")):
        return EventKind.RATED
    if "mediaType" in payload:
        raise unknown_form("kodi")
    return EventKind.WATCHED


def as_notified(payload: Mapping[str, Any]) -> dict[str, Any]:
    """``item`` and ``player`` in the words of Kodi itself. Times are seconds."""
    progress = section(payload, "progress")
    item = {
        "type": payload.get("mediaType", "movie" if is_blank(payload.get("tvShowTitle")) else "episode"),
        "title": payload.get("title"),
        "year": payload.get("year"),
        "premiered": payload.get("premiered"),
        "uniqueid": payload.get("uniqueIds"),
        "showtitle": payload.get("tvShowTitle"),
        "season": payload.get("season"),
        "episode": payload.get("episode"),
        "firstaired": payload.get("firstAired"),
        "tvshow": {"uniqueid": payload.get("tvShowUniqueIds")},
    }
    player = {"time": progress.get("time"), "totaltime": payload.get("duration"), "percentage": progress.get("percent")}
    return {**payload, "item": item, "player": player}


SETUP = Setup(
    title="Kodi",
    listening=(
        "In Kodi open Settings > Services > Control, and switch on Allow remote control from applications on other "
        "systems.",
        "Enter the address of Kodi here: its port is 9090.",
    ),
    reporting="An add-on or a script reports",
    steps=(
        "Kodi posts nothing by itself, so it needs an add-on. Download HTTP Scrobbler as a zip file: "
        "https://github.com/Programie/KodiAddon-HttpScrobbler/archive/refs/heads/main.zip",
        "In Kodi open Settings > System > Add-ons, and switch on Unknown sources. Then open Settings > Add-ons > "
        "Install from zip file, and choose that file.",
        "Open Settings > Add-ons > My add-ons > Services > HTTP Scrobbler > Configure. General: enter the address as "
        "URL; Username and Password stay empty.",
        "Scrobbling: all events stay on. Error handling: switch on Retry failed requests on startup. Then click OK.",
        "List kodi under accounts of the one viewer who watches there, with any name.",
    ),
    notes=(
        "The add-on Movary for Kodi works too, with the address as its webhook URL: it reports films alone, and only "
        "those with an id of TMDB.",
        "The add-on Trakt for Kodi (script.trakt) cannot be pointed at another address.",
        "A script or a home automation can post as HTTP Scrobbler does, or Kodi's own notifications; both forms stand "
        "in docs/sources/kodi.md.",
        "What could not be delivered is sent again when Kodi starts, and counts for the time at which it was watched.",
    ),
)


def example(example: Example) -> ExampleBody:
    """As HTTP Scrobbler posts it. Kodi does not say who watched; what stands for that here is read beside it."""
    payload = {
        "profile": example.account,
        "server": example.server,
        "timestamp": example.at.isoformat(),
        "sessionId": MARK,
        "event": "end",
        "title": TITLE,
        "mediaType": "episode",
        "uniqueIds": {},
        "duration": MINUTES * 60,
        "progress": {"time": MINUTES * 60, "percent": 100.0},
        "tvShowTitle": TITLE,
        "season": 1,
        "episode": 1,
        "tvShowUniqueIds": {},
    }
    return as_json(payload)
