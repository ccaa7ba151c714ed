"""What a Plex, its plex.tv and a Trakt refuse, or say in part only, row by row: nothing is lost or removed by it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.household import Household, household
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.app import OWNER_TOKEN
from scrobbled.sandbox.plex.items import FILMS, Holding, LibraryItem
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.store.mirror import runs

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


# plex.tv


@pytest.mark.parametrize("status", [401, 422, 498, 429, 503])
async def test_a_server_whose_own_token_is_good_goes_on_whatever_plex_tv_says(house: Household, status: int) -> None:
    await house.restart()
    house.clock.advance(2 * 86_400)
    fail(house, "*", server="plextv", status=status)
    house.home.played(film(house), house.clock.now())
    await house.settle()
    titles = [play.title.title for play in house.home.trakt().history]
    assert titles.count(film(house).title) == 1
    assert (await states(house))["plex"] == "ok"


@pytest.fixture
async def signed_in(tmp_path: Path) -> AsyncIterator[Household]:
    """By the account at plex.tv, which tells where the servers are."""
    async with household(tmp_path, furnished=False, plex={"account_url": "http://sandbox/plextv"}) as made:
        tokens = StoredTokens(made.runtime.store, "anna", "plex", lambda values: None, made.clock.now)
        await tokens.save({"token": "sandbox-plextv-anna", "client": "scrobbled", "username": "anna"})
        await made.settle()
        yield made


@pytest.mark.parametrize("status", [401, 422, 498, 429, 503])
async def test_known_servers_go_on_where_plex_tv_does_not_answer(signed_in: Household, status: int) -> None:
    fail(signed_in, "*", server="plextv", status=status)
    signed_in.home.played(film(signed_in), signed_in.clock.now())
    await signed_in.settle()
    assert [play.title.title for play in signed_in.home.trakt().history] == [film(signed_in).title]


@pytest.mark.parametrize(
    ("status", "state"), [(401, "sign-in"), (422, "sign-in"), (498, "sign-in"), (429, "ok"), (503, "ok")]
)
async def test_a_sign_in_that_ended_is_told_and_a_plex_tv_that_is_down_is_none(
    signed_in: Household, status: int, state: str
) -> None:
    """Where the servers are not where they were."""
    before = holds(signed_in)
    await signed_in.restart()
    signed_in.sandbox["plex"].faults.start_outage()
    fail(signed_in, "*", server="plextv", status=status)
    assert await again(signed_in) == "failed"
    assert (await states(signed_in)).get("plex", "ok") == state
    signed_in.sandbox["plex"].faults.end_outage()
    signed_in.sandbox["plextv"].faults.clear()
    assert await again(signed_in) == "nothing"
    assert holds(signed_in) == before


# Several servers, and another one


async def test_of_a_pair_with_several_servers_one_that_is_off_says_nothing(tmp_path: Path) -> None:
    tokens = {"plex": OWNER_TOKEN, "plex-cabin": "sandbox-plex-cabin"}
    servers = [{"url": f"http://sandbox/{name}", "token": token} for name, token in tokens.items()]
    plex = {"servers": servers, "account_url": "http://sandbox/plextv"}
    async with household(tmp_path, furnished=False, removals="propagate", plex=plex) as house:
        cabin = house.home.cabin.library
        cabin.open(FILMS)
        away = cabin.put(house.sandbox.world.movies[4], Holding(FILMS))
        house.home.played(away, house.home.ago(2), at=house.home.cabin)
        house.home.played(film(house), house.home.ago(1))
        await house.settle()
        assert sorted(play.title.title for play in house.home.trakt().history) == sorted(
            [film(house).title, away.title]
        )
        house.sandbox["plex-cabin"].faults.start_outage()
        house.home.played(film(house, 1), house.clock.now())
        for _ in range(4):
            assert await again(house) == "incomplete"
        assert "server http://sandbox/plex-cabin, which does not answer" in (await last(house)).reason
        assert "server http://sandbox/plex-cabin, which does not answer" in await notes(house)
        assert len(house.home.trakt().history) == 3
        house.sandbox["plex-cabin"].faults.end_outage()
        assert await again(house) == "nothing"
        assert (await last(house)).reason == ""
        assert len(house.home.trakt().history) == 3


async def test_another_server_asks_first(house: Household) -> None:
    before = holds(house)
    house.home.plex.machine = "0" * 40
    for _ in range(2):
        assert await again(house) == "failed"
    assert "nothing of it is taken over" in (await last(house)).reason
    assert holds(house) == before


# Trakt


@pytest.mark.parametrize("fault", LOST, ids=IDS)
async def test_a_kind_that_cannot_be_read_is_left_out_and_the_others_go_on(
    house: Household, fault: dict[str, Any]
) -> None:
    title = house.home.title(film(house, 1))
    house.rate_on_trakt(title.kind, title.trakt, 9, house.clock.now())
    house.home.rated(film(house), 7.0, house.clock.now())
    house.home.played(film(house), house.clock.now())
    fail(house, "GET /sync/ratings*", server="trakt", **fault)
    assert await again(house) == "incomplete"
    assert "ratings on trakt could not be read and are left out" in (await last(house)).reason
    assert "ratings on trakt could not be read and are left out" in await notes(house)
    assert [play.title.title for play in house.home.trakt().history].count(film(house).title) == 1
    assert house.home.plex.views.of(ANNA, film(house, 1)).rating is None
    assert film(house).title not in [one.title.title for one in house.home.trakt().ratings]
    house.sandbox["trakt"].faults.clear()
    await house.settle()
    assert house.home.plex.views.of(ANNA, film(house, 1)).rating == 9.0
    assert [one.rating for one in house.home.trakt().ratings if one.title.title == film(house).title] == [7]


async def test_plays_that_cannot_be_read_leave_ratings_alone(house: Household) -> None:
    house.home.played(film(house), house.clock.now())
    house.home.rated(film(house), 7.0, house.clock.now())
    house.film_on_trakt(3)
    fail(house, "GET /sync/history*", server="trakt", status=500)
    fail(house, "GET /users/*/history*", server="trakt", status=500)
    fail(house, "GET /sync/watched*", server="trakt", status=500)
    ended = await house.compare(full=True)
    assert ended.plan is not None
    assert {change.kind for change in ended.plan.changes} == {"ratings"}
    assert "plays on trakt could not be read and are left out" in "\n".join(ended.plan.warnings)
    house.sandbox["trakt"].faults.clear()
    await house.deliver()
    assert [one.rating for one in house.home.trakt().ratings if one.title.title == film(house).title] == [7]
    await house.settle()
    assert [play.title.title for play in house.home.trakt().history].count(film(house).title) == 1
    assert house.home.plex.views.of(ANNA, film(house, 3)).count == 1


async def test_what_trakt_does_not_know_is_alone_not_booked_as_done(house: Household) -> None:
    nowhere = replace(house.sandbox.world.movies[2], title="Nowhere", tmdb=777_001, imdb="tt7770001")
    lost, found = house.home.plex.library.put(nowhere, Holding(FILMS)), film(house, 3)
    for one in (lost, found):
        house.home.played(one, house.clock.now())
    assert await again(house) == "done"
    outcomes = dict(await house.sql("SELECT label, state FROM outbox JOIN plays ON plays.id = play_id"))
    assert outcomes[f"{found.title} ({found.movie.year})"] == "delivered"
    assert outcomes[f"{lost.title} ({lost.movie.year})"] in ("parked", "unmatched")
