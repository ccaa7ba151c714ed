"""A show that is named by title and year alone, held against the stand-ins of all catalogues."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from scrobbled.core.errors import TryLater, Uncertain
from scrobbled.core.naming.items import Episode
from scrobbled.sandbox.base import Fault
from scrobbled.trackers.base import Tracker
from web.house import House, house


def named(home: House, **told: object) -> Episode:
    show = home.sandbox.world.shows[0]
    return replace(Episode(show.title, 1, 2, show_year=show.year), **told)


def tracker(home: House) -> Tracker:
    return home.runtime.couriers["anna", "serializd"].tracker


async def test_it_is_found_where_all_know_just_that_one(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        address = await tracker(home).adds.locate(named(home))
        assert address.data["show_id"] == home.sandbox.world.shows[0].tmdb
        assert address.how == "show by title and year, episode by number"
        assert address.confidence == "likely"
        asked = len(home.sandbox["tmdb"].calls())
        await tracker(home).adds.locate(named(home, number=3))
        assert len(home.sandbox["tmdb"].calls()) == asked


@pytest.mark.parametrize(
    "told",
    [{"show_year": None}, {"show_year": 1987}, {"number": 99}, {"season": 0, "number": 1}, {"title": "Quite another"}],
)
async def test_it_is_left_open_where_anything_is_missing_or_differs(tmp_path: Path, told: dict[str, object]) -> None:
    async with house(tmp_path) as home:
        with pytest.raises(Uncertain):
            await tracker(home).adds.locate(named(home, **told))


async def test_a_catalogue_that_is_down_is_waited_for(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.sandbox["tmdb"].faults.add(Fault(match="GET /3/search/*", status=503, times=1))
        with pytest.raises(TryLater):
            await tracker(home).adds.locate(named(home))
        assert (await tracker(home).adds.locate(named(home))).how.startswith("show by title and year")
