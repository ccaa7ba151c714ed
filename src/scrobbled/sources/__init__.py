"""Who speaks to us. A new source is one file, one line here, its payloads and a table test."""

from __future__ import annotations

from scrobbled.sources.arr import ArrSource
from scrobbled.sources.base import Source
from scrobbled.sources.emby import EmbySource
from scrobbled.sources.jellyfin import JellyfinSource
from scrobbled.sources.kodi import KodiSource
from scrobbled.sources.plex import PlexSource
from scrobbled.sources.tautulli import TautulliSource
from scrobbled.sources.trakt import TraktSource

SOURCES: dict[str, Source] = {
    "emby": EmbySource(),
    "jellyfin": JellyfinSource(),
    "jellyfin-webhooks": JellyfinSource("jellyfin-webhooks"),
    "kodi": KodiSource(),
    "plex": PlexSource(),
    "radarr": ArrSource("radarr"),
    "sonarr": ArrSource("sonarr"),
    "tautulli": TautulliSource(),
    "trakt": TraktSource(),
}
