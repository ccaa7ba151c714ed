"""What people are told, and trying it, by API."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.harness import Receiver, free_port
from scrobbled.sandbox.plex.people import BEN
from scrobbled.sources.examples import MARK
from scrobbled.web.server import listening
from web.house import TOKEN, house

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise imports it


async def asked(browser: httpx.AsyncClient, path: str, body: Any = None, status: int = 200) -> Any:
    answer = await (browser.post(path, json=body) if body is not None else browser.get(path))
    assert answer.status_code == status, answer.text
    return answer.json()


def test_open_troubles_are_listed(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            assert await asked(browser, "/api/v1/alerts") == []
            await home.webhook(account=BEN)
            home.clock.advance(60)
            await home.webhook(account=BEN)
            (trouble,) = await asked(browser, "/api/v1/alerts")
            assert (trouble["kind"], trouble["count"], trouble["returns"]) == ("unclaimed", 2, 0)
            assert (trouble["since"], trouble["last_told"]) == ("2026-11-14T20:00:00+00:00", None)
            assert (trouble["viewer"], trouble["link"]) == (None, "/#unclaimed")
            assert "ben" in trouble["title"]

    asyncio.run(check())


def test_an_alert_can_be_tried(tmp_path: Path) -> None:
    async def check() -> None:
        with Receiver() as receiver:
            async with house(tmp_path, alerts={"urls": [receiver.url]}) as home, home.client() as browser:
                found = await asked(browser, "/api/v1/alerts/test", {})
                assert found["accepted"] is True
                assert found["addresses"] == [
                    {"place": "alerts.urls[0]", "address": "json://••••", "accepted": True, "why": ""}
                ]
                receiver.status = 500
                found = await asked(browser, "/api/v1/alerts/test", {"viewer": "anna"})
                assert (found["accepted"], "500" in found["addresses"][0]["why"]) == (False, True)
                refused = await asked(browser, "/api/v1/alerts/test", {"viewer": "zed"}, status=400)
                assert refused == {"error": "no viewer is called zed; known here: anna"}
        assert receiver.titles() == ["scrobbled: test alert"]

    asyncio.run(check())


def test_without_an_address_it_is_said_what_to_do(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            assert "add an Apprise URL" in (await asked(browser, "/api/v1/alerts/test", {}, status=400))["error"]

    asyncio.run(check())


def test_an_event_can_be_tried_through_our_own_webhook(tmp_path: Path) -> None:
    port = free_port()

    async def check() -> None:
        async with house(tmp_path, server={"host": "0.0.0.0", "port": port}) as home, home.client() as browser:
            away = await asked(browser, "/api/v1/test-event", {})
            assert (away["understood"], "does not answer" in away["sources"][0]["text"]) == (False, True)
            async with listening(home.app, "127.0.0.1", port):
                found = await asked(browser, "/api/v1/test-event", {"viewer": "anna"})
            assert found["understood"] is True
            (tried,) = found["sources"]
            assert (tried["event"], tried["outcome"]) == ("e1", "unwanted")
            story = await asked(browser, "/api/v1/events/e1")
            assert (story["outcome"], story["account"]) == ("unwanted", "anna")
            assert MARK in story["raw"]
            assert await home.sql("SELECT count(*) FROM plays") == [(0,)]
            assert await home.sql("SELECT count(*) FROM sessions") == [(0,)]
            assert TOKEN not in str(found)
            assert (await asked(browser, "/api/v1/test-event", {"source": "emby"}, status=400))["error"]

    asyncio.run(check())


def test_none_of_it_is_open_to_strangers(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client("172.18.0.9") as stranger:
            await asked(stranger, "/api/v1/alerts", status=403)
            await asked(stranger, "/api/v1/alerts/test", {}, status=403)
            await asked(stranger, "/api/v1/test-event", {}, status=403)

    asyncio.run(check())
