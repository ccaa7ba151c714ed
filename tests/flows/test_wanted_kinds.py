"""Only the kinds that some pair compares are read; one that is compared from now on has no other read anew."""

import copy
from collections import Counter
from pathlib import Path

from pairing import Pairing, later, pairing

HISTORY, TRAKT_RATINGS = "GET /sync/history", "GET /sync/ratings/{group}"
DIARY, REVIEWS = "GET /api/user/{username}/diary", "GET /api/user/{username}/reviewspage_v3/"
PROFILE = "GET /mobile/page/profile_v2_part_1/{username}"


async def asked(home: Pairing, **options: object) -> Counter[str]:
    """What one run asks for."""
    before = Counter(home.sandbox["trakt"].counts) + Counter(home.sandbox["serializd"].counts)
    home.clock.advance(900)
    await home.sync(**options)
    return Counter(home.sandbox["trakt"].counts) + Counter(home.sandbox["serializd"].counts) - before


async def now_with(home: Pairing, **pair: str) -> None:
    """The service starts anew with other settings."""
    settings = copy.deepcopy(dict(home.settings))
    settings["viewers"][0]["pairs"][0] |= pair
    home.settings = settings
    await home.restart()


def held(home: Pairing) -> None:
    for number in (1, 2, 3):
        home.on_trakt(0, 1, number, later(number))
        home.on_serializd(0, 1, number, later(number))
    home.rate_episode(0, 1, 1, 8)


async def test_ratings_are_not_asked_for_where_no_pair_compares_them(tmp_path: Path) -> None:
    async with pairing(tmp_path, ratings="off") as home:
        held(home)
        found = await asked(home) + await asked(home, full=True)
        home.on_trakt(1, 1, 1, later(9))
        found += await asked(home)
        assert found[HISTORY] > 0
        assert found[DIARY] > 0
        assert not {route for route in found if "ratings" in route or ("reviews" in route and "add" not in route)}


async def test_plays_are_not_asked_for_where_no_pair_compares_them(tmp_path: Path) -> None:
    async with pairing(tmp_path, plays="off") as home:
        held(home)
        found = await asked(home) + await asked(home, full=True)
        assert found[HISTORY] == 0
        assert home.serializd() == home.trakt()
        assert await home.sql("SELECT count(*) FROM records") == [(0,)]
        assert await home.sql("SELECT count(*) FROM valued WHERE tracker = 'trakt'") == [(1,)]


async def test_a_kind_that_is_new_has_no_other_read_anew(tmp_path: Path) -> None:
    async with pairing(tmp_path, ratings="off", ticks="as-plays") as home:
        held(home)
        await home.settle()
        await now_with(home, ratings="both")
        found = await asked(home)
        assert found[HISTORY] == 0
        assert found[PROFILE] == 1
        assert not {route for route in found if route.startswith("GET /mobile/page/show")}, "nobody asks for marks"
        await home.settle()
        assert await home.sql("SELECT count(*) FROM valued WHERE missed = 0") == [(2,)]
        assert sum((await asked(home)).values()) == 3, "nothing moved"


async def test_a_run_for_another_kind_reads_that_as_well(tmp_path: Path) -> None:
    async with pairing(tmp_path, ratings="off") as home:
        held(home)
        await home.settle()
        found = await asked(home, kinds=("ratings",))
        assert found[HISTORY] == 0
        assert found[TRAKT_RATINGS] == 1
        assert [row.rating for row in home.rows()].count(8) == 1
        assert sum((await asked(home)).values()) > 0
        assert sum((await asked(home)).values()) == 3


async def test_what_is_not_read_any_more_is_not_looked_for_again_and_again(tmp_path: Path) -> None:
    async with pairing(tmp_path) as home:
        held(home)
        await home.settle()
        home.rate_episode(0, 1, 1, None)
        await home.compare()
        await home.sql("UPDATE valued SET missed = 1")
        await now_with(home, ratings="off")
        await asked(home)
        assert sum((await asked(home)).values()) == 3
