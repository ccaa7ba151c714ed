"""From nothing to the first event: who may begin, each step, leaving off and going on, and read-only folders."""

import asyncio
import re
import stat
from pathlib import Path

import httpx
import pytest

from scrobbled.config import load
from web.guests import CODE, ROOT, SERIALIZD, TRAKT, Guests, guests
from web.test_pages import Seen, page
from web.test_setting_up_on_the_page import first_event

PHONE = "192.168.1.23"
PASSWORD = "a long one 9182"
LOGIN = {"username": "anna", "password": PASSWORD, "again": PASSWORD}


async def let_in(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/start/code", data={"code": f" {CODE.lower()} "})
    assert answer.status_code == 200
    assert "A password for this page" in answer.text


def phone(house: Guests) -> httpx.AsyncClient:
    return house.client(PHONE, "192.168.1.2:8484")


def test_five_steps_lead_from_nothing_to_the_first_play(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path, first=True, code=CODE) as house, phone(house) as browser:
            assert "enter the code" in (await page(browser, "/")).text
            await let_in(browser)
            you = await browser.post("/start/password", data=LOGIN)
            assert "Who are you?" in you.text, "the session of before goes on"
            trackers = await browser.post("/start/you", data={"name": "anna"})
            assert "Where do your plays go?" in trackers.text
            typed = {"viewer": "anna", "password": "anna-secret", **SERIALIZD}
            signed = await browser.post("/start/tracker/serializd", data=typed)
            assert "signed in" in Seen(signed.text).text
            code = await browser.post("/start/tracker/trakt", data={"viewer": "anna", **TRAKT})
            assert "enter this code" in Seen(code.text).text
            assert (await browser.get("/api/v1/needs")).json()["number"] == 0, "who is signing in needs no alarm"
            assert (await browser.get("/api/v1/alerts")).json() == []
            device = next(iter(house.sandbox["trakt"].oauth.devices.values()))
            house.sandbox["trakt"].oauth.settle_device(device.user_code, username="anna")
            await house.until(browser, "sign-ins/anna/trakt", "done")
            assert "waited for this" not in (await page(browser, "/sign-in/anna/trakt")).text, "nothing was watched yet"
            assert "Continue with the set-up" in (await page(browser, "/sign-in/anna/trakt?start=1")).text
            asked = (await page(browser, "/start/trackers")).text
            assert "Keep Serializd and Trakt in step?" in asked
            paired = await browser.post("/start/pair", data={"viewer": "anna", "between": "serializd,trakt"})
            assert "in step?" not in paired.text
            server = (await page(browser, "/start")).text
            assert "What do you watch on?" in server
            assert "Skip, I only sync trackers" in server
            waiting = await browser.post("/start/server", data={"source": "plex"})
            assert "Waiting for Plex" in waiting.text
            assert "Finish" in Seen(waiting.text).text
            await first_event(house, browser)
            seen = await page(browser, "/start/event?fragment=1")
            given = {str(one["name"]): str(one["value"]) for one in seen.all("input")}
            green = await browser.post("/set-up/plex/claim", data={**given, "viewer": "anna"})
            assert "is a play of anna now" in " ".join(Seen(green.text).text.split())
            assert (await browser.get("/api/v1/start")).json()["next"] == ""
            assert house.sandbox.world.shows[0].title in (await page(browser)).text

    asyncio.run(check())


def test_the_file_it_writes_is_valid_commented_private_and_holds_no_password(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path, first=True) as house, house.client() as browser:
            await browser.post("/start/password", data=LOGIN)
            await browser.post("/start/you", data={"name": 'an"na: ${HOME}'})
            typed = {"viewer": 'an"na: ${HOME}', "password": "anna-secret", **SERIALIZD}
            await browser.post("/start/tracker/serializd", data=typed)
            await browser.post("/start/server", data={"source": "plex"})
        text = house.path.read_text()
        config = load(house.path, {})
        assert stat.S_IMODE(house.path.stat().st_mode) == 0o600
        assert config.viewers[0].name == 'an"na: ${HOME}'
        assert config.server.login is not None
        assert config.server.login.password.startswith("scrypt:")
        assert PASSWORD not in text
        assert "anna-secret" not in text
        assert len(re.findall(r"^# ", text, re.MULTILINE)) > 6
        assert config.storage.path == house.runtime.store.path

    asyncio.run(check())


def test_whoever_comes_from_elsewhere_needs_the_code_and_guessing_is_slow(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path, first=True, code=CODE) as house, phone(house) as browser:
            for address in ("/", "/start", "/start/you", "/set-up", "/sign-in"):
                assert "enter the code" in (await browser.get(address)).text
            assert (await browser.get("/api/v1/start")).status_code == 401
            assert (await browser.post("/start/you", data={"name": "eve"})).url.path == "/start/code"
            answers = [(await browser.post("/start/code", data={"code": "AAAAAAAA"})).status_code for _ in range(4)]
            assert answers == [401, 401, 401, 429]
            assert (await browser.post("/start/code", data={"code": CODE})).status_code == 429, "also the right one"
            house.clock.advance(10)
            await let_in(browser)
            assert not house.path.exists()

    asyncio.run(check())


def test_without_a_code_nobody_from_elsewhere_is_let_in(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path, first=True, code="") as house, phone(house) as browser:
            assert (await browser.get("/start")).status_code == 403
            assert (await browser.post("/start/code", data={"code": ""})).status_code == 403

    asyncio.run(check())


def test_once_there_is_a_password_the_code_opens_nothing(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path, first=True, code=CODE) as house:
            async with house.client() as here:
                await here.post("/start/password", data=LOGIN)
                assert "Who are you?" in (await page(here, "/start")).text
            async with phone(house) as browser:
                answer = await browser.post("/start/code", data={"code": CODE})
                assert "Sign in" in Seen(answer.text).text
                assert (await browser.get("/start/you")).url.path == "/login"
                login = {"username": "anna", "password": PASSWORD}
                assert (await browser.post("/login", data=login)).status_code == 200
                assert "Who are you?" in (await page(browser, "/start")).text

    asyncio.run(check())


def test_a_password_cannot_be_set_a_second_time_this_way(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path, first=True) as house, house.client() as browser:
            await browser.post("/start/password", data=LOGIN)
            other = {"username": "eve", "password": "something else"}
            assert (await browser.post("/start/password", data=other)).status_code == 400
            assert (await browser.post("/api/v1/start/login", json=other)).status_code == 400
            login = house.runtime.config.server.login
            assert login is not None
            assert login.username == "anna"

    asyncio.run(check())


def test_what_is_wrong_with_a_password_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    wrong = (
        ({**LOGIN, "again": "other"}, "are not the same"),
        ({**LOGIN, "password": "short", "again": "short"}, "at least 8 characters"),
        ({**LOGIN, "username": " "}, "Choose a name"),
        ({**LOGIN, "username": "a" * 300}, "longer than 200"),
    )

    async def check() -> None:
        async with guests(tmp_path, first=True) as house, house.client() as browser:
            for given, said in wrong:
                answer = await browser.post("/start/password", data=given)
                assert answer.status_code == 400
                assert said in Seen(answer.text).text
                assert given["password"] not in answer.text
            assert not house.path.exists()

    asyncio.run(check())


def test_a_refused_tracker_is_not_written_down(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path, first=True) as house, house.client() as browser:
            await browser.post("/start/you", data={"name": "anna"})
            for typed, said in (
                ({"password": "wrong", **SERIALIZD}, "Serializd refused the sign-in"),
                ({"password": "wrong", **SERIALIZD}, "Serializd refused the sign-in"),
                ({"password": "wrong", **SERIALIZD}, "were not sent again"),
                ({"password": "", **SERIALIZD}, "Password: type it in"),
                ({"password": "anna-secret", "url": f"{ROOT}/serializd/api"}, "E-mail: type it in"),
                ({"password": "anna-secret", **SERIALIZD, "url": "file:///etc/passwd"}, "url"),
            ):
                answer = await browser.post("/start/tracker/serializd", data={"viewer": "anna", **typed})
                assert answer.status_code == 400
                assert said in Seen(answer.text).text
            refused = {**TRAKT, "client_id": "nobody", "viewer": "anna"}
            answer = await browser.post("/start/tracker/trakt", data=refused)
            assert "does not know this app" in Seen(answer.text).text
            assert "sandbox-secret" not in answer.text
            assert house.runtime.config.viewers[0].trackers == {}
            logins = [call for call in house.sandbox["serializd"].log if call.path.endswith("/login")]
            assert len(logins) == 2

    asyncio.run(check())


def test_it_can_be_left_and_gone_on_with_after_a_restart(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path, first=True) as house, house.client() as browser:
            await browser.post("/start/you", data={"name": "anna"})
            assert (await browser.get("/api/v1/start")).json()["done"] == ["you"]
        text = house.path.read_text()
        async with guests(tmp_path, first=True) as house, house.client() as browser:
            house.path.write_text(f"{text}# mine\n")
            await house.runtime.reload(load(house.path, {}))
            assert "Here already: anna" in " ".join((await page(browser, "/start/you")).text.split())
            await browser.post("/start/server", data={"source": "jellyfin"})
            assert "# mine\n" in house.path.read_text()
            assert load(house.path, {}).sources["jellyfin"].token

    asyncio.run(check())


def test_where_it_cannot_be_written_it_goes_on_and_shows_the_file_to_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*given: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("scrobbled.config.replacing.tempfile.mkstemp", read_only)

    async def check() -> None:
        async with guests(tmp_path, first=True) as house, house.client() as browser:
            await browser.post("/start/you", data={"name": "anna"})
            event = await browser.post("/start/server", data={"source": "plex"})
            assert "Save this yourself" in event.text
            assert "Permission denied" in event.text
            unsaved = (await browser.get("/api/v1/start")).json()["unsaved"]
            assert unsaved["yaml"].startswith("# scrobbled")
            await first_event(house, browser)
            await browser.post("/set-up/plex/claim", data={"account": "anna", "viewer": "anna"})
            assert house.runtime.config.viewers[0].accounts == {"plex": ("anna",)}
            assert not house.path.exists()
            house.path.write_text((await browser.get("/api/v1/start")).json()["unsaved"]["yaml"])
            assert (await browser.get("/api/v1/start")).json()["unsaved"] is None
            assert load(house.path, {}) == house.runtime.config

    asyncio.run(check())


def test_scripts_can_take_the_same_steps(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path, first=True) as house, house.client() as browser:
            login = {"username": "anna", "password": PASSWORD}
            viewer = await browser.post("/api/v1/start/viewers", json={"name": "anna"})
            assert viewer.json()["next"] == "password"
            wish = {"viewer": "anna", "tracker": "serializd", "typed": {"password": "anna-secret", **SERIALIZD}}
            assert (await browser.post("/api/v1/start/trackers", json=wish)).json()["step"] == "done"
            bad = {**wish, "typed": {**SERIALIZD, "password": "wrong"}}
            refused = await browser.post("/api/v1/start/trackers", json=bad)
            assert refused.status_code == 409
            assert "refused" in refused.json()["error"]
            assert (await browser.post("/api/v1/connections/plex")).json()["configured"]
            assert (await browser.post("/api/v1/start/login", json=login)).json()["next"] == "event"
            assert (await browser.get("/api/v1/start")).status_code == 401

    asyncio.run(check())


def test_steps_that_are_none_are_not_found(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path, first=True) as house, house.client() as browser:
            assert (await browser.get("/start/nowhere")).status_code == 404
            assert (await browser.post("/start/nowhere")).status_code == 404
            assert (await browser.get("/start/event")).url.path == "/start/server"

    asyncio.run(check())
