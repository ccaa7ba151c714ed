"""The versions of a title as its server tells them one by one, and the best of them in the words of a collection. Pure.

Streams stand only where an item is asked for by its key, and not in the lists of a library. What somebody had
optimised for a device (``proxyType`` 42) is no file of its own, and one that lies in the trash is none any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from scrobbled.clients.plex_lists import JsonScalar
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
from scrobbled.plumbing.fields import flag, text
from scrobbled.trackers.plex.codec import counted

OPTIMISED = 42
VIDEO, AUDIO = 1, 2
"""Plex's numbers of what a stream is."""


class StreamRow(Struct, frozen=True, rename="camel", gc=False):
    stream_type: JsonScalar = None
    codec: JsonScalar = None
    profile: JsonScalar = None
    channels: JsonScalar = None
    width: JsonScalar = None
    scan_type: JsonScalar = None
    color_trc: JsonScalar = None
    title: JsonScalar = None
    display_title: JsonScalar = None
    extended_display_title: JsonScalar = None
    dolby_vision: JsonScalar = field(default=None, name="DOVIPresent")

    def texts(self) -> str:
        return " ".join(text(one) for one in (self.display_title, self.extended_display_title, self.title))


class PartRow(Struct, frozen=True, rename="camel", gc=False):
    file: JsonScalar = None
    streams: tuple[StreamRow, ...] = field(default=(), name="Stream")


class VersionRow(Struct, frozen=True, rename="camel", gc=False):
    """``Media``: one version of a title, in one file or several."""

    title: JsonScalar = None
    video_resolution: JsonScalar = None
    width: JsonScalar = None
    audio_codec: JsonScalar = None
    audio_profile: JsonScalar = None
    audio_channels: JsonScalar = None
    proxy_type: JsonScalar = None
    deleted_at: JsonScalar = None
    parts: tuple[PartRow, ...] = field(default=(), name="Part")

    @property
    def is_a_file(self) -> bool:
        return counted(self.proxy_type) != OPTIMISED and not counted(self.deleted_at)


class FileRow(Struct, frozen=True, rename="camel", gc=False):
    """An item that was asked for by its key."""

    rating_key: JsonScalar = None
    title: JsonScalar = None
    versions: tuple[VersionRow, ...] = field(default=(), name="Media")


def details_of(row: FileRow) -> MediaDetails | None:
    """Of the best version; ``None`` where there is no file."""
    title = text(row.title)
    return best(_version(one, title) for one in row.versions if one.is_a_file)


def _version(one: VersionRow, title: str) -> MediaDetails:
    streams = [stream for part in one.parts for stream in part.streams]
    video = next((stream for stream in streams if counted(stream.stream_type) == VIDEO), StreamRow())
    sound = best_sound(_sounds(one, streams))
    width = counted(one.width) or counted(video.width) or None
    return MediaDetails(
        resolution=resolution(text(one.video_resolution), width, interlaced=text(video.scan_type) == "interlaced"),
        hdr=dynamic_range(text(video.color_trc), video.texts(), dolby_vision=flag(video.dolby_vision)),
        audio=sound.audio,
        audio_channels=sound.channels,
        stereoscopic=is_stereoscopic((text(one.title), *(text(part.file) for part in one.parts)), title),
    )


def _sounds(one: VersionRow, streams: Sequence[StreamRow]) -> Iterator[Sound]:
    """Of each stream; of the version as such where it tells of none, or the one stream has no profile of its own."""
    found = [stream for stream in streams if counted(stream.stream_type) == AUDIO]
    for stream in found or [StreamRow(codec=one.audio_codec, channels=one.audio_channels)]:
        profile = text(stream.profile) or (text(one.audio_profile) if len(found) <= 1 else "")
        told = stream.texts()
        yield Sound(audio(text(stream.codec), profile, told), channels(counted(stream.channels) or None, told))
