"""The API of who reports: setting up, trying, registering, and claiming an account at one click."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from patience import until
from scrobbled.sandbox.plex.people import ANNA, BEN
from scrobbled.web.door.refused import SAVE_EVERY
from web.house import SETTINGS, TOKEN, House, house

PUBLIC = {"public_url": "http://nas.local:8484"}


async def asked(browser: httpx.AsyncClient, method: str, path: str, status: int = 200, **given: Any) -> Any:
    answer = await browser.request(method, f"/api/v1/{path}", **({"json": given} if given else {}))
    assert answer.status_code == status, answer.text
    return answer.json()


def test_each_source_tells_when_it_was_heard_and_from_which_server(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            (before,) = await asked(browser, "GET", "sources")
            assert (before["source"], before["configured"], before["last_heard"]) == ("plex", True, None)
            await home.webhook("play")
            home.clock.advance(60)
            await home.webhook("stop")
            wrong = ("/webhooks/plex/not-the-token", "/webhooks/vlc/not-the-token")
            await asyncio.gather(*(browser.post(address, json={}) for address in wrong))

            async def is_written() -> bool:
                return len(await asked(browser, "GET", "sources")) == 2

            beside = "what was turned away is written, beside the answer"
            await until(is_written, beside, seconds=2 * SAVE_EVERY)  # the second one may have to wait for its turn
            plex, other = await asked(browser, "GET", "sources")
            assert (plex["events"], plex["refused"]) == (2, 1)
            assert plex["last_heard"] == home.clock.now().isoformat(timespec="seconds")
            assert plex["last_refused"] is not None
            (server,) = plex["servers"]
            assert (server["events"], server["last_heard"]) == (2, plex["last_heard"])
            assert server["id"]
            assert server["name"]
            assert (other["source"], other["configured"], other["refused"]) == ("", False, 1)

    asyncio.run(check())


def test_the_guide_holds_the_address_with_its_secret(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server=PUBLIC) as home, home.client() as browser:
            found = await asked(browser, "GET", "sources/plex/webhook")
            assert found["url"] == f"http://nas.local:8484/webhooks/plex/{TOKEN}"
            assert found["steps"]
            missing = await asked(browser, "GET", "sources/emby/webhook", 404)
            assert "sources.emby: is not configured" in json.dumps(missing)

    asyncio.run(check())


def test_a_webhook_is_registered_at_the_server(tmp_path: Path) -> None:
    async def check() -> None:
        sources = {"plex": {**SETTINGS["sources"]["plex"], "account_url": "http://sandbox/plextv"}}
        async with house(tmp_path, server=PUBLIC, sources=sources) as home, home.client() as browser:
            found = await asked(browser, "POST", "sources/plex/register")
            assert (found["changed"], found["others"]) == (True, 0)
            assert TOKEN not in json.dumps(found)
            home.sandbox["plextv"].webhooks.clear()
            home.sandbox["plextv"].without_pass.add(ANNA.id)
            refused = await asked(browser, "POST", "sources/plex/register", 502)
            assert "Plex Pass" in refused["error"]

    asyncio.run(check())


@pytest.mark.parametrize(("source", "status"), [("kodi", 400), ("emby", 400)])
def test_what_cannot_be_registered_is_refused(tmp_path: Path, source: str, status: int) -> None:
    async def check() -> None:
        sources = {**SETTINGS["sources"], "kodi": {"token": "kodi-token-0123456789"}}
        async with house(tmp_path, sources=sources) as home, home.client() as browser:
            await asked(browser, "POST", f"sources/{source}/register", status)

    asyncio.run(check())


async def claimed(home: House, browser: httpx.AsyncClient) -> Any:
    (row,) = await asked(browser, "GET", "accounts/unclaimed")
    assert (row["source"], row["account"], row["events"]) == ("plex", "ben", 1)
    assert row["label"]
    assert row["yaml"] == 'accounts: {plex: ["ben"]}'
    return await asked(browser, "POST", "accounts/claim", source=row["source"], account=row["account"])


def test_one_click_claims_an_account_and_what_waited_is_a_play(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook("scrobble", account=BEN)
            assert await home.sql("SELECT count(*) FROM plays") == [(0,)]
            found = await claimed(home, browser)
            assert found["waiting"] == 0
            assert (found["claimed"]["viewer"], found["claimed"]["changed"]) == ("anna", True)
            assert await home.sql("SELECT viewer FROM plays") == [("anna",)]
            assert await asked(browser, "GET", "accounts/unclaimed") == []
            assert home.runtime.config.viewers[0].accounts["plex"] == ("anna", "ben")
            assert (tmp_path / "scrobbled.yaml.bak").exists()

    asyncio.run(check())


def test_a_file_that_may_not_be_changed_is_a_conflict_that_tells_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everything
            found = await asked(browser, "POST", "accounts/claim", 409, source="plex", account="ben", viewer="anna")
            assert "read-only" in found["error"]
            assert 'accounts: {plex: ["anna", "ben"]}' in found["error"]

    asyncio.run(check())


@pytest.mark.parametrize(
    "given",
    [{"source": "vlc", "account": "x"}, {"source": "plex"}, {"source": "plex", "account": "ben", "viewer": "zed"}],
)
def test_what_cannot_be_claimed_is_a_bad_request(tmp_path: Path, given: dict[str, str]) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            before = (tmp_path / "scrobbled.yaml").read_text()
            await asked(browser, "POST", "accounts/claim", 400, **given)
            assert (tmp_path / "scrobbled.yaml").read_text() == before

    asyncio.run(check())


def test_nobody_from_elsewhere_learns_the_address_or_claims_anything(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client("192.168.1.20", base="http://192.168.1.5:8484") as stranger:
            for method, path in (("GET", "sources/plex/webhook"), ("POST", "accounts/claim"), ("GET", "sources")):
                answer = await stranger.request(method, f"/api/v1/{path}", json={"source": "plex", "account": "x"})
                assert answer.status_code in (401, 403)
                assert TOKEN not in answer.text

    asyncio.run(check())


def test_the_test_button_says_that_nobody_answers_where_nobody_listens(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"port": 9}) as home, home.client() as browser:
            found = await asked(browser, "POST", "sources/plex/test")
            assert (found["source"], found["understood"]) == ("plex", False)
            assert "does not answer" in found["text"]
            await asked(browser, "POST", "sources/emby/test", 400)

    asyncio.run(check())
