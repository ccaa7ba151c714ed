"""One click on the page says whose an account is, another tries a source."""

import asyncio
from pathlib import Path

import pytest

from scrobbled.sandbox.plex.people import BEN
from web.house import house
from web.test_pages import page


def test_one_click_claims_an_account_and_what_waited_is_a_play(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook(account=BEN)
            given = {"source": "plex", "account": "ben", "viewer": "anna", "back": "needs"}
            answer = await browser.post("/claim", data=given)
            assert answer.status_code == 303
            after = await page(browser, answer.headers["location"])
            assert "This account now belongs to one of you." in after.text
            assert "Who is ben" not in after.text
            assert await home.sql("SELECT count(*) FROM plays") == [(1,)]

    asyncio.run(check())


@pytest.mark.parametrize(
    "given", [{}, {"source": "plex", "account": "nobody"}, {"source": "plex", "account": "ben", "viewer": "zoe"}]
)
def test_what_cannot_be_claimed_says_so_and_changes_nothing(tmp_path: Path, given: dict[str, str]) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook(account=BEN)
            answer = await browser.post("/claim", data=given)
            assert answer.status_code == 400
            assert "Who is ben on Plex?" in (await page(browser, "/needs")).text

    asyncio.run(check())


def test_a_source_that_can_be_tried_has_a_button(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"port": 9}) as home, home.client() as browser:
            await home.webhook()
            (button,) = [one for one in (await page(browser)).all("button") if one.get("name") == "source"]
            assert button["value"] == "plex"
            answer = await browser.post("/try", data={"source": "plex"})
            assert answer.status_code == 502
            assert "does not answer" in answer.text
            assert (await browser.post("/try", data={"source": "kodi"})).status_code == 400

    asyncio.run(check())
