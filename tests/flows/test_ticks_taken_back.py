"""A tick that we set goes again, by undo and by a mark as not watched; one that somebody else set stays."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from flows.amending import ABLE, Amendable, amendment, wish
from flows.home import Home, film, home_at
from flows.rig import Rig, episode, rigged
from flows.test_marks_and_ratings import MARK, PAIR, marks
from scrobbled.core.errors import TryLater
from scrobbled.core.records import Subject
from scrobbled.core.sending.judge import NEVER_SET
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.facts.ids import NotThere
from scrobbled.desk.undo import UndoReport, UndoRequest, chosen, undo
from scrobbled.store.queue.amendment import NewAmendment, in_words, usual_inverse
from scrobbled.trackers.base import AddResult, Edit, Receipt, Tick, Untick
from trackers.memory.tracker import key_of

ITEM = episode(1)
TICKS = replace(ABLE, ticks=True)


@dataclass
class Ticking(Amendable):
    """Holds ticks beside plays; ``ticked`` are keys, of which ``theirs`` were there before us."""

    can: Any = TICKS
    ticked: set[str] = field(default_factory=set)
    theirs: frozenset[str] = frozenset()

    def _edit(self, edit: Edit) -> AddResult:
        key = edit.address.key
        if isinstance(edit, Tick):
            if key in self.theirs:
                return Receipt(note="it is ticked there already")
            self.ticked.add(key)
            return Receipt()
        if isinstance(edit, Untick):
            self.ticked.discard(key)
            return Receipt()
        return super()._edit(edit)


@pytest.fixture
async def rig(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Rig]:
    async with rigged(tmp_path / "scrobbled.db", Ticking()) as found:
        yield found


@pytest.fixture
async def home(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Home]:
    async with home_at(tmp_path / "scrobbled.db") as found:
        found.restart(found.text + PAIR % "propagate")
        marks(found, "tick")
        yield found


def tick(**more: Any) -> NewAmendment:
    key = key_of(ITEM)
    subject = Subject(key, "episode", ITEM)
    return NewAmendment("anna", "memory", "plays", "tick", key, ITEM.label(), subject=subject, **more)


async def take_back(rig: Rig, *ids: int, dry_run: bool = False, **asked: Any) -> UndoReport:
    return await undo(rig.store, UndoRequest(ticks=ids, **asked), rig.clock.now().timestamp(), dry_run=dry_run)


# -- undo -------------------------------------------------------------------------------------------------------------


async def test_a_tick_of_ours_is_taken_back_once(rig: Rig) -> None:
    id_ = await wish(rig, tick())
    await rig.rest()
    assert rig.tracker.ticked == {key_of(ITEM)}
    assert [step.action for step in (await take_back(rig, id_, dry_run=True)).steps] == ["remove"]
    report = await take_back(rig, id_)
    assert (report.plays, report.steps[0].text) == ([], "Its tick is taken back on Memory.")
    assert (await take_back(rig, id_)).steps[0].action == "under-way"
    await rig.rest()
    assert rig.tracker.ticked == set()
    assert (await amendment(rig, id_)).state is PlayOutcome.UNDONE
    assert (await take_back(rig, id_)).steps[0].action == "leave"


async def test_one_that_was_not_set_yet_is_not_set(rig: Rig) -> None:
    id_ = await wish(rig, tick())
    assert (await take_back(rig, id_)).steps[0].action == "drop"
    await rig.rest()
    assert rig.tracker.ticked == set()


async def test_one_that_was_there_before_us_stays(rig: Rig) -> None:
    rig.tracker.theirs = frozenset({key_of(ITEM)})
    id_ = await wish(rig, tick())
    await rig.rest()
    step = (await take_back(rig, id_)).steps[0]
    assert (step.action, step.text) == ("leave", "We did not tick it off on Memory: it is ticked there already.")


async def test_one_whose_answer_was_lost_may_be_somebody_elses_and_stays(rig: Rig) -> None:
    rig.tracker.fail("amended", TryLater("the answer is missing"))
    id_ = await wish(rig, tick())
    await rig.courier.step()
    assert (await amendment(rig, id_)).attempts == 1
    await take_back(rig, id_)
    rig.clock.advance(600)
    await rig.rest()
    newest = await amendment(rig, id_ + 1)
    assert (newest.wish.action, newest.state, newest.reason) == ("untick", PlayOutcome.DELIVERED, NEVER_SET)


async def test_ticks_of_a_time_go_with_the_plays_of_that_time(rig: Rig) -> None:
    since = rig.clock.now().timestamp()
    await rig.store.write(
        lambda db: db.execute("INSERT INTO events (source, received_at, outcome) VALUES ('plex', 1, 'accepted')")
    )
    id_ = await wish(rig, tick(event_id=1))
    await rig.rest()
    report = await undo(rig.store, UndoRequest(since=since, until=since + 10), since + 60)
    assert [step.id for step in report.steps] == [f"a{id_}"]
    assert (await undo(rig.store, UndoRequest(since=since + 10), since + 60)).steps == []


async def test_what_is_no_tick_is_not_taken_back_by_its_id(rig: Rig) -> None:
    with pytest.raises(NotThere, match="a7 ticks nothing off"):
        await take_back(rig, 7)
    assert chosen(["a7", "p3", "a9"], None, None, None) == UndoRequest((3,), ticks=(7, 9))
    with pytest.raises(ValueError, match="ax is not the id"):
        chosen(["ax"], None, None, None)


# -- marked as not watched --------------------------------------------------------------------------------------------


async def open_actions(home: Home) -> list[tuple[str, str]]:
    return await home.sql("SELECT action, state FROM amendments ORDER BY id")


async def test_what_was_ticked_off_and_is_marked_as_not_watched_is_unticked(home: Home) -> None:
    await home.hear("jellyfin", "watched", **MARK)
    await set_by_us(home)
    taken = await home.hear("jellyfin", "unwatched", **MARK, after=5)
    assert (taken.outcome, taken.accounts) == ("accepted", frozenset({("anna", "serializd")}))
    assert await open_actions(home) == [("tick", "delivered"), ("untick", "queued")]
    await home.hear("jellyfin", "unwatched", **MARK, after=1)
    assert len(await open_actions(home)) == 2, "once"


async def test_a_mark_that_is_taken_back_at_once_is_never_sent(home: Home) -> None:
    await home.hear("jellyfin", "watched", **MARK)
    await home.hear("jellyfin", "unwatched", **MARK, after=1)
    assert await open_actions(home) == [("tick", "undone")]


async def test_marked_unmarked_and_marked_again_is_marked(home: Home) -> None:
    await home.hear("jellyfin", "watched", **MARK)
    await set_by_us(home)
    await home.hear("jellyfin", "unwatched", **MARK, after=5)
    await home.hear("jellyfin", "watched", **MARK, after=5)
    assert await open_actions(home) == [("tick", "delivered"), ("untick", "undone"), ("tick", "queued")]


async def test_a_second_mark_does_not_hide_that_the_first_tick_is_ours(home: Home) -> None:
    await home.hear("jellyfin", "watched", **MARK)
    await set_by_us(home)
    await home.hear("jellyfin", "watched", **MARK, after=2000)
    await home.store.write(
        lambda db: db.execute("UPDATE amendments SET state = 'delivered', reason = 'it was there' WHERE id = 2")
    )
    await home.hear("jellyfin", "unwatched", **MARK, after=5)
    assert (await open_actions(home))[-1] == ("untick", "queued")
    await home.store.write(lambda db: db.execute("UPDATE amendments SET state = 'delivered' WHERE id = 3"))
    taken = await home.hear("jellyfin", "unwatched", **MARK, after=5)
    assert taken.reason == "no play of it is ours", "it is unticked already"


async def test_a_tick_of_somebody_else_stays(home: Home) -> None:
    await home.hear("jellyfin", "watched", **MARK)
    await home.store.write(
        lambda db: db.execute("UPDATE amendments SET state = 'delivered', reason = 'it is ticked there already'")
    )
    taken = await home.hear("jellyfin", "unwatched", **MARK, after=5)
    assert (taken.outcome, taken.reason) == ("unwanted", "no play of it is ours")
    assert (await home.hear("jellyfin", "unwatched", film(), **MARK)).outcome == "unwanted"


@pytest.mark.parametrize(("removals", "outcome", "state"), [("ask", "accepted", "held"), ("ignore", "unwanted", "")])
async def test_the_removals_of_the_pair_hold_for_ticks(home: Home, removals: str, outcome: str, state: str) -> None:
    home.restart(home.text.replace("propagate", removals))
    await home.hear("jellyfin", "watched", **MARK)
    await set_by_us(home)
    assert (await home.hear("jellyfin", "unwatched", **MARK, after=5)).outcome == outcome
    assert [found for action, found in await open_actions(home) if action == "untick"] == ([state] if state else [])


async def test_where_there_is_a_play_that_goes_and_not_the_tick(home: Home) -> None:
    await home.hear("jellyfin", "watched", **MARK)
    await set_by_us(home)
    await home.hear("jellyfin", "watched", percent=100, after=600)
    await home.store.write(lambda db: db.execute("UPDATE outbox SET state = 'delivered', remote_id = 'r' || id"))
    await home.hear("jellyfin", "unwatched", **MARK, after=60)
    assert sorted(action for action, _ in await open_actions(home)) == ["remove", "remove", "tick"]


async def set_by_us(home: Home) -> None:
    await home.store.write(lambda db: db.execute("UPDATE amendments SET state = 'delivered', attempts = 1"))


def test_an_untick_is_told_in_words() -> None:
    assert in_words(replace(tick(), action="untick")) == "take back the tick"
    assert usual_inverse(tick()) is not None
