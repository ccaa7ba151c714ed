"""A test event for players that speak to Trakt: through the endpoint itself, whoever its tokens are made by."""

import asyncio
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest

from scrobbled.core.errors import ConfigError
from scrobbled.desk.sources import trials
from scrobbled.store.accounts import clients
from web.house import SETTINGS, House, house

TOKEN = "a-shared-trakt-token-0123456789"
ANNAS = "annas-own-trakt-token-0123456789"
NEVER = "SELECT count(*) FROM plays"


def people(accounts: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = deepcopy(SETTINGS["viewers"])
    found[0]["accounts"] = {"trakt": accounts} if accounts else {}
    return found


async def tried(home: House, viewer: str | None = None, source: str = "trakt") -> Any:
    transport = httpx.ASGITransport(home.app)
    runtime = home.runtime
    (found,) = await trials.post(
        runtime.config, runtime.store, home.clock.now(), source=source, viewer=viewer, transport=transport
    )
    return found


@pytest.mark.parametrize(
    ("trakt", "accounts", "viewer"),
    [
        ({"token": TOKEN}, "any", None),
        ({"token": TOKEN}, None, "anna"),
        ({"tokens": {"Anna": ANNAS}}, None, None),
        ({}, None, None),
    ],
)
def test_it_goes_through_everything_but_the_trackers(
    tmp_path: Path, trakt: dict[str, Any], accounts: str | None, viewer: str | None
) -> None:
    async def check() -> None:
        async with house(tmp_path, sources={"trakt": trakt}, viewers=people(accounts)) as home:
            found = await tried(home, viewer)
            assert (found.source, found.account, found.outcome, found.understood) == ("trakt", "anna", "unwanted", True)
            assert "a real one would go to anna" in found.text
            assert found.event == "e1"
            assert await home.sql(NEVER) == [(0,)]
            assert await home.runtime.store.read(clients.listed) == [], "no token is left behind"

    asyncio.run(check())


def test_a_shared_token_that_nobody_lists_is_said_to_be_nobodys(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, sources={"trakt": {"token": TOKEN}}, viewers=people(None)) as home:
            found = await tried(home)
            assert (found.account, found.understood) == ("", False)
            assert "belongs to nobody" in found.text

    asyncio.run(check())


def test_an_endpoint_that_is_open_by_tokens_alone_can_be_tried(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, sources={}, viewers=people(None)) as home:
            with pytest.raises(ConfigError, match="trakt is not configured"):
                await tried(home)
            await home.runtime.store.write(lambda db: clients.create(db, "trakt", "mpv", "anna", 0.0))
            assert (await tried(home)).understood
            assert len(await home.runtime.store.read(clients.listed)) == 1

    asyncio.run(check())


def test_the_api_tries_it_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        async with house(tmp_path, sources={"trakt": {}}, viewers=people(None)) as home, home.client() as browser:
            real = httpx.AsyncClient
            monkeypatch.setattr(
                httpx, "AsyncClient", lambda **how: real(**{**how, "transport": httpx.ASGITransport(home.app)})
            )
            answer = await browser.post("/api/v1/sources/trakt/test", json={"viewer": "anna"})
            assert answer.status_code == 200, answer.text
            assert (answer.json()["understood"], answer.json()["account"]) == (True, "anna")

    asyncio.run(check())
