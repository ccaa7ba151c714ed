"""The versions of an item as Jellyfin and Emby tell them (``MediaSources``), the best in a collection's words. Pure.

Jellyfin tells the range in ``VideoRangeType``, Emby in ``ExtendedVideoType``; ``VideoRange`` of both says no more than
that there is one, and ``ColorTransfer`` is what ffmpeg says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scrobbled.clients.mediabrowser_rows import switch
from scrobbled.core.media_details import (
    MediaDetails,
    Sound,
    audio,
    best,
    best_sound,
    channels,
    dynamic_range,
    is_stereoscopic,
    resolution,
)
from scrobbled.plumbing.fields import decimal, lowered, text

RANGES = {
    **dict.fromkeys(("dovi", "doviwithhdr10", "doviwithhlg", "doviwithsdr", "doviwithhdr10plus"), "dolby_vision"),
    **dict.fromkeys(("doviwithel", "doviwithelhdr10plus", "dolbyvision", "dolby vision"), "dolby_vision"),
    **dict.fromkeys(("hdr10plus", "hdr10+", "hdr 10+"), "hdr10_plus"),
    **dict.fromkeys(("hdr10", "hdr 10"), "hdr10"),
    **dict.fromkeys(("hlg", "hyperloggamma", "hyper log-gamma"), "hlg"),
}
"""Words of ``VideoRangeType``, ``ExtendedVideoType`` and ``VideoRange``."""
PROFILES = {"dts-hd ma": "ma", "dts-hd hra": "hra", "dts:x": "x", "dts-hd ma + dts:x": "x"}
"""Of audio, as ffmpeg calls them."""
PLACEHOLDER = "placeholder"
Streams = Sequence[Mapping[str, Any]]


def details_of(row: Mapping[str, Any]) -> MediaDetails | None:
    """Of the best version of a row (names in lower case); ``None`` where there is no file."""
    sources = [lowered(one) for one in _objects(row.get("mediasources"))]
    title = text(row.get("name"))
    return best(_version(one, title) for one in sources if _is_a_file(one))


def _is_a_file(source: Mapping[str, Any]) -> bool:
    """A link to a stream that is played from elsewhere has no end; that of a file elsewhere is one all the same."""
    return text(source.get("type")).casefold() != PLACEHOLDER and not switch(source.get("isinfinitestream"))


def _version(source: Mapping[str, Any], title: str) -> MediaDetails:
    streams = [lowered(one) for one in _objects(source.get("mediastreams"))]
    video = next((one for one in streams if text(one.get("type")).casefold() == "video"), {})
    sound = best_sound(_sounds(streams))
    width, is_interlaced = decimal(video.get("width")), switch(video.get("isinterlaced")) or False
    said = text(source.get("name")), text(source.get("path")).replace("\\", "/").rpartition("/")[2]
    return MediaDetails(
        resolution=resolution("", None if width is None else int(width), interlaced=is_interlaced),
        hdr=_range(video),
        audio=sound.audio,
        audio_channels=sound.channels,
        stereoscopic=bool(text(source.get("video3dformat"))) or is_stereoscopic(said, title),
    )


def _range(video: Mapping[str, Any]) -> str:
    """The first of what is told that says which one it is."""
    for name in ("videorangetype", "extendedvideotype", "videorange"):
        if found := RANGES.get(text(video.get(name)).casefold()):
            return found
    vision = decimal(video.get("dvprofile")) is not None
    return dynamic_range(text(video.get("colortransfer")), _texts(video), dolby_vision=vision)


def _sounds(streams: Streams) -> Iterator[Sound]:
    for one in streams:
        if text(one.get("type")).casefold() == "audio":
            told, profile = _texts(one), text(one.get("profile"))
            count = decimal(one.get("channels"))
            word = audio(text(one.get("codec")), PROFILES.get(profile.casefold(), profile), told)
            yield Sound(word, channels(None if count is None else int(count), told))


def _texts(stream: Mapping[str, Any]) -> str:
    """Profiles tell of Atmos: ``Dolby Digital Plus + Dolby Atmos``."""
    return " ".join(text(stream.get(name)) for name in ("displaytitle", "title", "profile"))


def _objects(value: Any) -> list[Any]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
