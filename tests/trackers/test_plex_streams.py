"""What a Plex server tells of the versions of a title, in the words of a collection."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.media_details import MediaDetails
from scrobbled.plumbing.fields import Malformed
from scrobbled.trackers.plex.streams import FileRow, details_of


def row(*versions: dict[str, Any], **more: Any) -> FileRow:
    told = {"ratingKey": "1", "title": "Harbour Atlas", "Media": list(versions), **more}
    return msgspec.json.decode(msgspec.json.encode(told), type=FileRow)


def version(*streams: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**more, "Part": [{"file": "/films/atlas.mkv", "Stream": list(streams)}]}


def sound(codec: str, channels: int | None = None, **more: Any) -> dict[str, Any]:
    return {"streamType": 2, "codec": codec, "channels": channels, **more}


def picture(**more: Any) -> dict[str, Any]:
    return {"streamType": 1, "codec": "hevc", **more}


@pytest.mark.parametrize(
    ("told", "details"),
    [
        (version(videoResolution="1080"), MediaDetails("hd_1080p")),
        (version(picture(scanType="interlaced"), videoResolution="1080"), MediaDetails("hd_1080i")),
        (version(videoResolution="", width="1280"), MediaDetails("hd_720p")),
        (version(picture(width=3840)), MediaDetails("uhd_4k")),
        (version(picture(DOVIPresent="1", colorTrc="smpte2084")), MediaDetails(hdr="dolby_vision")),
        (version(picture(DOVIPresent=False, colorTrc="smpte2084")), MediaDetails(hdr="hdr10")),
        (version(picture(colorTrc="smpte2084", extendedDisplayTitle="4K HDR10+")), MediaDetails(hdr="hdr10_plus")),
        (version(picture(colorTrc="arib-std-b67")), MediaDetails(hdr="hlg")),
        (version(sound("dca", 6, profile="ma")), MediaDetails(audio="dts_ma", audio_channels="5.1")),
        (version(sound("dca", 6), audioProfile="ma"), MediaDetails(audio="dts_ma", audio_channels="5.1")),
        (
            version(sound("aac", 2), sound("dca", 8), audioProfile="lc"),
            MediaDetails(audio="dts", audio_channels="7.1"),
        ),
        (
            version(sound("aac", 2), sound("truehd", 8, title="Atmos 7.1.4")),
            MediaDetails(audio="dolby_atmos", audio_channels="7.1.4"),
        ),
        (version(audioCodec="ac3", audioChannels="6"), MediaDetails(audio="dolby_digital", audio_channels="5.1")),
        (version(title="3D half-SBS"), MediaDetails(stereoscopic=True)),
        (version(sound("strange", 99)), MediaDetails()),
        ({}, MediaDetails()),
    ],
)
def test_a_version(told: dict[str, Any], details: MediaDetails) -> None:
    assert details_of(row(told)) == details


def test_the_best_version_counts_and_what_was_made_for_a_device_does_not() -> None:
    small, large, made = version(videoResolution="720"), version(videoResolution="1080"), version(videoResolution="4k")
    assert details_of(row(small, large, {**made, "proxyType": 42})) == MediaDetails("hd_1080p")
    assert details_of(row({**made, "proxyType": "42"})) is None
    assert details_of(row({**large, "deletedAt": 1_790_000_000}, small)) == MediaDetails("hd_720p")
    assert details_of(row()) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9_000) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
names = ("streamType", "codec", "profile", "channels", "width", "scanType", "colorTrc", "title", "DOVIPresent")


@given(st.dictionaries(st.sampled_from(names), anything), anything, anything)
def test_whatever_a_server_says_is_details_or_cannot_be_read(stream: Any, lines: Any, proxy: Any) -> None:
    try:
        found = details_of(row(version(stream, videoResolution=lines, proxyType=proxy)))
    except (Malformed, msgspec.ValidationError):
        return
    assert found is None or found.value()["media_type"] == "digital"
