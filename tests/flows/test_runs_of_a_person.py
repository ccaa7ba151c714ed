"""Runs of one person come one after the other, whichever pairs they are of; nobody else waits for them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flows.household import HOME, Household, household, settings
from pairing import built
from pairing import settings as of_trackers
from scrobbled.reconcile import Options
from scrobbled.store.accounts.sign_ins import StoredTokens

PAIRS = ("plex,trakt", "trakt,serializd")


def _two_pairs(folder: Path) -> dict[str, Any]:
    values = settings(folder, HOME)
    (viewer,), (other,) = values["viewers"], of_trackers(folder)["viewers"]
    viewer["trackers"]["serializd"] = other["trackers"]["serializd"]
    viewer["pairs"] += other["pairs"]
    return values


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Household]:
    """anna with two pairs; ben has one of his own."""
    async with household(tmp_path, furnished=False) as house:
        values = _two_pairs(tmp_path)
        ben = of_trackers(tmp_path)["viewers"][0]
        ben["trackers"]["serializd"] |= {"email": "ben@example.org", "password": "ben-secret"}
        values["viewers"].append({**ben, "name": "ben"})
        await house.runtime.aclose()
        house.settings, house.runtime = values, built(tmp_path, house.sandbox, house.clock, values)
        grant = house.sandbox["trakt"].sign_in("ben")
        tokens = StoredTokens(house.runtime.store, "ben", "trakt", lambda values: None, house.clock.now)
        await tokens.save({**grant.answer(), "client_id": "sandbox-client", "redirect_uri": grant.redirect_uri})
        yield house


async def _asked(home: Household, viewer: str, pair: str) -> int:
    return await home.runtime.keeper.ask(viewer, pair, "sync", Options())


async def _begun(home: Household) -> None:
    await home.runtime.keeper._begin_what_is_due(0.0)
    await asyncio.sleep(0.0)


async def _under_way(home: Household) -> dict[str, list[str]]:
    """By viewer, the pairs that are being compared."""
    rows = await home.sql("SELECT viewer, pair FROM runs WHERE started_at IS NOT NULL AND ended_at IS NULL ORDER BY id")
    return {viewer: [pair for who, pair in rows if who == viewer] for viewer, _ in rows}


async def _ended(home: Household) -> list[tuple[str, str, str]]:
    return await home.sql("SELECT viewer, pair, outcome FROM runs WHERE ended_at IS NOT NULL ORDER BY ended_at, id")


async def test_two_pairs_of_one_person_are_compared_one_after_the_other(home: Household) -> None:
    keeper, most = home.runtime.keeper, 0
    for _ in range(2):
        for pair in PAIRS:
            await _asked(home, "anna", pair)
    for _ in range(200):
        await _begun(home)
        under_way = await _under_way(home)
        most = max(most, len(under_way.get("anna", ())))
        if not under_way and len(await _ended(home)) == 4:
            break
    await asyncio.gather(*keeper._busy.values())
    assert [pair for _, pair, _ in await _ended(home)] == [*PAIRS, *PAIRS]
    assert most == 1


async def test_what_comes_by_the_clock_waits_for_what_was_asked_for(home: Household) -> None:
    keeper = home.runtime.keeper
    keeper._by_clock = True
    await _asked(home, "anna", PAIRS[0])
    await _begun(home)
    before = dict(keeper._busy)
    await _begun(home)
    assert keeper._busy["anna"] is before["anna"], "anna's other pair is due, and waits"
    assert (await home.sql("SELECT count(*) FROM runs WHERE viewer = 'anna'"))[0][0] == 1
    await asyncio.gather(*keeper._busy.values())
    await _begun(home)
    await asyncio.gather(*keeper._busy.values())
    assert {pair for who, pair, _ in await _ended(home) if who == "anna"} == set(PAIRS)


async def test_nobody_waits_for_the_run_of_somebody_else(home: Household) -> None:
    keeper = home.runtime.keeper
    await _asked(home, "anna", PAIRS[0])
    await _asked(home, "ben", PAIRS[1])
    await _begun(home)
    assert set(keeper._busy) == {"anna", "ben"}
    await asyncio.gather(*keeper._busy.values())
    assert {(who, pair) for who, pair, _ in await _ended(home)} == {("anna", PAIRS[0]), ("ben", PAIRS[1])}
