"""One library alone, as page and API offer it: the titles that are there, and a refusal for one that is not."""

from pathlib import Path

import httpx

from flows.household import household
from scrobbled.sandbox.faults import Fault
from scrobbled.web.app import create_app

WISH = {"viewer": "anna", "pair": "plex,trakt"}


async def test_a_library_is_chosen_from_those_that_are_there(tmp_path: Path) -> None:
    async with household(tmp_path, furnished=False) as house:
        transport = httpx.ASGITransport(create_app(house.runtime), client=("127.0.0.1", 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8484") as browser:
            before = (await browser.get("/sync")).text
            assert "Only this library of Plex" in before
            assert '<option value="Films">' not in before
            await house.settle()
            assert '<option value="Films"><option value="TV">' in (await browser.get("/sync")).text
            assert (await browser.get("/api/v1/pairs")).json()[0]["titles"] == ["Films", "TV"]
            for more in ({}, {"dry_run": True}):
                refused = await browser.post("/api/v1/sync", json={**WISH, "library": "Filmes", **more})
                assert (refused.status_code, "did you mean" in refused.text) == (400, True)
            begun = await browser.post("/sync/ask", data={**WISH, "library": "films"})
            assert begun.status_code == 303
            (run, *_) = (await browser.get("/api/v1/runs")).json()
            assert run["options"] == {"library": "films"}
            assert "only the library films" in (await browser.get(f"/sync/runs/{run['id']}")).text


async def test_a_run_that_was_incomplete_says_what_it_did_without(tmp_path: Path) -> None:
    async with household(tmp_path, furnished=False) as house:
        await house.settle()
        house.sandbox["trakt"].faults.add(Fault(match="GET /sync/ratings*", status=503))
        assert (await house.sync(full=True)).outcome == "incomplete"
        transport = httpx.ASGITransport(create_app(house.runtime), client=("127.0.0.1", 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8484") as browser:
            (run, *_) = (await browser.get("/api/v1/runs")).json()
            assert "ratings on trakt could not be read and are left out" in run["reason"]
            for path in (f"/sync/runs/{run['id']}", "/sync/runs"):
                assert "atings on Trakt could not be read and are left out" in (await browser.get(path)).text, path
