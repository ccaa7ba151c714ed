"""Floods by API and on the page: told with figures, decided on together, counted in the metrics."""

import asyncio
from pathlib import Path

import httpx

from scrobbled.core.words.outcomes import Hold
from web.house import House, house

OLD = 1_600_000_000
PLAYS = 24


async def flooded(home: House, *, plays: int = PLAYS) -> None:
    for number in range(plays):
        show, rest = divmod(number, 16)
        season, episode = divmod(rest, 8)
        await home.webhook(item=home.episode(season + 1, episode + 1, show), lastViewedAt=OLD + number)


def test_the_api_tells_floods_and_decides_on_them(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await flooded(home)
            (flood,) = (await browser.get("/api/v1/floods")).json()
            assert (flood["id"], flood["plays"], flood["held"], flood["rule"]) == ("f1", PLAYS, PLAYS, "burst")
            assert (flood["sources"], len(flood["samples"])) == (["plex"], 3)
            changes = (await browser.get("/api/v1/queue?flood=f1&limit=200")).json()["changes"]
            assert {(change["hold"], change["flood"]) for change in changes} == {("burst", "f1")}
            assert len(changes) == PLAYS
            assert (await browser.get("/api/v1/queue?flood=c1")).status_code == 400
            some = await _act(browser, "drop", ["c1", "c2"])
            assert some == {"action": "drop", "done": ["c1", "c2"], "left": [], "plays": 2}
            rest = await _act(browser, "approve", ["f1", "f9"])
            assert (len(rest["done"]), rest["left"]) == (PLAYS - 2, ["f9"])
            assert (await browser.get("/api/v1/floods")).json() == []
            assert (await browser.post("/api/v1/queue/drop", json={"ids": ["x1"]})).status_code == 400

    asyncio.run(check())


async def _act(browser: httpx.AsyncClient, action: str, ids: list[str]) -> dict[str, object]:
    answer = await browser.post(f"/api/v1/queue/{action}", json={"ids": ids})
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def test_the_page_asks_once_for_a_whole_flood(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await flooded(home)
            assert "1 thing needs you" in (await browser.get("/")).text, "however many plays it holds"
            page = (await browser.get("/needs")).text
            assert f"Should {PLAYS} plays go to Serializd?" in page
            assert page.count("<article") == 1, "not each, and not everything that is held"
            done = await browser.post(
                "/queue",
                data={"action": "drop", "id": "f1", "back": "needs"},
                headers={"Origin": "http://localhost:8484"},
            )
            assert done.status_code == 303, done.text
            assert done.headers["location"].endswith(f"needs?did=drop&count={PLAYS}")
            assert "Should " not in (await browser.get("/needs")).text

    asyncio.run(check())


def test_what_is_held_is_counted_by_reason(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for reason in Hold:
                assert f'scrobbled_held_changes{{reason="{reason}"}} 0.0' in (await browser.get("/metrics")).text
            await flooded(home)
            assert f'scrobbled_held_changes{{reason="burst"}} {PLAYS}.0' in (await browser.get("/metrics")).text

    asyncio.run(check())


def test_the_story_of_a_held_play_names_the_whole_flood(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await flooded(home)
            told = (await browser.get(f"/api/v1/explain/p{PLAYS}")).text
            assert "To decide on the whole flood: scrobbled queue approve f1, or drop." in told
            page = (await browser.get(f"/plays/p{PLAYS}")).text
            assert 'It is held together with others. <a href="../needs">Decide about all of them</a>' in page

    asyncio.run(check())
