"""``/api/v1/pairs``, ``/runs`` and ``/sync``."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pairing import Pairing, later, pairing
from scrobbled.web.app import create_app


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Pairing]:
    async with pairing(tmp_path, safety={"max_writes_per_hour": 2}) as home:
        yield home


@pytest.fixture
async def browser(two: Pairing) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(two.runtime), client=("127.0.0.1", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8484") as client:
        yield client


async def asked(browser: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    answer = await browser.get(f"/api/v1{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_pair_that_was_never_compared_is_told_as_that(browser: httpx.AsyncClient) -> None:
    (pair,) = await asked(browser, "/pairs")
    assert (pair["viewer"], pair["pair"], pair["kinds"]) == (
        "anna",
        "trakt,serializd",
        {"plays": "both", "ratings": "both"},
    )
    assert (pair["last"], pair["last_success"], pair["agreed"]) == (None, None, 0)
    assert await asked(browser, "/runs") == []


async def test_a_run_tells_what_it_planned_and_what_became_of_it(two: Pairing, browser: httpx.AsyncClient) -> None:
    two.on_trakt(0, 1, 1), two.on_serializd(0, 1, 2, later(1)), two.on_trakt(0, 1, 3, later(2))
    two.on_serializd(0, 1, 3, later(2))
    await two.sync()
    two.clock.advance(60)
    await two.sync()
    second, first = await asked(browser, "/runs")
    assert (first["id"], first["outcome"], first["outcomes"]) == ("r1", "done", {"delivered": 2})
    assert first["planned"] == {"serializd add plays": 1, "trakt add plays": 1}
    assert (first["done"], first["total"]) == (2, 2)
    assert second["outcome"] == "nothing"
    assert await asked(browser, "/runs/r1") == first
    assert await asked(browser, "/runs?before=r2") == [first]
    (pair,) = await asked(browser, "/pairs")
    assert (pair["agreed"], pair["last"]["id"]) == (3, "r2")
    assert [(side["tracker"], side["plays"]) for side in pair["sides"]] == [("trakt", 3), ("serializd", 3)]
    status = await asked(browser, "/status")
    assert status["pairs"] == [pair]


async def test_a_plan_that_wants_a_yes_is_shown(two: Pairing, browser: httpx.AsyncClient) -> None:
    for n in range(1, 4):
        two.on_trakt(0, 1, n, later(n))
    await two.sync()
    (run,) = await asked(browser, "/runs")
    assert (run["outcome"], run["total"]) == ("approval", 0)
    assert "3 plays to add" in run["plan"]
    assert run["plan_id"]


async def test_a_run_can_be_asked_for(two: Pairing, browser: httpx.AsyncClient) -> None:
    wish = {"viewer": "anna", "pair": "serializd,trakt", "direction": "trakt-to-serializd", "kinds": ["plays"]}
    answer = await browser.post("/api/v1/sync", json=wish)
    assert answer.status_code == 202, answer.text
    run = answer.json()
    assert (run["id"], run["phase"], run["pair"]) == ("r1", "asked", "trakt,serializd")
    assert await two.sql("SELECT options FROM runs") == [('{"kinds": ["plays"], "direction": "trakt-to-serializd"}',)]


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"viewer": "zed"}, 404, "has no pair"),
        ({"pair": "trakt,plex"}, 404, "has no pair"),
        ({"direction": "up"}, 400, "trakt-to-serializd"),
        ({"conflict": "plex-wins"}, 400, "serializd-wins"),
        ({"kinds": ["films"]}, 400, "plays, ratings"),
        ({"surprise": 1}, 400, ""),
    ],
)
async def test_what_means_nothing_is_refused_in_words(
    browser: httpx.AsyncClient, change: dict[str, Any], status: int, says: str
) -> None:
    answer = await browser.post("/api/v1/sync", json={"viewer": "anna", "pair": "trakt,serializd", **change})
    assert answer.status_code == status
    assert says in answer.text
    assert await asked(browser, "/runs") == []


async def test_an_unknown_run_is_not_found(browser: httpx.AsyncClient) -> None:
    await asked(browser, "/runs/r7", 404)
    await asked(browser, "/runs/seven", 400)


@pytest.mark.parametrize("wish", [{"library": "TV"}, {"correct_dates": True}])
async def test_what_is_wished_of_a_library_is_refused_where_there_is_none(
    two: Pairing, browser: httpx.AsyncClient, wish: dict[str, Any]
) -> None:
    body = {"viewer": "anna", "pair": "trakt,serializd", **wish}
    for more in ({}, {"dry_run": True}):
        answer = await browser.post("/api/v1/sync", json={**body, **more})
        assert (answer.status_code, "is a library" in answer.text) == (400, True)
    assert await asked(browser, "/runs") == []
