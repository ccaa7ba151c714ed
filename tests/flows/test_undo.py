"""Taking back what was written: exactly that, everywhere, for good, whatever happens meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from flows.amending import Amendable, amendment, rating, wish
from flows.rig import FILM, Rig, episode, in_doubt, rigged
from scrobbled.core.errors import LoginNeeded, Refused, TryLater
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.records import PlayRecord, ValueRecord
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.facts.ids import NotThere
from scrobbled.desk.undo import UndoReport, UndoRequest, chosen, undo
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.mirror import records, runs, values
from scrobbled.store.mirror.records import ReadState
from scrobbled.store.queue import amendments, outbox
from trackers.memory.tracker import key_of


@pytest.fixture
async def rig(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Rig]:
    async with rigged(tmp_path / "scrobbled.db", Amendable()) as found:
        yield found


async def take_back(rig: Rig, *changes: int, dry_run: bool = False, **asked: Any) -> UndoReport:
    plays = tuple([(await rig.row(change))["play_id"] for change in changes])
    return await undo(rig.store, UndoRequest(plays, **asked), rig.clock.now().timestamp(), dry_run=dry_run)


def actions(report: UndoReport) -> list[str]:
    return [step.action for step in report.steps]


async def test_of_a_hundred_exactly_those_named_are_gone_and_the_others_untouched(rig: Rig) -> None:
    changes = [await rig.play(episode(n), -60.0 * n) for n in range(100)]
    await rig.rest()
    before = {kept.remote_id: kept for kept in rig.tracker.plays}
    named = random.Random(37).sample(changes, 37)
    gone = {(await rig.row(change))["remote_id"] for change in named}
    report = await take_back(rig, *named)
    assert actions(report) == ["remove"] * 37
    assert len(report.plays) == 37
    await rig.rest()
    assert {kept.remote_id: kept for kept in rig.tracker.plays} == {k: v for k, v in before.items() if k not in gone}
    assert await rig.counts() == {"delivered": 63, "undone": 37}
    assert actions(await take_back(rig, *named)) == ["leave"] * 37
    await rig.rest()
    assert len(rig.tracker.plays) == 63


async def test_it_can_be_looked_at_before(rig: Rig) -> None:
    sent, waiting = await rig.play(), await rig.play(episode(1), state=PlayOutcome.HELD)
    await rig.rest()
    report = await take_back(rig, sent, waiting, dry_run=True)
    assert (actions(report), report.dry_run) == (["remove", "drop"], True)
    assert await rig.counts() == {"delivered": 1, "held": 1}
    step = report.steps[0]
    assert (step.id, step.tracker, step.text) == (f"c{sent}", "memory", "It is taken back from Memory.")


@pytest.mark.parametrize("state", [PlayOutcome.QUEUED, PlayOutcome.HELD, PlayOutcome.PARKED, PlayOutcome.DEAD])
async def test_what_was_not_sent_is_not_sent(rig: Rig, state: PlayOutcome) -> None:
    change = await rig.play(state=state)
    assert actions(await take_back(rig, change)) == ["drop"]
    await rig.store.write(lambda db: outbox.retry(db, None))
    await rig.rest()
    assert (await rig.state(change), rig.tracker.plays) == ("undone", [])


@pytest.mark.parametrize("arrived", [True, False])
async def test_what_is_in_doubt_is_settled_first_and_then_taken_back(rig: Rig, arrived: bool) -> None:
    change = await rig.play()
    rig.tracker.fail("added" if arrived else "sent", in_doubt(TryLater))
    await rig.courier.step()
    assert (await rig.row(change))["phase"] == "in-doubt"
    assert actions(await take_back(rig, change)) == ["wait"]
    assert actions(await take_back(rig, change)) == ["under-way"]
    await rig.rest(seconds=120)
    assert (await rig.state(change), rig.tracker.plays) == ("undone", [])
    assert rig.tracker.calls.count("add_plays") == 1


async def test_what_is_being_sent_is_taken_back_after_it(rig: Rig) -> None:
    change = await rig.play()
    found: list[UndoReport] = []

    async def meanwhile() -> None:
        rig.tracker.before.clear()
        found.append(await take_back(rig, change))

    rig.tracker.before["sent"] = lambda plays: meanwhile()
    await rig.rest()
    assert actions(found[0]) == ["wait"]
    assert (await rig.state(change), rig.tracker.plays) == ("undone", [])


async def test_what_is_about_to_be_sent_is_not(rig: Rig) -> None:
    change = await rig.play()

    async def meanwhile() -> None:
        rig.tracker.before.clear()
        await take_back(rig, change)

    rig.tracker.before["add_plays"] = lambda plays: meanwhile()
    await rig.rest()
    assert (await rig.state(change), rig.tracker.plays) == ("undone", [])


@pytest.mark.parametrize("where", ["amend", "amended"])
async def test_a_crash_in_the_middle_loses_nothing(rig: Rig, where: str) -> None:
    changes = [await rig.play(episode(n), -60.0 * n) for n in range(25)]
    await rig.rest()
    await take_back(rig, *changes[:15])
    stuck = asyncio.Event()

    async def hang() -> None:
        stuck.set()
        await asyncio.Event().wait()

    rig.tracker.before[where] = lambda edits: hang()
    task = asyncio.create_task(rig.courier.run())
    await stuck.wait()
    task.cancel()
    await asyncio.wait([task])
    rig.tracker.before.clear()
    rig.restart()
    await rig.rest(seconds=120)
    assert await rig.counts() == {"delivered": 10, "undone": 15}
    assert len(rig.tracker.plays) == 10


async def test_an_account_that_needs_a_sign_in_takes_it_back_after_that(rig: Rig) -> None:
    change = await rig.play()
    await rig.rest()
    await take_back(rig, change)
    rig.tracker.fail("amend", LoginNeeded("revoked"))
    await rig.rest(seconds=600)
    assert await rig.state(change) == "undone"
    assert rig.tracker.plays == []


# -- it stays undone -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("was_sent", [True, False])
async def test_another_report_of_the_same_viewing_is_not_sent(rig: Rig, was_sent: bool) -> None:
    first = await rig.play()
    if was_sent:
        await rig.rest()
    await take_back(rig, first)
    told_otherwise = replace(FILM, ids=MovieIds(tmdb=1399, imdb="tt0000042"))
    again = await rig.play(FILM if was_sent else told_otherwise, minutes=2)
    await rig.rest()
    play = (await rig.row(first))["play_id"]
    row = await rig.row(again)
    assert (row["state"], row["reason"]) == ("undone", f"taken back as p{play}, which is the same viewing")
    third = await rig.play(minutes=3)
    await rig.rest()
    assert await rig.state(third) == "undone"
    assert rig.tracker.plays == []


async def test_a_report_that_comes_before_the_tracker_was_asked_is_not_sent_either(rig: Rig) -> None:
    first = await rig.play()
    await rig.rest()
    await take_back(rig, first)
    again = await rig.play(minutes=2)
    await rig.rest()
    assert await rig.state(again) == "undone"
    assert rig.tracker.plays == []


async def test_another_viewing_later_is_a_play(rig: Rig) -> None:
    first = await rig.play()
    await rig.rest()
    await take_back(rig, first)
    again = await rig.play(minutes=90)
    await rig.rest()
    assert await rig.state(again) == "delivered"
    assert [kept.rewatch for kept in rig.tracker.plays] == [False]


async def test_what_a_person_only_dropped_does_not_count_for_other_reports(rig: Rig) -> None:
    first = await rig.play(state=PlayOutcome.HELD)
    await rig.store.write(lambda db: outbox.drop(db, [first], 0.0))
    again = await rig.play(minutes=1)
    await rig.rest()
    assert await rig.state(again) == "delivered"


# -- what is not ours ----------------------------------------------------------------------------------------------


async def test_what_was_there_before_us_stays(rig: Rig) -> None:
    record = PlayRecord("r7", key_of(FILM), rig.clock.now())
    await rig.store.write(lambda db: records.put(db, ("anna", "memory"), [record], 1, 0.0))
    there, other = await rig.play(), await rig.play(episode(1))
    twin = await rig.play(episode(1), minutes=1)
    await rig.rest()
    report = await take_back(rig, there, twin)
    assert actions(report) == ["leave", "leave"]
    assert report.plays == []
    await rig.rest()
    assert rig.tracker.edits == []
    assert await rig.state(other) == "delivered"


async def test_a_handle_that_was_only_read_is_used(rig: Rig) -> None:
    change = await rig.play()
    await rig.rest()
    row = await rig.row(change)
    await rig.store.write(lambda db: db.execute("UPDATE outbox SET remote_id = NULL"))
    await rig.store.write(
        lambda db: (
            records.put(db, ("anna", "memory"), [PlayRecord("1", key_of(FILM), rig.clock.now())], 1, 0.0),
            records.claim(db, ("anna", "memory"), "1", row["play_id"], ours=True),
        )
    )
    await take_back(rig, change)
    await rig.rest()
    assert rig.tracker.plays == []
    assert "find_plays" not in rig.tracker.calls


async def test_a_removal_that_is_refused_is_told_and_tried_again_on_wish(rig: Rig) -> None:
    change = await rig.play()
    await rig.rest()
    await take_back(rig, change)
    rig.tracker.fail("amend", Refused("not now"))
    await rig.rest()
    assert await rig.state(change) == "delivered"
    assert rig.told == [("anna/memory: a removal needs you", False)]
    assert actions(await take_back(rig, change)) == ["under-way"]
    await rig.rest()
    assert (await rig.state(change), rig.tracker.plays) == ("undone", [])


# -- by run and by time --------------------------------------------------------------------------------------------


async def run_of(rig: Rig, *changes: int) -> int:
    def work(db: Any) -> int:
        run = runs.ask(db, "anna", "trakt,memory", "sync", {}, 0.0)
        for change in changes:
            db.execute("UPDATE outbox SET run = ?, approved = 1 WHERE id = ?", (run, change))
        return run

    return await rig.store.write(work)


async def test_a_run_is_taken_back_with_its_ratings(rig: Rig) -> None:
    mine, other = await rig.play(), await rig.play(episode(1))
    run = await run_of(rig, mine)
    rig.tracker.rated = {key_of(FILM): 6}
    changed = await wish(rig, rating(FILM, 8, "6", run=run))
    first = await wish(rig, rating(episode(1), 7, run=run))
    await rig.rest()
    assert rig.tracker.rated == {key_of(FILM): 8, key_of(episode(1)): 7}
    report = await take_back(rig, run=run)
    assert actions(report) == ["remove", "restore", "restore"]
    assert actions(await take_back(rig, run=run)) == ["under-way"] * 3
    await rig.rest()
    assert rig.tracker.rated == {key_of(FILM): 6}
    assert [(await amendment(rig, id_)).state for id_ in (changed, first)] == ["undone", "undone"]
    assert (await rig.state(mine), await rig.state(other)) == ("undone", "delivered")
    assert actions(await take_back(rig, run=run)) == ["leave"] * 3


async def test_a_rating_that_was_not_set_yet_is_not_set(rig: Rig) -> None:
    run = await run_of(rig)
    one = await wish(rig, rating(FILM, 8, "6", run=run))
    assert actions(await take_back(rig, run=run)) == ["drop"]
    assert await wish(rig, rating(FILM, 8, "6", run=run + 1)) == one, "the next run does not want it again"
    await rig.rest()
    assert rig.tracker.rated == {}


async def test_a_rating_that_may_have_been_set_is_set_back(rig: Rig) -> None:
    """Its answer is missing, and the account rests."""
    run = await run_of(rig)
    await wish(rig, rating(FILM, 8, "6", run=run))
    rig.tracker.fail("amended", TryLater("the answer is missing"))
    await rig.courier.step()
    assert rig.tracker.rated == {key_of(FILM): 8}
    assert actions(await take_back(rig, run=run)) == ["restore"]
    await rig.rest(seconds=60)
    assert rig.tracker.rated == {key_of(FILM): 6}


async def test_a_rating_that_a_person_gave_after_the_run_is_theirs(rig: Rig) -> None:
    run = await run_of(rig)
    await wish(rig, rating(FILM, 8, "6", run=run))
    await rig.rest()
    rig.clock.advance(60)
    now = rig.clock.now().timestamp()
    account = ("anna", "memory")
    await rig.store.write(
        lambda db: (
            values.put(db, account, [ValueRecord(key_of(FILM), 9)], 1, now, kind="ratings"),
            records.save_state(db, account, ReadState({}, rev=1, read_at=now)),
        )
    )
    report = await take_back(rig, run=run)
    assert actions(report) == ["leave"]
    assert "changed on Memory since" in report.steps[0].text


async def test_plays_are_taken_back_by_when_they_came_in(rig: Rig) -> None:
    old = await rig.play(episode(1), -90_000)
    rig.clock.advance(100)
    start = rig.clock.now().timestamp()
    backdated = await rig.play(episode(2), -900_000)
    rig.clock.advance(100)
    end = rig.clock.now().timestamp()
    late = await rig.play(episode(3), 30)
    await rig.rest()
    assert actions(await take_back(rig, since=start, until=end)) == ["remove"]
    await rig.rest()
    assert [await rig.state(id_) for id_ in (old, backdated, late)] == ["delivered", "undone", "delivered"]
    assert len((await take_back(rig, since=0.0)).plays) == 2


async def test_what_does_not_exist_is_said_and_nothing_is_done(rig: Rig) -> None:
    change = await rig.play()
    now = rig.clock.now().timestamp()
    for asked, named in ((UndoRequest((1, 77, 78)), "p77 p78"), (UndoRequest(run=5), "r5")):
        with pytest.raises(NotThere, match=f"There is no {named}, so nothing was taken back"):
            await undo(rig.store, asked, now)
    assert await rig.state(change) == "queued"


def test_what_a_person_writes_is_one_of_three_things() -> None:
    assert chosen(["p12", "7"], None, None, None) == UndoRequest((12, 7))
    assert chosen([], "r3", None, None) == UndoRequest(run=3)
    assert chosen([], None, 5.0, 9.0) == UndoRequest(since=5.0, until=9.0)
    for given in (([], None, None, None), (["p1"], "r3", None, None), (["p1"], None, 1.0, None)):
        with pytest.raises(ValueError, match="one of the three"):
            chosen(*given)
    with pytest.raises(ValueError, match="c12 is not the id of a play"):
        chosen(["c12"], None, None, None)
    with pytest.raises(ValueError, match="x is not the id of a run"):
        chosen([], "x", None, None)


async def test_each_account_of_the_play_is_taken_back(rig: Rig) -> None:
    def two(db: Any) -> int:
        ways = [Queued("memory", PlayOutcome.QUEUED, ""), Queued("other", PlayOutcome.DELIVERED, "")]
        return add_play(db, Play("anna", "plex", FILM, rig.clock.now(), None), None, ways, rig.clock.now())

    play = await rig.store.write(two)
    report = await undo(rig.store, UndoRequest((play,)), 0.0)
    assert [(step.tracker, step.action) for step in report.steps] == [("memory", "drop"), ("other", "remove")]
    waiting = await rig.store.read(lambda db: amendments.due(db, "anna", "other", 0.0, 9))
    assert [row.wish.play_id for row in waiting] == [play]
    assert rig.clock.now() - timedelta(0) == waiting[0].wish.details.watched_at
