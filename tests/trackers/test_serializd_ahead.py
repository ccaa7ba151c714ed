"""Plays that Serializd is told of ahead cost one request each, and one more for each season."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from conftest import FakeClock
from scrobbled.core.errors import ContractDrift, TryLater
from scrobbled.trackers.base import Addition, Address
from scrobbled.trackers.serializd.tracker import SerializdTracker
from trackers.contract import EVENING, Doorman, add, play_of
from trackers.serializd_mirror import Mirror
from trackers.serializd_setup import ADD, TICK, Setup

SHOW, SEASON = 90000, 140001
MARK = "POST /api/watched_v2"


async def several(setup: Setup, tracker: SerializdTracker, *numbers: int, season: int = 1) -> list[Addition]:
    return [
        await play_of(tracker, setup.episode(season=season, number=n), EVENING + timedelta(days=n)) for n in numbers
    ]


def addresses(plays: Sequence[Addition]) -> list[Address]:
    return [play.address for play in plays]


async def test_plays_of_a_season_cost_one_request_each_and_one_for_all(setup: Setup) -> None:
    tracker = setup.tracker(pace=0)
    assert tracker.can.ahead > 1
    plays = [*await several(setup, tracker, 1, 2, 3, 4), *await several(setup, tracker, 5, 6, season=2)]
    before = setup.asked()
    await tracker.foresee(addresses(plays))
    await add(tracker, plays)
    assert setup.asked() - before == len(plays) + 2
    assert [call.body["episode_numbers"] for call in setup.service.calls(TICK)] == [[1, 2, 3, 4], [5, 6]]
    assert len(setup.ticked()) == len(setup.rows()) == 6


async def test_a_single_episode_is_left_to_its_play(setup: Setup) -> None:
    tracker = setup.tracker()
    plays = [*await several(setup, tracker, 1), *await several(setup, tracker, 1, season=2)]
    await tracker.foresee(addresses(plays))
    assert setup.asked(TICK) == 0


async def test_what_was_foreseen_once_is_not_ticked_again(setup: Setup) -> None:
    tracker = setup.tracker()
    plays = await several(setup, tracker, 1, 2, 3)
    for _ in range(3):
        await tracker.foresee(addresses(plays))
    assert setup.asked(TICK) == 1


async def test_the_next_play_waits_for_one_request_where_it_was_foreseen(setup: Setup, clock: FakeClock) -> None:
    tracker = setup.tracker()
    plays = await several(setup, tracker, 1, 2, 3)
    await tracker.foresee(addresses(plays))
    started = clock.monotonic()
    for play in plays:
        clock.advance(tracker.delay())
        await add(tracker, [play])
    assert clock.monotonic() - started <= 0.3 * 3
    assert tracker.delay() > 0.3, "the next one needs a tick and a row again"


async def test_several_viewings_of_one_episode_are_ticked_once(setup: Setup, clock: FakeClock) -> None:
    tracker = setup.tracker(pace=0)
    plays = [play for _ in range(3) for play in await several(setup, tracker, 1)]
    await tracker.foresee(addresses(plays))
    await add(tracker, plays)
    assert [setup.asked(TICK), setup.asked(ADD)] == [1, 3]


async def test_a_later_viewing_of_the_same_episode_is_ticked_as_ever(setup: Setup, clock: FakeClock) -> None:
    tracker = setup.tracker()
    plays = await several(setup, tracker, 1, 2)
    await tracker.foresee(addresses(plays))
    await add(tracker, plays)
    clock.advance(3_600)
    await add(tracker, await several(setup, tracker, 1))
    assert setup.asked(TICK) == 2


@pytest.mark.parametrize("kind", ["status", "drop"])
async def test_where_the_season_could_not_be_ticked_each_play_is(setup: Setup, kind: str) -> None:
    tracker = setup.tracker()
    plays = await several(setup, tracker, 1, 2)
    setup.fail(TICK, kind)
    with pytest.raises(TryLater) as caught:
        await tracker.foresee(addresses(plays))
    assert not caught.value.in_doubt
    await add(tracker, plays)
    assert setup.asked(TICK) == 3
    assert len(setup.ticked()) == 2


async def test_one_episode_that_is_refused_does_not_hold_up_the_season(setup: Setup) -> None:
    tracker = setup.tracker()
    plays = await several(setup, tracker, 1, 2)
    setup.service.catalogue.change(hide=[(SHOW, 1, 2)])
    await tracker.foresee(addresses(plays))
    await add(tracker, plays[:1])
    assert len(setup.rows()) == 1


async def test_a_web_page_instead_of_a_tick_is_drift(setup: Setup) -> None:
    tracker = setup.tracker()
    setup.fail(TICK, "html")
    with pytest.raises(ContractDrift):
        await tracker.foresee(addresses(await several(setup, tracker, 1, 2)))


async def test_nothing_ahead_is_no_request(setup: Setup) -> None:
    await setup.tracker().foresee([])
    assert setup.asked() == 0


async def test_no_row_leaves_before_permission_where_the_tick_was_set_ahead(setup: Setup) -> None:
    tracker = setup.tracker()
    plays = await several(setup, tracker, 1, 2)
    await tracker.foresee(addresses(plays))

    async def look() -> None:
        assert setup.asked(ADD) == 0

    door = Doorman(look=look)
    await tracker.add_plays(plays[:1], door)
    assert door.calls == 1


async def test_what_was_ticked_before_us_still_makes_a_rewatch(setup: Setup) -> None:
    setup.service.accounts["anna"].tick(SHOW, SEASON, 1, "2020-01-01T00:00:00Z")
    tracker = setup.tracker()
    await tracker.foresee(addresses(await several(setup, tracker, 1, 2)))
    await add(tracker, await several(setup, setup.tracker(), 1, 2))
    assert [row["isRewatch"] for row in setup.rows()] == [True, False]


async def test_a_migration_into_an_empty_account_reads_no_ticks(setup: Setup) -> None:
    tracker, mirror = setup.tracker(pace=0), Mirror()
    await mirror.read(tracker)
    before = setup.asked()
    plays = [play for season in (1, 2) for play in await several(setup, tracker, *range(1, 9), season=season)]
    await tracker.foresee(addresses(plays))
    await add(tracker, plays)
    await mirror.read(tracker)
    assert len(mirror.held) == 16
    show, seasons, ticks, rows, read = 1, 2, 2, 16, 4
    assert setup.asked() - before <= show + seasons + ticks + rows + read
    assert setup.asked("GET /mobile/page/show/*") == 0


# Marking seasons


async def season(setup: Setup, tracker: SerializdTracker) -> list[Addition]:
    count = len(setup.world.shows[0].seasons[1].episodes)
    return await several(setup, tracker, *range(1, count + 1))


@pytest.mark.parametrize("ahead", [True, False])
async def test_a_season_that_is_complete_is_marked_where_that_is_wanted(setup: Setup, ahead: bool) -> None:
    tracker = setup.tracker(mark_seasons=True, pace=0)
    plays = await season(setup, tracker)
    if ahead:
        await tracker.foresee(addresses(plays))
    await add(tracker, plays)
    assert [call.body for call in setup.service.calls(MARK)] == [{"show_id": SHOW, "season_ids": [SEASON]}]


async def test_seasons_are_left_alone_where_nobody_wants_them_marked(setup: Setup) -> None:
    tracker = setup.tracker(pace=0)
    await add(tracker, await season(setup, tracker))
    assert setup.asked(MARK) == 0


@pytest.mark.parametrize("marked", [True, False])
async def test_a_season_that_cannot_be_marked_holds_no_play_up(setup: Setup, marked: bool) -> None:
    tracker = setup.tracker(mark_seasons=True, pace=0)
    plays = await season(setup, tracker)
    setup.fail(MARK, status=400, body={"message": "Season is already watched"})
    if marked:
        setup.service.accounts["anna"].watched[SHOW, SEASON] = "2026-01-01T00:00:00Z"
        setup.fail(
            TICK, status=200, body={"message": "ok", "shouldMarkSeasonAsWatched": True}, when="after", times=None
        )
    await add(tracker, plays)
    assert len(setup.rows()) == len(plays)
