"""Kept answers are forgotten at a person's wish: what was agreed on is as before, and nothing is planned by it."""

from pathlib import Path
from typing import Any

from flows.household import Household
from pairing import Pairing, pairing
from scrobbled.desk.clearing import ClearReport, clear
from scrobbled.store.notes.cache import AnswerPart

FORGOTTEN = {"cache", "placements"}


async def _kept(pair: Pairing) -> dict[str, list[Any]]:
    """Every row of every table that nobody may touch."""
    tables = await pair.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {name: await pair.sql(f'SELECT * FROM "{name}"') for (name,) in tables if name not in FORGOTTEN}


async def _cleared(pair: Pairing) -> ClearReport:
    report = await clear(pair.runtime.store, tuple(AnswerPart))
    pair.runtime.look_again(try_now=False)  # as a running service does within a second
    return report


async def test_a_library_and_trakt_agree_as_before(house: Household) -> None:
    await house.sync()
    await house.settle()
    before, writes = await _kept(house), house.writes()
    report = await _cleared(house)
    assert report.media
    assert report.matches
    assert await _kept(house) == before
    for options in ({}, {"full": True}):
        house.clock.advance(7 * 3_600)
        assert (await house.sync(**options)).outcome == "nothing"
    assert (house.writes(), house.wrong()) == (writes, [])


async def test_trakt_and_serializd_agree_as_before(tmp_path: Path) -> None:
    async with pairing(tmp_path) as pair:
        pair.on_trakt(0, 1, 1)
        pair.film_on_trakt()
        pair.on_serializd(1, 1, 2)
        await pair.settle()
        before, writes = await _kept(pair), pair.writes()
        assert (await _cleared(pair)).media
        assert await _kept(pair) == before
        for options in ({}, {"full": True}):
            pair.clock.advance(7 * 3_600)
            assert (await pair.sync(**options)).outcome == "nothing"
        assert pair.writes() == writes


async def test_a_rating_of_ours_that_trakt_does_not_tell_of_is_read_all_the_same(tmp_path: Path) -> None:
    async with pairing(tmp_path) as pair:
        pair.on_trakt(0, 1, 1)
        pair.on_serializd(0, 1, 1, rating=8)
        await pair.sync()
        unread = "SELECT count(*) FROM cache WHERE key = 'trakt:rated:anna' AND value <> 'null'"
        assert await pair.sql(unread) == [(1,)]
        await _cleared(pair)
        assert await pair.sql(unread) == [(1,)]
