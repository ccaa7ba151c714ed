"""Services by the names they give themselves."""

from __future__ import annotations

import re

FILE = "file:"
"""Names of files begin so where names of trackers stand; no tracker's does."""
_MARKED = re.compile(rf"{FILE}(.+)-[0-9a-f]{{8}}")
"""A file's own name, and what tells its content from another."""
NAMES = {
    "anilist": "AniList",
    "emby": "Emby",
    "jellyfin": "Jellyfin",
    "jellyfin-webhooks": "Jellyfin (Webhooks)",
    "kodi": "Kodi",
    "plex": "Plex",
    "serializd": "Serializd",
    "tautulli": "Tautulli",
    "tmdb": "TMDB",
    "trakt": "Trakt",
}


def name(service: str) -> str:
    """For people: "Plex" for ``plex``."""
    return called(service) if service.startswith(FILE) else NAMES.get(service, service.capitalize())


def called(side: str) -> str:
    """One side of a comparison, for people: a tracker as it is written everywhere, a file by its own name."""
    found = _MARKED.fullmatch(side)
    return found[1] if found else side
