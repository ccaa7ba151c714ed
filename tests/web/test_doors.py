"""Passwords as hashes, sessions over a restart, what a token may do, and Home Assistant's own door."""

import asyncio
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import FakeClock
from scrobbled.config.service import LoginConfig, ServerConfig
from scrobbled.desk.settings import passwords
from scrobbled.web.door.access import Access
from web.house import LOGIN, PASSWORD, House, house

SUPERVISOR = "172.30.32.2"
INGRESS = {"X-Ingress-Path": "/api/hassio_ingress/abc123", "X-Forwarded-Host": "ha.local:8123", "Host": "172.30.33.4"}


@settings(max_examples=5, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_a_hash_stands_for_its_password_and_for_no_other(password: str) -> None:
    stored = passwords.hashed(password)
    assert passwords.is_hashed(stored)
    assert passwords.fits(password, stored)
    assert not passwords.fits(password + " ", stored)
    assert not passwords.fits(stored, stored)
    assert passwords.hashed(password) != stored


@pytest.mark.parametrize("stored", ["scrypt:", "scrypt:a:b", "scrypt:ü:ü", "scrypt:AAAA:AAAA:AAAA", "plain"])
def test_what_only_looks_like_a_hash_is_a_plain_password(stored: str) -> None:
    assert not passwords.is_hashed(stored)
    assert passwords.fits(stored, stored)
    assert not passwords.fits("", stored)


def test_nothing_fits_an_empty_password() -> None:
    assert not passwords.fits("", "")


def test_a_login_may_hold_a_hash(clock: FakeClock) -> None:
    access = Access(ServerConfig(login=LoginConfig(username="admin", password=passwords.hashed("long words"))), clock)
    assert access.knows("admin", "long words")
    assert not access.knows("admin", "other words")
    assert not access.knows("root", "long words")


async def sign_in(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/login", data={"username": "admin", "password": PASSWORD})
    assert answer.status_code == 303


def test_a_restart_signs_nobody_out_and_another_password_does(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client() as browser:
            await sign_in(browser)
            jar = browser.cookies
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client() as browser:
            browser.cookies = jar
            assert (await browser.get("/")).status_code == 200
            other = home.client()
            other.cookies = jar
            await other.post("/logout")
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client() as browser:
            browser.cookies = jar
            assert (await browser.get("/")).status_code == 303
            await sign_in(browser)
            jar = browser.cookies
        changed = {"login": {**LOGIN, "password": "changed-9182"}}
        async with house(tmp_path, server=changed) as home, home.client() as browser:
            browser.cookies = jar
            assert (await browser.get("/")).status_code == 303

    asyncio.run(check())


def test_the_database_holds_nothing_to_sign_in_with(tmp_path: Path) -> None:
    async def check() -> str:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client() as browser:
            await sign_in(browser)
            cookie = browser.cookies["scrobbled_session"]
            (row,) = await home.sql("SELECT key FROM page_sessions")
            assert len(row[0]) == 32
            assert cookie.encode() not in row[0]
            return cookie

    cookie = asyncio.run(check())
    assert cookie.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("scrobbled.db*"))


async def token(home: House, scope: str) -> dict[str, str]:
    async with home.sidebar() as here:
        made = await here.post("/api/v1/tokens", json={"name": scope, "scope": scope})
        assert made.status_code == 201, made.text
        assert made.json()["token"]["scope"] == scope
    return {"Authorization": f"Bearer {made.json()['secret']}"}


@pytest.mark.parametrize(
    ("scope", "looks", "acts", "rules"), [("read", 200, 403, 403), ("write", 200, 200, 403), ("admin", 200, 200, 200)]
)
def test_a_token_does_what_it_is_for(tmp_path: Path, scope: str, looks: int, acts: int, rules: int) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client("192.0.2.7") as script:
            script.headers.update(await token(home, scope))
            assert (await script.get("/api/v1/status")).status_code == looks
            assert (await script.post("/api/v1/queue/retry")).status_code == acts
            for path in ("/api/v1/tokens", "/api/v1/backup", "/api/v1/sources/plex/webhook"):
                answer = await script.get(path)
                assert answer.status_code == rules, path
                assert rules == 200 or "--scope admin" in answer.json()["error"]
            assert (await script.get("/")).status_code in (303, 403)

    asyncio.run(check())


def supervisor(home: House, peer: str = SUPERVISOR) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(home.app.ingress(), client=(peer, 40_000))
    return httpx.AsyncClient(transport=transport, base_url="http://172.30.33.4:8485", headers=INGRESS)


def test_home_assistant_opens_the_page_without_signing_in_and_in_its_frame(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, supervisor(home) as frame:
            page = await frame.get("/")
            assert page.status_code == 200
            assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
            assert 'href="/api/hassio_ingress/abc123/static/page.css' in page.text
            assert "Sign out" not in (await frame.get("/more")).text
            assert (await frame.get("/api/v1/status")).status_code == 200
            sent = await frame.post("/theme", data={"theme": "dark"}, headers={"Origin": "http://ha.local:8123"})
            assert sent.headers["location"] == "/api/hassio_ingress/abc123/more"
            assert "Path=/api/hassio_ingress/abc123" in sent.headers["set-cookie"]

    asyncio.run(check())


@pytest.mark.parametrize("peer", ["172.30.33.9", "127.0.0.1", "172.30.32.1", "192.0.2.4"])
def test_nobody_else_is_answered_at_the_door_of_home_assistant(tmp_path: Path, peer: str) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, supervisor(home, peer) as neighbour:
            spoofed = {"X-Forwarded-For": SUPERVISOR, "X-Real-IP": SUPERVISOR, "X-Remote-User-Name": "admin"}
            for path in ("/", "/api/v1/status", "/static/page.css", "/login", "/webhooks/plex/x", "/metrics"):
                answer = await neighbour.get(path, headers=spoofed)
                assert answer.status_code == 403, path

    asyncio.run(check())


def test_what_is_not_the_page_is_not_there_for_home_assistant(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, supervisor(home) as frame:
            for path in ("/webhooks/plex/hook-token", "/trakt/scrobble/start", "/metrics", "/health/live"):
                assert (await frame.get(path)).status_code == 404, path
            crossed = await frame.post("/theme", data={"theme": "dark"}, headers={"Origin": "https://evil.example"})
            assert crossed.status_code == 403

    asyncio.run(check())


def test_the_public_port_never_believes_what_home_assistant_would_say(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home:
            for peer in (SUPERVISOR, "172.30.33.9"):
                async with home.client(peer) as caller:
                    told = {"X-Ingress-Path": "/api/hassio_ingress/abc123", "X-Remote-User-Name": "admin"}
                    answer = await caller.get("/api/v1/status", headers=told)
                    assert answer.status_code == 401

    asyncio.run(check())


@pytest.mark.parametrize("path", ["/health/live", "/metrics", "/webhooks/plex/wrong", "/trakt/sync/history", "/", "/x"])
def test_no_answer_is_taken_for_a_page_or_a_script_that_it_is_not(tmp_path: Path, path: str) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            headers = (await browser.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in headers["content-security-policy"]

    asyncio.run(check())
