"""The collection and the watchlist of a Trakt account, as it lists them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from scrobbled.core.records import Subject
from scrobbled.sandbox.trakt.accounts import ListEntry
from scrobbled.trackers.base import Receipt, SetValue
from scrobbled.trackers.trakt.records import ValuePages
from trackers.trakt_bench import TraktBench
from trackers.trakt_mirror import TraktMirror

EVENING = datetime(2026, 11, 10, 20, 14, 37, tzinfo=UTC)


@pytest.fixture
def mirror(trakt: TraktBench) -> TraktMirror:
    return TraktMirror(trakt, trakt.tracker())


def put(trakt: TraktBench, shelf: str, kind: str, number: int, **more: Any) -> None:
    api = trakt.api
    title = api.catalogue.by_id(kind, "trakt", number)
    assert title is not None
    getattr(api.account_of("anna"), shelf).put(ListEntry(next(api.numbers), title, EVENING, **more), api.now())


async def test_only_kinds_that_are_asked_for_are_read(trakt: TraktBench, mirror: TraktMirror) -> None:
    paths = await mirror.asking()
    assert not [path for path in paths if "collection" in path or "watchlist" in path]


async def test_another_kind_reads_the_others_not_anew(trakt: TraktBench, mirror: TraktMirror) -> None:
    await mirror.read()
    paths = await mirror.asking(kinds=("plays", "ratings", "watchlist"))
    assert [path for path in paths if path.startswith("/sync/")] == ["/sync/last_activities", "/sync/watchlist/all"]
    assert await mirror.asking(kinds=("plays", "ratings", "watchlist")) == ["/sync/last_activities"]


async def test_seasons_and_episodes_on_the_watchlist_are_counted_and_left(
    trakt: TraktBench, mirror: TraktMirror
) -> None:
    show = trakt.sandbox.world.shows[0]
    put(trakt, "watchlist", "show", show.trakt)
    put(trakt, "watchlist", "movie", trakt.sandbox.world.movies[0].trakt)
    put(trakt, "watchlist", "episode", show.episode(1, 1).trakt)
    reading = await mirror.read(kinds=("watchlist",), full=True)
    found = {reading.subjects[one.key].scope for one in reading.values["watchlist"].records}
    assert found == {"show", "movie"}
    assert reading.values["watchlist"].complete
    assert reading.skipped == {"episode in the watchlist": 1}


@pytest.mark.parametrize("said", [True, 1])
async def test_details_of_what_is_collected(trakt: TraktBench, mirror: TraktMirror, said: Any) -> None:
    metadata = {"resolution": "uhd_4k", "hdr": None, "audio": "dts_x", "audio_channels": "7.1", "3d": said, "x": "y"}
    put(trakt, "collection", "movie", trakt.sandbox.world.movies[0].trakt, metadata=metadata)
    put(trakt, "collection", "episode", trakt.sandbox.world.shows[0].episode(1, 1).trakt, metadata={"3d": 0})
    reading = await mirror.read(kinds=("collection",), full=True)
    assert [one.value for one in reading.values["collection"].records] == [
        {"resolution": "uhd_4k", "audio": "dts_x", "audio_channels": "7.1", "3d": True},
        {},
    ]
    assert {one.at for one in reading.values["collection"].records} == {EVENING}


def test_a_row_that_comes_on_two_pages_is_told_once() -> None:
    film = {"title": "Harbour Atlas", "year": 2019, "ids": {"trakt": 1, "tmdb": 2}}
    row = {"type": "movie", "collected_at": "2026-11-10T20:14:37.000Z", "movie": film, "metadata": {"hdr": "hlg"}}
    pages = ValuePages("collection")
    assert [pages.take([row], "page 1"), pages.take([row], "page 2")] == [1, 0]
    assert [(one.key, one.value) for one in pages.records.values()] == [("movie:tmdb:2", {"hdr": "hlg"})]


async def test_what_is_collected_is_sent_with_its_time_and_details(trakt: TraktBench, mirror: TraktMirror) -> None:
    tracker = trakt.tracker()
    address = await tracker.amends.locate_subject(Subject("elsewhere", "episode", trakt.episode()))
    (result,) = await tracker.amends.amend([SetValue("collection", address, {"hdr": "hlg", "3d": True}, EVENING)])
    assert isinstance(result, Receipt)
    (call,) = trakt.api.calls("POST /sync/collection")
    (line,) = call.body["episodes"]
    assert {name: value for name, value in line.items() if name != "ids"} == {
        "hdr": "hlg",
        "3d": True,
        "collected_at": "2026-11-10T20:14:37.000Z",
    }


async def test_a_title_that_trakt_does_not_know_is_that_title_s_trouble(trakt: TraktBench) -> None:
    tracker = trakt.tracker()
    film = trakt.film()
    known = await tracker.amends.locate_subject(Subject("elsewhere", "movie", film))
    strange = type(known)("movie:tmdb:99999999", {"type": "movie", "ids": {"tmdb": 99_999_999}})
    first, second = await tracker.amends.amend([SetValue("watchlist", one, {}) for one in (known, strange)])
    assert isinstance(first, Receipt)
    assert not isinstance(second, Receipt)
