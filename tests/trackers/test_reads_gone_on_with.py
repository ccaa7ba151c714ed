"""A long read that breaks off is gone on with, and never believed to be all where the account changed meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conftest import FakeClock
from scrobbled.core.errors import TryLater
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.growing import grown
from trackers.serializd_mirror import Mirror
from trackers.serializd_setup import Setup
from trackers.trakt_bench import TraktBench
from trackers.trakt_mirror import TraktMirror

HISTORY = "GET /sync/history"
DIARY = "GET /api/user/anna/diary"
LONG_AGO = datetime(2020, 5, 17, 20, 0, tzinfo=UTC)
PLAYS = 24 * 20


def test_how_a_listing_has_grown() -> None:
    assert grown([], []) == 0
    assert grown([3, 2, 1], [3, 2, 1]) == 0
    assert grown([3, 2, 1], [5, 4, 3]) == 2
    assert grown([3, 2, 1], [4, 3, 2]) == 1
    assert grown([3, 2], [4, 3, 2, 1]) == 1  # one was hidden, and is shown
    assert grown([3, 2, 1], [3, 1]) is None
    assert grown([3, 2, 1], [6, 5, 4]) is None
    assert grown([3, 2, 1], [2, 1, 0]) is None
    assert grown([3, 2, 1], []) is None
    assert grown([], [1]) is None


# Trakt


@pytest.fixture
def mirror(trakt: TraktBench) -> TraktMirror:
    trakt.api.preload("anna", 1_700)  # seven pages
    return TraktMirror(trakt, trakt.tracker())


async def broken_off(trakt: TraktBench, mirror: TraktMirror, *, after: int = 4) -> None:
    """After so many pages; the next tracker knows nothing of the one before."""
    trakt.fail(HISTORY, skip=after, status=502)
    with pytest.raises(TryLater):
        await mirror.read()
    trakt.api.faults.clear()
    mirror.tracker = trakt.tracker()


def watched(trakt: TraktBench, at: datetime | None = None) -> None:
    title = trakt.api.catalogue.titles["episode"][3]
    trakt.api.account_of("anna").add_play(title, at or trakt.clock.now(), "scrobble", trakt.clock.now())


def unwatched(trakt: TraktBench, n: int) -> None:
    account = trakt.api.account_of("anna")
    gone = list(reversed(list(account.history)))[n]
    account.history.remove(lambda play: play is gone, trakt.clock.now())


async def pages_of(trakt: TraktBench, mirror: TraktMirror) -> list[str]:
    """Those of the history that the next read asks for."""
    before = len(trakt.api.calls(HISTORY))
    await mirror.read()
    assert mirror.kept() == mirror.there()
    return [call.query["page"] for call in trakt.api.calls(HISTORY)[before:]]


async def test_a_history_is_gone_on_with(trakt: TraktBench, mirror: TraktMirror) -> None:
    await broken_off(trakt, mirror)
    assert not mirror.records
    assert await pages_of(trakt, mirror) == ["1", "4", "5", "6", "7"]


async def test_a_history_that_breaks_off_again_and_again_comes_to_its_end(
    trakt: TraktBench, mirror: TraktMirror
) -> None:
    await broken_off(trakt, mirror)
    for _ in range(2):  # the first page, the last one that is known, and one more
        await broken_off(trakt, mirror, after=3)
    assert await pages_of(trakt, mirror) == ["1", "6", "7"]


async def test_plays_that_came_to_the_top_meanwhile_are_read_with_the_rest(
    trakt: TraktBench, mirror: TraktMirror
) -> None:
    await broken_off(trakt, mirror)
    for _ in range(3):
        watched(trakt)
        trakt.clock.advance(90)
    await broken_off(trakt, mirror, after=3)
    watched(trakt)
    assert await pages_of(trakt, mirror) == ["1", "5", "6", "7"]


@pytest.mark.parametrize(
    "meddle",
    [
        lambda trakt: watched(trakt, LONG_AGO),
        lambda trakt: unwatched(trakt, 5),
        lambda trakt: unwatched(trakt, 900),
        lambda trakt: unwatched(trakt, 1_500),
        lambda trakt: (unwatched(trakt, 900), watched(trakt, LONG_AGO)),
        lambda trakt: (unwatched(trakt, 900), watched(trakt)),
        lambda trakt: (unwatched(trakt, 0), watched(trakt)),
    ],
)
async def test_a_history_that_changed_otherwise_is_read_from_its_beginning(
    trakt: TraktBench, mirror: TraktMirror, meddle: Callable[[TraktBench], Any]
) -> None:
    await broken_off(trakt, mirror)
    trakt.clock.advance(60)
    meddle(trakt)
    asked = await pages_of(trakt, mirror)
    assert asked[-7:] == ["1", "2", "3", "4", "5", "6", "7"] or asked == ["1", "2", "3", "4", "5", "6", "7"]


async def test_what_another_account_held_is_not_gone_on_with(trakt: TraktBench, mirror: TraktMirror) -> None:
    await broken_off(trakt, mirror)
    trakt.api.preload("ben", 1_700)
    assert trakt.tokens.values is not None
    trakt.tokens.values |= trakt.api.sign_in("ben").answer()
    mirror.tracker = trakt.tracker()
    await mirror.read()
    assert set(mirror.records) == {str(play.id) for play in trakt.api.account_of("ben").history}


async def test_a_page_that_is_refused_for_the_limit_is_waited_for(trakt: TraktBench, mirror: TraktMirror) -> None:
    told = '{"name":"AUTHED_API_GET_LIMIT","period":300,"limit":250,"remaining":0,"until":"2026-06-14T08:05:00Z"}'
    trakt.fail(HISTORY, skip=3, status=429, headers={"retry-after": "200", "x-ratelimit": told})
    began = trakt.clock.monotonic()
    await mirror.read()
    assert mirror.kept() == mirror.there()
    assert trakt.clock.monotonic() - began > 200
    asked = [call.query["page"] for call in trakt.api.calls(HISTORY)]
    assert asked == ["1", "2", "3", "4", "1", "3", "4", "5", "6", "7"]


async def test_a_limit_that_was_used_up_before_a_restart_is_waited_for(trakt: TraktBench, mirror: TraktMirror) -> None:
    """Nobody remembers what the process before has asked."""
    trakt.api.limits.enforced = True
    for _ in range(2):
        await mirror.read(full=True)
    for _ in range(480):
        trakt.api.limits.take("AUTHED_API_GET_LIMIT", "anna", trakt.clock.now())
    mirror.tracker = trakt.tracker()
    watched(trakt)
    await mirror.read()
    assert mirror.kept() == mirror.there()
    assert 429 in {call.status for call in trakt.api.calls()}


# Serializd


@pytest.fixture
def setup(clock: FakeClock) -> Setup:
    made = Setup(clock)
    made.service.preload("anna", PLAYS)
    return made


def ids_there(setup: Setup) -> set[str]:
    return {str(id_) for id_ in setup.service.accounts["anna"].reviews}


async def cut_off(setup: Setup, mirror: Mirror, *, after: int = 12) -> Tracker:
    setup.fail(DIARY, skip=after, status=502)
    with pytest.raises(TryLater):
        await mirror.read(setup.tracker())
    setup.service.faults.clear()
    return setup.tracker()


async def diary_of(setup: Setup, mirror: Mirror, tracker: Any) -> list[str]:
    before = len(setup.service.calls(DIARY))
    await mirror.read(tracker)
    assert set(mirror.held) == ids_there(setup)
    return [call.query["page"] for call in setup.service.calls(DIARY)[before:]]


def numbers(*pages: int) -> list[str]:
    return [str(page) for page in pages]


async def test_a_diary_is_gone_on_with(setup: Setup) -> None:
    mirror = Mirror()
    tracker = await cut_off(setup, mirror)
    assert mirror.held == {}
    assert await diary_of(setup, mirror, tracker) == numbers(1, *range(12, 21), 1)


async def test_rows_that_came_to_the_top_meanwhile_are_read_with_the_rest(setup: Setup) -> None:
    mirror = Mirror()
    await cut_off(setup, mirror)
    setup.service.log_play("anna", 90_000, 1, 1)
    setup.service.log_play("anna", 90_000, 1, 2)
    tracker = await cut_off(setup, mirror, after=5)
    setup.service.log_play("anna", 90_000, 1, 3)
    assert await diary_of(setup, mirror, tracker) == numbers(1, *range(15, 22), 1)


def taken(setup: Setup, n: int) -> None:
    account = setup.service.accounts["anna"]
    account.take(account.diary("backdate")[-1 - n][1])


@pytest.mark.parametrize(
    "meddle",
    [
        lambda setup: taken(setup, 3),
        lambda setup: taken(setup, 200),
        lambda setup: (taken(setup, 200), setup.service.log_play("anna", 90_000, 1, 1)),
        lambda setup: setup.service.log_play("anna", 90_000, 1, 1, setup.clock.now() - timedelta(days=30)),
        lambda setup: setup.service.accounts["anna"].untick(90_001, 140_011, 8),
    ],
)
async def test_a_diary_that_changed_otherwise_is_read_from_its_beginning(
    setup: Setup, meddle: Callable[[Setup], Any]
) -> None:
    mirror = Mirror()
    tracker = await cut_off(setup, mirror)
    meddle(setup)
    before = len(setup.service.calls(DIARY))
    await mirror.read(tracker)
    asked = [call.query["page"] for call in setup.service.calls(DIARY)[before:]]
    assert asked[asked.index("2") :][:19] == numbers(*range(2, 21))
    assert ids_there(setup) == {id_ for id_ in mirror.held if not id_.startswith("tick")}


async def test_a_short_diary_is_not_kept(clock: FakeClock) -> None:
    setup, mirror = Setup(clock), Mirror()
    setup.service.preload("anna", 60)
    await cut_off(setup, mirror, after=2)
    assert not any(draft.told for draft in mirror.drafts.values())
