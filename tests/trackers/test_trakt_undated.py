"""Plays without a date on Trakt: how it is told of them, and how they are found again."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from scrobbled.core.errors import TryLater
from scrobbled.core.naming.items import Item
from scrobbled.core.records import DatePrecision
from scrobbled.trackers.base import Addition, Receipt, Remove, Tracker
from trackers.contract import EVENING, Doorman, play_of
from trackers.doubles import Drafts
from trackers.trakt_bench import ADD, TraktBench

EPOCH = "1970-01-01T00:00:00.000Z"


class Nothing(Drafts):
    async def plays(self, begin: str = ""):
        return []

    async def subjects(self):
        return {}


async def undated(tracker: Tracker, item: Item, word: str = "unknown", *known: str) -> Addition:
    return replace(await play_of(tracker, item), watched_at=None, undated=word, known=frozenset(known))


def told(trakt: TraktBench) -> list[str]:
    """What each line of what was sent says of its time."""
    return [line["watched_at"] for call in trakt.api.calls(ADD) for lines in call.body.values() for line in lines]


async def test_a_play_without_a_date_is_never_now(trakt: TraktBench, tracker: Tracker) -> None:
    plays = [await undated(tracker, trakt.film()), await undated(tracker, trakt.episode())]
    assert await tracker.adds.add_plays(plays, Doorman()) == [Receipt()] * 2
    assert told(trakt) == ["unknown", "unknown"]
    assert [one["watched_at"] for one in trakt.history()] == [EPOCH] * 2


async def test_an_episode_is_dated_by_its_release_and_a_film_is_not(trakt: TraktBench, tracker: Tracker) -> None:
    plays = [await undated(tracker, trakt.film(), "released"), await undated(tracker, trakt.episode(), "released")]
    await tracker.adds.add_plays(plays, Doorman())
    assert told(trakt) == ["unknown", "released"]
    found = await tracker.adds.find_plays(plays)
    assert {receipt.remote_id for receipt in found if receipt} == {str(one["id"]) for one in trakt.history()}
    shows = trakt.api.calls("GET /sync/history/shows/*")
    assert len(shows) == 1


async def test_it_is_read_as_one_of_which_nobody_knows_when(trakt: TraktBench, tracker: Tracker) -> None:
    await tracker.adds.add_plays([await undated(tracker, trakt.film())], Doorman())
    reading = await tracker.reads.read(frozenset({"plays"}), {}, Nothing(), full=True)
    assert reading.plays is not None
    (record,) = reading.plays.records
    assert (record.at, record.kept) == (None, DatePrecision.NONE)


async def test_one_whose_answer_was_lost_is_found_among_many(trakt: TraktBench, tracker: Tracker) -> None:
    trakt.api.preload("anna", 900)
    play, other = await undated(tracker, trakt.film()), await undated(tracker, trakt.episode())
    trakt.fail(ADD, kind="drop", when="after")
    with pytest.raises(TryLater):
        await tracker.adds.add_plays([play], Doorman())
    before = len(trakt.api.calls("GET /sync/history"))
    found, absent = await tracker.adds.find_plays([play, other])
    assert found is not None
    assert absent is None
    assert [call.query["page"] for call in trakt.api.calls("GET /sync/history")][before:] == ["1", "4"]


@pytest.mark.parametrize("word", ["unknown", "released"])
async def test_one_that_was_there_before_is_not_taken_for_it(trakt: TraktBench, tracker: Tracker, word: str) -> None:
    await tracker.adds.add_plays([await undated(tracker, trakt.episode(), word)], Doorman())
    before = str(trakt.history()[0]["id"])
    play = await undated(tracker, trakt.episode(), word, before)
    assert await tracker.adds.find_plays([play]) == [None]
    await tracker.adds.add_plays([play], Doorman())
    (found,) = await tracker.adds.find_plays([play])
    assert found is not None
    assert found.remote_id not in ("", before)


async def test_dated_and_undated_plays_of_one_thing_are_told_apart(trakt: TraktBench, tracker: Tracker) -> None:
    dated, bare = await play_of(tracker, trakt.film()), await undated(tracker, trakt.film())
    assert await tracker.adds.add_plays([dated, bare], Doorman()) == [Receipt()] * 2
    one, other = await tracker.adds.find_plays([dated, bare])
    assert one is not None
    assert other is not None
    assert one != other
    times = {str(kept["id"]): kept["watched_at"] for kept in trakt.history()}
    assert times[other.remote_id] == EPOCH


async def test_it_is_removed_by_its_handle_and_stays_gone(trakt: TraktBench, tracker: Tracker) -> None:
    dated, bare = (
        await play_of(tracker, trakt.film(), EVENING - timedelta(days=1)),
        await undated(tracker, trakt.film()),
    )
    await tracker.adds.add_plays([dated, bare], Doorman())
    _, receipt = await tracker.adds.find_plays([dated, bare])
    assert receipt is not None
    edit = Remove(bare.address, None, receipt.remote_id)
    for _ in range(2):
        (result,) = await tracker.amends.amend([edit])
        assert isinstance(result, Receipt)
    assert [one["watched_at"] for one in trakt.history()] == ["2026-11-09T20:14:00.000Z"]
