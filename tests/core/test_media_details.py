"""Each row of what is told of a file, and the order in which versions are better."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.kinds import COLLECTION, KINDS
from scrobbled.core.media_details import (
    AUDIO,
    RANGES,
    RESOLUTIONS,
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

CHANNELS = ("", "1.0", "2.0", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1", "5.1.2", "5.1.4", "7.1.2", "7.1.4")
versions = st.builds(
    MediaDetails,
    st.sampled_from(["", *RESOLUTIONS]),
    st.sampled_from(["", *RANGES]),
    st.sampled_from(["", *AUDIO]),
    st.sampled_from(CHANNELS),
    st.booleans(),
)


@pytest.mark.parametrize(
    ("lines", "width", "interlaced", "word"),
    [
        ("4k", None, False, "uhd_4k"),
        ("4K", None, True, "uhd_4k"),
        ("1080", 720, False, "hd_1080p"),
        ("1080p", None, False, "hd_1080p"),
        ("1080", None, True, "hd_1080i"),
        ("720", None, True, "hd_720p"),
        ("576", None, False, "sd_576p"),
        ("576", None, True, "sd_576i"),
        ("480", None, False, "sd_480p"),
        ("sd", None, True, "sd_480i"),
        ("", 3840, False, "uhd_4k"),
        ("", 3839, False, "hd_1080p"),
        ("weird", 1920, True, "hd_1080i"),
        ("", 1919, False, "hd_720p"),
        ("", 1280, False, "hd_720p"),
        ("", 1279, False, "sd_576p"),
        ("", 768, True, "sd_576i"),
        ("", 767, False, ""),
        ("", None, False, ""),
    ],
)
def test_resolutions(lines: str, width: int | None, interlaced: bool, word: str) -> None:
    assert resolution(lines, width, interlaced=interlaced) == word


@pytest.mark.parametrize(
    ("transfer", "text", "vision", "word"),
    [
        ("smpte2084", "4K (HEVC Main 10 HDR10+)", True, "dolby_vision"),
        ("smpte2084", "4K (HEVC Main 10 HDR10+)", False, "hdr10_plus"),
        ("smpte2084", "4K (HEVC Main 10 HDR)", False, "hdr10"),
        ("arib-std-b67", "HDR10+", False, "hlg"),
        ("bt709", "HDR10+", False, ""),
        ("", "", False, ""),
    ],
)
def test_dynamic_ranges(transfer: str, text: str, vision: bool, word: str) -> None:
    assert dynamic_range(transfer, text, dolby_vision=vision) == word


@pytest.mark.parametrize(
    ("codec", "profile", "text", "word"),
    [
        ("truehd", "", "English (TRUEHD Atmos 7.1)", "dolby_atmos"),
        ("truehd", "Dolby TrueHD + Dolby Atmos", "", "dolby_atmos"),
        ("mlp", "", "Atmos", "dolby_atmos"),
        ("eac3", "", "English (EAC3 Atmos 5.1)", "dolby_digital_plus_atmos"),
        ("ac3", "", "Atmos mix", "dolby_digital"),
        ("dca", "ma", "DTS:X 7.1", "dts_x"),
        ("dca", "x", "", "dts_x"),
        ("dts", "", "English DTS-X", "dts_x"),
        ("dca-ma", "", "Auro-3D", "auro_3d"),
        ("truehd", "", "", "dolby_truehd"),
        ("mlp", "", "", "dolby_truehd"),
        ("eac3", "", "", "dolby_digital_plus"),
        ("ec-3", "", "", "dolby_digital_plus"),
        ("ac3", "", "", "dolby_digital"),
        ("ac-3", "", "", "dolby_digital"),
        ("dca-ma", "", "", "dts_ma"),
        ("dca", "ma", "", "dts_ma"),
        ("dts", "DTS-HD MA", "", "dts_ma"),
        ("dca", "hra", "", "dts_hr"),
        ("dca-hra", "", "", "dts_hr"),
        ("dts", "hr", "", "dts_hr"),
        ("dca", "", "", "dts"),
        ("dca", "es", "", "dts"),
        ("dta", "", "", "dts"),
        ("flac", "", "", "flac"),
        ("AAC", "lc", "", "aac"),
        ("mp3", "", "", "mp3"),
        ("mp2", "", "", "mp2"),
        ("wmav2", "", "", "wma"),
        ("pcm_s24le", "", "", "lpcm"),
        ("lpcm", "", "", "lpcm"),
        ("vorbis", "", "", "ogg"),
        ("opus", "", "", "ogg_opus"),
        ("cook", "", "", ""),
        ("", "", "", ""),
    ],
)
def test_audio(codec: str, profile: str, text: str, word: str) -> None:
    assert audio(codec, profile, text) == word


@pytest.mark.parametrize(
    ("count", "text", "word"),
    [
        (1, "", "1.0"),
        (2, "", "2.0"),
        (3, "", "2.1"),
        (4, "", "4.0"),
        (5, "", "5.0"),
        (6, "English (AC3 5.1)", "5.1"),
        (7, "", "6.1"),
        (8, "", "7.1"),
        (8, "TrueHD Atmos 7.1.4", "7.1.4"),
        (6, "5.1.2", "5.1.2"),
        (8, "version 17.1.4", "7.1"),
        (9, "", ""),
        (None, "", ""),
    ],
)
def test_channels(count: int | None, text: str, word: str) -> None:
    assert channels(count, text) == word


@pytest.mark.parametrize(
    ("text", "title", "found"),
    [
        ("Harbour Atlas (2019) 3D HSBS 1080p.mkv", "Harbour Atlas", True),
        ("Harbour.Atlas.2019.3D.mkv", "Harbour Atlas", True),
        ("Harbour Atlas half-sbs.mkv", "Harbour Atlas", True),
        ("Harbour Atlas H-OU.mkv", "Harbour Atlas", True),
        ("Tide 3D (2010).mkv", "Tide 3D", False),
        ("Harbour Atlas 2023d.mkv", "", False),
        ("Subs.mkv", "", False),
        ("", "", False),
    ],
)
def test_what_is_three_dimensional(text: str, title: str, found: bool) -> None:
    assert is_stereoscopic(["", text], title) is found


def test_the_best_stream_is_not_the_first() -> None:
    streams = [Sound("aac", "2.0"), Sound("dolby_atmos", "7.1"), Sound("dts_x", "7.1.4"), Sound("dolby_atmos", "5.1")]
    for turned in itertools.permutations(streams):
        assert best_sound(turned) == Sound("dolby_atmos", "7.1")
    assert best_sound([]) == Sound()


@given(st.lists(versions, min_size=1, max_size=5), st.randoms())
def test_the_better_never_loses_whatever_the_order(found: list[MediaDetails], dice) -> None:  # type: ignore[no-untyped-def]
    first = best(found)
    dice.shuffle(found)
    assert best(found) == first
    assert first is not None
    assert all(best([first, one]) == first for one in found)


@given(versions, versions)
def test_two_that_differ_have_an_order(one: MediaDetails, other: MediaDetails) -> None:
    assert best([one, other]) == best([other, one])


def test_resolution_counts_before_range_and_range_before_sound() -> None:
    four_k, vision, sound = MediaDetails("uhd_4k"), MediaDetails("hd_1080p", "dolby_vision"), MediaDetails("hd_1080p")
    assert best([vision, four_k]) == four_k
    assert best([MediaDetails("hd_1080p", "", "dolby_atmos", "7.1"), vision, sound]) == vision
    assert best([]) is None


@given(versions)
def test_a_value_tells_only_what_is_known(one: MediaDetails) -> None:
    value = one.value()
    assert value["media_type"] == "digital"
    assert all(value.values())
    assert KINDS[COLLECTION].takes(value)
