"""A removal that a run carried out is taken back: the play is there again, once, and nothing else happens."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flows.test_reconciling import silent
from pairing import Pairing, later, pairing
from scrobbled.desk.undo import UndoReport, UndoRequest, undo
from scrobbled.store.queue import outbox


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Pairing]:
    async with pairing(tmp_path, removals="propagate") as home:
        yield home


async def take_back(two: Pairing, *, dry_run: bool = False) -> UndoReport:
    ((run,),) = await two.sql("SELECT DISTINCT run FROM amendments WHERE action = 'remove'")
    return await undo(two.runtime.store, UndoRequest(run=run), two.clock.now().timestamp(), dry_run=dry_run)


async def removed_from_serializd(two: Pairing, *, read: bool) -> str:
    """Of sixteen viewings that we brought to Serializd one is deleted on Trakt, and so by us; its time."""
    plays = [two.on_trakt(n % 4, 1, 1 + n // 4, later(n)) for n in range(16)]
    await two.settle()
    row = two.rows()[5]
    two.off_trakt(plays[5])
    for _ in range(4):
        two.clock.advance(900)
        await two.sync(full=True)
        if len(two.rows()) == 15 and not read:
            break
    assert len(two.rows()) == 15
    return str(row.backdate)


@pytest.mark.parametrize("read", [True, False], ids=["read since", "not read since"])
async def test_what_a_run_removed_from_serializd_is_there_again_with_its_time(two: Pairing, read: bool) -> None:
    at = await removed_from_serializd(two, read=read)
    assert [step.action for step in (await take_back(two, dry_run=True)).steps] == ["restore"]
    assert [step.action for step in (await take_back(two)).steps] == ["restore"]
    await two.deliver()
    assert len(two.rows()) == 16
    assert two.rows()[5].backdate == at
    assert [step.action for step in (await take_back(two)).steps] == ["leave"], "it is undone already"
    await two.settle()
    assert (len(two.rows()), len(two.trakt())) == (16, 15), "where a person removed it, it stays removed"
    await two.sync(full=True)
    await silent(two)


async def test_what_a_run_removed_from_trakt_is_there_again(two: Pairing) -> None:
    for n in range(16):
        two.on_serializd(n % 4, 1, 1 + n // 4, later(n))
    await two.settle()
    before = two.trakt()
    two.off_serializd(two.rows()[5].id)
    for _ in range(4):
        two.clock.advance(900)
        await two.sync()
    assert len(two.trakt()) == 15
    await take_back(two)
    await two.deliver()
    assert two.trakt() == before
    await two.settle()
    await two.sync(full=True)
    assert (two.trakt(), len(two.rows())) == (before, 15)
    await silent(two)


@pytest.mark.parametrize("took_effect", [True, False])
async def test_a_removal_that_may_have_been_carried_out_is_looked_up_first(two: Pairing, took_effect: bool) -> None:
    plays = [two.on_trakt(n % 4, 1, 1 + n // 4, later(n)) for n in range(16)]
    await two.settle()
    row = two.rows()[5]
    two.off_trakt(plays[5])
    while not await two.sql("SELECT 1 FROM amendments WHERE action = 'remove'"):
        two.clock.advance(900)
        await two.compare(full=True)
    await two.sql("UPDATE amendments SET attempts = 1 WHERE action = 'remove'")
    if took_effect:
        two.off_serializd(row.id)
    assert [step.action for step in (await take_back(two)).steps] == ["restore"]
    await two.deliver()
    await two.settle()
    assert [r.backdate for r in two.rows()].count(row.backdate) == 1
    assert len(two.rows()) == 16
    await silent(two)


async def test_a_failure_between_the_two_halves_changes_neither(two: Pairing, monkeypatch: pytest.MonkeyPatch) -> None:
    await removed_from_serializd(two, read=True)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(outbox, "send_again", fail)
        with pytest.raises(RuntimeError):
            await take_back(two)
    assert [step.action for step in (await take_back(two)).steps] == ["restore"]
    await two.deliver()
    assert len(two.rows()) == 16


async def test_what_came_there_in_an_unknown_way_is_left_with_the_reason(two: Pairing) -> None:
    await removed_from_serializd(two, read=True)
    await two.sql("UPDATE outbox SET remote_id = NULL, state = 'already-there'")
    (step,) = (await take_back(two)).steps
    assert (step.action, "enter it there yourself" in step.text) == ("leave", True)
