"""Ratings that Trakt alone has come to a Plex library: of films, shows, seasons and episodes nobody rated there."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from flows.household import Household, household
from scrobbled.core.kinds import ITEMS, WATCHED
from scrobbled.desk.undo import UndoRequest, undo
from scrobbled.sandbox.plex.items import FILMS, Holding, LibraryItem
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.store.mirror import values

PLACES = ("plex", "plextv", "trakt")


@pytest.fixture
async def ratings(tmp_path: Path) -> AsyncIterator[Household]:
    """A pair that compares nothing else."""
    async with household(tmp_path, furnished=False, plays="off") as made:
        yield made


def unrated(house: Household) -> list[LibraryItem]:
    """A film, a show, a season and an episode that nobody has rated anywhere."""
    film, show = house.sandbox.world.movies[2], house.sandbox.world.shows[1]
    keys = (film.rating_key, show.rating_key, show.seasons[1].rating_key, show.episode(1, 3).rating_key)
    return [house.home.plex.library.items[key] for key in keys]


def stars(house: Household) -> list[float | None]:
    return [house.home.plex.views.of(ANNA, item).rating for item in unrated(house)]


def rate_on_trakt(house: Household) -> None:
    for number, item in enumerate(unrated(house), start=6):
        title = house.home.title(item)
        house.rate_on_trakt(title.kind, title.trakt, number, house.clock.now())


def sent(house: Household) -> int:
    return sum(house.requests(name) for name in PLACES)


async def test_what_nobody_rated_in_the_library_gets_the_ratings_of_trakt(tmp_path: Path) -> None:
    async with household(tmp_path) as house:
        await house.settle()
        rate_on_trakt(house)
        await house.settle()
        assert stars(house) == [6.0, 7.0, 8.0, 9.0]


async def test_so_it_is_where_ratings_are_all_that_is_compared(ratings: Household) -> None:
    rate_on_trakt(ratings)
    await ratings.settle()
    assert stars(ratings) == [6.0, 7.0, 8.0, 9.0]
    held = await ratings.runtime.store.read(lambda db: values.count(db, ("anna", "plex")))
    assert WATCHED not in held
    assert not any("lastViewedAt" in str(one.query) for one in ratings.sandbox["plex"].log)


async def test_what_was_rated_before_it_was_added_is_rated_when_it_comes(ratings: Household) -> None:
    film = ratings.sandbox.world.movies[2]
    item = ratings.home.plex.library.items[film.rating_key]
    ratings.home.rated_on_trakt(item, 9, ratings.clock.now())
    ratings.home.plex.library.remove(item)
    await ratings.settle()
    added = ratings.home.plex.library.put(film, Holding(FILMS, added=int(ratings.clock.now().timestamp())))
    await ratings.settle()
    assert ratings.home.plex.views.of(ANNA, added).rating == 9.0


async def test_where_nothing_changed_it_costs_few_requests(ratings: Household) -> None:
    rate_on_trakt(ratings)
    await ratings.settle()
    before = sent(ratings)
    ratings.clock.advance(900)
    assert (await ratings.sync()).outcome == "nothing"
    assert sent(ratings) - before <= 10


async def test_a_pair_that_brings_the_library_nothing_does_not_ask_what_is_in_it(tmp_path: Path) -> None:
    async with household(tmp_path, furnished=False, plays="off", ratings="plex-to-trakt") as house:
        house.home.rated(unrated(house)[0], 8.0, house.home.ago(3))
        rate_on_trakt(house)
        await house.settle()
        assert ITEMS not in await house.runtime.store.read(lambda db: values.count(db, ("anna", "plex")))
        assert stars(house)[1:] == [None, None, None]
        asked = [(one.path, dict(one.query)) for one in house.sandbox["plex"].log]
        assert not [one for one in asked if one[1].get("type") == "4" and "sort" not in one[1]]
        house.clock.advance(900)
        assert (await house.sync(library="Films", full=True)).outcome == "nothing"
        assert ITEMS in await house.runtime.store.read(lambda db: values.count(db, ("anna", "plex")))


async def test_what_a_season_is_stays_the_same_when_it_is_rated(tmp_path: Path) -> None:
    """Also with older agents: who has read its episodes knows it as its own row tells of it."""
    async with household(tmp_path) as house:
        await house.settle()
        query = "SELECT key, item, places FROM subjects WHERE tracker = 'plex' AND scope = 'season' ORDER BY key"
        before = await house.sql(query)
        seasons = [one for one in house.home.plex.library.items.values() if one.type == "season"]
        assert sum(len(json.loads(places)) for *_, places in before) == len(seasons)
        for one in seasons:
            house.home.rated(one, 5.0, house.clock.now())
        await house.sync()
        assert await house.sql(query) == before


@pytest.mark.parametrize("plays", ["both", "off"])
async def test_every_copy_gets_the_rating_of_the_one_that_was_rated_last(tmp_path: Path, plays: str) -> None:
    async with household(tmp_path, furnished=False, plays=plays) as house:
        film, library, views = house.sandbox.world.movies[2], house.home.plex.library, house.home.plex.views
        early, late, never = (library.items[film.rating_key], *(library.put(film, Holding(FILMS)) for _ in range(2)))
        house.home.rated(early, 3.0, house.home.ago(30))
        house.home.rated(late, 6.5, house.home.ago(3))
        await house.settle()
        assert [views.of(ANNA, one).rating for one in (early, late, never)] == [7.0, 6.5, 7.0]
        assert [views.of(ANNA, one).rated_at for one in (early, never)] == [views.of(ANNA, late).rated_at] * 2
        assert [one.rating for one in house.home.trakt().ratings] == [7]
        house.clock.advance(7 * 3_600)
        house.home.rated(never, 2.0, house.clock.now())
        await house.settle()
        assert [views.of(ANNA, one).rating for one in (early, late, never)] == [2.0, 2.0, 2.0]
        assert [one.rating for one in house.home.trakt().ratings] == [2]


@pytest.mark.parametrize("where", ["plex", "trakt"])
@pytest.mark.parametrize("removals", ["ignore", "propagate"])
async def test_what_a_person_takes_away_before_it_was_ever_read_does_not_come_back(
    tmp_path: Path, where: str, removals: str
) -> None:
    async with household(tmp_path, furnished=False, removals=removals) as house:
        film, views = unrated(house)[0], house.home.plex.views
        title, at = house.home.title(film), house.home.ago(30)
        if where == "trakt":
            house.home.rated(film, 6.0, at)
        else:
            house.rate_on_trakt("movie", title.trakt, 6, at)
        await house.sync()
        assert (views.of(ANNA, film).rating, [one.rating for one in house.home.trakt().ratings]) == (6.0, [6])
        house.clock.advance(900)
        if where == "trakt":
            house.rate_on_trakt("movie", title.trakt, None)
        else:
            views.put(ANNA, film, replace(views.of(ANNA, film), rating=None, rated_at=None))
        for _ in range(4):
            await house.sync()
            house.clock.advance(7 * 3_600)
        kept = (6.0, []) if where == "trakt" else (None, [6])
        assert (views.of(ANNA, film).rating, [one.rating for one in house.home.trakt().ratings]) == kept
        if where == "trakt":
            house.home.rated(film, 8.0, house.clock.now())
        else:
            house.rate_on_trakt("movie", title.trakt, 8, house.clock.now())
        await house.settle()
        assert (views.of(ANNA, film).rating, [one.rating for one in house.home.trakt().ratings]) == (8.0, [8])


@pytest.mark.parametrize("newer", ["plex", "trakt"])
async def test_a_rating_that_is_taken_back_has_the_time_it_had(tmp_path: Path, newer: str) -> None:
    async with household(tmp_path, furnished=False) as house:
        film, early, late = unrated(house)[0], house.home.ago(30), house.home.ago(3)
        title, views = house.home.title(film), house.home.plex.views
        house.home.rated(film, 3.0, late if newer == "plex" else early)
        house.rate_on_trakt("movie", title.trakt, 9, early if newer == "plex" else late)
        before = views.of(ANNA, film), [(one.rating, one.at) for one in house.home.trakt().ratings]
        await house.settle()
        assert (views.of(ANNA, film), [(one.rating, one.at) for one in house.home.trakt().ratings]) != before
        run = next(iter(await house.sql("SELECT id FROM runs WHERE outcome = 'done'")))[0]
        await undo(house.runtime.store, UndoRequest(run=run), house.clock.now().timestamp())
        await house.settle()
        assert (views.of(ANNA, film), [(one.rating, one.at) for one in house.home.trakt().ratings]) == before


@pytest.mark.parametrize("origin", ["plex", "trakt"])
@pytest.mark.parametrize("removals", ["propagate", "ignore"])
async def test_one_way_and_without_plays_a_rating_goes_changes_and_is_cleared_that_way_alone(
    tmp_path: Path, origin: str, removals: str
) -> None:
    way = f"{origin}-to-{'trakt' if origin == 'plex' else 'plex'}"
    async with household(tmp_path, furnished=False, plays="off", ratings=way, removals=removals) as house:
        film, views = unrated(house)[0], house.home.plex.views
        title, others = house.home.title(film), house.sandbox.world.movies[:2]
        for other in others:  # as a list that is empty all at once is not believed
            house.home.rated(house.home.plex.library.items[other.rating_key], 5.0, house.clock.now())
            house.rate_on_trakt("movie", other.trakt, 5, house.clock.now())

        def rate(where: str, stars: int | None) -> None:
            if where == "trakt":
                house.rate_on_trakt("movie", title.trakt, stars, house.clock.now())
            elif stars is None:
                views.put(ANNA, film, replace(views.of(ANNA, film), rating=None, rated_at=None))
            else:
                house.home.rated(film, float(stars), house.clock.now())

        def standing() -> tuple[float | None, list[int]]:
            return views.of(ANNA, film).rating, [one.rating for one in house.home.trakt().ratings if one.title == title]

        async def cycles() -> None:
            for _ in range(3):
                house.clock.advance(7 * 3_600)
                await house.settle()

        rate(origin, 6)
        await cycles()
        assert standing() == (6.0, [6])
        rate(origin, 9)
        await cycles()
        assert standing() == (9.0, [9])
        rate(origin, None)
        await cycles()
        left = (None, [9]) if origin == "plex" else (9.0, [])
        assert standing() == ((None, []) if removals == "propagate" else left)
        assert house.writes() == 0 or origin == "plex", "nothing goes the other way"


async def test_one_way_what_is_cleared_where_it_was_brought_to_is_not_cleared_where_it_came_from(
    tmp_path: Path,
) -> None:
    async with household(
        tmp_path, furnished=False, plays="off", ratings="plex-to-trakt", removals="propagate"
    ) as house:
        film, views = unrated(house)[0], house.home.plex.views
        house.home.rated(film, 6.0, house.clock.now())
        await house.settle()
        house.rate_on_trakt("movie", house.home.title(film).trakt, None)
        for _ in range(4):
            house.clock.advance(7 * 3_600)
            await house.settle()
        assert views.of(ANNA, film).rating == 6.0
