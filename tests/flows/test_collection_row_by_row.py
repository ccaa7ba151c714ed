"""Each row of the table of a file's details, from a Plex library to an entry of Trakt's collection, sent once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from flows.household import household
from flows.test_plex_collection_to_trakt import PAIR, entry_of, films
from scrobbled.sandbox.plex.files import PICTURE, SOUND, FileVersion
from scrobbled.sandbox.plex.items import FILMS, Holding

pytestmark = pytest.mark.anyio
HD = {"media_type": "digital", "resolution": "hd_1080p", "audio": "dolby_digital_plus", "audio_channels": "5.1"}


def picture(**told: Any) -> FileVersion:
    return FileVersion(picture={**PICTURE, **told})


def sound(codec: str, channels: int | None = 6, profile: str = "", **told: Any) -> FileVersion:
    return FileVersion(
        sounds=({**SOUND, "codec": codec, "channels": channels, "displayTitle": "", **told},), profile=profile
    )


ROWS: list[tuple[FileVersion, dict[str, Any]]] = [
    (FileVersion(2160), {"resolution": "uhd_4k"}),
    (FileVersion(720), {"resolution": "hd_720p"}),
    (picture(scanType="interlaced"), {"resolution": "hd_1080i"}),
    (FileVersion(576), {"resolution": "sd_576p"}),
    (FileVersion(576, picture={**PICTURE, "scanType": "interlaced"}), {"resolution": "sd_576i"}),
    (FileVersion(480), {"resolution": "sd_480p"}),
    (FileVersion(480, resolution="sd", picture={**PICTURE, "scanType": "interlaced"}), {"resolution": "sd_480i"}),
    (FileVersion(2160, resolution=""), {"resolution": "uhd_4k"}),
    (FileVersion(300, resolution=""), {"resolution": None}),
    (picture(DOVIPresent=True, colorTrc="smpte2084"), {"hdr": "dolby_vision"}),
    (picture(colorTrc="smpte2084", displayTitle="4K (HEVC Main 10 HDR10+)"), {"hdr": "hdr10_plus"}),
    (picture(colorTrc="smpte2084"), {"hdr": "hdr10"}),
    (picture(colorTrc="arib-std-b67"), {"hdr": "hlg"}),
    (sound("truehd", 8, displayTitle="TRUEHD Atmos 7.1"), {"audio": "dolby_atmos", "audio_channels": "7.1"}),
    (sound("eac3", title="Dolby Atmos"), {"audio": "dolby_digital_plus_atmos"}),
    (sound("dca", 8, extendedDisplayTitle="DTS:X 7.1.4"), {"audio": "dts_x", "audio_channels": "7.1.4"}),
    (sound("dca-ma", 8, title="Auro-3D 5.1.2"), {"audio": "auro_3d", "audio_channels": "5.1.2"}),
    (sound("truehd", 8), {"audio": "dolby_truehd", "audio_channels": "7.1"}),
    (sound("ac3", 7), {"audio": "dolby_digital", "audio_channels": "6.1"}),
    (sound("dca-ma"), {"audio": "dts_ma"}),
    (sound("dca", 6, "ma"), {"audio": "dts_ma"}),
    (sound("dca", 6, "hra"), {"audio": "dts_hr"}),
    (sound("dts"), {"audio": "dts"}),
    (sound("flac", 2), {"audio": "flac", "audio_channels": "2.0"}),
    (sound("aac", 1), {"audio": "aac", "audio_channels": "1.0"}),
    (sound("mp3", 3), {"audio": "mp3", "audio_channels": "2.1"}),
    (sound("mp2", 4), {"audio": "mp2", "audio_channels": "4.0"}),
    (sound("wmapro", 5), {"audio": "wma", "audio_channels": "5.0"}),
    (sound("pcm_s24le"), {"audio": "lpcm"}),
    (sound("vorbis"), {"audio": "ogg"}),
    (sound("opus"), {"audio": "ogg_opus"}),
    (sound("cook", 9), {"audio": None, "audio_channels": None}),
    (FileVersion(title="3D half-SBS"), {"3d": True}),
]


def want(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**HD, **told}.items() if value is not None}


async def test_every_row_arrives_as_the_table_says_and_is_sent_once(tmp_path: Path) -> None:
    async with household(tmp_path, furnished=False, **PAIR) as house:
        library, titles = house.home.plex.library, len(films(house))
        for first in range(0, len(ROWS), titles):
            rows = ROWS[first : first + titles]
            house.clock.advance(3_600)
            now = int(house.clock.now().timestamp())
            items = films(house)[: len(rows)]
            for item, (version, _) in zip(items, rows, strict=True):
                library.hold(item, media=(version,), changed=now)
            await house.sync()
            found = [dict(entry_of(house, item).metadata) for item in items]
            assert found == [want(told) for _, told in rows]
            writes = house.writes()
            await house.settle()
            assert house.writes() == writes


async def test_two_copies_are_one_entry_with_the_best_of_both(tmp_path: Path) -> None:
    async with household(tmp_path, furnished=False, **PAIR) as house:
        film = films(house)[0]
        house.home.plex.library.hold(film, media=(sound("truehd", 8, title="Atmos"), FileVersion(2160, proxy=42)))
        house.home.plex.library.put(film.movie, Holding(FILMS, media=(FileVersion(2160), FileVersion(480))))
        await house.settle()
        assert dict(entry_of(house, film).metadata) == {**HD, "resolution": "uhd_4k"}
