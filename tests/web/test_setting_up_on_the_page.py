"""Connecting a media server on the page: the address, the steps, and the place that turns green."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from scrobbled.config import load
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.plex.player import multipart, payload
from web.guests import ROOT, Guests, guests
from web.house import LOGIN
from web.test_pages import Seen, page


async def first_event(
    house: Guests, browser: httpx.AsyncClient, source: str = "plex", event: str = "scrobble", **metadata: Any
) -> None:
    """Anna watches an episode to its end, and the server reports to the address that the page shows."""
    url = (await browser.get(f"/api/v1/sources/{source}/webhook")).json()["url"]
    episode = house.sandbox["plex"].library.find(house.sandbox.world.shows[0].episode(1, 1).rating_key)
    body = payload(event, episode, ANNA, house.clock.now(), offset=round(episode.duration * 0.97))
    body["Metadata"].update(metadata)
    kind, content = multipart(body)
    async with house.client("172.18.0.9", "scrobbled:8484") as server:
        path = re.sub(r"^https?://[^/]+", "", url)
        assert (await server.post(path, content=content, headers={"Content-Type": kind})).status_code == 200


def test_every_server_can_be_picked(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            seen = await page(browser, "/set-up")
            ways = [str(link["href"]) for link in seen.all("a") if "set-up/" in str(link["href"])]
            assert len(ways) == 9
            for way in ways:
                assert (await page(browser, f"/{way.removeprefix('./')}")).all("h1")
            assert (await browser.get("/set-up/vhs")).status_code == 404

    asyncio.run(check())


def test_a_server_is_added_with_a_secret_of_its_own_and_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            before = house.path.read_text()
            house.path.write_text(f"# a comment of mine\n{before}")
            seen = Seen((await browser.post("/set-up/jellyfin/add")).text)
            config = load(house.path, {})
            token = config.sources["jellyfin"].token
            assert token is not None
            assert len(token) == 32
            assert f"/webhooks/jellyfin/{token}" in seen.text
            assert house.path.read_text().startswith("# a comment of mine\n")
            assert house.runtime.config.sources["jellyfin"].token == token
            again = await browser.post("/set-up/jellyfin/add")
            assert token in again.text, "adding it twice changes nothing"

    asyncio.run(check())


def test_a_file_that_cannot_be_written_is_shown_what_to_add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbled.config.replacing.os.access", lambda *given: False)

    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            answer = await browser.post("/set-up/emby/add")
            assert answer.status_code == 409
            assert "read-only" in answer.text
            assert re.search(r"emby:\s+token: (&#34;)?[0-9a-f]{32}", answer.text)
            assert "emby" not in house.runtime.config.sources

    asyncio.run(check())


def test_the_address_is_the_one_by_which_the_page_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbled.desk.sources.guides._own_address", lambda: "192.168.1.5")

    async def check() -> None:
        async with guests(tmp_path, server={"login": LOGIN}) as house:
            async with house.client("192.168.1.20", host="192.168.1.5:8484") as browser:
                await browser.post("/login", data=LOGIN)
                assert "http://192.168.1.5:8484/webhooks/plex/" in (await page(browser, "/set-up/plex")).text
            async with house.client() as browser:
                await browser.post("/login", data=LOGIN)
                assert "http://localhost:8484/webhooks" not in (await page(browser, "/set-up/plex")).text
        public = {"public_url": "https://scrobbled.example.org"}
        async with guests(tmp_path, server=public) as house, house.client() as browser:
            assert "https://scrobbled.example.org/webhooks/plex/" in (await page(browser, "/set-up/plex")).text

    asyncio.run(check())


def test_it_waits_then_names_the_first_event_and_one_click_claims_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            assert "Waiting for Plex" in (await page(browser, "/set-up/plex")).text
            await first_event(house, browser)
            seen = await page(browser, "/set-up/plex?fragment=1")
            assert "One thing is missing" in seen.text
            assert house.sandbox.world.shows[0].title in seen.text
            given = {str(one["name"]): str(one["value"]) for one in seen.all("input")}
            answer = await browser.post("/set-up/plex/claim", data={**given, "viewer": "anna"})
            text = " ".join(Seen(answer.text).text.split())
            assert "it counts, and is a play of anna now" in text
            assert "tone-ok" in answer.text
            assert load(house.path, {}).viewers[0].accounts == {"plex": ("anna",)}

    asyncio.run(check())


def test_what_is_told_is_the_play_and_not_the_last_message_of_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            await first_event(house, browser)
            await first_event(house, browser, event="stop")
            seen = await page(browser, "/set-up/plex?fragment=1")
            given = {str(one["name"]): str(one["value"]) for one in seen.all("input")}
            await browser.post("/set-up/plex/claim", data={**given, "viewer": "anna"})
            await house.runtime.store.write(lambda db: db.execute("UPDATE outbox SET state = 'queued'"))
            text = " ".join((await page(browser, "/set-up/plex?fragment=1")).text.split())
            assert "it counts, and is a play of anna now, on its way to Serializd" in text
            assert "part of a viewing" not in text
            await house.runtime.store.write(lambda db: db.execute("UPDATE outbox SET state = 'delivered'"))
            text = " ".join((await page(browser, "/set-up/plex?fragment=1")).text.split())
            assert "a play of anna now, delivered to Serializd and Trakt." in text

    asyncio.run(check())


def test_markup_in_a_title_is_text_here_too(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            evil = "<img src=x onerror=alert(1)>"
            await first_event(house, browser, title=evil, grandparentTitle=evil)
            answer = await browser.get("/set-up/plex")
            assert evil not in answer.text
            assert evil in Seen(answer.text).text

    asyncio.run(check())


def test_a_wrong_address_is_noticed(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            assert (await browser.post("/webhooks/plex/mistyped", content=b"{}")).status_code == 404
            await house.runtime.store.write(
                lambda db: db.execute("INSERT INTO refusals VALUES ('plex', 1, ?)", (house.clock.now().timestamp(),))
            )
            assert "with a wrong address" in (await page(browser, "/set-up/plex")).text

    asyncio.run(check())


def test_with_its_address_and_a_key_the_server_is_told_by_us(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            await browser.post("/set-up/jellyfin/add")
            kept = await browser.post(
                "/set-up/jellyfin/address", data={"url": f"{ROOT}/jellyfin", "server_token": "sandbox-jellyfin-key"}
            )
            assert "Kept in the configuration" in kept.text
            assert "sandbox-jellyfin-key" not in kept.text
            done = await browser.post("/set-up/jellyfin/register")
            assert "The address is entered there now" in done.text
            again = await browser.post("/set-up/jellyfin/register")
            assert "was entered there already" in again.text

    asyncio.run(check())


def test_what_cannot_be_done_says_so_on_the_page(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            for address, status in (
                ("/set-up/plex/register", 409),
                ("/set-up/kodi/register", 409),
                ("/set-up/kodi/try", 409),
                ("/set-up/plex/address", 400),
                ("/set-up/plex/claim", 400),
                ("/set-up/vhs/add", 404),
            ):
                answer = await browser.post(address, data={"viewer": "zoe"})
                assert answer.status_code == status, address
                assert 'role="alert"' in answer.text or status == 404

    asyncio.run(check())


def test_scripts_can_do_the_same(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            found = (await browser.get("/api/v1/connections")).json()
            assert (found[0]["source"], found[0]["configured"]) == ("plex", True)
            opened = (await browser.post("/api/v1/connections/emby")).json()
            assert opened["configured"]
            assert opened["lacks"] == ["url", "server_token"]
            server = {"url": f"{ROOT}/emby", "server_token": "sandbox-emby-key"}
            assert (await browser.post("/api/v1/connections/emby/server", json=server)).json()["lacks"] == []
            assert (await browser.post("/api/v1/connections/vhs")).status_code == 404
            await first_event(house, browser)
            newest = (await browser.get("/api/v1/connections/plex")).json()["newest"]
            assert newest["outcome"] == "unclaimed"

    asyncio.run(check())


def test_a_player_that_can_be_listened_to_begins_with_the_way_that_needs_nothing(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            await browser.post("/set-up/kodi/add")
            shown = (await page(browser, "/set-up/kodi")).text
            assert shown.index("Let scrobbled listen") < shown.index("An add-on or a script reports")
            assert "mode: live" not in shown
            assert (await browser.post("/set-up/kodi/listen", data={"url": ""})).status_code == 400
            done = await browser.post("/set-up/kodi/listen", data={"url": "ws://kodi.local:9090/jsonrpc"})
            assert "scrobbled listens to Kodi at ws://kodi.local:9090/jsonrpc" in " ".join(Seen(done.text).text.split())
            kodi = load(house.path, {}).sources["kodi"]
            assert (kodi.mode, kodi.url) == ("both", "ws://kodi.local:9090/jsonrpc")
            assert "Let scrobbled listen" not in (await page(browser, "/set-up/tautulli")).text

    asyncio.run(check())


def test_a_player_that_speaks_to_trakt_is_asked_whose_it_is(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            await browser.post("/start/you", data={"name": "ben"})
            asked = await browser.post("/start/server", data={"source": "trakt"})
            assert "Whose player is it?" in asked.text
            assert (await browser.post("/set-up/trakt/add", data={"viewer": "eve"})).status_code == 400
            added = Seen((await browser.post("/set-up/trakt/add", data={"viewer": "ben"})).text).text
            assert "Token of ben" in added
            assert "No viewer lists" not in added
            assert "The address is no secret" in added
            trakt = load(house.path, {}).sources["trakt"]
            assert (list(trakt.tokens), trakt.token) == (["ben"], None)

    asyncio.run(check())
