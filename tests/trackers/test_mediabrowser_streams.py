"""Every spelling of Jellyfin and Emby for ranges and sound, in the words of a collection."""

from __future__ import annotations

from typing import Any

import pytest

from scrobbled.trackers.mediabrowser.streams import details_of


def row(video: dict[str, Any], *sounds: dict[str, Any], **source: Any) -> dict[str, Any]:
    streams = [{"Type": "Video", "Codec": "hevc", **video}, *({"Type": "Audio", **one} for one in sounds)]
    return {"name": "Harbour Atlas", "mediasources": [{"Type": "Default", "MediaStreams": streams, **source}]}


@pytest.mark.parametrize(
    ("video", "resolution"),
    [
        ({"Width": 3840}, "uhd_4k"),
        ({"Width": 1920, "IsInterlaced": False}, "hd_1080p"),
        ({"Width": 1920, "IsInterlaced": True}, "hd_1080i"),
        ({"Width": 1280}, "hd_720p"),
        ({"Width": 768}, "sd_576p"),
        ({"Width": 640}, ""),
        ({}, ""),
    ],
)
def test_resolutions(video: dict[str, Any], resolution: str) -> None:
    details = details_of(row(video))
    assert details is not None
    assert details.resolution == resolution


@pytest.mark.parametrize(
    ("video", "hdr"),
    [
        *(({"VideoRangeType": word}, "dolby_vision") for word in ("DOVI", "DOVIWithHDR10", "DOVIWithHLG")),
        ({"VideoRangeType": "HDR10", "VideoRange": "HDR"}, "hdr10"),
        ({"VideoRangeType": "HDR10Plus"}, "hdr10_plus"),
        ({"VideoRangeType": "HLG"}, "hlg"),
        ({"VideoRangeType": "SDR", "VideoRange": "SDR"}, ""),
        ({"ExtendedVideoType": "DolbyVision"}, "dolby_vision"),
        ({"ExtendedVideoType": "Hdr10"}, "hdr10"),
        ({"ExtendedVideoType": "Hdr10Plus"}, "hdr10_plus"),
        ({"ExtendedVideoType": "HyperLogGamma"}, "hlg"),
        ({"ExtendedVideoType": "None"}, ""),
        ({"VideoRange": "HDR 10"}, "hdr10"),
        ({"VideoRange": "HDR", "ColorTransfer": "smpte2084"}, "hdr10"),
        ({"VideoRange": "HDR", "ColorTransfer": "arib-std-b67"}, "hlg"),
        ({"VideoRange": "HDR"}, ""),
        ({"DvProfile": 5}, "dolby_vision"),
    ],
)
def test_ranges(video: dict[str, Any], hdr: str) -> None:
    details = details_of(row(video))
    assert details is not None
    assert details.hdr == hdr


@pytest.mark.parametrize(
    ("sound", "audio", "channels"),
    [
        ({"Codec": "truehd", "Channels": 8, "DisplayTitle": "TrueHD Atmos 7.1"}, "dolby_atmos", "7.1"),
        ({"Codec": "truehd", "Profile": "Dolby TrueHD + Dolby Atmos", "Channels": 8}, "dolby_atmos", "7.1"),
        ({"Codec": "eac3", "Profile": "Dolby Digital Plus + Dolby Atmos"}, "dolby_digital_plus_atmos", ""),
        ({"Codec": "eac3", "Channels": 6}, "dolby_digital_plus", "5.1"),
        ({"Codec": "ac3", "Channels": 6}, "dolby_digital", "5.1"),
        ({"Codec": "dts", "Profile": "DTS-HD MA", "Channels": 8}, "dts_ma", "7.1"),
        ({"Codec": "dts", "Profile": "DTS-HD HRA"}, "dts_hr", ""),
        ({"Codec": "dts", "Profile": "DTS", "Channels": 6}, "dts", "5.1"),
        ({"Codec": "dts", "Profile": "DTS-HD MA", "DisplayTitle": "DTS:X 7.1"}, "dts_x", ""),
        ({"Codec": "truehd", "Channels": 8}, "dolby_truehd", "7.1"),
        ({"Codec": "flac", "Channels": 2}, "flac", "2.0"),
        ({"Codec": "aac", "Channels": 1}, "aac", "1.0"),
        ({"Codec": "pcm_s24le", "Channels": 2}, "lpcm", "2.0"),
        ({"Codec": "opus", "Channels": 6}, "ogg_opus", "5.1"),
        ({"Codec": "vorbis"}, "ogg", ""),
        ({"Codec": "strange"}, "", ""),
    ],
)
def test_sounds(sound: dict[str, Any], audio: str, channels: str) -> None:
    details = details_of(row({}, sound))
    assert details is not None
    assert (details.audio, details.audio_channels) == (audio, channels)


def test_the_best_sound_counts_and_not_the_first() -> None:
    commentary, main = {"Codec": "aac", "Channels": 2}, {"Codec": "truehd", "Channels": 8}
    details = details_of(row({}, commentary, main))
    assert details is not None
    assert details.audio == "dolby_truehd"


@pytest.mark.parametrize(
    "source",
    [{"Video3DFormat": "HalfSideBySide"}, {"Path": "/films/Harbour Atlas (2019) 3D HSBS.mkv"}, {"Name": "Half-OU"}],
)
def test_what_is_stereoscopic(source: dict[str, Any]) -> None:
    details = details_of(row({}, **source))
    assert details is not None
    assert details.stereoscopic


@pytest.mark.parametrize("source", [{"Type": "Placeholder"}, {"IsInfiniteStream": True}])
def test_what_is_no_file_is_not_collected(source: dict[str, Any]) -> None:
    assert details_of(row({"Width": 1920}, **source)) is None
    assert details_of({"name": "x"}) is None
