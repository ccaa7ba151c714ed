"""The pages of the stand-ins on which a person agrees to a sign-in, as a browser sees them."""

import asyncio

import httpx

from conftest import FakeClock
from scrobbled.sandbox.server import Sandbox


def test_a_person_agrees_or_declines_on_the_page_of_trakt(clock: FakeClock) -> None:
    async def check() -> None:
        sandbox = Sandbox(now=clock.now, only=("trakt", "trakt-auth"))
        oauth = sandbox["trakt"].oauth
        transport = httpx.ASGITransport(sandbox)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as browser:
            for answer, state in (("yes", "approved"), ("no", "denied")):
                device = oauth.start_device(oauth.clients["sandbox-client"], clock.now())
                page = await browser.get(f"/trakt-auth/activate/{device.user_code}")
                assert page.status_code == 200
                assert f'value="{device.user_code}"' in page.text
                given = {"user_code": device.user_code, "username": "ben", "answer": answer}
                assert (await browser.post("/trakt-auth/activate", data=given)).status_code == 200
                assert device.state == state
            assert "&lt;b&gt;" in (await browser.get("/trakt-auth/activate/<b>")).text

    asyncio.run(check())


def test_a_person_signs_in_on_the_page_of_plex(clock: FakeClock) -> None:
    async def check() -> None:
        sandbox = Sandbox(now=clock.now, only=("plex", "plextv"))
        transport = httpx.ASGITransport(sandbox)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as browser:
            assert "No sign-in waits" in (await browser.get("/plextv/auth")).text
            headers = {"X-Plex-Client-Identifier": "me", "Accept": "application/json"}
            pin = (await browser.post("/plextv/api/v2/pins?strong=true", headers=headers)).json()
            assert pin["code"] in (await browser.get("/plextv/auth")).text
            await browser.post("/plextv/auth", data={"code": pin["code"], "username": "anna"})
            told = (await browser.get(f"/plextv/api/v2/pins/{pin['id']}", headers=headers)).json()
            assert told["authToken"] == "sandbox-plextv-anna"

    asyncio.run(check())
