"""A run that failed is tried again before long, however seldom its pair is compared."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pairing import pairing
from scrobbled.core.errors import LoginNeeded
from scrobbled.pair_stories import AGAIN_AFTER, pair_stories
from scrobbled.sandbox.faults import Fault

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("every", "waits"), [("12h", AGAIN_AFTER), ("5m", 300.0)])
async def test_it_is_tried_again_before_long(tmp_path: Path, every: str, waits: float) -> None:
    async with pairing(tmp_path, every=every) as two:
        keeper = two.runtime.keeper
        keeper._by_clock = True

        async def by_the_clock() -> list[str]:
            await keeper._begin_what_is_due(0.0)
            await asyncio.gather(*keeper._busy.values())
            return [row[0] for row in await two.sql("SELECT outcome FROM runs ORDER BY id")]

        two.sandbox["serializd"].faults.add(Fault(match="GET *", kind="status", status=500, times=9))
        assert await by_the_clock() == ["failed"]
        (story,) = await two.runtime.store.read(lambda db: pair_stories(db, two.runtime.config))
        assert story.next is not None
        two.sandbox["serializd"].faults.clear()
        two.clock.advance(waits - 1)
        assert await by_the_clock() == ["failed"]
        two.clock.advance(1)
        assert await by_the_clock() == ["failed", "nothing"]
        two.clock.advance(waits)
        assert (await by_the_clock())[2:] == ([] if every == "12h" else ["nothing"])


async def test_an_account_that_rests_lets_its_pair_rest_too(tmp_path: Path) -> None:
    """Nothing may be begun that ends at once: its end is news, upon which what is due is looked for again."""
    async with pairing(tmp_path) as two:
        keeper, courier = two.runtime.keeper, two.runtime.couriers["anna", "trakt"]
        keeper._by_clock = True
        await courier.health.trouble(LoginNeeded("not signed in"), two.clock.monotonic(), lambda: 0.5)
        await keeper._begin_what_is_due(0.0)
        assert keeper._busy == {}
        assert not keeper.news.is_set()
        courier.health.try_now()
        await keeper._begin_what_is_due(0.0)
        assert keeper._busy
        await asyncio.gather(*keeper._busy.values())
