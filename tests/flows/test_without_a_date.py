"""What a Plex library calls watched without a date that can be believed, from the plan to Trakt and back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.household import Household, household
from patience import until
from scrobbled.desk.undo import UndoReport, UndoRequest, undo
from scrobbled.sandbox.homes.standing import minutes
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.trakt.accounts import TraktPlay
from scrobbled.store.mirror import runs
from scrobbled.web.app import create_app

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
IDLE = 3
LEFT = "4 plays without a date on plex are left alone; undated: unknown, released or marked would bring them over"
PLANNED = {
    "unknown": "trakt: 4 plays to add without a date\n  Paper Orchard: 3 plays without a date\n  Quiet",
    "released": "trakt: 4 plays to add without a date\n  Paper Orchard: 3 plays dated by release\n  Quiet",
    "marked": "trakt: 3 plays to add, dates kept\n  Paper Orchard: 3 plays, 2026-10-05\nLeft as it is:\n  1 play w",
    "leave": LEFT,
}
"""What a person reads before saying yes."""


def ticked_off(house: Household) -> list[LibraryItem]:
    """A film without any time, and three episodes that were marked in one second."""
    show, marked = house.sandbox.world.shows[1], int(house.home.ago(40).timestamp())
    film = house.home.item(house.sandbox.world.movies[2])
    house.home.says(film, count=1)
    episodes = [house.home.item(show.episode(1, number)) for number in (1, 2, 3)]
    for one in episodes:
        house.home.says(one, count=1, last=marked)
    return [film, *episodes]


def plays(house: Household, item: LibraryItem) -> list[TraktPlay]:
    title = house.home.title(item)
    return [play for play in house.home.trakt().history if play.title == title]


def times(house: Household, items: list[LibraryItem]) -> list[list[datetime]]:
    return [[play.watched_at for play in plays(house, item)] for item in items]


def aired(house: Household, item: LibraryItem) -> datetime:
    """When it had been shown to its end for the first time, as Trakt dates what is told as released."""
    title = house.home.title(item)
    assert title.released is not None
    return title.released + timedelta(minutes=title.runtime)


async def stays_so(house: Household, full: bool = False) -> None:
    """Nothing comes of it, whatever is read."""
    for _ in range(IDLE):
        house.clock.advance(7 * 3_600)
        ended = await house.sync(full=full)
        assert (ended.outcome, ended.plan.changes if ended.plan else ()) == ("nothing", ())


async def back(house: Household, asked: UndoRequest) -> UndoReport:
    report = await undo(house.runtime.store, asked, house.clock.now().timestamp())
    await house.deliver()
    return report


async def run_number(house: Household) -> int:
    (last,) = await house.runtime.store.read(lambda db: runs.latest(db, "anna", house.wired.sides.pair)[:1])
    return last.id


@pytest.mark.parametrize("undated", ["unknown", "released", "marked", "leave"])
async def test_each_word_does_what_it_says_and_once(tmp_path: Path, undated: str) -> None:
    async with household(tmp_path, furnished=False, undated=undated) as house:
        film, *episodes = ticked_off(house)
        ended = await house.compare()
        assert ended.plan is not None
        assert PLANNED[undated] in ended.plan.text()
        await house.deliver()
        await house.settle()
        marked = house.home.ago(40).replace(second=0)
        film_at, episodes_at = times(house, [film]), times(house, episodes)
        released = [[aired(house, one)] for one in episodes]
        wanted = {
            "unknown": ([[EPOCH]], [[EPOCH]] * 3),
            "released": ([[EPOCH]], released),
            "marked": ([[]], [[marked]] * 3),
            "leave": ([[]], [[]] * 3),
        }[undated]
        assert (film_at, episodes_at) == wanted
        await stays_so(house)
        await stays_so(house, full=True)
        assert (times(house, [film]), times(house, episodes)) == wanted
        assert all(house.home.plex.views.of(ANNA, one).count == 1 for one in (film, *episodes))


@pytest.mark.parametrize("undated", ["unknown", "released", "marked"])
async def test_they_are_taken_back_by_their_run_and_stay_so(tmp_path: Path, undated: str) -> None:
    async with household(tmp_path, furnished=False, undated=undated) as house:
        things = ticked_off(house)
        before = [play.watched_at for play in house.home.trakt().history]
        await house.sync()
        assert len(house.home.trakt().history) > len(before)
        await back(house, UndoRequest(run=await run_number(house)))
        assert [play.watched_at for play in house.home.trakt().history] == before
        await house.settle()
        await stays_so(house, full=True)
        assert times(house, things) == [[]] * 4
        assert all(house.home.plex.views.of(ANNA, one).count == 1 for one in things)


@pytest.mark.parametrize("undated", ["unknown", "released"])
async def test_a_single_one_is_taken_back_alone(tmp_path: Path, undated: str) -> None:
    async with household(tmp_path, furnished=False, undated=undated) as house:
        things = ticked_off(house)
        await house.sync()
        await house.settle()
        ((number,),) = await house.sql("SELECT id FROM plays WHERE label LIKE '%E2%'")
        await back(house, UndoRequest(plays=(number,)))
        assert [len(one) for one in times(house, things)] == [1, 1, 0, 1]
        await stays_so(house, full=True)
        assert [len(one) for one in times(house, things)] == [1, 1, 0, 1]


async def test_it_is_said_in_the_same_words_everywhere(tmp_path: Path) -> None:
    async with household(tmp_path, furnished=False, undated="unknown") as house:
        ticked_off(house)
        transport = httpx.ASGITransport(create_app(house.runtime), client=("127.0.0.1", 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8484") as browser:
            wish = {"viewer": "anna", "pair": "plex,trakt", "dry_run": True}
            plan = (await browser.post("/api/v1/sync", json=wish)).json()["id"]
            await until(lambda: shown(browser, plan))
            assert [group["undated"] for group in (await told(browser, f"/previews/{plan}"))["groups"]] == [4]
            lines = (await told(browser, f"/previews/{plan}/items"))["lines"]
            assert {(line["after"], line["at"]) for line in lines} == {("without a date", None)}
            page = (await browser.get(f"/sync/previews/{plan}")).text
            assert "4 plays to add without a date" in page
            assert page.count("add the play without a date") == 4
            await house.sync()
            await house.settle()
            texts = [
                page,
                *[(await browser.get(path)).text for path in ("/history", "/sync/runs/r1", "/plays/p1", "/")],
            ]
            assert "without a date" in texts[1]
            assert texts[2].count("add the play without a date") == 4
            for text in texts:
                assert "1970" not in text
                assert "no date" not in text
            plays = (await told(browser, "/plays"))["plays"]
            assert [one["watched_at"] for one in plays] == [None] * 4


async def test_dates_that_other_programs_entered_in_bulk_are_corrected_on_a_yes(tmp_path: Path) -> None:
    async with household(tmp_path) as house:
        await house.settle()
        things = [thing for thing in house.home.things if thing.corrected is not None]
        assert len(things) >= 20
        before = len(house.home.trakt().history)
        for word in ("approval", "approval"):
            ended = await house.sync(correct_dates=True)
            assert (ended.outcome, len(house.home.trakt().history)) == (word, before)
        assert ended.reason == "20 plays on trakt would be given another time"
        assert (await house.sync()).outcome == "nothing", "nobody asked for it"
        done = await house.sync(correct_dates=True, plan=ended.plan_id)
        assert done.outcome == "done"
        await house.settle()
        assert [minutes(house.home, thing) for thing in things] == [[thing.corrected] for thing in things]
        assert len(house.home.trakt().history) == before
        house.clock.advance(7 * 3_600)
        assert (await house.sync(correct_dates=True, full=True)).outcome == "nothing"
        await stays_so(house, full=True)
        await back(house, UndoRequest(run=await run_of(house, "correct_dates")))
        assert not [thing for thing in things if minutes(house.home, thing) == [thing.corrected]]
        assert len(house.home.trakt().history) == before
        await stays_so(house, full=True)


async def run_of(house: Household, option: str) -> int:
    """The one that was carried out with this option."""
    found = await house.runtime.store.read(lambda db: runs.listing(db, None, 100))
    return next(one.id for one in found if one.options.get(option) and one.outcome == "done")


async def told(browser: httpx.AsyncClient, path: str) -> Any:
    return (await browser.get(f"/api/v1{path}")).json()


async def shown(browser: httpx.AsyncClient, plan: str) -> bool:
    return (await told(browser, f"/previews/{plan}"))["ended"] is not None
