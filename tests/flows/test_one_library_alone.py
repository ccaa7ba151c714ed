"""One library of a Plex alone: what is in others is neither watched nor unwatched, here or there, in such a run."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from flows.household import Household, household
from scrobbled.core.errors import ConfigError
from scrobbled.reconcile import Options
from scrobbled.sandbox.plex.items import FILMS
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.store.mirror import ledger


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[Household]:
    """With a film and an episode watched in the library alone, and others of both on Trakt alone."""
    async with household(tmp_path, furnished=False, removals="propagate") as made:
        film, episode = made.sandbox.world.movies[0], made.sandbox.world.shows[0].episode(1, 1)
        for number, one in enumerate((film, episode), start=1):
            made.home.played(made.home.item(one), made.home.ago(number))
        made.film_on_trakt(1)
        made.on_trakt(0, 1, 2)
        yield made


def is_watched(house: Household, number: int) -> tuple[bool, bool]:
    """The film of this number, and the episode of the first season."""
    things = house.sandbox.world.movies[number], house.sandbox.world.shows[0].episode(1, number + 1)
    film, episode = (house.home.plex.views.of(ANNA, house.home.item(one)) for one in things)
    return bool(film.count), bool(episode.count)


def on_trakt(house: Household) -> list[str]:
    return sorted(play.title.kind for play in house.home.trakt().history)


async def test_a_run_for_one_library_does_what_is_in_it_and_nothing_else(bare: Household) -> None:
    assert (await bare.sync(library=" films ")).outcome == "done"
    assert (on_trakt(bare), is_watched(bare, 1)) == (["episode", "movie", "movie"], (True, False))
    bare.clock.advance(900)
    assert (await bare.sync(library="Films")).outcome == "nothing"
    assert (await bare.sync()).outcome == "done", "the others are done by a run for all"
    assert (on_trakt(bare), is_watched(bare, 1)) == (["episode", "episode", "movie", "movie"], (True, True))
    await bare.settle()
    assert is_watched(bare, 0) == (True, True)


async def test_what_is_left_out_is_no_removal_and_no_first_contact(bare: Household) -> None:
    await bare.settle()
    plays = len(bare.home.trakt().history)
    for _ in range(4):
        bare.clock.advance(7 * 3_600)
        assert (await bare.sync(library="TV", full=True)).outcome == "nothing"
    assert (len(bare.home.trakt().history), is_watched(bare, 1)) == (plays, (True, True))


async def test_what_was_unwatched_elsewhere_is_left_to_a_run_for_all(bare: Household) -> None:
    await bare.settle()
    film = bare.home.item(bare.sandbox.world.movies[0])
    bare.home.says(film)
    for _ in range(4):
        bare.clock.advance(7 * 3_600)
        await bare.sync(library="TV", full=True)
    assert on_trakt(bare).count("movie") == 2
    await bare.settle()
    assert on_trakt(bare).count("movie") == 1


async def test_the_pair_stands_where_it_stood_after_a_run_for_one_library(bare: Household) -> None:
    async def reached() -> ledger.PairState:
        return await bare.runtime.store.read(lambda db: ledger.state(db, "anna", bare.wired.sides.pair))

    before = await reached()
    await bare.sync(library="Films")
    assert await reached() == before
    await bare.settle()
    assert (await reached()).based_at is not None


async def test_a_film_in_two_libraries_is_in_either(house: Household) -> None:
    thing = house.home.of("copies to mark")[0]
    assert thing.title is not None
    sections = {house.home.plex.library.items[key].section.title for server, key in thing.copies if server == "plex"}
    assert len(sections) > 1
    for title in sections:
        plan = (await house.runtime.keeper.reconciler(house.wired).plan(Options(library=title))).plan
        assert plan is not None
        assert f"{thing.title.title} ({thing.title.year}): watched, without its date" in plan.text()
        assert not [change for change in plan.changes if change.key.startswith("episode")]


async def test_a_library_that_is_not_there_is_refused_with_what_was_meant(bare: Household) -> None:
    await bare.settle()
    for full in (False, True):
        with pytest.raises(ConfigError) as refused:
            await bare.compare(library="Filmes", full=full)
        assert 'plex has no library Filmes that is read, did you mean "Films"?' in refused.value.problems[0]
    with pytest.raises(ConfigError, match="known here: Films, TV"):
        await bare.compare(library="Cinema")


async def test_a_library_with_another_title_is_known_by_that_one(bare: Household) -> None:
    await bare.settle()
    library = bare.home.plex.library
    library.sections[FILMS.key] = replace(library.sections[FILMS.key], title="Cinema")
    assert (await bare.sync(library="Cinema", full=True)).outcome == "nothing"
    with pytest.raises(ConfigError, match="known here: Cinema, TV"):
        await bare.compare(library="Films")
