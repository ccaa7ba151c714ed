"""A household's Plex library and Trakt in step: every case of a real library, by the stand-ins of both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flows.household import Household, household
from scrobbled.reconcile import Options
from scrobbled.sandbox.plex.people import ANNA

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    async with household(tmp_path) as made:
        yield made


async def test_every_case_of_a_real_library_stands_as_it_must_and_stays_so(house: Household) -> None:
    assert (await house.sync()).outcome == "done"
    await house.settle()
    assert house.wrong() == []
    writes = house.writes()
    for _ in range(3):
        house.clock.advance(7 * 3_600)
        assert (await house.sync()).outcome == "nothing"
    assert (house.wrong(), house.writes()) == ([], writes)


async def test_a_dry_run_tells_all_and_writes_nothing(house: Household) -> None:
    one = house.wired
    ended = await house.runtime.keeper.reconciler(one).plan(Options())
    assert ended.plan is not None
    text = ended.plan.text()
    assert "4 titles to tick off as watched" in text
    assert "more viewings that plex counts are dated nowhere" in text
    assert house.writes() == 0


async def test_a_show_that_is_rated_on_trakt_alone_gets_its_rating_in_the_library(house: Household) -> None:
    await house.sync()
    await house.settle()
    rated = {entry.title.trakt for entry in house.home.trakt().ratings if entry.title.kind == "show"}
    chosen = next(one for one in house.sandbox.world.shows if one.trakt not in rated and _holds(house, one.tmdb))
    house.rate_on_trakt("show", chosen.trakt, 9, house.clock.now())
    await house.settle()
    (copy,) = [one for one in house.home.plex.library.items.values() if one.type == "show" and one.show == chosen]
    assert house.home.plex.views.of(ANNA, copy).rating == 9.0


def _holds(house: Household, tmdb: int) -> bool:
    shows = (one.show for one in house.home.plex.library.items.values() if one.type == "show")
    return any(show is not None and show.tmdb == tmdb for show in shows)
