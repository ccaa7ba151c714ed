"""Changes that came out of a backup may have been delivered since: each is looked up before it is sent."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flows.rig import FILM, Rig, episode, rigged
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.queue import outbox
from trackers.memory.tracker import key_of


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rigged(tmp_path / "scrobbled.db") as made:
        yield made


async def back_to(rig: Rig, *states: tuple[int, str]) -> None:
    """The database as it was when these changes were in these states and not begun."""

    def work(db: object) -> None:
        for id_, state in states:
            db.execute(  # type: ignore[attr-defined]
                "UPDATE outbox SET state = ?, phase = '', address_key = NULL, address = NULL, remote_id = NULL, "
                "settled_at = NULL, attempts = 0 WHERE id = ?",
                (state, id_),
            )
        outbox.mark_restored(db)  # type: ignore[arg-type]

    await rig.store.write(work)
    rig.restart()


async def test_what_was_delivered_since_the_backup_is_found_and_not_sent_again(rig: Rig) -> None:
    ids = [await rig.play(episode(n), 50.0 * n) for n in range(1, 6)]
    await rig.rest()
    sent = len(rig.tracker.sent)
    await back_to(rig, *((id_, "queued") for id_ in ids))
    await rig.rest()
    assert [await rig.state(id_) for id_ in ids] == ["delivered"] * 5
    assert len(rig.tracker.sent) == sent
    assert all(len(rig.tracker.times(episode(n))) == 1 for n in range(1, 6))
    assert rig.tracker.calls.count("find_plays") == 1, "one complete read answers for all of them"
    assert (await rig.row(ids[0]))["remote_id"], "so that it can be taken back"


async def test_what_was_not_delivered_is_sent_once_after_two_looks(rig: Rig) -> None:
    id_ = await rig.play(FILM)
    await back_to(rig, (id_, "queued"))
    assert await rig.rest() > 0
    assert (await rig.row(id_))["phase"] == "in-doubt"
    await rig.rest(seconds=rig.tracker.can.settle)
    assert await rig.state(id_) == "delivered"
    assert len(rig.tracker.times(FILM)) == 1
    assert (await rig.row(id_))["restored"] == 0


@pytest.mark.parametrize("state", ["held", "dead", "unmatched", "parked"])
async def test_what_waited_for_something_else_is_looked_up_when_its_time_comes(rig: Rig, state: str) -> None:
    id_ = await rig.play(FILM)
    await rig.rest()
    await back_to(rig, (id_, state))
    act = outbox.approve if state == "held" else outbox.retry
    await rig.store.write(lambda db: act(db, [id_]))
    await rig.rest()
    assert await rig.state(id_) == "delivered"
    assert len(rig.tracker.times(FILM)) == 1


async def test_one_that_is_unknown_to_the_catalogue_goes_its_ordinary_way(rig: Rig) -> None:
    rig.tracker.unknown = frozenset({key_of(FILM)})
    id_ = await rig.play(FILM)
    await back_to(rig, (id_, "queued"))
    await rig.rest()
    assert await rig.state(id_) == "parked"
    rig.tracker.unknown = frozenset()
    rig.clock.advance(8 * 86_400.0)
    await rig.rest(seconds=rig.tracker.can.settle)
    assert await rig.state(id_) == "delivered"
    assert len(rig.tracker.times(FILM)) == 1


async def test_a_restored_change_can_be_dropped_before_it_was_looked_up(rig: Rig) -> None:
    id_ = await rig.play(FILM, state=PlayOutcome.HELD)
    await back_to(rig, (id_, "held"))
    await rig.store.write(lambda db: outbox.drop(db, [id_], 0.0))
    await rig.rest()
    assert await rig.state(id_) == "undone"
    assert rig.tracker.times(FILM) == []


async def test_what_comes_after_the_restore_is_sent_at_once(rig: Rig) -> None:
    await back_to(rig)
    id_ = await rig.play(FILM)
    await rig.rest()
    assert await rig.state(id_) == "delivered"
    assert "find_plays" not in rig.tracker.calls
