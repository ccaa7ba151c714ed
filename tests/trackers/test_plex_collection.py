"""What a person's Plex libraries have as files: the best of each title, asked for once and told when it changes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from conftest import FakeClock
from scrobbled.core.kinds import COLLECTION, PLAYS, RATINGS, Kind
from scrobbled.core.records import Reading
from scrobbled.sandbox.plex.files import PICTURE, FileVersion
from scrobbled.sandbox.plex.items import FILMS, Holding, LibraryItem
from trackers.plex_library_bench import PlexLibraryBench

FILES: frozenset[Kind] = frozenset({COLLECTION})
ALL: frozenset[Kind] = frozenset({PLAYS, RATINGS, COLLECTION})
HD = {"media_type": "digital", "resolution": "hd_1080p", "audio": "dolby_digital_plus", "audio_channels": "5.1"}
ATMOS = {"codec": "truehd", "channels": 8, "displayTitle": "English (TRUEHD Atmos 7.1)"}
COMMENTARY = {"codec": "aac", "channels": 2, "displayTitle": "Commentary (AAC Stereo)"}
VISION = {**PICTURE, "DOVIPresent": True, "colorTrc": "smpte2084", "displayTitle": "4K DoVi/HDR10 (HEVC Main 10)"}
UHD = FileVersion(2160, picture=VISION, sounds=(COMMENTARY, ATMOS))
BEST = {
    "media_type": "digital",
    "resolution": "uhd_4k",
    "hdr": "dolby_vision",
    "audio": "dolby_atmos",
    "audio_channels": "7.1",
}


@pytest.fixture
def bench(clock: FakeClock) -> PlexLibraryBench:
    return PlexLibraryBench(clock)


def film(bench: PlexLibraryBench, at: int = 0) -> LibraryItem:
    return bench.item(bench.sandbox.world.movies[at].title)


def value(bench: PlexLibraryBench, item: LibraryItem) -> Any:
    record = bench.held(COLLECTION).get(bench.key(item))
    return record and record.value


def told(reading: Reading) -> int | None:
    found = reading.values.get(COLLECTION)
    return None if found is None else len(found.records)


def details(bench: PlexLibraryBench) -> list[str]:
    return [path for path in bench.asked() if path.startswith("/library/metadata/")]


async def test_everything_with_a_file_is_told_twenty_titles_a_request(bench: PlexLibraryBench) -> None:
    reading = await bench.read(kinds=FILES)
    held = sum(len(bench.plex.library.of_type(section, kind)) for section, kind in _leaves(bench))
    assert told(reading) == held
    assert reading.values[COLLECTION].complete
    assert len(details(bench)) == -(-held // 20)
    assert value(bench, film(bench)) == HD


def _leaves(bench: PlexLibraryBench) -> list[Any]:
    sections = bench.plex.library.sections.values()
    return [(one, "movie" if one.type == "movie" else "episode") for one in sections]


async def test_nothing_is_asked_again_where_nothing_changed(bench: PlexLibraryBench) -> None:
    await bench.read(kinds=ALL)
    bench.asked()
    assert told(await bench.read(kinds=ALL)) is None
    assert not details(bench)
    assert told(await bench.read(kinds=ALL, full=True)) is not None
    assert not details(bench), "what a file is, is kept for as long as nothing of the title changes"


async def test_who_asks_for_no_collection_pays_nothing_for_it(bench: PlexLibraryBench) -> None:
    await bench.read(full=True)
    assert not [path for path in bench.asked() if path.startswith("/library/metadata/") or "updatedAt" in path]


async def test_a_better_file_is_one_request_and_one_title(bench: PlexLibraryBench, clock: FakeClock) -> None:
    await bench.read(kinds=ALL)
    clock.advance(3_600)
    bench.plex.library.hold(film(bench), media=(1080, UHD), changed=int(clock.now().timestamp()))
    bench.asked()
    reading = await bench.read(kinds=ALL)
    assert not reading.values[COLLECTION].complete
    assert value(bench, film(bench)) == BEST
    assert len(details(bench)) == 1


async def test_one_more_file_is_one_request_and_one_title(bench: PlexLibraryBench, clock: FakeClock) -> None:
    await bench.read(kinds=ALL)
    clock.advance(3_600)
    added = int(clock.now().timestamp())
    of = bench.sandbox.world.movies[0]
    names = {"title": "Sluice", "imdb": "tt99001", "guid": "plex://movie/99001", "rating_key": "99001"}
    more = bench.plex.library.put(replace(of, tmdb=99_001, trakt=99_001, **names), Holding(FILMS, added=added))
    bench.asked()
    await bench.read(kinds=ALL)
    assert value(bench, more) == HD
    assert bench.held(COLLECTION)[bench.key(more)].at == datetime.fromtimestamp(added, UTC)
    assert len(details(bench)) == 1


async def test_the_best_of_all_copies_counts_and_the_first_is_when_it_came(
    bench: PlexLibraryBench, clock: FakeClock
) -> None:
    first = film(bench)
    bench.names = ["plex", "plex-cabin"]
    bench.cabin.library.open(FILMS)
    away = bench.cabin.library.put(first.movie, Holding(FILMS, added=first.held.added - 5_000, media=(UHD,)))
    await bench.read(kinds=FILES)
    assert bench.key(first) == bench.key(away, bench.cabin)
    assert value(bench, first) == BEST
    assert bench.held(COLLECTION)[bench.key(first)].at == datetime.fromtimestamp(away.held.added, UTC)


async def test_what_was_made_for_a_device_and_what_lies_in_the_trash_is_no_file(
    bench: PlexLibraryBench, clock: FakeClock
) -> None:
    first, second = film(bench), film(bench, 1)
    bench.plex.library.hold(first, media=(1080, FileVersion(2160, picture=VISION, sounds=(ATMOS,), proxy=42)))
    bench.plex.library.hold(second, deleted=int(clock.now().timestamp()))
    reading = await bench.read(kinds=FILES)
    assert value(bench, first) == HD
    assert (
        bench.held(COLLECTION)
        .keys()
        .isdisjoint(key for key, one in bench.mirror.told.items() if bench.place(second) in one.places)
    )
    assert reading.values[COLLECTION].complete


async def test_files_on_a_disk_that_is_not_mounted_are_not_cleared(bench: PlexLibraryBench, clock: FakeClock) -> None:
    await bench.read(kinds=ALL)
    clock.advance(3_600)
    now = int(clock.now().timestamp())
    bench.plex.library.hold(film(bench), deleted=now, changed=now)
    reading = await bench.read(kinds=ALL)
    assert reading.values[COLLECTION].cleared == frozenset()
    assert value(bench, film(bench)) == HD, "until two complete reads lack it"


async def test_with_a_server_that_is_off_nothing_is_said_of_files(bench: PlexLibraryBench) -> None:
    bench.names, bench.off = ["plex", "plex-cabin"], ["plex-cabin"]
    assert told(await bench.read(kinds=FILES)) is None


async def test_titles_whose_files_cannot_be_read_are_counted_and_nothing_is_complete(bench: PlexLibraryBench) -> None:
    bench.fail("GET /library/metadata/*", status=404, times=1)
    reading = await bench.read(kinds=FILES)
    assert not reading.values[COLLECTION].complete
    assert reading.skipped == {"title of which no file can be read": 20}


async def test_two_episodes_in_one_file_are_both_told(bench: PlexLibraryBench) -> None:
    episodes = bench.plex.library.of_type(_leaves(bench)[1][0], "episode")[:2]
    for one in episodes:
        bench.plex.library.hold(one, file="/media/TV/S01E01-E02.mkv")
    await bench.read(kinds=FILES)
    assert [value(bench, one) for one in episodes] == [HD, HD]


async def test_a_date_before_it_came_out_or_to_come_is_none_that_can_be(
    bench: PlexLibraryBench, clock: FakeClock
) -> None:
    early, late = film(bench), film(bench, 1)
    bench.plex.library.hold(early, added=1)
    bench.plex.library.hold(late, added=int(clock.now().timestamp()) + 86_400)
    await bench.read(kinds=FILES)
    held = bench.held(COLLECTION)
    at = held[bench.key(early)].at
    assert at is not None
    assert at.year == bench.sandbox.world.movies[0].year
    assert held[bench.key(late)].at == clock.now()
