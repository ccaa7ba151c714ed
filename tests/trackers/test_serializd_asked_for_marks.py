"""Marks without a row are asked for only where an answer would change something, and not all of them at once."""

import pytest

from scrobbled.core.errors import TryLater
from scrobbled.trackers.serializd import tickreading
from trackers.serializd_mirror import Mirror
from trackers.serializd_setup import Setup

SEASON_PAGE = "GET /mobile/page/show/*"
SEASONS = 8
"""Of the four shows, without their specials."""
AT = "2026-01-01T00:00:00Z"


def bare(setup: Setup) -> None:
    """One mark without a row in each season, beside a row of another episode."""
    account = setup.service.accounts["anna"]
    for show in setup.world.shows:
        for season in show.seasons[1:]:
            setup.service.log_play("anna", show.tmdb, season.number, 1)
            account.tick(show.tmdb, season.tmdb, 1, AT)
            account.tick(show.tmdb, season.tmdb, 2, AT)


def marks(mirror: Mirror) -> set[str]:
    return {id_ for id_ in mirror.held if id_.startswith("tick:")}


async def test_nobody_is_asked_where_no_pair_wants_to_know(setup: Setup) -> None:
    bare(setup)
    mirror = Mirror()
    mirror.marks = False
    await mirror.read(setup.tracker())
    await mirror.read(setup.tracker(), full=True)
    assert setup.asked(SEASON_PAGE) == 0
    assert len(mirror.held) == SEASONS


async def test_they_are_asked_for_as_soon_as_a_pair_wants_to_know(setup: Setup) -> None:
    bare(setup)
    mirror = Mirror()
    mirror.marks = False
    await mirror.read(setup.tracker())
    mirror.marks = True
    await mirror.read(setup.tracker())
    assert len(marks(mirror)) == SEASONS
    assert setup.asked(SEASON_PAGE) == SEASONS


async def test_what_was_told_stays_where_nobody_wants_to_know_any_more(setup: Setup) -> None:
    bare(setup)
    mirror = Mirror()
    await mirror.read(setup.tracker())
    before = marks(mirror)
    mirror.marks = False
    await mirror.read(setup.tracker(), full=True)
    assert marks(mirror) == before
    assert len(before) == SEASONS


async def test_a_season_of_which_each_episode_has_a_row_is_not_asked_for(setup: Setup) -> None:
    bare(setup)
    show, tracker = setup.world.shows[0], setup.tracker()
    for one in show.seasons[1].episodes:
        setup.service.log_play("anna", show.tmdb, 1, one.number)
    await tracker.locate(setup.episode(0, 1, 4))  # the catalogue has told what there is of the season
    before = setup.asked(SEASON_PAGE)
    mirror = Mirror()
    await mirror.read(tracker)
    assert setup.asked(SEASON_PAGE) - before == SEASONS - 1
    assert len(marks(mirror)) == SEASONS - 1


async def test_of_very_many_seasons_some_are_asked_for_in_each_complete_read(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickreading, "MOST", 3)
    bare(setup)
    mirror = Mirror()
    asked = []
    for told in (3, 6, 8, 8):
        before = setup.asked(SEASON_PAGE)
        reading = await mirror.read(setup.tracker(), full=True)
        asked.append(setup.asked(SEASON_PAGE) - before)
        assert len(marks(mirror)) == told
        assert reading.skipped == {tickreading.LATER_TICKS: SEASONS - 3}
    assert asked == [3, 3, 3, 3]
    assert {id_.split(":")[2] for id_ in marks(mirror)} == {"2"}


async def test_what_seasons_said_before_a_read_broke_off_is_not_asked_again(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickreading, "LONG", 2)
    bare(setup)
    mirror = Mirror()
    reader = setup.tracker()
    stop = tickreading.TickReader._of_season
    seen: list[object] = []

    async def until_the_fourth(self, season, teller, failed):  # type: ignore[no-untyped-def]
        seen.append(season)
        if len(seen) == 4:
            raise TryLater("the process is gone")
        return await stop(self, season, teller, failed)

    with monkeypatch.context() as patch:
        patch.setattr(tickreading.TickReader, "_of_season", until_the_fourth)
        with pytest.raises(TryLater):
            await mirror.read(reader)
    assert setup.asked(SEASON_PAGE) == 3
    await mirror.read(setup.tracker())
    assert setup.asked(SEASON_PAGE) == SEASONS
    assert len(marks(mirror)) == SEASONS
