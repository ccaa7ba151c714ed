"""What a Plex, its plex.tv and a Trakt refuse, or say in part only, row by row: nothing is lost or removed by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.household import Household, household
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.items import FILMS, Holding, LibraryItem
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.store.mirror import runs

pytestmark = pytest.mark.anyio
HISTORY, FILM_LIST = "GET /status/sessions/history/all", "GET /library/sections/1/all"
LOST = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "drop"},
    {"kind": "malformed", "when": "after"},
    {"kind": "html"},
]
IDS = ["500", "503", "dropped", "cut", "a web page"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    """In step, with removals brought over: a film and an episode that were watched in the library, others on Trakt."""
    async with household(tmp_path, furnished=False, removals="propagate") as made:
        for number, one in enumerate(watched(made), start=1):
            made.home.played(one, made.home.ago(number))
        made.film_on_trakt(1)
        made.on_trakt(0, 1, 2)
        made.home.rated(made.home.item(made.sandbox.world.movies[0]), 8.0, made.home.ago(1))
        await made.settle()
        yield made


def watched(house: Household) -> list[LibraryItem]:
    things = house.sandbox.world.movies[0], house.sandbox.world.shows[0].episode(1, 1)
    return [house.home.item(one) for one in things]


def film(house: Household, number: int = 2) -> LibraryItem:
    """One that nobody has watched."""
    return house.home.item(house.sandbox.world.movies[number])


def fail(house: Household, match: str, server: str = "plex", **more: Any) -> None:
    house.sandbox[server].faults.add(Fault(match=match, **more))


def holds(house: Household) -> tuple[object, ...]:
    """Both sides, as far as it matters: plays and ratings on Trakt, counts and stars in the library."""
    plays = sorted((play.title.title, play.watched_at) for play in house.home.trakt().history)
    ratings = sorted((one.title.title, one.rating) for one in house.home.trakt().ratings)
    seen = [house.home.plex.views.of(ANNA, one) for one in house.home.plex.library.items.values()]
    return plays, ratings, [(one.count, one.rating) for one in seen if one.count or one.rating]


async def again(house: Household, **options: Any) -> str:
    """One more run of all, as the clock makes it."""
    house.clock.advance(7 * 3_600)
    return (await house.sync(full=True, **options)).outcome


async def last(house: Household) -> runs.Run:
    (found,) = await house.runtime.store.read(lambda db: runs.latest(db, "anna", house.wired.sides.pair)[:1])
    return found


async def states(house: Household) -> dict[str, str]:
    rows = await house.sql("SELECT tracker, state FROM accounts WHERE viewer = 'anna'")
    return dict(tuple(row) for row in rows)


async def notes(house: Household) -> str:
    ended = await house.compare(full=True)
    assert ended.plan is not None, ended.reason
    return "\n".join(ended.plan.warnings)


# Plex, reading


@pytest.mark.parametrize("status", [401, 498])
async def test_a_token_that_is_refused_pauses_the_account_and_nothing_counts_as_gone(
    house: Household, status: int
) -> None:
    before = holds(house)
    fail(house, "*", status=status)
    for _ in range(3):
        assert await again(house) == "failed"
    assert "trackers.plex.token of anna" in (await last(house)).reason
    assert (await states(house))["plex"] == "sign-in"
    alerts = await house.sql("SELECT kind, subject FROM alerts")
    assert len(alerts) == 1
    house.sandbox["plex"].faults.clear()
    assert await again(house) == "nothing"
    assert (holds(house), (await states(house))["plex"]) == (before, "ok")


@pytest.mark.parametrize("status", [401, 403])
async def test_where_the_history_alone_is_refused_the_last_time_counts_and_the_plan_says_so(
    house: Household, status: int
) -> None:
    fail(house, HISTORY, status=status)
    house.home.played(film(house), house.clock.now())
    assert "which this token may not read: the last time of each title counts instead" in await notes(house)
    await house.deliver()
    await house.settle()
    titles = [play.title.title for play in house.home.trakt().history]
    assert titles.count(film(house).title) == 1
    before = holds(house)
    house.sandbox["plex"].faults.clear()
    assert await again(house) == "nothing"
    assert holds(house) == before
    assert "which this token may not read: the last time of each title counts instead" not in await notes(house)


async def test_a_library_that_is_gone_for_this_person_says_nothing_of_what_was_in_it(house: Household) -> None:
    before = holds(house)
    house.home.plex.library.close(FILMS)
    for _ in range(3):
        assert await again(house) == "nothing"
    assert "library Films, which is not there now: nothing of it counts as gone" in await notes(house)
    assert holds(house)[:2] == before[:2]
    house.home.plex.library.open(FILMS)
    for item in (house.sandbox.world.movies[0], house.sandbox.world.movies[1]):
        house.home.plex.library.put(item, Holding(FILMS))
    assert await again(house) in ("nothing", "done")
    assert holds(house)[:2] == before[:2]


@pytest.mark.parametrize("route", [FILM_LIST, "GET /library/sections/4/all", HISTORY, "GET /library/sections/all"])
@pytest.mark.parametrize("fault", LOST, ids=IDS)
async def test_a_server_that_breaks_off_says_nothing_in_this_run(
    house: Household, fault: dict[str, Any], route: str
) -> None:
    before = holds(house)
    house.home.says(watched(house)[0])  # unwatched, which counts only where it is known for certain
    fail(house, route, **fault)
    for _ in range(3):
        assert await again(house) == "failed"
    assert "plex could not be read" in (await last(house)).reason
    assert holds(house)[:2] == before[:2]
    house.sandbox["plex"].faults.clear()
    await house.settle()
    house.clock.advance(7 * 3_600)
    await house.settle()


async def test_a_list_that_keeps_shifting_is_no_absence(house: Household) -> None:
    before = holds(house)
    house.sandbox["plex"].switches = replace(house.sandbox["plex"].switches, most_rows=2, moving_totals=True)
    for _ in range(3):
        assert await again(house) == "failed"
    assert holds(house) == before


# Plex, marking and rating


async def test_what_is_gone_when_it_is_to_be_marked_is_looked_up_anew(house: Household) -> None:
    house.film_on_trakt(2)
    house.clock.advance(900)
    assert (await house.compare()).outcome == "done"
    item = film(house)
    new = house.home.plex.library.add_again(item, house.clock.now())
    await house.deliver()
    ((outcome, reason),) = await house.sql("SELECT state, reason FROM amendments ORDER BY id DESC LIMIT 1")
    assert (outcome, "no longer in the chosen libraries" in reason) == ("unwanted", True)
    await house.settle()
    assert house.home.plex.views.of(ANNA, new).count == 1


async def test_what_is_gone_for_good_is_unwanted_and_not_asked_for_again(house: Household) -> None:
    house.film_on_trakt(2)
    house.clock.advance(900)
    await house.compare()
    house.home.plex.library.remove(film(house))
    await house.deliver()
    assert await house.sql("SELECT state FROM amendments ORDER BY id DESC LIMIT 1") == [("unwanted",)]
    for _ in range(3):
        assert await again(house) == "nothing"


async def test_an_older_server_is_marked_by_its_own_verb(house: Household) -> None:
    fail(house, "PUT /:/scrobble", status=405)
    house.film_on_trakt(2)
    await house.settle()
    assert house.home.plex.views.of(ANNA, film(house)).count == 1
    puts = [one for one in house.sandbox["plex"].log if one.method == "PUT" and "scrobble" in one.path]
    house.film_on_trakt(3)
    await house.settle()
    assert [one for one in house.sandbox["plex"].log if one.method == "PUT" and "scrobble" in one.path] == puts


async def test_a_rating_whose_date_is_not_taken_is_given_without_it(house: Household) -> None:
    fail(house, "PUT /:/rate", status=400, times=1)
    title = house.home.title(film(house))
    house.rate_on_trakt(title.kind, title.trakt, 9, house.clock.now())
    await house.settle()
    assert house.home.plex.views.of(ANNA, film(house)).rating == 9.0
    asked = [dict(one.query) for one in house.sandbox["plex"].log if one.path.endswith("/:/rate")]
    assert ["ratedAt" in one for one in asked] == [True, False]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", LOST[:3], ids=IDS[:3])
async def test_a_mark_whose_answer_is_lost_is_looked_for_and_made_once(
    house: Household, fault: dict[str, Any], when: str
) -> None:
    fail(house, "PUT /:/scrobble", **fault, when=when, times=2)
    fail(house, "PUT /:/rate", **fault, when=when, times=2)
    house.film_on_trakt(2)
    title = house.home.title(film(house))
    house.rate_on_trakt(title.kind, title.trakt, 9, house.clock.now())
    await house.settle()
    state = house.home.plex.views.of(ANNA, film(house))
    assert (state.count, state.rating) == (1, 9.0)
    plays = [play for play in house.home.trakt().history if play.title == title]
    assert len(plays) == 1
