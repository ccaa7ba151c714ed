"""Marking and rating in a Plex library: once, at every copy, and what a lost answer leaves open is read."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from conftest import FakeClock
from scrobbled.core.errors import NotInCatalogue, TryLater
from scrobbled.core.kinds import RATINGS
from scrobbled.core.naming.items import Movie
from scrobbled.core.records import Subject
from scrobbled.sandbox.plex.items import FILMS, LibraryItem
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.plex.player import PlexDevice, PlexSession
from scrobbled.sandbox.plex.views import ViewState
from scrobbled.trackers.base import Address, AddResult, Receipt, SetValue, Tick, Tracker, Untick
from scrobbled.trackers.plex.amending import GONE, PLAYS_NOW, WATCHED_THERE
from trackers.plex_bench import PlexBench


@pytest.fixture
def plex(clock: FakeClock) -> PlexBench:
    return PlexBench(clock)


@pytest.fixture
def films(plex: PlexBench) -> list[LibraryItem]:
    return plex.plex.library.of_type(FILMS, "movie")[:3]


def address(plex: PlexBench, *copies: LibraryItem) -> Address:
    return Address("k", {"places": [f"{plex.plex.machine}/{copy.rating_key}" for copy in copies]})


def state(plex: PlexBench, film: LibraryItem) -> ViewState:
    return plex.plex.views.of(ANNA, film)


async def amended(tracker: Tracker, *edits: Any) -> Sequence[AddResult]:
    return await tracker.amends.amend(edits)


def writes(plex: PlexBench) -> list[str]:
    return [one for one in plex.asked() if "/:/" in one]


async def test_a_subject_is_at_its_copies_and_one_without_any_is_not_there(plex: PlexBench) -> None:
    subject = Subject("k", "movie", Movie("Harbour Atlas", 2019), places=("one/1", "two/7"))
    found = await plex.tracker().amends.locate_subject(subject)
    assert (found.key, found.data) == ("k", {"places": ["one/1", "two/7"]})
    with pytest.raises(NotInCatalogue, match="not in the chosen libraries"):
        await plex.tracker().amends.locate_subject(Subject("k", "movie", Movie("Harbour Atlas", 2019)))


async def test_every_copy_is_marked_once_and_how_it_was_left_is_told(
    plex: PlexBench, films: list[LibraryItem], clock: FakeClock
) -> None:
    one, other, third = films
    results = await amended(plex.tracker(), Tick(address(plex, one, other)), Tick(address(plex, third)))
    left = f"1@{int(clock.now().timestamp())}"
    assert results == [Receipt(left), Receipt(left)]
    assert [state(plex, film).count for film in films] == [1, 1, 1]
    assert writes(plex) == ["PUT /:/scrobble"] * 3


async def test_how_many_were_left_is_read_in_one_request(plex: PlexBench, films: list[LibraryItem]) -> None:
    tracker = plex.tracker()
    await amended(tracker, *(Tick(address(plex, film)) for film in films))
    reads = [one for one in plex.asked() if one.startswith("GET /library/metadata/")]
    assert len(reads) == 2  # before and after


async def test_marks_are_made_where_nobody_tells_how_they_were_left(
    plex: PlexBench, films: list[LibraryItem], clock: FakeClock
) -> None:
    plex.fail("/library/metadata/*", status=502, skip=1)
    assert await amended(plex.tracker(), Tick(address(plex, films[0]))) == [
        Receipt(f"1@{int(clock.now().timestamp())}")
    ]


async def test_what_was_watched_there_is_not_marked_again(plex: PlexBench, films: list[LibraryItem]) -> None:
    one, other, *_ = films
    for film in (one, other):
        plex.plex.views.put(ANNA, film, ViewState(count=3, last=5))
    assert await amended(plex.tracker(), Tick(address(plex, one, other))) == [Receipt(note=WATCHED_THERE)]
    assert [state(plex, film).count for film in (one, other)] == [3, 3]
    assert writes(plex) == []


async def test_what_was_begun_and_broke_off_is_brought_to_its_end(
    plex: PlexBench, films: list[LibraryItem], clock: FakeClock
) -> None:
    one, other, *_ = films
    plex.fail("/:/scrobble", status=502, skip=1)
    with pytest.raises(TryLater):
        await amended(plex.tracker(), Tick(address(plex, one, other)))
    assert [state(plex, film).count for film in (one, other)] == [1, 0]
    left = f"1@{int(clock.now().timestamp())}"
    assert await amended(plex.tracker(), Tick(address(plex, one, other))) == [Receipt(left)]
    assert [state(plex, film).count for film in (one, other)] == [1, 1]


async def test_copies_that_share_one_state_count_once(plex: PlexBench, films: list[LibraryItem]) -> None:
    one, *_ = films
    plex.plex.switches = replace(plex.plex.switches, shared_state=True)
    assert one.movie is not None
    copy = plex.plex.library.put(one.movie)
    await amended(plex.tracker(), Tick(address(plex, one, copy)))
    assert state(plex, one).count == 1


async def test_a_lost_answer_is_looked_for_and_not_repeated(plex: PlexBench, films: list[LibraryItem]) -> None:
    plex.fail("/:/scrobble", status=502, when="after")
    (result,) = await amended(plex.tracker(), Tick(address(plex, films[0])))
    assert isinstance(result, Receipt)
    assert result.remote_id.startswith("1@")
    assert (state(plex, films[0]).count, len(writes(plex))) == (1, 1)


async def test_a_mark_that_was_not_made_is_asked_for_again(plex: PlexBench, films: list[LibraryItem]) -> None:
    plex.fail("/:/scrobble", status=502)
    with pytest.raises(TryLater):
        await amended(plex.tracker(), Tick(address(plex, films[0])))
    await amended(plex.tracker(), Tick(address(plex, films[0])))
    assert state(plex, films[0]).count == 1


async def test_an_older_server_is_asked_with_its_own_verb(plex: PlexBench, films: list[LibraryItem]) -> None:
    plex.plex.switches = replace(plex.plex.switches, put_marks=False)
    tracker = plex.tracker()
    await amended(tracker, Tick(address(plex, films[0])))
    assert writes(plex) == ["PUT /:/scrobble", "GET /:/scrobble"]
    assert state(plex, films[0]).count == 1
    await amended(tracker, Tick(address(plex, films[1])))
    assert writes(plex)[2:] == ["GET /:/scrobble"]


async def test_a_server_that_hides_a_call_from_the_newer_verb_is_asked_with_the_other(
    plex: PlexBench, films: list[LibraryItem]
) -> None:
    plex.fail("PUT /:/*", status=404, times=None)
    tracker = plex.tracker()
    for film in films[:2]:
        (result,) = await amended(tracker, Tick(address(plex, film)))
        assert isinstance(result, Receipt), result
    assert writes(plex) == ["PUT /:/scrobble", "GET /:/scrobble", "GET /:/scrobble"]
    assert [state(plex, film).count for film in films[:2]] == [1, 1]


async def test_an_older_server_is_found_out_by_several_writes_at_once(
    plex: PlexBench, films: list[LibraryItem]
) -> None:
    plex.plex.switches = replace(plex.plex.switches, put_marks=False)
    plex.fail("/:/scrobble", kind="latency", times=3)
    results = await amended(plex.tracker(), *(Tick(address(plex, film)) for film in films))
    assert all(isinstance(result, Receipt) for result in results), results
    assert [state(plex, film).count for film in films] == [1, 1, 1]


async def test_what_is_gone_is_told_and_leaves_the_others_alone(plex: PlexBench, films: list[LibraryItem]) -> None:
    gone = Address("k", {"places": [f"{plex.plex.machine}/999999"]})
    first, second = await amended(plex.tracker(), Tick(gone), Tick(address(plex, films[0])))
    assert isinstance(first, NotInCatalogue)
    assert first.reason == GONE
    assert isinstance(second, Receipt)
    assert state(plex, films[0]).count == 1


async def test_what_is_being_played_is_left_to_tell_itself(plex: PlexBench, films: list[LibraryItem]) -> None:
    device = PlexDevice()
    session = PlexSession(films[0], ANNA, device, "playing", 60_000)
    plex.plex.player.sessions[ANNA.id, device.uuid] = session
    first, second = await amended(plex.tracker(), Tick(address(plex, films[0])), Tick(address(plex, films[1])))
    assert first == Receipt(note=PLAYS_NOW)
    assert isinstance(second, Receipt)
    assert [state(plex, film).count for film in films[:2]] == [0, 1]


async def test_a_mark_is_taken_back_at_every_copy(plex: PlexBench, films: list[LibraryItem]) -> None:
    for film in films[:2]:
        plex.plex.views.put(ANNA, film, ViewState(count=1, last=5))
    assert await amended(plex.tracker(), Untick(address(plex, *films[:2]))) == [Receipt()]
    assert [state(plex, film).count for film in films[:2]] == [0, 0]


async def test_every_copy_gets_a_rating_with_its_time(
    plex: PlexBench, films: list[LibraryItem], clock: FakeClock
) -> None:
    given = clock.now() - timedelta(days=30)
    await amended(plex.tracker(), SetValue(RATINGS, address(plex, *films[:2]), 8, given))
    assert [(state(plex, film).rating, state(plex, film).rated_at) for film in films[:2]] == [
        (8.0, int(given.timestamp()))
    ] * 2
    await amended(plex.tracker(), SetValue(RATINGS, address(plex, films[0]), None))
    assert state(plex, films[0]).rating is None


async def test_a_copy_whose_rating_says_the_same_is_left_as_it_is(plex: PlexBench, films: list[LibraryItem]) -> None:
    for film, rating in zip(films, (7.5, 3.0, None), strict=True):
        plex.plex.views.put(ANNA, film, ViewState(rating=rating))
    assert await amended(plex.tracker(), SetValue(RATINGS, address(plex, *films), 8)) == [Receipt()]
    assert [state(plex, film).rating for film in films] == [7.5, 8.0, 8.0]
    assert writes(plex) == ["PUT /:/rate"] * 2


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=-1)])
async def test_a_time_that_is_not_taken_is_left_out(
    plex: PlexBench, films: list[LibraryItem], clock: FakeClock, ahead: timedelta
) -> None:
    plex.plex.switches = replace(plex.plex.switches, dated_ratings="refused")
    given: datetime = clock.now() + ahead
    assert await amended(plex.tracker(), SetValue(RATINGS, address(plex, films[0]), 7, given)) == [Receipt()]
    assert state(plex, films[0]).rating == 7.0
