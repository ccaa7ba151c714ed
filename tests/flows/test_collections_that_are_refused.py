"""A collection that takes nothing more, or nothing of this account: nothing is run into twice, all else goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flows.household import Household, household
from flows.test_plex_collection_to_trakt import collected, films
from scrobbled.desk.needs import floods

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    async with household(tmp_path, furnished=False, collection="plex-to-trakt") as made:
        item = films(made)[0]
        made.home.played(item, made.home.ago(40))
        made.home.rated(item, 8.0, made.home.ago(30))
        yield made


def refused(house: Household) -> int:
    log = house.sandbox["trakt"].log
    return sum(one.path == "/sync/collection" and one.method == "POST" and one.status in (420, 426) for one in log)


def others(house: Household) -> tuple[int, int]:
    trakt = house.home.trakt()
    return len(trakt.history), len(list(trakt.ratings))


async def cycles(house: Household, count: int = 5) -> None:
    for _ in range(count):
        house.clock.advance(900)
        await house.sync()


async def held(house: Household) -> int:
    rows = await house.sql("SELECT count(*) FROM amendments WHERE kind = 'collection' AND state = 'held'")
    return int(rows[0][0])


@pytest.mark.parametrize("how", ["told", "bare", "part"])
async def test_a_list_that_is_full_holds_the_rest_and_plays_go_on(house: Household, how: str) -> None:
    house.sandbox["trakt"].full_lists = how
    house.home.trakt().limits["collection"] = 7
    await cycles(house)
    assert others(house) == (1, 1)
    assert refused(house) <= 3
    assert len(collected(house)) == 7 or how == "bare"
    assert await held(house)
    before = refused(house)
    await cycles(house)
    assert refused(house) == before, "what is full is left alone"


async def test_what_waits_goes_when_the_account_becomes_a_paid_one(house: Household) -> None:
    trakt = house.home.trakt()
    trakt.limits["collection"] = 7
    await cycles(house)
    trakt.vip, trakt.limits["collection"] = True, 100_000
    await cycles(house)
    assert (await held(house), len(collected(house)) > 7) == (0, True)


async def test_a_list_for_others_alone_is_off_for_the_account_and_told_once(house: Household) -> None:
    house.sandbox["trakt"].vip_lists = {"collection"}
    await cycles(house)
    assert (others(house), len(collected(house)), refused(house)) == ((1, 1), 0, 1)
    assert await held(house)
    await cycles(house)
    assert refused(house) == 1
    house.home.trakt().vip = True
    await cycles(house)
    assert collected(house)
    assert await held(house) == 0


async def test_a_person_can_have_it_tried_again(house: Household) -> None:
    trakt = house.sandbox["trakt"]
    trakt.vip_lists = {"collection"}
    await cycles(house)
    trakt.vip_lists = set()
    await floods.carried_out(house.runtime.store, "retry", None, house.clock.now().timestamp())
    await cycles(house)
    assert collected(house)
