"""A library of Jellyfin or Emby and Trakt in step, with the webhooks of that server going on meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.mediabrowser_house import MediaBrowserHouse, house_of
from pairing import EVENING
from scrobbled.config import loads
from scrobbled.intake.household import without_effect
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.mediabrowser.rows import UserData

pytestmark = pytest.mark.anyio
MINUTE = EVENING.replace(second=0)
BOTH = pytest.mark.parametrize("name", ["jellyfin", "emby"])


@pytest.fixture
def name() -> str:
    return "jellyfin"


@pytest.fixture
async def house(name: str, tmp_path: Path) -> AsyncIterator[MediaBrowserHouse]:
    async with house_of(name, tmp_path) as made:
        yield made


async def watched(house: MediaBrowserHouse, n: int = 0, **more: Any) -> None:
    """A film, by anna, who is told of by webhooks."""
    done = await house.server.watch(house.film(n), "anna", **more)
    assert {one.status for one in done} == {200}
    await house.deliver()


@BOTH
async def test_what_was_watched_and_told_is_one_play_and_stays_one(house: MediaBrowserHouse) -> None:
    await watched(house)
    assert [title for title, _ in house.plays()] == [house.film().title]
    await house.settle()
    await house.idle()
    assert len(house.plays()) == 1


@BOTH
async def test_a_viewing_that_waits_for_trakt_is_not_brought_once_more_by_a_run(house: MediaBrowserHouse) -> None:
    await house.sync()
    await house.server.watch(house.film(), "anna", events=("play", "pause", "stop"))
    assert house.plays() == []
    await house.compare()
    await house.settle()
    assert len(house.plays()) == 1
    await house.idle()


@BOTH
async def test_the_next_evening_is_another_viewing(house: MediaBrowserHouse) -> None:
    for _ in range(2):
        await watched(house)
        await house.settle()
        house.clock.advance(86_400)
    assert len(house.plays()) == 2
    await house.idle()
    assert len(house.plays()) == 2


@BOTH
async def test_what_was_watched_without_a_webhook_comes_to_trakt_with_its_date(house: MediaBrowserHouse) -> None:
    house.put(house.film(), UserData(played=True, count=2, last=EVENING))
    await house.settle()
    assert house.plays() == [(house.film().title, MINUTE)]
    await house.idle()


@BOTH
async def test_what_was_watched_elsewhere_is_marked_with_its_date_and_told_by_nobody_as_a_play(
    house: MediaBrowserHouse,
) -> None:
    at = house.clock.now() - timedelta(days=400)
    house.film_on_trakt(0, at)
    house.on_trakt(0, 1, 2, at + timedelta(days=3))
    before = house.plays()
    await house.sync()
    assert (house.seen(house.film()).played, house.seen(house.film()).count) == (True, 1)
    assert house.seen(house.film()).last == at.replace(microsecond=0)
    assert await house.sql("SELECT count(*) FROM plays") == [(0,)], "the webhook of our own mark is none"
    await house.idle()
    assert (house.plays(), house.marks()) == (before, 2)


@BOTH
async def test_undo_takes_the_marks_of_a_run_back(house: MediaBrowserHouse) -> None:
    house.film_on_trakt(0, EVENING)
    await house.sync()
    assert house.seen(house.film()).played
    await house.take_back()
    assert not house.seen(house.film()).played
    assert len(house.plays()) == 1
    assert await house.sql("SELECT count(*) FROM plays") == [(0,)]
    await house.idle()
    assert not house.seen(house.film()).played


@BOTH
async def test_ratings_go_both_ways_and_keep_what_else_is_said_of_a_title(house: MediaBrowserHouse) -> None:
    mine, theirs = house.film(0), house.film(1)
    house.put(mine, UserData(rating=8.0))
    house.put(theirs, UserData(played=True, count=3, last=EVENING, favorite=True))
    assert theirs.movie is not None
    house.rate_on_trakt("movie", theirs.movie.trakt, 6, EVENING)
    await house.settle()
    assert sorted(entry.rating for entry in house.sandbox["trakt"].account_of("anna").ratings) == [6, 8]
    assert house.seen(theirs) == UserData(played=True, count=3, last=EVENING, favorite=True, rating=6)
    await house.idle()


@BOTH
async def test_a_server_that_takes_no_ratings_is_told_once_and_all_else_goes_on(house: MediaBrowserHouse) -> None:
    match = "POST /UserItems/*/UserData" if house.name == "jellyfin" else "POST /Users/*/Items/*/UserData"
    house.server.faults.add(Fault(match=match, status=404))
    for n in range(3):
        movie = house.film(n).movie
        assert movie is not None
        house.rate_on_trakt("movie", movie.trakt, 6, EVENING)
    house.film_on_trakt(1, EVENING)
    await house.sync()
    await house.sync()
    tried = [one for one in house.server.log if one.path.endswith("/UserData")]
    assert house.seen(house.film(1)).played
    assert 1 <= len(tried) <= 3
    for _ in range(3):
        house.clock.advance(7 * 3_600)
        await house.sync()
    assert len([one for one in house.server.log if one.path.endswith("/UserData")]) == len(tried)


@BOTH
async def test_what_is_begun_again_takes_nothing_away_and_is_a_viewing_when_it_ends(name: str, tmp_path: Path) -> None:
    async with house_of(name, tmp_path, removals="propagate") as house:
        film = house.film()
        house.put(film, UserData(played=True, count=1, last=EVENING))
        await house.settle()
        house.put(film, house.seen(film).started(house.clock.now()).reached(600_000, complete=False))
        house.server.playing[house.anna.id] = film
        for _ in range(4):
            house.clock.advance(900)
            await house.sync(full=True)
        assert house.plays() == [(film.title, MINUTE)]
        house.server.playing.clear()
        again = house.clock.now()
        house.put(film, replace(house.seen(film), played=True, position=0, last=again))
        await house.settle()
        assert house.plays() == [(film.title, MINUTE), (film.title, again.replace(second=0, microsecond=0))]


@BOTH
async def test_what_is_unmarked_by_hand_is_a_removal_in_the_second_run(name: str, tmp_path: Path) -> None:
    async with house_of(name, tmp_path, removals="propagate") as house:
        for n in range(3):
            house.put(house.film(n), UserData(played=True, count=1, last=EVENING + timedelta(hours=5 * n)))
        await house.settle()
        assert len(house.plays()) == 3
        house.clock.advance(900)
        house.put(house.film(0), UserData())
        for _ in range(3):
            await house.sync()
            house.clock.advance(900)
        assert len(house.plays()) == 2


async def test_files_fill_the_collection(name: str, tmp_path: Path) -> None:
    async with house_of(name, tmp_path, collection="jellyfin-to-trakt") as house:
        await house.settle(12)
        collected = list(house.sandbox["trakt"].account_of("anna").collection)
        films, episodes = house.server.library.items.values(), house.sandbox.world.shows
        assert len(collected) == sum(one.type in ("movie", "episode") for one in films)
        assert episodes
        await house.idle()


async def test_a_library_that_is_emptied_takes_nothing_along(name: str, tmp_path: Path) -> None:
    async with house_of(name, tmp_path, removals="propagate") as house:
        for n in range(3):
            house.put(house.film(n), UserData(played=True, count=1, last=EVENING + timedelta(hours=5 * n)))
        await house.settle()
        library = house.server.library
        kept = list(library.items.values())
        for thing in [one for one in kept if one.type == "movie"]:
            library.remove(thing)
        for _ in range(4):
            house.clock.advance(7 * 3_600)
            await house.sync(full=True)
        assert len(house.plays()) == 3


async def test_beside_serializd_it_is_the_same(name: str, tmp_path: Path) -> None:
    async with house_of(name, tmp_path, between=[name, "serializd"]) as house:
        house.put(house.episode(0), UserData(played=True, count=1, last=EVENING))
        house.on_serializd(0, 1, 2, EVENING + timedelta(days=2))
        await house.settle()
        assert house.serializd().total() == 2
        marked = house.server.library.find(f"{house.sandbox.world.shows[0].title} S1E2")
        assert house.seen(marked).last == EVENING + timedelta(days=2)
        await house.idle()
        assert house.serializd().total() == 2


async def test_two_libraries_are_told_to_be_no_pair_for_plays() -> None:
    text = """
viewers:
  - name: anna
    trackers: {plex: {}, jellyfin: {url: "http://sandbox/jellyfin", token: "0123"}}
    pairs: [{between: [plex, jellyfin], plays: both, ratings: both}]
"""
    (told,) = without_effect(loads(text, {}))
    assert "both are libraries" in told
