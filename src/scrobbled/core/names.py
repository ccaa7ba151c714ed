"""Services by the names they give themselves."""

from __future__ import annotations

NAMES = {
    "anilist": "AniList",
    "emby": "Emby",
    "jellyfin": "Jellyfin",
    "kodi": "Kodi",
    "plex": "Plex",
    "serializd": "Serializd",
    "tautulli": "Tautulli",
    "trakt": "Trakt",
}


def name(service: str) -> str:
    """For people: "Plex" for ``plex``."""
    return NAMES.get(service, service.capitalize())
