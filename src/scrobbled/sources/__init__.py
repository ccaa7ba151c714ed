"""Who speaks to us. A new source is one file, one line here, its payloads and a table test."""

from __future__ import annotations

from scrobbled.sources.base import Source
from scrobbled.sources.plex import PlexSource
from scrobbled.sources.trakt import TraktSource

SOURCES: dict[str, Source] = {
    "plex": PlexSource(),
    "trakt": TraktSource(),
}
