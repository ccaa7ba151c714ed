"""The API: shapes, pages, actions, and that nothing secret comes out."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.sandbox.plex.people import BEN
from web.house import TOKEN, House, house


async def watched(home: House, count: int = 1) -> None:
    for number in range(1, count + 1):
        await home.webhook("scrobble", item=home.episode(1, number))


async def answered(browser: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    answer = await browser.get(f"/api/v1/{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_status_counts_everything(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await watched(home, 2)
            await home.webhook("scrobble", account=BEN)
            found = await answered(browser, "status")
            assert found["plays"] == 2
            assert found["events"] == {"accepted": 2, "duplicate": 0, "unwanted": 0, "unclaimed": 1, "unreadable": 0}
            (account,) = found["trackers"]
            assert (account["viewer"], account["tracker"], account["waiting"]) == ("anna", "serializd", 2)
            assert found["unclaimed"][0]["yaml"] == 'accounts: {plex: ["ben"]}'
            assert found["sources"][0]["last_heard"].endswith("+00:00")

    asyncio.run(check())


def test_plays_come_newest_first_in_pages(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await watched(home, 3)
            first = await answered(browser, "plays?limit=2")
            second = await answered(browser, f"plays?limit=2&before={first['next']}")
            assert [play["number"] for play in first["plays"]] == [3, 2]
            assert [play["number"] for play in second["plays"]] == [1]
            assert second["next"] is None
            (delivery,) = first["plays"][0]["deliveries"]
            assert delivery["outcome"] == "queued"
            assert delivery["next_step"].startswith("Waits for its turn")

    asyncio.run(check())


def test_a_page_is_never_larger_than_two_hundred(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for number in range(205):
                await home.sql(
                    "INSERT INTO plays (viewer, source, media, label, item, created_at) "
                    "VALUES ('anna','plex','movie',?,?,1)",
                    f"Film {number}",
                    "{}",
                )
            assert len((await answered(browser, "plays?limit=5000"))["plays"]) == 200
            assert len((await answered(browser, "plays?limit=0"))["plays"]) == 1

    asyncio.run(check())


def test_a_play_and_an_event_tell_their_stories(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            event = (await home.webhook())["event"]
            story = await answered(browser, f"events/{event}")
            assert (story["outcome"], story["account"]) == ("accepted", "anna")
            assert '"media.scrobble"' in story["raw"]
            (play,) = story["plays"]
            await home.sql("INSERT INTO attempts (change_id, at, outcome, detail) VALUES (1, 5, 'try-later', 'busy')")
            detail = await answered(browser, f"plays/{play['id']}")
            assert detail["play"]["event_id"] == event
            assert detail["attempts"] == [
                {"tracker": "serializd", "at": "1970-01-01T00:00:05+00:00", "outcome": "try-later", "detail": "busy"}
            ]

    asyncio.run(check())


def test_what_is_not_there_or_no_id_is_said_in_a_sentence(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            assert await answered(browser, "plays/p99", 404) == {"error": "There is no play p99."}
            assert await answered(browser, "events/e99", 404) == {"error": "There is no event e99."}
            assert "p12" in (await answered(browser, "plays/x", 400))["error"]
            assert "c12" in (await answered(browser, "queue?after=p1", 400))["error"]
            assert "limit" in (await answered(browser, "plays?limit=many", 400))["error"]
            assert "error" in await answered(browser, "nothing", 404)

    asyncio.run(check())


def test_every_outcome_is_explained(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            found = {(row["of"], row["code"]) for row in await answered(browser, "outcomes")}
            assert found == {("event", str(c)) for c in EventOutcome} | {("play", str(c)) for c in PlayOutcome}

    asyncio.run(check())


def test_the_queue_is_acted_on_and_couriers_notice_at_once(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await watched(home, 4)
            states = {1: "dead", 2: "unmatched", 3: "held", 4: "parked"}
            for id_, state in states.items():
                await home.sql("UPDATE outbox SET state = ?, next_at = 9e9 WHERE id = ?", state, id_)
            rows = (await answered(browser, "queue"))["changes"]
            assert [(row["id"], row["outcome"]) for row in rows] == [(f"c{i}", s) for i, s in states.items()]
            courier = home.runtime.couriers["anna", "serializd"]
            courier.wake.clear()
            done = await browser.post("/api/v1/queue/retry", json={"ids": ["c1", "c3", "77"]})
            assert done.json() == {"action": "retry", "done": ["c1"], "left": ["c3", "c77"], "plays": 1}
            assert courier.wake.is_set()
            assert (await browser.post("/api/v1/queue/approve")).json()["done"] == ["c3"]
            assert (await browser.post("/api/v1/queue/drop", json={"ids": ["c2"]})).json()["done"] == ["c2"]
            assert (await browser.post("/api/v1/queue/retry")).json()["done"] == ["c1", "c3", "c4"]
            left = {row["id"]: row["outcome"] for row in (await answered(browser, "queue"))["changes"]}
            assert left == {"c1": "queued", "c3": "queued", "c4": "queued"}

    asyncio.run(check())


def test_a_retry_ends_the_rest_of_an_account(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await watched(home)
            home.sandbox["serializd"].faults.start_outage()
            courier = home.runtime.couriers["anna", "serializd"]
            await courier.step()
            assert courier.health.pause(home.clock.monotonic()) > 0
            await browser.post("/api/v1/queue/retry", json={"ids": []})
            assert courier.health.pause(home.clock.monotonic()) == 0

    asyncio.run(check())


def test_an_unclear_wish_changes_nothing(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await watched(home)
            await home.sql("UPDATE outbox SET state = 'dead'")
            for action, body in (
                ("drop", {}),
                ("drop", {"ids": None}),
                ("retry", {"id": ["c1"]}),
                ("retry", {"ids": ["p1"]}),
                ("retry", {"ids": "c1"}),
                ("retry", ["c1"]),
            ):
                answer = await browser.post(f"/api/v1/queue/{action}", json=body)
                assert answer.status_code == 400, (action, body)
                assert answer.json()["error"]
            assert (await browser.post("/api/v1/queue/retry", json={"ids": []})).json()["done"] == []
            assert (await browser.post("/api/v1/queue/drop")).status_code == 400
            (row,) = (await answered(browser, "queue"))["changes"]
            assert row["outcome"] == "dead"

    asyncio.run(check())


def test_no_secret_is_told_wherever_it_was_written(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook(summary=f"the password is anna-secret and the hook {TOKEN}")
            leak = f"POST /webhooks/plex/{TOKEN} answered: password=anna-secret"
            await home.sql("UPDATE outbox SET state = 'dead', reason = ?, remote_id = ?", leak, leak)
            await home.sql("UPDATE outbox SET candidates = ?", f'[{{"title": "{TOKEN}", "year": 2020}}]')
            await home.sql("INSERT INTO attempts (change_id, at, outcome, detail) VALUES (1, 5, 'dead', ?)", leak)
            await home.sql("UPDATE events SET reason = ?, account = ?", leak, TOKEN)
            await home.sql(
                "INSERT INTO accounts (viewer, tracker, state, reason, since) VALUES ('anna','serializd','down',?,1)",
                leak,
            )
            for path in ("status", "plays", "plays/p1", "events/e1", "queue"):
                text = (await browser.get(f"/api/v1/{path}")).text
                assert "anna-secret" not in text, path
                assert TOKEN not in text, path
            for path in ("/", "/?fragment=1"):
                text = (await browser.get(path)).text
                assert "anna-secret" not in text, path
                assert TOKEN not in text, path

    asyncio.run(check())


def test_the_schema_describes_the_answers(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            schema = (await browser.get("/schema/openapi.json")).json()
            paths = set(schema["paths"])
            assert {"/api/v1/status", "/api/v1/plays/{play_id}", "/api/v1/queue/drop", "/api/v1/live"} <= paths
            assert not any(path.startswith(("/login", "/static", "/posters")) for path in paths)
            fields = schema["components"]["schemas"]["PlayStory"]["properties"]
            assert {"id", "viewer", "deliveries", "watched_at"} <= set(fields)

    asyncio.run(check())


def test_a_database_that_fails_is_said_and_not_hidden(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.runtime.store.aclose()
            assert (await answered(browser, "queue", 503))["error"]
            page = await browser.get("/")
            assert page.status_code == 503
            assert page.headers["content-type"].startswith("text/html")

    asyncio.run(check())
