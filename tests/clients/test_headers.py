"""What each client sends with a request, and what it makes of a refusal."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from scrobbled.clients.base import ServerClient
from scrobbled.clients.mediabrowser import DIALECTS, MediaBrowserClient
from scrobbled.clients.plex import PlexClient
from scrobbled.clients.plextv import PlexTv
from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.plumbing.http import Http
from scrobbled.plumbing.pools import Pools

TOKEN = "token-of-somebody-4711"
Made = Callable[[Http], ServerClient]
CLIENTS: dict[str, Made] = {
    "plex": lambda http: PlexClient(http, TOKEN),
    **{name: lambda http, one=one: MediaBrowserClient(one, http, TOKEN) for name, one in DIALECTS.items()},  # type: ignore[misc]
}
EVERY = pytest.mark.parametrize("name", CLIENTS)


async def asked(name: str, answer: httpx.Response, ask: Callable[[ServerClient], Awaitable[object]]) -> httpx.Request:
    sent: list[httpx.Request] = []

    def answered(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answer

    await ask(CLIENTS[name](Pools(httpx.MockTransport(answered)).to(name, f"http://{name}.test")))
    return sent[-1]


@EVERY
async def test_the_token_travels_in_a_header_and_never_in_an_address(name: str) -> None:
    known = httpx.Response(200, json={"MediaContainer": {"machineIdentifier": "m"}, "Id": "m"})
    request = await asked(name, known, lambda client: client.identity())
    assert TOKEN not in str(request.url)
    assert any(TOKEN in value for value in request.headers.values())
    assert ("x-emby-token" in request.headers) is (name == "emby")
    assert request.headers["accept"] == "application/json"


@EVERY
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_names_the_setting_to_change(name: str, status: int) -> None:
    with pytest.raises(LoginNeeded, match=rf"sources\.{name}\.server_token"):
        await asked(name, httpx.Response(status, text="Unauthorized"), lambda client: client.identity())


@EVERY
@pytest.mark.parametrize(
    "strange",
    [
        httpx.Response(404),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"MediaContainer": {}}),
        httpx.Response(302, headers={"Location": "http://elsewhere.test"}),
    ],
    ids=lambda answer: f"{answer.status_code} {answer.text[:20]}",
)
async def test_what_such_a_server_does_not_answer_is_named(name: str, strange: httpx.Response) -> None:
    with pytest.raises(ContractDrift, match=rf"GET {name}\.test/"):
        await asked(name, strange, lambda client: client.identity())


@EVERY
async def test_who_it_is_is_asked_once(name: str) -> None:
    known = {"MediaContainer": {"machineIdentifier": "m"}, "Id": "m"}
    answers = [httpx.Response(200, json=known)]
    client = CLIENTS[name](Pools(httpx.MockTransport(lambda request: answers.pop())).to(name, f"http://{name}.test"))
    assert [await client.is_here(server) for server in ("m", "other", "m")] == [True, False, True]


async def test_plex_tv_is_told_which_installation_asks_and_a_server_is_not() -> None:
    sent: list[httpx.Request] = []

    def answered(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"username": "anna"})

    http = Pools(httpx.MockTransport(answered)).to("plex")
    assert await PlexTv(http, None, TOKEN, client="scrobbled-1").user() == {"username": "anna"}
    await PlexTv(http, "http://elsewhere.test", client="scrobbled-1").user()
    first, second = sent
    assert (first.url.host, second.url.host) == ("plex.tv", "elsewhere.test")
    assert first.headers["x-plex-client-identifier"] == second.headers["x-plex-client-identifier"] == "scrobbled-1"
    assert "x-plex-token" not in second.headers
