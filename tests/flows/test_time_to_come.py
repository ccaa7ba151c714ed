"""What one side holds with a date in the future: no viewing yet, or a date that somebody mistyped."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from pairing import Pairing, pairing

EARLY = "1 play on serializd is dated in the future; trakt gets it when that time has come"


@pytest.fixture(params=["few", "many"])
async def two(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pairing]:
    """Of ``many`` plays only those that moved are looked at."""
    if request.param == "many":
        monkeypatch.setattr("scrobbled.reconcile.loading.FEW", 0)
    async with pairing(tmp_path) as home:
        await home.settle()
        yield home


async def test_it_is_told_the_other_side_once_its_time_has_come(two: Pairing) -> None:
    tomorrow = two.clock.now() + timedelta(days=1)
    two.on_serializd(0, 1, 1, tomorrow)
    (first, *_) = [await two.sync() for _ in range(3)]
    assert first.plan is not None
    assert first.plan.warnings == (EARLY,)
    assert not two.trakt()
    two.clock.advance(86_400)
    await two.settle()
    assert two.trakt() == two.serializd()
    writes = two.writes()
    for _ in range(3):
        two.clock.advance(3_600)
        await two.sync()
    assert two.writes() == writes


async def test_a_mistyped_year_goes_nowhere_and_once_mended_its_play_does(two: Pairing) -> None:
    row = two.on_serializd(0, 1, 1, two.clock.now() + timedelta(days=365))
    await two.settle()
    assert not two.trakt()
    two.edited(row, backdate=f"{two.clock.now() - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}")
    await two.sync(full=True)
    await two.settle()
    assert two.trakt() == two.serializd()
    assert sum(two.trakt().values()) == 1


async def test_a_play_that_was_moved_to_the_future_by_mistake_keeps_its_time_on_the_other_side(two: Pairing) -> None:
    at = two.clock.now() - timedelta(days=1)
    row = two.on_serializd(0, 1, 1, at)
    await two.settle()
    before = two.trakt()
    two.edited(row, backdate=f"{at + timedelta(days=365):%Y-%m-%dT%H:%M:%SZ}")
    await two.sync(full=True)
    await two.settle()
    assert two.trakt() == before
    two.edited(row, backdate=f"{at:%Y-%m-%dT%H:%M:%SZ}")
    await two.sync(full=True)
    await two.settle()
    assert two.trakt() == before == two.serializd()
