"""What a plan of a household's library and Trakt says beside its changes, and two reports of one viewing."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from flows.household import Household
from scrobbled.reconcile import Options
from scrobbled.sandbox.homes.home import HomeThing
from scrobbled.sandbox.homes.standing import minutes
from scrobbled.sandbox.plex.people import ANNA


def by_another_program(house: Household, thing: HomeThing, at: datetime) -> None:
    assert thing.title is not None
    house.home.trakt().add_play(thing.title, at, "scrobble", house.clock.now())


async def looked(house: Household) -> str:
    ended = await house.runtime.keeper.reconciler(house.wired).plan(Options())
    assert ended.plan is not None
    return ended.plan.text()


def is_film(thing: HomeThing) -> bool:
    return thing.title is not None and thing.title.kind == "movie"


async def test_a_plan_says_what_may_come_to_nothing_and_what_was_entered_in_bulk(house: Household) -> None:
    text = await looked(house)
    assert "9 of these plays trakt did not find: what stays uncertain is not sent" in text
    assert "20 plays on trakt were entered in bulk, and keep that time; sync --correct-dates would" in text


# -- Trakt takes what is watched on Plex by itself as well -------------------------------------------------------------


async def test_two_reports_of_one_viewing_stay_one_whichever_comes_first(house: Household) -> None:
    early, late = [thing for thing in house.home.of("older agents") if is_film(thing)][:2]
    at = next(iter(early.plays[0])) + timedelta(minutes=3)
    by_another_program(house, early, at)
    await house.sync()
    await house.settle()
    by_another_program(house, late, minutes(house.home, late)[0] + timedelta(minutes=2))
    writes = house.writes()
    for _ in range(3):
        house.clock.advance(7 * 3_600)
        assert (await house.sync()).outcome == "nothing"
    assert minutes(house.home, early) == [at]
    assert len(minutes(house.home, late)) == 2
    assert house.writes() == writes


HEARD = {"webhook": {"url": "https://trakt.example/plex", "last_event_at": "2026-11-10T18:00:00.000Z"}}


@pytest.mark.parametrize(
    ("plex", "told"),
    [
        (HEARD, "by its own webhook"),
        ({"sync": {"configured": True}}, "by its own import"),
        ({"webhook": {**HEARD["webhook"], "last_event_at": "2026-05-01T18:00:00.000Z"}}, ""),
        ({"webhook": {**HEARD["webhook"], "last_event_at": None}, "sync": {"configured": "perhaps"}}, ""),
        ({"webhook": ["?"], "sync": None}, ""),
        (None, ""),
    ],
)
async def test_a_plan_says_where_trakt_takes_it_by_itself(house: Household, plex: Any, told: str) -> None:
    house.home.trakt().plex = plex
    text = await looked(house)
    assert (told in text) if told else ("takes what is watched" not in text)


async def test_trakt_is_asked_for_that_only_when_it_is_to_get_something(house: Household) -> None:
    await house.sync()
    await house.settle()
    asked = house.sandbox["trakt"].counts["GET /users/settings/plex"]
    house.clock.advance(900)
    await house.sync()
    assert house.sandbox["trakt"].counts["GET /users/settings/plex"] == asked > 0


async def test_a_plan_says_that_a_token_may_not_read_the_history(house: Household) -> None:
    house.home.plex.switches = replace(house.home.plex.switches, history=403)
    text = await looked(house)
    assert "1 left out on plex: play history of http://sandbox/plex, which this token may not read" in text
    assert (await house.sync()).outcome == "done"
    house.clock.advance(900)
    await house.settle()


@pytest.mark.parametrize("wrong", [timedelta(hours=1), timedelta(days=366)])
async def test_what_a_clock_that_is_ahead_dates_is_no_play_of_a_time_to_come(
    house: Household, wrong: timedelta
) -> None:
    film = house.home.plex.library.find(house.sandbox.world.movies[-2].title)
    house.home.plex.switches = replace(house.home.plex.switches, clock_error=wrong.total_seconds())
    await house.home.plex.watch(film, ANNA, at=house.clock.now() + wrong)
    await house.sync()
    await house.settle()
    now = house.clock.now()
    assert [play for play in house.home.trakt().history if play.watched_at > now] == []
