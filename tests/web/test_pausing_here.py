"""Pausing delivery by API and on the first page, and every place that tells of it."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from patience import until
from scrobbled.store.queue import outbox
from web.house import LOGIN, house

PAUSE = "/api/v1/pause"


async def metric(browser: httpx.AsyncClient) -> str:
    text = (await browser.get("/metrics")).text
    return next(line for line in text.splitlines() if line.startswith("scrobbled_delivery_paused"))


def test_it_is_told_everywhere_until_it_is_over(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"time_zone": "UTC"}) as home, home.client() as browser:
            assert (await browser.get(PAUSE)).json() == {"pause": None}
            assert await metric(browser) == "scrobbled_delivery_paused 0.0"
            began = home.clock.now()
            answer = await browser.post(PAUSE, json={"for": "1h"})
            assert answer.status_code == 200, answer.text
            told = answer.json()
            assert told["pause"]["since"] == began.isoformat(timespec="seconds")
            assert (await browser.get(PAUSE)).json() == told
            assert (await browser.get("/api/v1/status")).json()["pause"] == told["pause"]
            ready = await browser.get("/health/ready")
            assert ready.status_code == 200
            part = ready.json()["components"]["delivery"]
            assert part == {"state": "paused", "reason": f"until {told['pause']['until']}"}
            assert await metric(browser) == "scrobbled_delivery_paused 1.0"
            page = (await browser.get("/")).text
            clock = told["pause"]["until"][11:16]
            assert f"Delivery is paused until {clock}." in page
            assert "For an hour" not in page
            home.clock.advance(3_600.0)
            assert (await browser.get(PAUSE)).json() == {"pause": None}
            assert "delivery" not in (await browser.get("/health/ready")).json()["components"]
            assert await metric(browser) == "scrobbled_delivery_paused 0.0"
            assert "Delivery is paused" not in (await browser.get("/")).text

    asyncio.run(check())


def test_webhooks_are_taken_meanwhile_and_delivered_when_somebody_ends_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser, home.runtime.running():
            assert (await browser.post(PAUSE)).json()["pause"]["until"] is None
            assert (await home.webhook())["event"] == "e1"
            courier = home.runtime.couriers["anna", "serializd"]
            await until(lambda: not courier.wake.is_set(), "the courier has looked")
            assert (await browser.get("/api/v1/status")).json()["house"]["code"] == "paused"

            async def is_delivered() -> bool:
                return not await home.runtime.store.read(lambda db: outbox.waits(db, "anna", "serializd"))

            assert not await is_delivered()
            assert (await browser.delete(PAUSE)).json() == {"pause": None}
            await until(is_delivered)

    asyncio.run(check())


@pytest.mark.parametrize("wish", [{"for": "soon"}, {"for": "0"}, {"for": 3}, {"until": "1h"}, {"for": "-1h"}])
def test_what_is_no_time_pauses_nothing(tmp_path: Path, wish: dict[str, Any]) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            assert (await browser.post(PAUSE, json=wish)).status_code == 400
            assert (await browser.get(PAUSE)).json() == {"pause": None}

    asyncio.run(check())


def test_a_token_that_may_only_look_sees_it_and_does_not_do_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client("192.0.2.9") as program:
            looks, acts = await home.token("read"), await home.token("write")
            assert (await program.get(PAUSE, headers=looks)).status_code == 200
            for method in ("POST", "DELETE"):
                assert (await program.request(method, PAUSE, headers=looks)).status_code == 403
                assert (await program.request(method, PAUSE, headers=acts)).status_code == 200

    asyncio.run(check())


def test_the_buttons_of_the_first_page(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            assert "Pause delivery" in (await browser.get("/")).text
            for wish, hours in (("hour", 1.0), ("day", 24.0), ("open", None)):
                answer = await browser.post("/pause", data={"for": wish}, headers={"Origin": "http://localhost:8484"})
                assert (answer.status_code, answer.headers["location"]) == (303, "./?did=paused")
                found = await home.runtime.vitals._pause()
                assert found is not None
                left = None if found.until is None else found.until - home.clock.now().timestamp()
                assert left == (None if hours is None else hours * 3_600)
            page = (await browser.get("/?did=paused")).text
            assert "Delivery is paused. Plays are taken and kept." in page
            answer = await browser.post("/pause", data={"for": "ever"})
            assert answer.status_code == 400
            answer = await browser.post("/pause", data={"for": "end"})
            assert (answer.status_code, answer.headers["location"]) == (303, "./?did=resumed")
            assert await home.runtime.vitals._pause() is None

    asyncio.run(check())
