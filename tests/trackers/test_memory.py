"""The reference tracker, held to the contract and to the faults it offers."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from scrobbled.core.errors import LoginNeeded, Refused
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from trackers.contract import EVENING, Bench, Doorman, TrackerContract, add, play_of
from trackers.memory.tracker import MemoryTracker, key_of

FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
EPISODE = Episode("Harbour Lights", 1, 4, show_ids=ShowIds(tmdb=1399))


class TestMemory(TrackerContract):
    @pytest.fixture
    def bench(self) -> Bench:
        tracker = MemoryTracker(unknown=frozenset({key_of(replace(FILM, ids=MovieIds(tmdb=7)))}))
        return Bench(
            tracker=tracker,
            item=FILM,
            other=EPISODE,
            unknown=replace(FILM, ids=MovieIds(tmdb=7)),
            stranger=MemoryTracker(has_account=False),
            lose_next_answer=tracker.lose_next_answer,
            lose_next_write=tracker.lose_next_write,
            go_down=tracker.go_down,
        )


async def test_a_failure_to_order_happens_once_and_has_no_effect() -> None:
    tracker = MemoryTracker()
    play = await play_of(tracker, FILM)
    tracker.fail_next(Refused("the film is unknown for good"))
    with pytest.raises(Refused):
        await tracker.add_plays([play], Doorman())
    assert await tracker.find_plays([play]) == [None]
    await add(tracker, [play])
    assert len(tracker.plays) == 1


async def test_it_works_again_after_an_outage() -> None:
    tracker = MemoryTracker()
    play = await play_of(tracker, FILM)
    tracker.go_down()
    tracker.come_back()
    await add(tracker, [play])


async def test_a_whole_batch_is_kept_in_order() -> None:
    tracker = MemoryTracker()
    plays = [await play_of(tracker, FILM, EVENING + timedelta(hours=n)) for n in range(3)]
    await add(tracker, plays)
    assert [kept.watched_at for kept in tracker.plays] == [play.watched_at for play in plays]


def test_ids_of_different_spaces_never_make_one_key() -> None:
    same_number = [FILM, EPISODE, replace(EPISODE, show_ids=ShowIds(tvdb=1399)), replace(EPISODE, number=0)]
    assert len({key_of(item) for item in same_number}) == 4


def test_an_episode_is_the_same_whatever_its_own_ids_say() -> None:
    assert key_of(EPISODE) == key_of(replace(EPISODE, ids=EpisodeIds(tmdb=1399), title="Ebb"))


async def test_without_an_account_it_says_what_to_do() -> None:
    with pytest.raises(LoginNeeded, match="give it one"):
        await MemoryTracker(has_account=False).sign_in()
