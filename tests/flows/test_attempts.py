"""Each attempt leaves a line in the story of its play, also the questions in between; each has its words."""

import asyncio
from pathlib import Path

from flows.rig import FILM, Rig, Scripted, episode, rigged
from scrobbled.core.errors import NotInCatalogue, Refused, TryLater, Uncertain
from scrobbled.core.naming.matching import Confidence
from scrobbled.core.words.outcomes import ATTEMPTS
from scrobbled.store.queue import outbox, tracing


async def told(rig: Rig, change: int) -> list[tuple[str, str]]:
    row = await rig.row(change)
    (found,) = await rig.store.read(lambda db: tracing.changes(db, row["play_id"]))
    assert {one.outcome for one in found.attempts} <= ATTEMPTS.keys()
    return [(one.outcome, one.detail) for one in found.attempts]


def test_a_lost_answer_and_the_questions_after_it_are_told(tmp_path: Path) -> None:
    async def check() -> None:
        async with rigged(tmp_path / "s.db") as rig:
            change = await rig.play()
            rig.tracker.lose_next_answer()
            await rig.rest(seconds=3000)
            assert await told(rig, change) == [
                ("in-doubt", "the connection broke before the answer came"),
                ("delivered", "found when read back"),
            ]
            other = await rig.play(episode(1))
            rig.tracker.lose_next_write()
            await rig.rest(seconds=3000)
            lines = await told(rig, other)
            assert [outcome for outcome, _ in lines] == ["in-doubt", "not-found", "absent", "delivered"]

    asyncio.run(check())


def test_an_end_of_the_process_is_told(tmp_path: Path) -> None:
    async def check() -> None:
        async with rigged(tmp_path / "s.db") as rig:
            change = await rig.play()
            await rig.store.write(lambda db: outbox.locate(db, change, "k", {}, "by id", rewatch=False))
            await rig.store.write(lambda db: outbox.begin(db, [change]))
            rig.restart()
            await rig.rest(seconds=3000)
            assert (await told(rig, change))[0] == ("in-doubt", "interrupted during the write")

    asyncio.run(check())


def test_what_could_not_be_looked_up_or_was_refused_is_told(tmp_path: Path) -> None:
    async def check() -> None:
        async with rigged(tmp_path / "s.db", Scripted()) as rig:
            rig.tracker.fail(
                "locate", TryLater("the catalogue is down"), NotInCatalogue("not yet"), Uncertain("two fit")
            )
            change = await rig.play()
            await rig.rest(seconds=3000)
            await rig.store.write(lambda db: outbox.retry(db, None))
            await rig.rest()
            assert [outcome for outcome, _ in await told(rig, change)] == ["try-later", "parked", "unmatched"]
            (found,) = await rig.store.read(lambda db: tracing.changes(db, 1))
            assert found.confidence is None, "nothing was located"

    asyncio.run(check())


def test_those_that_were_refused_together_say_so(tmp_path: Path) -> None:
    async def check() -> None:
        async with rigged(tmp_path / "s.db", Scripted()) as rig:
            first, second = await rig.play(FILM), await rig.play(episode(1))
            rig.tracker.fail("add_plays", Refused("one of these"))
            await rig.rest(seconds=100)
            for change in (first, second):
                assert [outcome for outcome, _ in await told(rig, change)] == ["apart", "delivered"]
                assert (await rig.row(change))["confidence"] == Confidence.CERTAIN

    asyncio.run(check())
