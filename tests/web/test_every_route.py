"""Every route there is, found by asking the application: nobody gets in by a way that somebody forgot."""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from scrobbled.store.accounts import clients
from scrobbled.web.door.gate import LEVELS, OPEN, is_below
from web.house import LOGIN, PASSWORD, House, house

CLIMBS = ("../secret.png", "..%2fsecret.png", "%2e%2e/secret.png", "....//secret.png", "%00", "a" * 3000)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TELLS_SECRETS = ("/tokens", "/config", "/backup", "/sign-ins", "/connections", "/start", "/plex")
"""Below /api/v1: what tells secrets, changes settings or lets others in is for tokens with the scope admin."""
CHANGES_SETTINGS = ("/restart", "/accounts/claim")


async def routes(home: House) -> list[tuple[str, str]]:
    """Method and path, with something in place of each parameter; those that are open to all are left out."""
    return [route for app in (home.app.people, home.app.programs) for route in _routes(await app.built())]


def _routes(app: Any) -> Iterator[tuple[str, str]]:
    for route in app.routes:
        path = re.sub(r"\{[^}]*\}", "x1", route.path)
        if not any(is_below(path, place) for place in OPEN):
            yield from ((method, path) for method in sorted(route.methods - {"OPTIONS"}))


def test_without_signing_in_nothing_is_answered(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client("192.0.2.9") as stranger:
            asked = 0
            for method, path in await routes(home):
                if any(is_below(path, place) for place in (*LEVELS, "/logout")):
                    continue
                answer = await stranger.request(method, path)
                assert answer.status_code in (303, 401), (method, path)
                assert answer.status_code == 401 or "login" in answer.headers["location"], (method, path)
                asked += 1
            assert asked > 100

    asyncio.run(check())


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8484"},
    ],
)
def test_no_other_site_makes_anything_happen(tmp_path: Path, headers: dict[str, str]) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client() as victim:
            await victim.post("/login", data={"username": "admin", "password": PASSWORD})
            asked = 0
            for method, path in await routes(home):
                if method not in SAFE:
                    answer = await victim.request(method, path, headers=headers)
                    assert answer.status_code == 403, (method, path)
                    asked += 1
            assert asked > 40
            assert (await victim.get("/more")).status_code == 200, "nor is anybody signed out"

    asyncio.run(check())


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8484", "localhost.evil.example", "a b", ""])
def test_no_foreign_name_is_answered(tmp_path: Path, host: str) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for method, path in await routes(home):
                answer = await browser.request(method, path, headers={"Host": host})
                assert answer.status_code == 400, (method, path)

    asyncio.run(check())


def test_a_token_that_may_look_does_nothing_else(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client("192.0.2.9") as script:
            made = await home.runtime.store.write(_token)
            script.headers["Authorization"] = f"Bearer {made}"
            for method, path in await routes(home):
                if not path.startswith("/api/v1/") or path.endswith("/live"):
                    continue
                below = path.removeprefix("/api/v1")
                if below == "/config/schema":  # the same for everybody
                    continue
                if method not in SAFE or any(is_below(below, place) for place in TELLS_SECRETS):
                    answer = await script.request(method, path, json={})
                    assert answer.status_code == 403, (method, path)
                    assert "--scope" in answer.json()["error"], (method, path)

    asyncio.run(check())


def test_a_token_that_may_act_learns_no_secret_and_configures_nothing(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client("192.0.2.9") as script:
            made = await home.runtime.store.write(partial(_token, scope="write"))
            script.headers["Authorization"] = f"Bearer {made}"
            refused = 0
            for method, path in await routes(home):
                below = path.removeprefix("/api/v1")
                if path == below or below == "/config/schema":
                    continue
                if any(is_below(below, place) for place in (*TELLS_SECRETS, *CHANGES_SETTINGS)):
                    answer = await script.request(method, path, json={})
                    assert answer.status_code == 403, (method, path)
                    refused += 1
            assert refused > 25

    asyncio.run(check())


def _token(db: sqlite3.Connection, scope: str = "read") -> str:
    return clients.create(db, "api", "script", None, 1.0, scope)[1]


def test_addresses_that_climb_reach_nothing(tmp_path: Path) -> None:
    async def check() -> None:
        (tmp_path / "secret.png").write_bytes(b"\x89PNG secret")
        async with house(tmp_path) as home, home.client() as browser:
            for climb in CLIMBS:
                for place in ("art", "posters", "static", "plays", "settings", "sync/runs", "api/v1/art"):
                    answer = await browser.get(f"/{place}/{climb}")
                    assert answer.status_code in (307, 400, 404, 414), (place, climb)
                    assert b"PNG" not in answer.content, (place, climb)

    asyncio.run(check())
