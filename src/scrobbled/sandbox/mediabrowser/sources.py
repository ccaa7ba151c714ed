"""The files of an item as Jellyfin and Emby tell them: ``MediaSources`` with their streams, each in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrobbled.sandbox.mediabrowser.rows import TICKS, Face, MediaBrowserRow
from scrobbled.sandbox.plex.files import FileVersion
from scrobbled.sandbox.plex.items import LibraryItem

EMBY = "Emby Server"
RANGES = {"smpte2084": ("HDR10", "Hdr10"), "arib-std-b67": ("HLG", "HyperLogGamma")}
"""How Jellyfin and Emby call what has this colour transfer."""
CODECS = {"dca": "dts", "dca-ma": "dts"}
"""Of audio, which Plex calls otherwise."""


def media_sources(face: Face, item: LibraryItem) -> list[MediaBrowserRow]:
    """One for each version."""
    versions = [one if isinstance(one, FileVersion) else FileVersion(height=one) for one in item.held.media]
    return [_source(face, item, at, version) for at, version in enumerate(versions)]


def _source(face: Face, item: LibraryItem, at: int, version: FileVersion) -> MediaBrowserRow:
    path = version.file or f"/media/{item.section.title}/{item.rating_key}-{at}.mkv"
    return {
        "Protocol": "File",
        "Id": face.item_id(item.rating_key) if not at else f"{face.item_id(item.rating_key)}{at}",
        "Path": path,
        "Type": "Default" if not at else "Grouping",
        "Container": "mkv",
        "Name": version.title or item.title,
        "IsRemote": False,
        "RunTimeTicks": item.duration * TICKS,
        "MediaStreams": [_video(face, version), *(_sound(n, one) for n, one in enumerate(version.sounds, start=1))],
    }


def _video(face: Face, version: FileVersion) -> MediaBrowserRow:
    picture = version.picture
    row = {
        "Type": "Video",
        "Index": 0,
        "Codec": picture.get("codec"),
        "Width": version.height * 16 // 9,
        "Height": version.height,
        "IsInterlaced": picture.get("scanType") == "interlaced",
        "DisplayTitle": picture.get("displayTitle"),
        "ColorTransfer": picture.get("colorTrc"),
    }
    vision = bool(picture.get("DOVIPresent"))
    jellyfin, emby = ("DOVI", "DolbyVision") if vision else RANGES.get(picture.get("colorTrc", ""), ("SDR", "None"))
    told = {"ExtendedVideoType": emby} if face.product == EMBY else {"VideoRangeType": jellyfin}
    return {name: value for name, value in {**row, **told}.items() if value is not None}


def _sound(index: int, sound: Mapping[str, Any]) -> MediaBrowserRow:
    codec = sound.get("codec")
    row = {
        "Type": "Audio",
        "Index": index,
        "Codec": CODECS.get(str(codec), codec),
        "Profile": "DTS-HD MA" if codec == "dca-ma" else sound.get("profile"),
        "Channels": sound.get("channels"),
        "DisplayTitle": sound.get("displayTitle"),
        "Title": sound.get("title"),
    }
    return {name: value for name, value in row.items() if value is not None}
