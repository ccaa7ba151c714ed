"""Being at this machine without a login: the page and the API are open, and nothing that lets others in.

A proxy on this machine that says nothing of itself (nginx since 1.29.7 with a bare ``proxy_pass``) makes whoever calls
it look like that: HTTP/1.1 and ``Host: 127.0.0.1:8484``.
"""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from patience import LONGEST
from scrobbled.web.door.gate import Gate
from scrobbled.web.server import listening
from web.guests import CODE, guests
from web.house import LOGIN, house

FROM_ELSEWHERE = (
    {"referer": "https://public.example/", "user-agent": "Mozilla/5.0"},
    {"referer": "http://192.168.1.5/"},
    {"origin": "https://public.example", "sec-fetch-site": "same-origin"},
    {"origin": "http://localhost.public.example:8484"},
    {"referer": "http://localhost:8484/", "origin": "https://public.example"},
)
"""What a browser says of the page that it is on goes through such a proxy."""
OWN = (
    ("POST", "/api/v1/tokens", {"name": "x"}),
    ("POST", "/api/v1/tokens/codes/ABCD", {"viewer": "anna"}),
    ("GET", "/api/v1/backup", None),
    ("GET", "/api/v1/backup/restore", None),
    ("POST", "/api/v1/backup/restore", {}),
    ("POST", "/api/v1/backup/restore/agree", {}),
    ("DELETE", "/api/v1/backup/restore", None),
    ("POST", "/api/v1/start/login", {"username": "eve", "password": "a-password-of-eve"}),
)
PAGES = ("/settings/tokens", "/settings/backup", "/settings/backup/agree", "/start/password", "/activate")


@contextlib.asynccontextmanager
async def nginx(app: Gate) -> AsyncIterator[httpx.AsyncClient]:
    """What reaches us from such a proxy, over HTTP from this machine."""
    async with (
        listening(app, "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=LONGEST) as relayed,
    ):
        yield relayed


async def test_the_page_and_the_api_are_open_here_and_nothing_that_lets_others_in(tmp_path: Path) -> None:
    async with house(tmp_path) as home, nginx(home.app) as here:
        for path in (
            "/",
            "/history",
            "/settings",
            "/api/v1/status",
            "/api/v1/config",
            "/settings/tokens",
            "/settings/backup",
        ):
            assert (await here.get(path)).status_code == 200, path
        for method, path, body in OWN:
            answer = await here.request(method, path, json=body)
            assert answer.status_code == 403, path
            assert "user name and a password" in answer.json()["error"]
        for path in PAGES:
            answer = await here.post(path, data={"username": "eve", "password": "a-password-of-eve", "for": "admin"})
            assert answer.status_code == 403, path
            assert "Set a password first" in answer.text
        assert "set a login first" in (await here.get("/settings/backup")).text
        assert home.runtime.config.server.login is None


async def test_a_token_opens_what_being_here_does_not(tmp_path: Path) -> None:
    async with house(tmp_path) as home, nginx(home.app) as here:
        secret = (await home.token("admin"))["Authorization"]
        copy = await here.get("/api/v1/backup", headers={"Authorization": secret})
        assert copy.content.startswith(b"SQLite format 3\0")
        limited = await home.token("read")
        assert (await here.get("/api/v1/backup", headers=limited)).status_code == 403
        etag = {"If-Match": (await here.get("/api/v1/config")).headers["etag"]}
        change = {"set": {"metadata.tmdb.key": "another-key"}}
        assert (await here.patch("/api/v1/config", json=change, headers={**etag, **limited})).status_code == 403
        done = await here.patch("/api/v1/config", json=change, headers={**etag, "Authorization": secret})
        assert done.status_code == 200, done.text


@pytest.mark.parametrize(
    "change",
    [
        {"set": {"sources.plex.server_token": "typed"}},
        {"set": {"server.login": {"username": "eve", "password": "a-password-of-eve"}}},
        {"set": {"server.trusted_proxies": ["0.0.0.0/0"]}},
        {"set": {"server.ingress": {"enabled": True, "supervisor": "192.0.2.1"}}},
        {"set": {"viewers[0].trackers.serializd.password": "typed"}},
    ],
)
async def test_secrets_and_the_door_itself_are_changed_in_the_file_only(
    tmp_path: Path, change: dict[str, object]
) -> None:
    async with house(tmp_path) as home, nginx(home.app) as here:
        home.runtime.stop()
        before = (tmp_path / "scrobbled.yaml").read_text()
        etag = {"If-Match": (await here.get("/api/v1/config")).headers["etag"]}
        answer = await here.patch("/api/v1/config", json=change, headers=etag)
        assert answer.status_code == 409, answer.text
        assert "Put a login there first" in answer.json()["error"]
        assert (tmp_path / "scrobbled.yaml").read_text() == before
        harmless = await here.patch("/api/v1/config", json={"set": {"defaults.threshold": "80%"}}, headers=etag)
        assert harmless.status_code == 200, harmless.text


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
async def test_whoever_comes_from_a_page_elsewhere_is_not_taken_for_this_machine(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async with house(tmp_path) as home, nginx(home.app) as relayed:
        for path in ("/", "/settings", "/api/v1/status", "/api/v1/config", "/api/v1/tokens", "/start", "/docs"):
            assert (await relayed.get(path, headers=headers)).status_code == 403, path
        made = await relayed.post("/api/v1/tokens", json={"name": "x"}, headers=headers)
        assert made.status_code == 403


async def test_before_anything_is_set_up_this_machine_sees_the_start_alone(tmp_path: Path) -> None:
    async with guests(tmp_path, first=True, code=CODE) as house, nginx(house.app) as here:
        for path in ("/", "/settings", "/history", "/docs", "/set-up"):
            answer = await here.get(path)
            assert (answer.status_code, answer.headers["location"].partition("?")[0][-5:]) == (303, "start"), path
        for path in ("/api/v1/config", "/api/v1/status", "/api/v1/tokens"):
            assert (await here.get(path)).status_code == 401, path
        assert (await here.post("/api/v1/tokens", json={"name": "x"})).status_code == 403
        assert (await here.get("/start/password")).status_code == 200
        assert (await here.get("/api/v1/start")).status_code == 200
        assert (await here.post("/start/you", data={"name": "anna"})).status_code == 303
        assert (await here.get("/")).status_code == 200, "from here on as without a login"
        assert (await here.post("/api/v1/tokens", json={"name": "x"})).status_code == 403
        assert (await here.post("/start/password", data=LOGIN)).status_code == 303
        assert (await here.post("/api/v1/tokens", json={"name": "x"})).status_code == 201


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
async def test_before_anything_is_set_up_a_page_elsewhere_is_asked_for_the_code(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async with guests(tmp_path, first=True, code=CODE) as house, nginx(house.app) as relayed:
        for path in ("/", "/start", "/start/password"):
            answer = await relayed.get(path, headers=headers)
            assert (answer.status_code, "start/code" in answer.headers["location"]) == (303, True), path
        assert (await relayed.get("/api/v1/start", headers=headers)).status_code == 401
        answer = await relayed.post("/start/password", data=LOGIN, headers=headers)
        assert answer.status_code in (303, 403)
        assert house.runtime.config.server.login is None
