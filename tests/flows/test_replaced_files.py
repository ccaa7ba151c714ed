"""A file that was replaced by another: the same thing under a new key, which nobody watched, rated or collected yet."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flows.household import Household, household
from scrobbled.sandbox.plex.items import FILMS, Holding, LibraryItem
from scrobbled.sandbox.plex.people import ANNA

pytestmark = pytest.mark.anyio
WAYS = {"plays": "both", "ratings": "both", "collection": "plex-to-trakt", "removals": "propagate"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    """Two films and an episode, watched and rated in the library, are on Trakt."""
    async with household(tmp_path, furnished=False, **WAYS) as made:
        for item in (film(made), episode(made), film(made, 1)):
            made.home.played(item, made.home.ago(40))
            made.home.rated(item, 8.0, made.home.ago(30))
        await made.settle()
        assert on_trakt(made) == (3, [8, 8, 8])
        yield made


def film(house: Household, at: int = 0) -> LibraryItem:
    return _found(house, house.sandbox.world.movies[at].title)


def show(house: Household) -> LibraryItem:
    return _found(house, house.sandbox.world.shows[0].title)


def _found(house: Household, title: str) -> LibraryItem:
    return house.home.plex.library.find(title)


def episode(house: Household) -> LibraryItem:
    return house.home.plex.library.leaves(show(house))[0]


def on_trakt(house: Household) -> tuple[int, list[int]]:
    trakt = house.home.trakt()
    return len(trakt.history), sorted(entry.rating for entry in trakt.ratings)


def collected(house: Household) -> int:
    return len(list(house.home.trakt().collection))


def replace(house: Household, item: LibraryItem) -> None:
    """By a better file, which the server calls by another key."""
    house.clock.advance(3_600)
    house.home.plex.library.add_again(item, house.clock.now())


def unrate(house: Household, item: LibraryItem) -> None:
    views = house.home.plex.views
    views.put(ANNA, item, dataclasses.replace(views.of(ANNA, item), rating=None, rated_at=None))


async def cycles(house: Household, count: int = 4) -> None:
    """So many complete readings; two are enough for what is gone."""
    for _ in range(count):
        house.clock.advance(7 * 3_600)
        await house.sync()


async def test_what_the_new_file_has_not_is_no_rating_and_no_viewing_taken_away(house: Household) -> None:
    before = (on_trakt(house), collected(house))
    replace(house, film(house))
    replace(house, show(house))
    await cycles(house)
    assert (on_trakt(house), collected(house)) == before


async def test_the_new_file_gets_the_rating_that_the_old_one_had(house: Household) -> None:
    replace(house, film(house))
    replace(house, show(house))
    await cycles(house)
    for item in (film(house), episode(house)):
        assert house.home.plex.views.of(ANNA, item).rating == 8.0
    await house.settle()


async def test_what_a_person_takes_away_afterwards_is_taken_away(house: Household) -> None:
    replace(house, film(house))
    await cycles(house)
    assert house.home.plex.views.of(ANNA, film(house)).rating == 8.0
    unrate(house, film(house))
    await cycles(house)
    assert on_trakt(house)[1] == [8, 8], "that of the film is gone"
    assert house.home.plex.views.of(ANNA, film(house)).rating is None


async def test_of_two_copies_the_one_that_is_left_is_still_believed(house: Household) -> None:
    second = house.home.plex.library.put(film(house).movie, Holding(FILMS))
    await cycles(house)
    assert house.home.plex.views.of(ANNA, second).rating == 8.0
    house.home.plex.library.remove(film(house))
    unrate(house, second)
    await cycles(house)
    assert on_trakt(house)[1] == [8, 8]
