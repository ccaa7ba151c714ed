"""What was undone stays undone, also where a person had moved it: Trakt gives a play another id with its other time."""

import asyncio
from pathlib import Path

import pytest

from flows.test_reconciling import silent
from pairing import Pairing, later, pairing
from scrobbled.cli.sync import reset_pair
from scrobbled.desk.undo import UndoRequest, undo
from scrobbled.sandbox.serializd.store import stamp


async def cycles(two: Pairing, times: int = 5) -> None:
    """Two of them read everything."""
    for turn in range(times):
        two.clock.advance(900)
        await two.sync(full=turn % 2 == 1)


async def moved(two: Pairing, hours: float) -> None:
    two.edited(two.rows()[-1].id, backdate=stamp(later(hours)))
    two.clock.advance(900)


async def brought(two: Pairing, to: str) -> tuple[int, int]:
    """One viewing to each side, the older one for company; the play and the run of the newer one, which goes there."""
    old, new = (two.on_serializd, two.on_trakt) if to == "serializd" else (two.on_trakt, two.on_serializd)
    old(2, 1, 1, later(-600))
    await two.settle()
    new(0, 1, 1)
    await two.settle()
    ((play, run),) = await two.sql("SELECT play_id, run FROM outbox WHERE tracker = ?", to)
    return play, run


async def take_back(two: Pairing, asked: UndoRequest) -> None:
    await undo(two.runtime.store, asked, two.clock.now().timestamp())


READ = ["not read", "under way", "written", "settled"]


async def read(two: Pairing, how: str) -> None:
    """How far the pair got with what a person did."""
    if how == "under way":
        await two.compare()
    elif how == "written":
        await two.sync()
    elif how == "settled":
        await cycles(two, 3)


@pytest.mark.parametrize("by_run", [False, True])
@pytest.mark.parametrize("hours", [-50, 1])
@pytest.mark.parametrize("how", READ)
async def test_what_a_person_moved_and_undid_does_not_come_back(
    two: Pairing, how: str, hours: float, *, by_run: bool
) -> None:
    play, run = await brought(two, "serializd")
    await moved(two, hours)
    await read(two, how)
    await take_back(two, UndoRequest(run=run) if by_run else UndoRequest((play,)))
    await two.deliver()
    assert len(two.rows()) == 1
    await cycles(two)
    assert (len(two.rows()), len(two.trakt())) == (1, 2)
    await silent(two)


async def test_nor_does_it_where_a_run_reads_the_new_date_before_the_row_is_taken(two: Pairing) -> None:
    play, _ = await brought(two, "serializd")
    await moved(two, -50)
    await take_back(two, UndoRequest((play,)))
    await cycles(two)
    assert (len(two.rows()), len(two.trakt())) == (1, 2)
    await silent(two)


@pytest.mark.parametrize("how", READ)
async def test_what_we_moved_on_trakt_is_what_undo_takes_from_there(two: Pairing, how: str) -> None:
    play, _ = await brought(two, "trakt")
    await moved(two, 50)
    await read(two, how)
    await take_back(two, UndoRequest((play,)))
    await two.deliver()
    await cycles(two)
    assert (len(two.rows()), len(two.trakt())) == (2, 1)
    await silent(two)


@pytest.mark.parametrize("times", [1, 2])
async def test_nor_does_it_where_the_pair_is_told_to_forget_everything(two: Pairing, times: int) -> None:
    play, _ = await brought(two, "serializd")
    for turn in range(times):
        await moved(two, 20 * turn + 20)
        await cycles(two, 3)
    await take_back(two, UndoRequest((play,)))
    await two.deliver()
    config = str(two.folder / "scrobbled.yaml")
    assert await asyncio.to_thread(reset_pair, config, "anna", "trakt,serializd", sure=True) == 0
    await cycles(two, 2)
    assert (len(two.rows()), len(two.trakt())) == (1, 2)


@pytest.mark.parametrize("to", ["serializd", "trakt"])
async def test_what_is_moved_again_before_the_first_move_was_read_is_followed(two: Pairing, to: str) -> None:
    await brought(two, to)
    await moved(two, 20)
    await two.sync()
    await moved(two, 40)
    await cycles(two)
    assert two.trakt() == two.serializd()
    assert len(two.trakt()) == 2
    await silent(two)


@pytest.mark.parametrize("others", [0, 9])
async def test_a_rating_that_stood_on_what_was_undone_stays_on_trakt(tmp_path: Path, others: int) -> None:
    """A person gave it there, and undo has taken only a copy of it with the row."""
    async with pairing(tmp_path, removals="propagate") as two:
        play, _ = await brought(two, "serializd")
        for number in range(others):
            two.on_trakt(1, 1 + number // 5, 1 + number % 5, later(-50 + number))
            two.rate_episode(1, 1 + number // 5, 1 + number % 5, 6)
        two.rate_episode(0, 1, 1, 8)
        await cycles(two, 3)
        ratings = two.sandbox["trakt"].account_of("anna").ratings
        assert sum(row.rating > 0 for row in two.rows()) == len(list(ratings)) == others + 1
        await take_back(two, UndoRequest((play,)))
        await two.deliver()
        await cycles(two)
        assert sum(row.rating > 0 for row in two.rows()) == others
        assert len(list(ratings)) == others + 1
        ((doubt,),) = await two.sql("SELECT doubt FROM readings WHERE tracker = 'serializd'")
        assert doubt == ""
        await silent(two)
