"""Signing in to trackers on the page: each way of it, in two tabs, refused, run out, and without telling a secret."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from patience import until
from scrobbled.sandbox.faults import Fault
from scrobbled.trackers import TRACKERS
from web.guests import Guests, guests
from web.test_pages import Seen, page

TRAKT = "/sign-in/anna/trakt"
SERIALIZD = "/sign-in/anna/serializd"


def approve(house: Guests, code: str, *, username: str = "anna", deny: bool = False) -> None:
    assert house.sandbox["trakt"].oauth.settle_device(code, username=username, deny=deny)


async def begun(browser: httpx.AsyncClient, viewer: str = "anna") -> dict[str, Any]:
    told: dict[str, Any] = (await browser.post(f"/api/v1/sign-ins/{viewer}/trakt")).json()
    assert told["step"] == "waiting", told
    return told


def test_a_code_is_shown_with_its_link_and_a_picture_and_the_page_turns_green(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            before = await page(browser, TRAKT)
            assert "Begin" in before.text
            shown = Seen((await browser.post(TRAKT, data={"action": "begin"})).text)
            device = next(iter(house.sandbox["trakt"].oauth.devices.values()))
            assert device.user_code in "".join(shown.text.split())
            assert "http://sandbox/trakt-auth/activate" in shown.text, "as it was delivered"
            links = [link["href"] for link in shown.all("a")]
            assert f"http://sandbox/trakt-auth/activate/{device.user_code}" in links
            assert [path["d"] for path in shown.all("path") if str(path.get("d")).startswith("M4 4h7")]
            assert device.code not in shown.text
            approve(house, device.user_code)
            await house.until(browser, "sign-ins/anna/trakt", "done")
            after = await page(browser, TRAKT)
            assert "Signed in to Trakt as anna." in after.text
            assert "sandbox-access" in await house.stored("anna", "trakt")

    asyncio.run(check())


def test_a_second_tab_and_a_reload_show_the_same_code(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as one, house.client() as other:
            first = await begun(one)
            second = await begun(other)
            assert first["waiting"]["code"] == second["waiting"]["code"]
            assert first["waiting"]["code"] in "".join((await page(other, TRAKT)).text.split())
            assert len(house.sandbox["trakt"].oauth.devices) == 1
            approve(house, first["waiting"]["code"])
            await house.until(one, "sign-ins/anna/trakt", "done")
            assert "Signed in to Trakt as anna." in (await page(other, TRAKT)).text

    asyncio.run(check())


def test_two_people_sign_in_at_the_same_time(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            codes = [(await begun(browser, name))["waiting"]["code"] for name in ("anna", "ben")]
            assert codes[0] != codes[1]
            approve(house, codes[1], username="ben")
            assert (await house.until(browser, "sign-ins/ben/trakt", "done"))["text"] == "ben"
            assert (await browser.get("/api/v1/sign-ins/anna/trakt")).json()["step"] == "waiting"

    asyncio.run(check())


def test_declining_says_so_and_offers_another_code(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            approve(house, (await begun(browser))["waiting"]["code"], deny=True)
            await house.until(browser, "sign-ins/anna/trakt", "over")
            seen = await page(browser, TRAKT)
            assert "declined on Trakt" in seen.text
            assert "Get a new code" in seen.text
            assert await house.stored("anna", "trakt") == ""
            assert (await begun(browser))["waiting"]["code"]

    asyncio.run(check())


def test_a_code_that_ran_out_says_so_and_another_one_works(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            await begun(browser)
            await house.until(browser, "sign-ins/anna/trakt", "over")
            assert "The code ran out before it was entered." in (await page(browser, TRAKT)).text
            approve(house, (await begun(browser))["waiting"]["code"])
            await house.until(browser, "sign-ins/anna/trakt", "done")

    asyncio.run(check())


def test_what_ends_a_code_is_said(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            for status, said in ((404, "does not know this code"), (409, "was used already"), (410, "ran out")):
                await begun(browser)
                house.sandbox["trakt-auth"].faults.add(Fault(match="POST /oauth/device/token", status=status, times=1))
                assert said in (await house.until(browser, "sign-ins/anna/trakt", "over"))["text"]

    asyncio.run(check())


def test_asked_too_often_it_asks_less_often_and_still_gets_there(tmp_path: Path) -> None:
    faults: list[dict[str, Any]] = [{"status": 429}, {"status": 400, "body": {"error": "slow_down"}}, {"status": 503}]

    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            polls = house.sandbox["trakt-auth"].counts
            for fault in faults:
                code = (await begun(browser))["waiting"]["code"]
                house.sandbox["trakt-auth"].faults.add(Fault(match="POST /oauth/device/token", times=1, **fault))
                before, began = sum(polls.values()), house.clock.monotonic()
                house.clock.let_on()
                await until(lambda before=before: sum(polls.values()) > before, "it asked again")  # type: ignore[misc]
                assert sum(polls.values()) == before + 1
                approve(house, code)
                await house.until(browser, "sign-ins/anna/trakt", "done")
                assert house.clock.monotonic() - began >= 15.0, "five seconds, then ten"

    asyncio.run(check())


def test_an_app_that_trakt_does_not_know_is_told_at_once(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            house.sandbox["trakt"].oauth.clients.clear()
            seen = Seen((await browser.post(TRAKT, data={"action": "begin"})).text)
            assert "Trakt does not know this app or its secret" in seen.text

    asyncio.run(check())


def test_a_sign_in_can_be_cancelled_and_begun_anew(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            first = (await begun(browser))["waiting"]["code"]
            again = Seen((await browser.post(TRAKT, data={"action": "again"})).text)
            assert first not in "".join(again.text.split())
            assert "Begin" in Seen((await browser.post(TRAKT, data={"action": "cancel"})).text).text
            assert (await browser.get("/api/v1/sign-ins/anna/trakt")).json()["step"] == "none"

    asyncio.run(check())


def test_a_password_signs_in_and_is_kept_nowhere(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            form = await page(browser, SERIALIZD)
            assert [field["name"] for field in form.all("input")] == ["password"], "the e-mail is configured"
            done = Seen((await browser.post(SERIALIZD, data={"password": "anna-secret"})).text)
            assert "Signed in to Serializd as anna." in done.text
            stored = await house.stored("anna", "serializd")
            assert '"token"' in stored
            assert "anna-secret" not in stored + house.path.read_text()
            assert "anna-secret" not in (await browser.get("/api/v1/sign-ins")).text

    asyncio.run(check())


def test_a_refused_password_is_sent_twice_and_no_more(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            for _ in range(2):
                seen = Seen((await browser.post(SERIALIZD, data={"password": "not-this-one"})).text)
                assert "Serializd refused the sign-in" in seen.text
            third = Seen((await browser.post(SERIALIZD, data={"password": "not-this-one"})).text)
            assert "were not sent again" in third.text
            logins = [call for call in house.sandbox["serializd"].log if call.path.endswith("/login")]
            assert len(logins) == 2
            assert "not-this-one" not in third.text + await house.stored("anna", "serializd")
            assert not (await browser.get("/api/v1/sign-ins/anna/serializd")).json()["signed_in"]
            await browser.post(SERIALIZD, data={"password": "anna-secret"})
            assert (await browser.get("/api/v1/sign-ins/anna/serializd")).json()["step"] == "done"

    asyncio.run(check())


def test_nothing_typed_is_said_beside_the_field_and_sends_nothing(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            answer = await browser.post(SERIALIZD, data={"password": ""})
            assert answer.status_code == 400
            assert "Password: type it in" in Seen(answer.text).text
            assert not house.sandbox["serializd"].log

    asyncio.run(check())


def test_a_sign_in_ends_the_rest_of_the_account_at_once(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            courier = house.runtime.couriers["anna", "serializd"]
            courier.health._until = house.clock.monotonic() + 3_600.0
            await browser.post(SERIALIZD, data={"password": "anna-secret"})
            assert courier.health.pause(house.clock.monotonic()) == 0.0

    asyncio.run(check())


def test_plex_is_signed_in_to_by_a_link_and_its_server_chosen(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            shown = Seen((await browser.post("/set-up/plex-account", data={"action": "begin"})).text)
            (pin,) = house.sandbox["plextv"].pins.values()
            (link,) = [str(one["href"]) for one in shown.all("a") if "clientID" in str(one.get("href"))]
            assert link.startswith("http://sandbox/plextv/auth#?clientID=scrobbled-")
            assert f"code={pin.code}" in link
            assert "context%5Bdevice%5D%5Bproduct%5D=scrobbled" in link
            pin.token = "sandbox-plextv-anna"
            assert (await house.until(browser, "plex/sign-in", "done"))["text"] == "anna"
            choices = await page(browser, "/set-up/plex-server")
            (radio,) = [one for one in choices.all("input") if one.get("type") == "radio"]
            assert "checked" in radio, "the one that answers"
            away = f"{str(radio['value']).partition(' ')[0]} http://evil.example"
            assert (await browser.post("/set-up/plex-server", data={"server": away})).status_code == 400
            assert house.runtime.config.sources["plex"].server_token is None
            answer = await browser.post("/set-up/plex-server", data={"server": str(radio["value"])})
            assert "Kept in the configuration" in answer.text
            plex = house.runtime.config.sources["plex"]
            assert (plex.url, plex.server_token) == ("http://sandbox/plex", "sandbox-plex-token")
            assert "sandbox-plex" not in answer.text
            assert "Enter it there for me" in answer.text

    asyncio.run(check())


def test_a_viewers_own_plex_account_is_refused_to_others_and_stored_for_its_owner(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            pins = house.sandbox["plextv"].pins
            await browser.post("/api/v1/sign-ins/anna/plex")
            pins[max(pins)].token = "sandbox-plextv-ben"
            refused = await house.until(browser, "sign-ins/anna/plex", "over")
            assert "the Plex account of ben, which anna does not list" in refused["text"]
            assert await house.stored("anna", "plex") == ""
            await browser.post("/api/v1/sign-ins/anna/plex")
            pins[max(pins)].token = "sandbox-plextv-anna"
            assert (await house.until(browser, "sign-ins/anna/plex", "done"))["text"] == "anna"
            stored = await house.stored("anna", "plex")
            assert "sandbox-plextv-anna" in stored
            assert "sandbox-plex-token" in stored, "the token by which the account opens the server"
            left = await browser.post("/sign-in/anna/plex", data={"action": "sign-out"})
            assert "Signed out." in left.text
            assert await house.stored("anna", "plex") == ""
            assert (await browser.get("/api/v1/sign-ins/anna/plex")).json()["signed_in"] is False
            assert "sandbox-plextv-anna" not in (await browser.get("/sign-in/anna/plex")).text

    asyncio.run(check())


def test_a_token_of_anilist_is_pasted_tried_and_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRACKERS, "anilist", TRACKERS["memory"])

    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            for token, said in (("nonsense", "not a token"), ("x" * 40, "does not accept this token")):
                seen = Seen((await browser.post("/sign-in/anna/anilist", data={"token": token})).text)
                assert said in seen.text
                assert token not in seen.text
            done = await browser.post("/sign-in/anna/anilist", data={"token": " sandbox-anilist-token-anna\n"})
            assert "Signed in to AniList as anna." in Seen(done.text).text
            assert "sandbox-anilist-token-anna" in await house.stored("anna", "anilist")

    asyncio.run(check())


def test_the_list_names_everybody_and_how_they_are(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            seen = await page(browser, "/sign-in")
            ways = [str(link["href"]) for link in seen.all("a") if "sign-in/" in str(link["href"])]
            assert len(ways) == 4, "one is of a service that this version delivers nothing to"
            assert "the server of the house" in seen.text
            assert "not signed in" in seen.text
            await browser.post(SERIALIZD, data={"password": "anna-secret"})
            assert "signed in" in (await page(browser, "/sign-in?fragment=1")).text

    asyncio.run(check())


def test_an_account_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            for address in ("/sign-in/anna/memory", "/sign-in/zoe/trakt", "/sign-in/%20/plex"):
                assert (await browser.get(address)).status_code == 404
                assert (await browser.post(address, data={"action": "begin"})).status_code == 404
                assert (await browser.post(f"/api/v1{address.replace('sign-in', 'sign-ins')}")).status_code == 404

    asyncio.run(check())


def test_a_form_of_another_site_begins_nothing(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            foreign = {"origin": "https://evil.example"}
            for address in (TRAKT, "/set-up/plex/add", "/start/you", "/set-up/plex-account"):
                assert (await browser.post(address, data={"name": "eve"}, headers=foreign)).status_code == 403
            assert not house.sandbox["trakt"].oauth.devices

    asyncio.run(check())


def test_markup_in_what_a_service_tells_is_text_and_its_link_is_no_script(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as house, house.client() as browser:
            evil = "<script>alert(1)</script>"
            body = {
                "device_code": "d",
                "user_code": evil,
                "verification_url": "javascript:alert(2)//",
                "expires_in": 600,
                "interval": 5,
            }
            fault = Fault(match="POST /oauth/device/code", status=200, body=body, times=1)
            house.sandbox["trakt-auth"].faults.add(fault)
            answer = await browser.post(TRAKT, data={"action": "begin"})
            seen = Seen(answer.text)
            assert evil not in answer.text
            assert not [link for link in seen.all("a") if str(link["href"]).startswith("javascript")]

    asyncio.run(check())
