"""A run that somebody cancels, at any moment: what was written stays booked, and nothing more of it is sent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pairing import Pairing, later, pairing
from scrobbled.desk.undo import UndoRequest, undo
from scrobbled.reconcile import Options, carrying, reading
from scrobbled.reconcile.deciding import Compared
from scrobbled.sandbox.faults import Fault
from scrobbled.store.mirror import runs
from scrobbled.store.mirror.runs import Run


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Pairing]:
    async with pairing(tmp_path) as home:
        for n in range(1, 7):
            home.on_trakt(0, 1, n, later(n))
        yield home


async def delivered(two: Pairing, most: int) -> None:
    """So many changes reach Serializd."""
    courier = two.runtime.couriers["anna", "serializd"]
    while len(two.rows()) < most:
        wait = await courier.step()
        two.clock.advance(wait or 0.0)


async def states(two: Pairing) -> dict[str, int]:
    return dict(await two.sql("SELECT state, count(*) FROM outbox GROUP BY state"))


async def told(two: Pairing, number: int = 1) -> Run:
    found = await two.runtime.store.read(lambda db: runs.get(db, number))
    assert found is not None
    return found


async def by_the_clock(two: Pairing) -> Run:
    """A run that nobody asked for."""
    one, now = two.wired, two.clock.now().timestamp()
    run = await two.runtime.store.write(lambda db: runs.ask(db, one.sides.viewer, one.sides.pair, "schedule", {}, now))
    await two.runtime.keeper.reconciler(one).run(run, Options())
    await two.deliver()
    return await told(two, run)


async def test_what_was_written_stays_and_the_rest_leaves_the_queue(two: Pairing) -> None:
    await two.compare()
    await delivered(two, 2)
    assert await two.runtime.keeper.cancel(1)
    await two.deliver()
    assert len(two.rows()) == 2
    assert await states(two) == {"delivered": 2, "undone": 4}
    run = await told(two)
    assert (run.phase, run.outcome) == ("ended", "cancelled")
    assert not await two.runtime.keeper.cancel(1), "nothing of it is left"


async def test_each_cancelled_run_is_counted_once_whether_it_had_begun_or_not(two: Pairing) -> None:
    def counted(outcome: str) -> float | None:
        labels = {"viewer": "anna", "pair": "trakt,serializd", "outcome": outcome}
        return two.runtime.metrics.registry.get_sample_value("scrobbled_reconcile_runs_total", labels)

    await two.compare()
    for _ in range(2):
        await two.runtime.keeper.cancel(1)
    assert (counted("done"), counted("cancelled")) == (1.0, 1.0)
    one = two.wired
    number = await two.runtime.keeper.ask(one.sides.viewer, one.sides.pair, "sync", Options())
    await two.runtime.keeper.cancel(number)
    await two.runtime.keeper.reconciler(one).run(number, Options())
    assert (counted("done"), counted("cancelled")) == (1.0, 2.0)


async def test_from_the_commit_on_nothing_more_is_sent(two: Pairing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies right after it; another takes the rest out of the queue."""
    await two.compare()
    with monkeypatch.context() as patch:
        patch.setattr("scrobbled.store.queue.cancelling.take_out", lambda *_: 0)
        assert await two.runtime.keeper.cancel(1)
    await two.deliver()
    assert not two.rows()
    await two.restart()
    await two.deliver()
    assert not two.rows()
    await two.runtime.keeper._begin_what_is_due(two.clock.now().timestamp() + 60)
    assert await states(two) == {"undone": 6}
    assert (await told(two)).phase == "ended"


async def test_a_run_that_did_not_begin_never_does(two: Pairing) -> None:
    one = two.wired
    number = await two.runtime.keeper.ask(one.sides.viewer, one.sides.pair, "sync", Options())
    assert await two.runtime.keeper.cancel(number)
    ended = await two.runtime.keeper.reconciler(one).run(number, Options())
    assert ended.outcome == "cancelled"
    assert await states(two) == {}
    assert (await told(two, number)).started_at is None


async def test_a_run_that_is_just_filling_the_queue_stops_there(two: Pairing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "CHANGES", 2)
    put, seen = carrying.Carrier._put, list[int]()

    def cancelling(self: carrying.Carrier, db, run, change, lined) -> bool:  # type: ignore[no-untyped-def]
        seen.append(run)
        if len(seen) == 4:
            db.execute("UPDATE runs SET phase = 'cancelling', ended_at = 1, outcome = 'cancelled' WHERE id = 1")
        return put(self, db, run, change, lined)

    monkeypatch.setattr(carrying.Carrier, "_put", cancelling)
    assert (await two.compare()).outcome == "cancelled"
    assert len(seen) == 4
    await two.deliver()
    assert not two.rows()
    assert await two.sql("SELECT count(*) FROM pairs WHERE compared_at > 0") == [(0,)], "it is compared anew"


async def test_a_run_that_is_reading_ends_there_and_makes_room_for_the_next(
    two: Pairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, one, reads = two.runtime.keeper, two.wired, asyncio.Event()

    async def read(*asked: Any, **more: Any) -> None:
        reads.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(reading, "read", read)
        number = await keeper.ask(one.sides.viewer, one.sides.pair, "sync", Options())
        waits = await keeper.ask(one.sides.viewer, one.sides.pair, "sync", Options())
        await keeper._begin_what_is_due(0.0)
        await reads.wait()
        assert await keeper.cancel(number)
    await asyncio.gather(*keeper._busy.values(), return_exceptions=True)
    assert (await told(two, number)).outcome == "cancelled"
    await keeper._begin_what_is_due(0.0)
    await asyncio.gather(*keeper._busy.values(), return_exceptions=True)
    assert (await told(two, waits)).outcome == "done"


async def test_the_next_run_finds_it_again_and_by_the_clock_it_asks_first(two: Pairing) -> None:
    await two.compare()
    await delivered(two, 2)
    await two.runtime.keeper.cancel(1)
    await two.deliver()
    for _ in range(2):
        two.clock.advance(900)
        run = await by_the_clock(two)
        assert (run.outcome, run.reason) == ("approval", "the run before, r1, was cancelled")
        assert len(two.rows()) == 2
    ended = await two.sync(plan=run.plan)
    assert ended.outcome == "done"
    assert len(two.rows()) == 6
    assert two.serializd() == two.trakt()
    two.clock.advance(900)
    two.on_trakt(1, 1, 1, later(30))
    assert (await by_the_clock(two)).outcome == "done", "a run came to its end since"


async def test_whoever_asks_for_a_run_after_it_means_it(two: Pairing) -> None:
    await two.compare()
    await two.runtime.keeper.cancel(1)
    two.clock.advance(900)
    assert (await two.sync()).outcome == "done"
    assert len(two.rows()) == 6
    assert await two.settle() == 0


async def test_a_large_account_is_looked_through_again_after_it(two: Pairing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else only what a read touched since would be compared."""
    monkeypatch.setattr("scrobbled.reconcile.loading.FEW", 1)
    await two.compare()
    await two.runtime.keeper.cancel(1)
    two.clock.advance(60)
    await two.sync()
    assert len(two.rows()) == 6


async def test_a_write_that_has_begun_is_looked_up_and_not_repeated(two: Pairing) -> None:
    lost = Fault(match="POST /api/show/reviews/add", kind="drop", when="before", times=1)
    two.sandbox["serializd"].faults.add(lost)
    await two.compare()
    courier = two.runtime.couriers["anna", "serializd"]
    while not await two.sql("SELECT 1 FROM outbox WHERE phase = 'in-doubt'"):
        two.clock.advance(await courier.step() or 0.0)
    await two.runtime.keeper.cancel(1)
    assert (await told(two)).phase == "cancelling"
    await two.deliver()
    await two.runtime.keeper._begin_what_is_due(two.clock.now().timestamp() + 60)
    assert (await told(two)).phase == "ended"
    assert not two.rows()
    assert await states(two) == {"undone": 6}
    two.clock.advance(900)
    await two.sync()
    assert two.serializd() == two.trakt()


async def test_ratings_of_a_cancelled_run_are_not_set_and_found_again(two: Pairing) -> None:
    await two.settle()
    two.rate_episode(0, 1, 1, 8, two.clock.now())
    await two.compare()
    (run,) = (await two.sql("SELECT max(id) FROM runs"))[0]
    assert await two.runtime.keeper.cancel(run)
    await two.deliver()
    assert two.rows()[0].rating in (None, 0)
    two.clock.advance(900)
    await two.sync()
    assert two.rows()[0].rating == 8


async def test_what_is_undone_after_it_is_found_by_no_later_run(two: Pairing) -> None:
    await two.compare()
    await delivered(two, 2)
    await two.runtime.keeper.cancel(1)
    report = await undo(two.runtime.store, UndoRequest(run=1), two.clock.now().timestamp())
    assert sorted(step.action for step in report.steps) == ["drop"] * 4 + ["remove"] * 2
    await two.deliver()
    assert not two.rows()
    two.clock.advance(900)
    assert (await two.sync(full=True)).outcome == "nothing"
    assert not two.rows()


async def cancelled_but_in_the_queue(two: Pairing, monkeypatch: pytest.MonkeyPatch) -> int:
    """A pair that was compared before, and a run of it that was cancelled and not taken out of the queue yet."""
    monkeypatch.setattr("scrobbled.reconcile.loading.FEW", 1)
    await two.settle()
    for n in range(1, 4):
        two.on_trakt(1, 1, n, later(40 + n))
    two.clock.advance(900)
    await two.compare()
    ((run,),) = await two.sql("SELECT max(id) FROM runs")
    with monkeypatch.context() as patch:
        patch.setattr("scrobbled.store.queue.cancelling.take_out", lambda *_: 0)
        assert await two.runtime.keeper.cancel(run)
    return int(run)


async def test_a_run_beside_it_does_not_count_on_what_is_taken_out_later(
    two: Pairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await cancelled_but_in_the_queue(two, monkeypatch)
    two.clock.advance(60)
    await two.compare()
    await two.runtime.keeper._take_out(run)
    two.clock.advance(60)
    await two.sync()
    assert two.serializd() == two.trakt()


async def test_a_run_beside_it_does_not_count_on_what_is_taken_out_meanwhile(
    two: Pairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await cancelled_but_in_the_queue(two, monkeypatch)
    write, keeper = carrying.Carrier.write_values, two.runtime.keeper

    async def taking_out(self: carrying.Carrier, compared: Compared) -> None:
        await keeper._take_out(run)
        await write(self, compared)

    two.clock.advance(60)
    with monkeypatch.context() as patch:
        patch.setattr(carrying.Carrier, "write_values", taking_out)
        await two.compare()
    two.clock.advance(60)
    await two.sync()
    assert two.serializd() == two.trakt()


async def test_a_large_run_leaves_the_queue_little_by_little_and_others_begin_between(
    two: Pairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody who cancels waits until the last of a hundred thousand changes is taken out."""
    monkeypatch.setattr("scrobbled.reconcile.carrying.PIECE", 1)
    monkeypatch.setattr("scrobbled.reconcile.carrying.PIECES", 2)
    keeper = two.runtime.keeper
    await two.compare()
    assert await keeper.cancel(1)
    assert await states(two) == {"queued": 4, "undone": 2}
    assert keeper.news.is_set()
    await two.deliver()
    assert not two.rows()
    for left in (2, 0):
        await keeper._begin_what_is_due(0.0)
        assert (await states(two)).get("queued", 0) == left
    await keeper._begin_what_is_due(0.0)
    assert (await told(two)).phase == "ended"


async def test_a_rating_of_which_no_answer_came_is_set_back_when_it_is_undone_after_it(two: Pairing) -> None:
    await two.settle()
    two.rate_episode(0, 1, 1, 8, two.clock.now())
    await two.compare()
    ((run,),) = await two.sql("SELECT max(id) FROM runs")
    two.sandbox["serializd"].faults.add(Fault(match="POST /api/show/reviews/*", kind="drop", when="after", times=1))
    courier = two.runtime.couriers["anna", "serializd"]
    while not two.rows()[0].rating:
        two.clock.advance(await courier.step() or 0.0)
    assert await two.runtime.keeper.cancel(run)
    report = await undo(two.runtime.store, UndoRequest(run=run), two.clock.now().timestamp())
    assert [step.action for step in report.steps] == ["restore"]
    two.clock.advance(900)
    await two.deliver()
    assert not two.rows()[0].rating
