"""The source of ``projector.py`` in a whole service, where ``test_a_new_source.py`` added it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from scrobbled.sources.projector import SETUP

from scrobbled.sources import SOURCES
from scrobbled.sources.examples import Example
from web.house import SETTINGS, House, house

TOKEN = "projector-token-4711"
ANNA = {**SETTINGS["viewers"][0], "accounts": {"projector": "anna"}}
CONFIGURED = {"projector": {"token": TOKEN}}
WATCHED = {"watcher": "Anna", "film": "Paper Boats", "year": 2019, "imdb": "tt9900112", "reel": "r7", "device": "hall"}


async def post(home: House, content: bytes | None = None, **more: Any) -> None:
    async with home.client("172.18.0.9") as projector:
        given: dict[str, Any] = {"content": content, "headers": more} if content else {"json": {**WATCHED, **more}}
        answer = await projector.post(f"/webhooks/projector/{TOKEN}", **given)
        assert answer.status_code == 200, answer.text


async def plays(browser: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await browser.get("/api/v1/plays")).json()["plays"]
    return found


async def test_its_webhook_becomes_one_play_of_the_viewer_on_its_way(tmp_path: Path, anyio_backend: str) -> None:
    async with house(tmp_path, sources=CONFIGURED, viewers=[ANNA]) as home, home.client() as browser:
        ended = int(home.clock.now().timestamp()) - 60
        await post(home, ended=ended)
        await post(home, ended=ended)
        (play,) = await plays(browser)
        assert (play["viewer"], play["title"]) == ("anna", "Paper Boats")
        assert [one["tracker"] for one in play["deliveries"]] == ["serializd"]


async def test_an_account_that_nobody_lists_is_told_and_held(tmp_path: Path, anyio_backend: str) -> None:
    async with house(tmp_path, sources=CONFIGURED, viewers=[ANNA]) as home, home.client() as browser:
        await post(home, watcher="somebody")
        assert await plays(browser) == []
        (one,) = (await browser.get("/api/v1/sources")).json()
        assert (one["source"], one["events"]) == ("projector", 1)


async def test_it_is_set_up_and_tried_like_every_other(tmp_path: Path, anyio_backend: str) -> None:
    async with house(tmp_path, sources=CONFIGURED, viewers=[ANNA]) as home, home.client() as browser:
        guide = (await browser.get("/api/v1/sources/projector/webhook")).json()
        assert guide["url"].endswith(f"/webhooks/projector/{TOKEN}")
        assert guide["steps"] == list(SETUP.steps)
        kind, body = SOURCES["projector"].example(Example("anna", home.clock.now()))
        await post(home, body, **{"Content-Type": kind})
        assert await plays(browser) == []
        for page in ("/set-up", "/set-up/projector", "/settings/sources/projector", "/"):
            assert "Projector" in (await browser.get(page)).text, page
