"""A library beside a tracker on the pages: before a plan is said yes to, and the wall after it was carried out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flows.household import Household, household
from web.test_history_page import tiles
from web.test_pages import page
from web.test_sync_pages import asked, previewed, visiting

WISH = {"viewer": "anna", "pair": "plex,trakt"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    async with household(tmp_path) as made:
        yield made


async def test_the_card_and_the_plan_say_what_a_library_does_with_dates(house: Household) -> None:
    async with visiting(house) as browser:
        card = (await browser.get("/sync")).text
        assert "is added there, with its own date; in Plex it is ticked off as watched." in card
        plan = await previewed(browser, **WISH)
        text = " ".join((await page(browser, f"/sync/previews/{plan['id']}")).text.split())
        assert "4 titles to tick off as watched Plex notes the time of a tick itself, and takes none." in text
        assert "watched on Trakt, not on Plex" in text
        assert "undated: unknown, released or marked would bring them over" in text


async def test_the_walls_of_both_sides_follow_a_run(house: Household) -> None:
    await house.sync()
    async with visiting(house) as browser:
        for tracker in ("trakt", "plex"):
            assert f'href="./history?on={tracker}&amp;viewer=anna"' in (await browser.get("/sync")).text
        there = len(list(house.home.trakt().history))
        assert len((await asked(browser, "/history?on=trakt&limit=200"))["plays"]) == there, "before it is read again"
        await house.settle()
        again = await asked(browser, "/history?on=trakt&limit=200")
        assert len(again["plays"]) == there == again["mirrors"][0]["holds"]
        assert again["mirrors"][0]["since"] == 0
        text = " ".join((await page(browser, "/history?on=plex")).text.split())
        assert "titles watched, as of" in text
        assert "7 times" in text


async def test_a_library_has_each_title_once_and_no_filter_for_what_came_by_us(house: Household) -> None:
    await house.sync()
    async with visiting(house) as browser:
        found = (await asked(browser, "/history?on=plex&limit=200"))["plays"]
        assert len({one["id"] for one in found}) == len(found)
        assert {one["source"] for one in found} == {"plex"}
        seen = await page(browser, "/history?on=plex")
        assert "Never carried" not in seen.text
        assert all(one[0] == "h" for one in tiles(seen))
