"""A run that failed is tried again before long, however seldom its pair is compared."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from pairing import pairing
from scrobbled.core.errors import LoginNeeded
from scrobbled.desk.facts import standings
from scrobbled.desk.facts.pairs import pair_stories
from scrobbled.reconcile.accounts import AGAIN_AFTER
from scrobbled.sandbox.faults import Fault


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
        now = two.clock.now().timestamp()
        (story,) = await two.runtime.store.read(
            lambda db: pair_stories(db, two.runtime.config, standings.facts(db, two.runtime.config, now))
        )
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


async def test_a_clock_that_was_put_back_after_the_start_begins_no_run_after_the_other(tmp_path: Path) -> None:
    async with pairing(tmp_path) as two:
        keeper, stopping, rounds = two.runtime.keeper, asyncio.Event(), 0
        keeper._by_clock = True
        began = keeper._begin_what_is_due

        async def counted(earliest: float) -> None:
            nonlocal rounds
            if rounds == 0:
                two.clock._start -= timedelta(days=365)
            rounds += 1
            await began(earliest)
            await asyncio.gather(*keeper._busy.values())
            if rounds > 20:
                stopping.set()

        keeper._begin_what_is_due = counted  # type: ignore[method-assign]
        await keeper.run(stopping)
        assert [tuple(row) for row in await two.sql("SELECT count(*) FROM runs")] == [(1,)]
