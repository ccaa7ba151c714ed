"""Marking and rating in a library of Jellyfin or Emby: what was read decides, and nothing is done twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conftest import FakeClock
from scrobbled.core.errors import ListClosed, Refused, TryLater
from scrobbled.core.kinds import RATINGS, Kind
from scrobbled.core.sending.room import Closing
from scrobbled.sandbox.mediabrowser.rows import UserData
from scrobbled.sandbox.plex.items import SERIES, LibraryItem
from scrobbled.trackers.base import Address, AddResult, Edit, Receipt, SetValue, Tick, Untick
from trackers.contract import EVENING
from trackers.mediabrowser_bench import MediaBrowserBench

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["jellyfin", "emby"])
def bench(request: pytest.FixtureRequest, clock: FakeClock) -> MediaBrowserBench:
    return MediaBrowserBench(request.param, clock)


def address(bench: MediaBrowserBench, *things: LibraryItem, part: str = "") -> Address:
    return Address("k", {"places": [f"{bench.place(thing)}{part}" for thing in things]})


async def amend(bench: MediaBrowserBench, *edits: Edit) -> list[AddResult]:
    return list(await bench.tracker().amends.amend(edits))


def rate(bench: MediaBrowserBench, thing: LibraryItem, value: int | None, kind: Kind = RATINGS) -> SetValue:
    return SetValue(kind, address(bench, thing), value, EVENING)


def changes(bench: MediaBrowserBench) -> list[Any]:
    return [one for one in bench.server.log if one.method != "GET"]


async def test_a_mark_is_written_in_the_words_of_the_server(bench: MediaBrowserBench) -> None:
    (done,) = await amend(bench, Tick(address(bench, bench.film), EVENING))
    (asked,) = changes(bench)
    told = {"jellyfin": ("datePlayed", "2026-11-10T20:14:37Z"), "emby": ("DatePlayed", "20261110201437")}[bench.name]
    assert asked.query[told[0]] == told[1]
    assert isinstance(done, Receipt)
    assert done.remote_id == f"1@{int(EVENING.timestamp())}"
    assert bench.seen(bench.film).last == EVENING


async def test_a_mark_without_a_time_has_that_of_the_server(bench: MediaBrowserBench) -> None:
    await amend(bench, Tick(address(bench, bench.film)))
    assert bench.seen(bench.film).last == bench.clock.now()


async def test_what_is_played_just_now_is_left_alone(bench: MediaBrowserBench) -> None:
    bench.server.playing[bench.anna.id] = bench.film
    results = await amend(bench, Tick(address(bench, bench.film), EVENING), Untick(address(bench, bench.film)))
    assert [isinstance(one, Receipt) and bool(one.note) for one in results] == [True, True]
    assert changes(bench) == []


async def test_many_are_marked_with_few_requests_beside_the_marks(bench: MediaBrowserBench) -> None:
    episodes = bench.server.library.of_type(SERIES, "episode")[:40]
    await amend(bench, *(Tick(address(bench, one), EVENING) for one in episodes))
    assert len(changes(bench)) == 40
    assert len(bench.asked()) <= 46


async def shared(bench: MediaBrowserBench) -> tuple[LibraryItem, list[Address]]:
    """A file of two episodes, and where each is."""
    thing = bench.server.library.of_type(SERIES, "episode")[0]
    assert thing.episode is not None
    bench.server.spans[thing.rating_key] = thing.episode.number + 1
    return thing, [address(bench, thing), address(bench, thing, part=f"#{thing.episode.number + 1}")]


async def test_a_file_of_several_episodes_is_marked_once_and_only_for_all_of_them(bench: MediaBrowserBench) -> None:
    thing, (first, second) = await shared(bench)
    for one in (first, second):
        (alone,) = await amend(bench, Tick(one, EVENING))
        assert isinstance(alone, Refused)
    assert changes(bench) == []
    both = await amend(bench, Tick(first, EVENING), Tick(second, EVENING))
    assert [isinstance(one, Receipt) and not one.note for one in both] == [True, True]
    assert (len(changes(bench)), bench.seen(thing).count) == (1, 1)
    (alone,) = await amend(bench, Untick(first))
    assert isinstance(alone, Refused)
    await amend(bench, Untick(first), Untick(second))
    assert not bench.seen(thing).played


async def test_a_file_of_several_episodes_is_not_rated(bench: MediaBrowserBench) -> None:
    thing, (first, _) = await shared(bench)
    (done,) = await amend(bench, SetValue(RATINGS, first, 8))
    assert isinstance(done, Refused)
    assert bench.seen(thing).rating is None


async def test_a_rating_leaves_everything_else_as_it_is(bench: MediaBrowserBench) -> None:
    before = UserData(played=True, count=3, last=EVENING, position=0, favorite=True, likes=True)
    bench.put(bench.film, before)
    await amend(bench, rate(bench, bench.film, 7))
    assert bench.seen(bench.film) == replace(before, rating=7)
    (asked,) = changes(bench)
    assert {"Played", "PlayCount", "LastPlayedDate", "IsFavorite", "Likes"} <= asked.body.keys()


async def test_a_half_that_rounds_to_it_stays_and_a_rating_that_is_taken_back_is_none(bench: MediaBrowserBench) -> None:
    bench.rate(bench.film, 7.5)
    await amend(bench, rate(bench, bench.film, 8))
    assert changes(bench) == []
    await amend(bench, rate(bench, bench.film, None))
    assert not bench.seen(bench.film).rating


@pytest.mark.parametrize("status", [403, 404, 405])
async def test_a_route_that_is_refused_closes_ratings_and_nothing_else(bench: MediaBrowserBench, status: int) -> None:
    bench.fail("POST /User*/UserData", status=status, times=None)
    with pytest.raises(ListClosed) as caught:
        await amend(bench, rate(bench, bench.film, 7))
    assert (caught.value.kind, caught.value.closing) == (RATINGS, Closing.NOT_FOR_ACCOUNT)
    (done,) = await amend(bench, Tick(address(bench, bench.film), EVENING))
    assert isinstance(done, Receipt)


async def test_a_server_that_says_yes_and_keeps_no_rating_is_found_out(bench: MediaBrowserBench) -> None:
    bench.fail("POST /User*/UserData", status=204, times=None)
    with pytest.raises(ListClosed):
        await amend(bench, rate(bench, bench.film, 7))


async def test_a_mark_whose_answer_is_lost_is_looked_for(bench: MediaBrowserBench) -> None:
    bench.fail("POST /User*", status=502, when="after")
    (done,) = await amend(bench, Tick(address(bench, bench.film), EVENING))
    assert isinstance(done, Receipt)
    assert bench.seen(bench.film).count == 1


async def test_a_mark_that_never_arrived_is_tried_later(bench: MediaBrowserBench) -> None:
    bench.fail("POST /User*", status=502)
    with pytest.raises(TryLater):
        await amend(bench, Tick(address(bench, bench.film), EVENING))
    assert not bench.seen(bench.film).played


async def test_what_is_at_another_server_is_no_longer_there(bench: MediaBrowserBench) -> None:
    (done,) = await amend(bench, Tick(Address("k", {"places": ["elsewhere/1"]}), EVENING))
    assert not isinstance(done, Receipt)
    assert changes(bench) == []
