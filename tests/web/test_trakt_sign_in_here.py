"""Programs sign in at our Trakt endpoint with a code that a person approves: by page, command or API."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from scrobbled.desk.sign_in.keys import Keys
from scrobbled.store.accounts import clients
from web.house import LOGIN, PASSWORD, House
from web.trakt_setup import FILM, ask, playing, plays


async def code(there: House) -> dict[str, Any]:
    answer = await ask(there, "/oauth/device/code", {"client_id": "abc"}, token=None)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def poll(there: House, device: str) -> httpx.Response:
    there.clock.advance(clients.INTERVAL)
    body = {"code": device, "client_id": "abc", "client_secret": "def"}
    return await ask(there, "/oauth/device/token", body, token=None)


async def renew(there: House, refresh: str, **more: str) -> httpx.Response:
    body = {"refresh_token": refresh, "client_id": "abc", "client_secret": "d", "grant_type": "refresh_token", **more}
    return await ask(there, "/oauth/token", body, token=None)


def test_a_program_signs_in_reports_renews_and_signs_out(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path, sources={"trakt": {}}, viewers=[{"name": "anna"}, {"name": "ben"}]) as there:
            given = await code(there)
            assert given["verification_url"] == "http://scrobbled:8484/activate"
            assert (given["expires_in"], given["interval"]) == (600, clients.INTERVAL)
            assert re.fullmatch(r"[A-Z0-9]{8}", given["user_code"])
            pending = await poll(there, given["device_code"])
            assert (pending.status_code, pending.content) == (400, b"")
            assert await Keys(there.runtime).decide(given["user_code"].lower(), "ben") == ""
            granted = await poll(there, given["device_code"])
            assert granted.status_code == 200
            first = granted.json()
            assert first.keys() == {
                "access_token",
                "token_type",
                "expires_in",
                "refresh_token",
                "scope",
                "created_at",
            }
            assert (first["token_type"], first["scope"]) == ("bearer", "public")
            assert first["created_at"] == int(there.clock.now().timestamp())
            assert (await poll(there, given["device_code"])).status_code == 409, "a code is good once"

            stop = {**FILM, "progress": 90}
            assert (await ask(there, "/scrobble/stop", stop, first["access_token"])).status_code == 201
            assert [viewer for viewer, _, _ in await plays(there)] == ["ben"]

            second = (await renew(there, first["refresh_token"])).json()
            assert (await ask(there, "/scrobble/start", stop, first["access_token"])).status_code == 401
            assert (await ask(there, "/scrobble/start", stop, second["access_token"])).status_code == 201
            refused = await renew(there, first["refresh_token"])
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")

            there.clock.advance(second["expires_in"])
            assert (await ask(there, "/scrobble/start", stop, second["access_token"])).status_code == 401, "it is over"
            third = (await renew(there, second["refresh_token"])).json()
            gone = await ask(there, "/oauth/revoke", {"token": third["access_token"]}, token=None)
            assert (gone.status_code, gone.content) == (200, b"")
            assert (await ask(there, "/scrobble/start", stop, third["access_token"])).status_code == 401
            assert (await renew(there, third["refresh_token"])).status_code == 400

    asyncio.run(steps())


def test_a_code_may_be_refused_unknown_over_or_asked_for_too_often(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            keys = Keys(there.runtime)
            assert (await poll(there, "nonsense")).status_code == 404
            denied = await code(there)
            assert await keys.decide(denied["user_code"], None) == ""
            assert (await poll(there, denied["device_code"])).status_code == 418
            over = await code(there)
            there.clock.advance(600)
            assert (await poll(there, over["device_code"])).status_code == 410
            hurried = await code(there)
            assert (await poll(there, hurried["device_code"])).status_code == 400
            there.clock.advance(-clients.INTERVAL)
            again = await poll(there, hurried["device_code"])
            assert (again.status_code, again.headers["retry-after"]) == (429, str(clients.INTERVAL))
            assert (await poll(there, hurried["device_code"])).status_code == 400
            for nonsense in (b"{", b"[]", b"", b"x=1"):
                assert (await ask(there, "/oauth/device/token", nonsense, token=None)).status_code == 404
                assert (await ask(there, "/oauth/token", nonsense, token=None)).status_code == 400
            assert (await renew(there, "x", grant_type="authorization_code")).status_code == 400
            form = f"code={over['device_code']}&client_id=abc"
            assert (await ask(there, "/oauth/device/token", form, token=None)).status_code == 410, "forms are fine, too"

    asyncio.run(steps())


def test_nobody_can_fill_the_disk_with_codes(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            for _ in range(clients.MOST_FROM_ONE_PLACE):
                await code(there)
            refused = await ask(there, "/oauth/device/code", {}, token=None)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
            there.clock.advance(clients.CODE_LIVES + clients.CODE_KEPT + 1)
            await code(there)
            assert await there.sql("SELECT count(*) FROM device_codes") == [(1,)]

    asyncio.run(steps())


def test_the_page_is_named_as_people_reach_it(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path, server={"public_url": "https://home.example/scrobbled/"}) as there:
            assert (await code(there))["verification_url"] == "https://home.example/scrobbled/activate"

    asyncio.run(steps())


# The page


def test_a_person_approves_on_the_page_after_signing_in(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path, server={"login": LOGIN}) as there, there.client("192.168.1.9") as phone:
            given = await code(there)
            path = f"/activate/{given['user_code']}"
            sent = await phone.get(path)
            assert sent.status_code == 303
            door = await phone.get(httpx.URL(path).join(sent.headers["location"]))
            assert f'name="to" value="activate/{given["user_code"]}"' in door.text
            form = {"username": "admin", "password": PASSWORD, "to": f"activate/{given['user_code']}"}
            inside = await phone.post("/login", data=form)
            assert inside.status_code == 303
            page = await phone.get(httpx.URL("/login").join(inside.headers["location"]))
            assert page.status_code == 200
            assert f'value="{given["user_code"]}"' in page.text
            assert "mpv-trakt/1.0" in page.text
            assert "<option>anna</option>" in page.text
            unsaid = await phone.post("/activate", data={"code": given["user_code"], "answer": "approve"})
            assert (unsaid.status_code, "whose viewing" in unsaid.text) == (400, True)
            answer = {"code": given["user_code"], "viewer": "ben", "answer": "approve"}
            foreign = await phone.post("/activate", data=answer, headers={"Origin": "https://evil.example"})
            assert foreign.status_code == 403
            done = await phone.post("/activate", data=answer)
            assert (done.status_code, "reports for ben" in done.text) == (200, True)
            twice = await phone.post("/activate", data=answer)
            assert (twice.status_code, "approved already" in twice.text) == (400, True)
            assert (await poll(there, given["device_code"])).status_code == 200

    asyncio.run(steps())


def test_a_person_turns_a_program_away_on_the_page(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there, there.sidebar() as page:
            given = await code(there)
            shown = await page.get("/activate")
            assert (shown.status_code, given["user_code"] in shown.text) == (200, False)
            typed = f" {given['user_code'][:4]}-{given['user_code'][4:].lower()} "
            done = await page.post("/activate", data={"code": typed, "viewer": "", "answer": "deny"})
            assert (done.status_code, "Turned away" in done.text) == (200, True)
            assert (await poll(there, given["device_code"])).status_code == 418
            unknown = await page.get("/activate/ABCDEFGH")
            assert (unknown.status_code, "no such code" in unknown.text) == (404, True)

    asyncio.run(steps())


def test_what_a_program_calls_itself_is_no_html(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there, there.client() as page:
            named = {"User-Agent": "<script>alert(1)</script>"}
            given = (await ask(there, "/oauth/device/code", {}, token=None, headers=named)).json()
            shown = await page.get(f"/activate/{given['user_code']}")
            assert "<script>alert" not in shown.text
            assert "&lt;script&gt;alert" in shown.text

    asyncio.run(steps())


@pytest.mark.parametrize(
    "to",
    ["https://evil.example", "//evil.example", "/\\evil.example", "a/../x", "a//evil.example", "a#evil", "x:evil", ""],
)
def test_signing_in_leads_nowhere_but_to_pages_of_ours(tmp_path: Path, to: str) -> None:
    async def steps() -> None:
        async with playing(tmp_path, server={"login": LOGIN}) as there, there.client() as page:
            sent = await page.post("/login", data={"username": "admin", "password": PASSWORD, "to": to})
            assert httpx.URL("http://localhost:8484/login").join(sent.headers["location"]).path == "/"
            assert "evil" not in sent.headers["location"]
            assert "evil" not in (await page.get("/login", params={"to": to})).text

    asyncio.run(steps())


# The API


def test_a_token_opens_the_api_and_only_the_api(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path, server={"login": LOGIN}) as there, there.client("192.168.1.9") as script:
            keys = Keys(there.runtime)
            api, trakt = await keys.create("script", None), await keys.create("mpv", "anna")
            assert (api.token.kind, trakt.token.kind) == ("api", "trakt")
            bearer = {"Authorization": f"Bearer {api.secret}"}
            assert (await script.get("/api/v1/status")).status_code == 401
            assert (await script.get("/api/v1/status", headers=bearer)).status_code == 200
            assert (await script.get("/schema/openapi.json", headers=bearer)).status_code == 200
            assert (await script.post("/api/v1/queue/retry", headers=bearer)).status_code == 200
            assert (await script.get("/", headers=bearer)).status_code == 303, "pages are for people"
            other = {"Authorization": f"Bearer {trakt.secret}"}
            assert (await script.get("/api/v1/status", headers=other)).status_code == 401
            assert (await ask(there, "/scrobble/start", FILM, api.secret)).status_code == 401
            strange = {**bearer, "Host": "evil.example"}
            assert (await script.get("/api/v1/status", headers=strange)).status_code == 400
            foreign = {**bearer, "Origin": "https://evil.example"}
            assert (await script.post("/api/v1/queue/retry", headers=foreign)).status_code == 403
            assert await keys.revoke(1)
            assert (await script.get("/api/v1/status", headers=bearer)).status_code == 401

    asyncio.run(steps())


def test_a_token_is_enough_where_no_login_is_configured(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there, there.client("192.168.1.9") as script:
            made = await Keys(there.runtime).create("script", None)
            assert (await script.get("/api/v1/status")).status_code == 403
            headers = {"Authorization": f"bearer {made.secret}"}
            assert (await script.get("/api/v1/status", headers=headers)).status_code == 200
            assert (await script.get("/", headers=headers)).status_code == 403

    asyncio.run(steps())


def test_wrong_tokens_are_slowed_down_and_lock_nobody_out(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path, server={"login": LOGIN}) as there, there.client("192.168.1.9") as script:
            made = await Keys(there.runtime).create("script", None)
            wrong = {"Authorization": "Bearer not-it"}
            statuses = [(await script.get("/api/v1/status", headers=wrong)).status_code for _ in range(5)]
            assert statuses == [401, 401, 401, 429, 429]
            slow = await script.get("/api/v1/status", headers=wrong)
            assert int(slow.headers["retry-after"]) >= 1
            right = {"Authorization": f"Bearer {made.secret}"}
            assert (await script.get("/api/v1/status", headers=right)).status_code == 200
            sign_in = await script.post("/login", data={"username": "admin", "password": PASSWORD})
            assert sign_in.status_code == 303

    asyncio.run(steps())


def test_the_api_does_what_the_command_does(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there, there.sidebar() as script:
            made = await script.post("/api/v1/tokens", json={"name": "mpv", "viewer": "ANNA"})
            assert made.status_code == 201
            assert made.json()["token"]["viewer"] == "anna"
            secret = made.json()["secret"]
            assert (await ask(there, "/scrobble/start", FILM, secret)).status_code == 201
            listed = (await script.get("/api/v1/tokens")).json()
            assert [(row["id"], row["kind"], row["name"]) for row in listed] == [("t1", "trakt", "mpv")]
            assert listed[0]["used_at"] == "2026-11-14T20:00:00+00:00"
            assert secret not in str(listed)
            nobody = await script.post("/api/v1/tokens", json={"viewer": "carl"})
            assert (nobody.status_code, "anna, ben" in nobody.text) == (400, True)
            given = await code(there)
            decided = await script.post(f"/api/v1/tokens/codes/{given['user_code']}", json={"viewer": "ben"})
            assert (decided.status_code, decided.json()["viewer"]) == (200, "ben")
            again = await script.post(f"/api/v1/tokens/codes/{given['user_code']}", json={"deny": True})
            assert again.status_code == 400
            assert (await script.delete("/api/v1/tokens/t1")).status_code == 204
            assert (await script.delete("/api/v1/tokens/t1")).status_code == 404
            assert (await script.delete("/api/v1/tokens/x")).status_code == 404
            assert (await ask(there, "/scrobble/start", FILM, secret)).status_code == 401

    asyncio.run(steps())


def test_the_last_use_is_noted_once_an_hour(tmp_path: Path) -> None:
    async def steps() -> None:
        async with playing(tmp_path) as there:
            made = await Keys(there.runtime).create("mpv", "anna")

            async def used() -> float:
                await ask(there, "/scrobble/start", FILM, made.secret)
                ((at,),) = await there.sql("SELECT used_at FROM clients")
                return float(at)

            first = await used()
            there.clock.advance(3_599)
            assert await used() == first
            there.clock.advance(1)
            assert await used() == first + 3_600

    asyncio.run(steps())
