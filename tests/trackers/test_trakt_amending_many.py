"""Changing many things of a Trakt account at once: few requests, each with its own result, and repeated as one."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from scrobbled.core.errors import ContractDrift, NotInCatalogue, Refused, TryLater
from scrobbled.core.naming.ids import EpisodeIds
from scrobbled.trackers.base import Address, AddResult, Edit, Receipt, Remove, Retime, SetValue, Tracker
from trackers.contract import Doorman, play_of
from trackers.trakt_bench import TraktBench
from trackers.trakt_mirror import TraktMirror

RATE, REMOVE, ADD = "POST /sync/ratings", "POST /sync/history/remove", "POST /sync/history"
EVENING = datetime(2026, 11, 10, 20, 14, tzinfo=UTC)
DAY = timedelta(days=1)


async def dated_now(trakt: TraktBench, tracker: Tracker, count: int) -> list[tuple[Address, str]]:
    """So many plays of two shows and a film in one minute, as programs leave them that know no dates."""
    places = [(n, e.season, e.number) for n, show in enumerate(trakt.sandbox.world.shows[:2]) for e in show.episodes()]
    items = [trakt.episode(season, number, show=show) for show, season, number in places[: count - 1]]
    plays = [await play_of(tracker, item, EVENING) for item in [*items, trakt.film()]]
    await tracker.adds.add_plays(plays, Doorman())
    receipts = await tracker.adds.find_plays(plays)
    return [(play.address, receipt.remote_id) for play, receipt in zip(plays, receipts, strict=True) if receipt]


def moved(plays: Sequence[tuple[Address, str]]) -> list[Retime]:
    """Each to a day of its own, years ago."""
    return [Retime(address, handle, EVENING - (400 + n) * DAY) for n, (address, handle) in enumerate(plays)]


async def amend(tracker: Tracker, *edits: Edit) -> Sequence[AddResult]:
    return await tracker.amends.amend(edits)


def times(trakt: TraktBench) -> list[str]:
    return sorted(row["watched_at"][:10] for row in trakt.history())


def wanted(edits: Sequence[Retime]) -> list[str]:
    return sorted(f"{edit.watched_at:%Y-%m-%d}" for edit in edits)


async def test_many_get_another_time_with_one_write_more_and_one_less(trakt: TraktBench, tracker: Tracker) -> None:
    edits = moved(await dated_now(trakt, tracker, 30))
    before = len(trakt.asked())
    results = await amend(tracker, *edits)
    handles = {row["trakt"]: str(row["id"]) for row in trakt.history()}
    assert {result.remote_id for result in results if isinstance(result, Receipt)} == set(handles.values())
    assert times(trakt) == wanted(edits)
    asked = trakt.asked()[before:]
    assert len([path for path in asked if path == ADD]) == 1
    assert len([path for path in asked if path == REMOVE]) == 1
    reads = [path for path in asked if path.startswith("GET /sync/history")]
    assert len(reads) == 6, "each of the two shows and the film, before and after"


@pytest.mark.parametrize("fault", [{"kind": "drop"}, {"status": 502}, {"kind": "malformed"}, {"kind": "half"}])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("what", [ADD, REMOVE])
async def test_whichever_answer_is_lost_no_play_is_doubled_and_none_lost(
    trakt: TraktBench, tracker: Tracker, what: str, when: str, fault: dict[str, Any]
) -> None:
    edits = moved(await dated_now(trakt, tracker, 12))
    trakt.fail(what, when=when, **fault)
    with pytest.raises((TryLater, ContractDrift)):
        await amend(tracker, *edits)
    trakt.clock.advance(60)
    for _ in range(2):
        results = await amend(tracker, *edits)
        assert all(isinstance(result, Receipt) for result in results)
    assert times(trakt) == wanted(edits)


async def test_where_there_are_fewer_pages_than_titles_the_whole_listing_is_read(
    trakt: TraktBench, tracker: Tracker
) -> None:
    films = [trakt.film(n) for n in range(3)]
    shows = [trakt.episode(1, 1, show=n) for n in range(4)]
    plays = [await play_of(tracker, item, EVENING) for item in [*films, *shows]]
    await tracker.adds.add_plays(plays, Doorman())
    receipts = await tracker.adds.find_plays(plays)
    edits = moved([(p.address, r.remote_id) for p, r in zip(plays, receipts, strict=True) if r])
    before = len(trakt.asked())
    await amend(tracker, *edits)
    reads = Counter(path for path in trakt.asked()[before:] if path.startswith("GET /sync/history"))
    assert reads["GET /sync/history/episodes"] == 4, "how long it is, and then it, before and after"
    assert sum(reads.values()) == 4 + 2 * 3
    assert times(trakt) == wanted(edits)


async def test_each_of_many_has_its_own_result(trakt: TraktBench, tracker: Tracker) -> None:
    plays = await dated_now(trakt, tracker, 6)
    gone, *others = moved(plays)
    await amend(tracker, Remove(gone.address, EVENING, gone.remote_id))
    nowhere = Retime(Address("movie:tmdb:5", {"type": "movie", "ids": {"tmdb": 5}}), "5", EVENING)
    results = await amend(tracker, gone, nowhere, *others)
    assert isinstance(results[0], Refused)
    assert isinstance(results[1], NotInCatalogue)
    assert all(isinstance(result, Receipt) for result in results[2:])
    assert times(trakt) == wanted(others)


async def test_plays_of_one_thing_change_places_without_one_being_lost(trakt: TraktBench, tracker: Tracker) -> None:
    """The time that one gets is the time that another has."""
    plays = [await play_of(tracker, trakt.film(), EVENING - n * DAY) for n in (0, 1)]
    await tracker.adds.add_plays(plays, Doorman())
    first, second = [receipt.remote_id for receipt in await tracker.adds.find_plays(plays) if receipt]
    address = plays[0].address
    edits = [Retime(address, first, EVENING - DAY), Retime(address, second, EVENING - 2 * DAY)]
    for _ in range(2):
        assert all(isinstance(result, Receipt) for result in await amend(tracker, *edits))
        assert times(trakt) == ["2026-11-08", "2026-11-09"]


async def test_two_plays_that_get_one_time_stay_two(trakt: TraktBench, tracker: Tracker) -> None:
    plays = [await play_of(tracker, trakt.film(), EVENING - n * DAY) for n in (0, 1)]
    await tracker.adds.add_plays(plays, Doorman())
    handles = [receipt.remote_id for receipt in await tracker.adds.find_plays(plays) if receipt]
    edits = [Retime(plays[0].address, handle, EVENING - 5 * DAY) for handle in handles]
    for _ in range(2):
        assert all(isinstance(result, Receipt) for result in await amend(tracker, *edits))
        assert times(trakt) == ["2026-11-05"] * 2


async def test_many_that_are_as_they_were_read_are_removed_in_one_request(trakt: TraktBench, tracker: Tracker) -> None:
    plays = await dated_now(trakt, tracker, 20)
    mirror = TraktMirror(trakt, tracker)
    await mirror.read()
    edits = [Remove(address, EVENING, handle, mirror.records[handle].stamp) for address, handle in plays]
    edits[3] = replace(edits[3], stamp="another")
    before = len(trakt.asked())
    results = await amend(tracker, *edits)
    assert [n for n, result in enumerate(results) if isinstance(result, Refused)] == [3]
    asked = trakt.asked()[before:]
    assert len([path for path in asked if path == REMOVE]) == 1
    assert len([path for path in asked if path.startswith("GET")]) <= 6
    assert [str(row["id"]) for row in trakt.history()] == [edits[3].remote_id]
    del edits[3]
    assert await amend(tracker, *edits) == [Receipt(edit.remote_id) for edit in edits], "and again is done already"


async def test_ratings_of_what_is_not_known_by_its_ids_are_sent_again_together(
    trakt: TraktBench, tracker: Tracker
) -> None:
    trakt.api.strict_episode_ids = True
    of = trakt.sandbox.world.shows[0]
    edits = []
    for number in range(1, 7):
        item = replace(trakt.episode(1, number, ids="tmdb"), ids=EpisodeIds(tmdb=of.episode(1, number).tmdb))
        edits.append(SetValue("ratings", await tracker.adds.locate(item), number))
    before = len(trakt.asked())
    assert await amend(tracker, *edits) == [Receipt()] * 6
    asked = trakt.asked()[before:]
    assert len([path for path in asked if path == RATE]) == 2
    assert len([path for path in asked if path.startswith("GET")]) == 1, "the list of the show"
    rated = {row["trakt"]: row["rating"] for row in trakt.api.state()["accounts"]["anna"]["ratings"]}
    assert rated == {of.episode(1, number).trakt: number for number in range(1, 7)}
