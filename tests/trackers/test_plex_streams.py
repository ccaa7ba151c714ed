"""What a Plex server tells of the versions of a title, in the words of a collection."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.media_details import MediaDetails, best
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


TRAKT = {
    "media_type": {"digital"},
    "resolution": {"uhd_4k", "hd_1080p", "hd_1080i", "hd_720p", "sd_576p", "sd_576i", "sd_480p", "sd_480i"},
    "hdr": {"dolby_vision", "hdr10", "hdr10_plus", "hlg"},
    "audio": {
        *("lpcm", "mp3", "mp2", "aac", "ogg", "ogg_opus", "wma", "flac", "dts", "dts_ma", "dts_hr", "dts_x"),
        *("auro_3d", "dolby_digital", "dolby_digital_plus", "dolby_digital_plus_atmos", "dolby_atmos"),
        *("dolby_truehd", "dolby_prologic"),
    },
    "audio_channels": {
        *("1.0", "2.0", "2.1", "3.0", "3.1", "4.0", "4.1", "5.0", "5.1", "5.1.2", "5.1.4", "6.1", "7.1", "7.1.2"),
        *("7.1.4", "9.1", "10.1"),
    },
    "3d": {True},
}
"""What Trakt takes; a key that is unknown is left out."""
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9_000) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
names = ("streamType", "codec", "profile", "channels", "width", "scanType", "colorTrc", "title", "DOVIPresent")


def is_told_rightly(found: MediaDetails | None) -> bool:
    return found is None or all(value in TRAKT[name] for name, value in found.value().items())


@given(st.dictionaries(st.sampled_from(names), anything), anything, anything)
def test_whatever_a_server_says_is_details_or_cannot_be_read(stream: Any, lines: Any, proxy: Any) -> None:
    try:
        found = details_of(row(version(stream, videoResolution=lines, proxyType=proxy)))
    except (Malformed, msgspec.ValidationError):
        return
    assert is_told_rightly(found)


words = st.sampled_from(
    [
        *(
            "",
            "4k",
            "1080",
            "1080p",
            "720",
            "576",
            "480",
            "sd",
            "interlaced",
            "progressive",
            "smpte2084",
            "arib-std-b67",
        ),
        *(
            "truehd",
            "mlp",
            "eac3",
            "ec-3",
            "ac3",
            "dca",
            "dca-ma",
            "dca-hra",
            "dts",
            "dta",
            "ma",
            "hra",
            "hr",
            "x",
            "lc",
        ),
        *("flac", "aac", "mp3", "mp2", "wmapro", "pcm_s16le", "lpcm", "vorbis", "opus", "cook", "Atmos 7.1.4", "DTS:X"),
        *("HDR10+", "Auro-3D 5.1.2", "3D", "half-SBS", "9.1.6", "5.1.2.4"),
    ]
)
texts = ("codec", "profile", "scanType", "colorTrc", "displayTitle", "title")
streams = st.fixed_dictionaries(
    {"streamType": st.sampled_from([1, 2, 3])},
    optional={
        **dict.fromkeys(
            ("codec", "profile", "scanType", "colorTrc", "displayTitle", "title"), words | st.text(max_size=9)
        ),
        "channels": st.integers(-2, 24),
        "width": st.integers(0, 9_000),
        "DOVIPresent": st.sampled_from([True, False, 1, 0, "1"]),
    },
)


@given(st.lists(streams, max_size=4), words, words, words, st.sampled_from([0, 42]))
def test_no_word_is_told_that_trakt_does_not_take(
    told: list[Any], lines: str, profile: str, title: str, proxy: int
) -> None:
    one = version(*told, videoResolution=lines, audioProfile=profile, title=title, proxyType=proxy)
    assert is_told_rightly(details_of(row(one, version())))


@given(st.lists(streams, max_size=4), st.lists(streams, max_size=4), words)
def test_one_more_version_never_makes_it_worse(first: list[Any], second: list[Any], lines: str) -> None:
    one, other = version(*first, videoResolution=lines), version(*second)
    both, turned = details_of(row(one, other)), details_of(row(other, one))
    assert both == turned
    assert both in (details_of(row(one)), details_of(row(other)))
    assert both is not None
    assert best([both, details_of(row(one)) or both]) == both
