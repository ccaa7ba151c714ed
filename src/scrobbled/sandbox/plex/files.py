"""The files of a Plex library: versions of an item, and their streams, as lists and single items tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PlexRow = dict[str, Any]
PICTURE: Mapping[str, Any] = {
    "codec": "h264",
    "bitDepth": 8,
    "scanType": "progressive",
    "displayTitle": "1080p (H.264)",
}
SOUND: Mapping[str, Any] = {"codec": "eac3", "channels": 6, "displayTitle": "English (EAC3 5.1)", "selected": True}


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One file. ``resolution`` is what Plex calls it, ``None`` for what its height says and empty for nothing.

    ``picture`` and ``sounds`` are the streams beside their numbers; ``proxy`` 42 is one made for a device.
    """

    height: int = 1080
    resolution: str | None = None
    picture: Mapping[str, Any] = field(default_factory=lambda: PICTURE)
    sounds: tuple[Mapping[str, Any], ...] = (SOUND,)
    profile: str = ""
    proxy: int = 0
    title: str = ""
    file: str = ""

    @property
    def lines(self) -> str:
        if self.resolution is not None:
            return self.resolution
        return "4k" if self.height > 2000 else str(self.height)


def version_row(key: int, version: FileVersion, facts: Mapping[str, Any], *, streams: bool) -> PlexRow:
    """``facts`` are of the item: ``duration``, ``added``, ``file`` and ``deleted``."""
    first = version.sounds[0] if version.sounds else {}
    row: PlexRow = {
        "id": key + 100_000,
        "duration": facts["duration"],
        "bitrate": 8000,
        "width": version.height * 16 // 9,
        "height": version.height,
        "videoResolution": version.lines,
        "videoCodec": version.picture.get("codec"),
        "audioCodec": first.get("codec"),
        "audioProfile": version.profile,
        "audioChannels": first.get("channels"),
        "container": "mkv",
        "title": version.title,
        "proxyType": version.proxy,
        "deletedAt": facts["deleted"],
        "Part": [_part(key, version, facts, streams=streams)],
    }
    return {name: value for name, value in row.items() if value or name in ("duration", "Part")}


def _part(key: int, version: FileVersion, facts: Mapping[str, Any], *, streams: bool) -> PlexRow:
    part = {
        "id": key + 200_000,
        "key": f"/library/parts/{key + 200_000}/{facts['added']}/file.mkv",
        "duration": facts["duration"],
        "file": version.file or facts["file"],
        "size": facts["duration"] * 1000,
        "container": "mkv",
    }
    return {**part, "Stream": _streams(key, version)} if streams else part


def _streams(key: int, version: FileVersion) -> list[PlexRow]:
    told = [{"streamType": 1, **version.picture}, *({"streamType": 2, **sound} for sound in version.sounds)]
    return [{"id": 10 * key + index, "index": index, **stream} for index, stream in enumerate(told)]
