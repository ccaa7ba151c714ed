"""Corrections over the API: the same data and the same effect as the command, and advice for what makes none."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from web.house import PASSWORD, House, house


async def asked(browser: httpx.AsyncClient, method: str, path: str, status: int = 200, **more: Any) -> Any:
    answer = await browser.request(method, f"/api/v1/corrections{path}", **more)
    assert answer.status_code == status, answer.text
    return answer.json()


async def waiting(home: House, count: int) -> None:
    for number in range(1, count + 1):
        await home.webhook("scrobble", item=home.episode(1, number))
    await home.sql("UPDATE outbox SET state = 'unmatched', next_at = 9e9")


def test_one_is_set_listed_and_removed_and_couriers_notice_at_once(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await waiting(home, 2)
            courier = home.runtime.couriers["anna", "serializd"]
            courier.wake.clear()
            title = home.sandbox.world.shows[0].title
            wish = {"what": title, "to": "tmdb:202020", "season": 1, "episodes": "2-", "to_season": 2, "to_episode": 1}
            done = await asked(browser, "POST", "", 201, json=wish)
            assert done["correction"]["text"] == f"{title} S1 E2- is show tmdb:202020 S2 from E1"
            assert [play["id"] for play in done["waiting"]] == ["c2"]
            assert courier.wake.is_set()
            assert await asked(browser, "GET", "") == [done["correction"]]
            assert await home.sql("SELECT state, next_at FROM outbox ORDER BY id") == [
                ("unmatched", 9e9),
                ("queued", 0),
            ]
            courier.wake.clear()
            gone = await asked(browser, "DELETE", "/m1")
            assert gone["correction"] == done["correction"]
            assert courier.wake.is_set()
            assert await asked(browser, "GET", "") == []

    asyncio.run(check())


def test_what_makes_no_correction_is_answered_with_advice(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for wish, advice in (
                ({"what": "Harbour"}, "--to"),
                ({"what": "Harbour", "to": "tmdb:1", "viewer": "carl"}, "anna"),
                ({"what": "c99", "ignore": True}, "no change c99"),
                ({"what": "Harbour", "too": "tmdb:1"}, "too"),
                ({"what": "Harbour", "to": "tmdb:1", "season": "one"}, "season"),
                ({}, "what"),
            ):
                assert advice in (await asked(browser, "POST", "", 400, json=wish))["error"]
            assert "m12" in (await asked(browser, "DELETE", "/Harbour", 400))["error"]
            assert "no correction m9" in (await asked(browser, "DELETE", "/m9", 404))["error"]
            assert await asked(browser, "GET", "") == []

    asyncio.run(check())


def test_a_trial_tells_where_each_tracker_would_put_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            show = home.sandbox.world.shows[0]
            await asked(browser, "POST", "", 201, json={"what": "Harbour", "to": f"tmdb:{show.tmdb}"})
            (found,) = await asked(browser, "GET", "/test?what=Harbour&season=2&episode=3")
            assert (found["viewer"], found["verdict"], found["correction"]) == ("anna", "found", "m1")
            assert found["entry"] == f"show {show.tmdb} {show.title} S2 E3 {show.episode(2, 3).title}"
            (film,) = await asked(browser, "GET", "/test?what=Salt%20Flats&movie=true&viewer=anna")
            assert film["verdict"] == "unwanted"
            assert "season 2" in (await asked(browser, "GET", "/test?what=Harbour", 400))["error"]
            assert "anna" in (await asked(browser, "GET", "/test?what=c1&viewer=carl", 400))["error"]
            assert await home.sql("SELECT * FROM outbox") == []
            assert home.sandbox["serializd"].state()["accounts"]["anna"]["ticks"] == []

    asyncio.run(check())


def test_no_secret_comes_out_of_a_correction(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            home.runtime.redactor.add(PASSWORD)
            await asked(browser, "POST", "", 201, json={"what": f"Harbour {PASSWORD}", "ignore": True})
            assert PASSWORD not in str(await asked(browser, "GET", ""))

    asyncio.run(check())


def test_strangers_are_not_let_in(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client("192.168.1.20") as stranger:
            for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/m1"), ("GET", "/test?what=c1")):
                assert (await stranger.request(method, f"/api/v1/corrections{path}")).status_code in (401, 403)

    asyncio.run(check())
