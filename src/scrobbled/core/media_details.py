"""What is told of a file in a collection: resolution, range, sound, in words that trackers take.

Spellings of codecs are those of ffmpeg and of media servers, which partly have their own. What is unknown is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

RESOLUTIONS = (
    *("uhd_4k", "hd_1080p", "hd_1080i", "hd_720p"),
    *("sd_576p", "sd_576i", "sd_480p", "sd_480i"),
)
RANGES = ("dolby_vision", "hdr10_plus", "hdr10", "hlg")
AUDIO = (
    *("dolby_atmos", "dts_x", "auro_3d", "dolby_truehd", "dts_ma", "lpcm", "flac"),
    *("dolby_digital_plus_atmos", "dts_hr", "dolby_digital_plus", "dts", "dolby_digital", "dolby_prologic"),
    *("ogg_opus", "aac", "ogg", "mp3", "wma", "mp2"),
)
"""Each with the best first: what is lossless before what is not, and what knows of heights before what does not."""
_WIDTHS = ((3840, "uhd_4k"), (1920, "hd_1080p"), (1280, "hd_720p"), (768, "sd_576p"))
_LINES = {
    "4k": "uhd_4k",
    "2160": "uhd_4k",
    "1080": "hd_1080p",
    "720": "hd_720p",
    "576": "sd_576p",
    "480": "sd_480p",
    "sd": "sd_480p",
}
_INTERLACED = {"hd_1080p": "hd_1080i", "sd_576p": "sd_576i", "sd_480p": "sd_480i"}
_CHANNELS = {1: "1.0", 2: "2.0", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_HEIGHTS = re.compile(r"(?<![\d.])(5\.1\.[24]|7\.1\.[24])(?![\d.])")
_STEREO = re.compile(r"(?<![a-z0-9])(3-?d|(?:h|half)?-?sbs|(?:h|half)-?(?:ou|tab))(?![a-z0-9])", re.IGNORECASE)


class MediaDetails(Struct, frozen=True, gc=False):
    """One version of a title. Every word is one of the lists above; empty where nobody knows."""

    resolution: str = ""
    hdr: str = ""
    audio: str = ""
    audio_channels: str = ""
    stereoscopic: bool = False

    def value(self) -> Mapping[str, Any]:
        """As the value of what is in a collection: only what is known."""
        told = {
            "media_type": "digital",
            "resolution": self.resolution,
            "hdr": self.hdr,
            "audio": self.audio,
            "audio_channels": self.audio_channels,
            "3d": self.stereoscopic,
        }
        return {name: word for name, word in told.items() if word}


class Sound(Struct, frozen=True):
    """One audio stream."""

    audio: str = ""
    channels: str = ""


def best(versions: Iterable[MediaDetails]) -> MediaDetails | None:
    """By resolution, then range, sound and channels; ``None`` of none."""
    return max(versions, key=_rank, default=None)


def best_sound(streams: Iterable[Sound]) -> Sound:
    """Not the first: a commentary may stand before it."""
    return max(streams, key=lambda one: (_place(one.audio, AUDIO), _count(one.channels)), default=Sound())


def _rank(one: MediaDetails) -> tuple[Any, ...]:
    sound = _place(one.audio, AUDIO), _count(one.audio_channels)
    return _place(one.resolution, RESOLUTIONS), _place(one.hdr, RANGES), *sound, one.stereoscopic


def _place(word: str, order: tuple[str, ...]) -> int:
    """The higher the better; what is unknown is the least."""
    return len(order) - order.index(word) if word in order else 0


def _count(channels: str) -> tuple[int, ...]:
    return tuple(int(part) for part in channels.split(".") if part.isdigit())


def resolution(lines: str, width: int | None, *, interlaced: bool) -> str:
    """``lines`` is what the server calls it: ``4k``, ``1080``, ``sd``; else the width in pixels counts."""
    word = _LINES.get(lines.casefold().removesuffix("p").removesuffix("i"), "")
    if not word and width is not None:
        word = next((name for least, name in _WIDTHS if width >= least), "")
    return _INTERLACED.get(word, word) if interlaced else word


def dynamic_range(transfer: str, text: str, *, dolby_vision: bool) -> str:
    """``transfer`` is the colour transfer; ``text`` is how the stream is called."""
    if dolby_vision:
        return "dolby_vision"
    if transfer == "smpte2084":
        return "hdr10_plus" if "hdr10+" in text.casefold() else "hdr10"
    return "hlg" if transfer == "arib-std-b67" else ""


def audio(codec: str, profile: str, text: str) -> str:
    """``profile`` is that of the codec, ``text`` how the stream is called: that alone tells of heights."""
    codec, profile, text = codec.casefold(), profile.casefold(), text.casefold()
    if "atmos" in text or "atmos" in profile:
        if codec in ("truehd", "mlp"):
            return "dolby_atmos"
        if codec in _DIGITAL_PLUS:
            return "dolby_digital_plus_atmos"
    if profile in ("x", "dts:x") or any(name in text for name in ("dts:x", "dts-x", "dtsx")):
        return "dts_x"
    if "auro" in text:
        return "auro_3d"
    return _dts(codec, profile) if codec.startswith(("dca", "dts", "dta")) else _plain(codec)


_DIGITAL_PLUS = ("eac3", "ec-3", "ec3")


def _dts(codec: str, profile: str) -> str:
    if codec in ("dca-ma", "dts-ma", "dts-hd ma") or profile in ("ma", "dts-hd ma"):
        return "dts_ma"
    high = ("hra", "hr", "dts-hd hra", "dts-hd hr")
    return "dts_hr" if codec in ("dca-hra", "dts-hra", "dts-hd hra") or profile in high else "dts"


def _plain(codec: str) -> str:
    if codec.startswith(("pcm", "lpcm")):
        return "lpcm"
    return "wma" if codec.startswith("wma") else _CODECS.get(codec, "")


_CODECS = {
    **dict.fromkeys(("truehd", "mlp"), "dolby_truehd"),
    **dict.fromkeys(_DIGITAL_PLUS, "dolby_digital_plus"),
    **dict.fromkeys(("ac3", "ac-3"), "dolby_digital"),
    **{name: name for name in ("flac", "aac", "mp3", "mp2")},
    "vorbis": "ogg",
    "opus": "ogg_opus",
}


def channels(count: int | None, text: str) -> str:
    """Heights only where ``text`` says so."""
    heights = _HEIGHTS.search(text)
    return heights[1] if heights else _CHANNELS.get(count or 0, "")


def is_stereoscopic(texts: Iterable[str], title: str) -> bool:
    """Whether the name of a version or of its file says so; a ``title`` that says it means nothing."""
    bare = (text.casefold().replace(title.casefold(), " ") if title else text for text in texts)
    return any(_STEREO.search(text) for text in bare)
