"""The story of a play over the API and as a page, and stored webhooks once more over the API."""

import asyncio
import re
from pathlib import Path

import pytest

from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.sandbox.plex.people import BEN
from scrobbled.store.queue import outbox
from web.house import LOGIN, House, house
from web.test_pages import Seen, page


async def evening(home: House) -> None:
    """Somebody watches an episode; it is not delivered yet."""
    for event, seconds in (("play", 1500), ("scrobble", 60), ("stop", 0)):
        await home.webhook(event, item=home.episode(2, 3))
        home.clock.advance(seconds)


def test_the_api_tells_the_whole_story(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await evening(home)
            for asked in ("e2", "2", "p1", "c1", "e1"):
                answer = await browser.get(f"/api/v1/explain/{asked}")
                assert answer.status_code == 200, answer.text
                story = answer.json()
                assert story["play_id"] == "p1"
                assert [event["id"] for event in story["events"]] == ["e1", "e2", "e3"]
                assert story["plays"][0]["deliveries"][0]["outcome"] == "queued"
            loud = (await browser.get("/api/v1/explain/p1?raw=true")).json()
            assert all(event["raw"] for event in loud["events"])

    asyncio.run(check())


def test_what_is_not_there_is_not_found_and_nonsense_is_refused(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for asked, status in (("e7", 404), ("p7", 404), ("harbour", 400), ("e" * 200, 400)):
                answer = await browser.get(f"/api/v1/explain/{asked}")
                assert (answer.status_code, "Ids look like" in answer.json()["error"]) == (status, True), asked
            for body in ({"events": ["p1"]}, {"events": ["e1"], "since": "1d"}, {"since": "soon"}, {"what": 1}):
                assert (await browser.post("/api/v1/replay", json=body)).status_code == 400, body
            for path in ("/plays/p7", "/plays/7", "/plays/harbour", "/events/p1"):
                assert (await browser.get(path)).status_code == 404

    asyncio.run(check())


def test_only_who_may_come_in_is_told(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client("192.168.1.20") as stranger:
            await evening(home)
            assert (await stranger.get("/api/v1/explain/p1")).status_code == 401
            assert (await stranger.post("/api/v1/replay")).status_code == 401
            assert (await stranger.get("/plays/p1")).status_code == 303

    asyncio.run(check())


def test_a_story_that_has_a_page_of_its_own_can_be_asked_for_anew_as_it_stands_there(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await evening(home)
            whole = (await browser.get("/plays/p1")).text
            assert "static/live.js" in whole
            (live,) = [tag for tag in Seen(whole).all("div") if tag.get("id") == "live"]
            again = (await browser.get("/plays/p1", params={"fragment": live["data-fragment"]})).text
            assert story(again) == story(whole)
            assert 'data-say="Serializd queued"' in story(again)
            assert "<html" not in again
            sheet = (await browser.get("/plays/p1?fragment=1")).text
            assert 'id="live"' not in sheet
            assert story(sheet) != story(whole)

    asyncio.run(check())


def story(page: str) -> str:
    return page[page.index("<article") : page.index("</article>")]


def test_a_play_on_the_page_leads_to_its_story(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await evening(home)
            links = [str(link["href"]) for link in (await page(browser)).all("a")]
            assert "./plays/p1" in links
            seen = await page(browser, "/plays/p1")
            text = " ".join(seen.text.split())
            assert "Harbour Lights S2 E3" in text
            assert "anna watched it with Plex on Saturday 14 November 2026" in text
            assert "Plex: reported as watched" in text
            assert "The account anna on Plex is listed for anna." in text
            assert "Serializd queued" in text
            assert all(re.match(r"\.\./|#", str(link["href"])) for link in seen.all("a"))
            for link in seen.all("link"):
                assert (await browser.get(f"/plays/{link['href']}")).status_code == 200
            assert "What came in" in (await page(browser, "/events/e1")).text

    asyncio.run(check())


def test_a_story_that_needs_somebody_says_what_to_do_and_stays_text(tmp_path: Path) -> None:
    async def check() -> None:
        evil = "<script>alert(1)</script>"
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook(title=evil, grandparentTitle=evil)
            await home.runtime.store.write(lambda db: outbox.settle(db, 1, PlayOutcome.DEAD, evil, 1.0))
            seen = await page(browser, "/plays/p1")
            assert evil in seen.text
            assert all(str(script["src"]).startswith("../static/") for script in seen.all("script"))
            buttons = [button["value"] for button in seen.all("button") if button.get("name") == "action"]
            assert buttons == ["retry", "drop"]
            (back, _) = [field["value"] for field in seen.all("input") if field.get("name") == "back"]
            answer = await browser.post("/queue", data={"action": "retry", "id": "c1", "back": str(back)})
            assert "1 play will be tried again now." in (await page(browser, answer.headers["location"])).text

    asyncio.run(check())


def test_a_replay_over_the_api_adds_what_is_missing_and_it_is_delivered(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook(account=BEN)
            config = (
                (tmp_path / "scrobbled.yaml").read_text(encoding="utf-8").replace("plex: anna", "plex: [anna, ben]")
            )
            from scrobbled.config import loads
            from scrobbled.intake.household import household_of

            home.runtime.ingest.use(household_of(loads(config, {})))
            dry = (await browser.post("/api/v1/replay", json={"dry_run": True})).json()
            assert ([play["id"] for play in dry["plays"]], dry["changed"]) == ([None], 1)
            done = (await browser.post("/api/v1/replay", json={"events": ["e1"]})).json()
            assert ([play["id"] for play in done["plays"]], done["outcomes"]) == (["p1"], {"accepted": 1})
            again = (await browser.post("/api/v1/replay")).json()
            assert (again["plays"], again["changed"]) == ([], 0)
            labels = {"viewer": "anna", "source": "plex", "media": "episode"}
            assert home.runtime.metrics.registry.get_sample_value("scrobbled_plays_total", labels) == 1

    asyncio.run(check())


@pytest.mark.parametrize("secret", ["anna-secret", "sandbox-plex-token"])
def test_no_secret_is_in_a_story(tmp_path: Path, secret: str) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook()
            await home.sql("UPDATE outbox SET state = 'dead', reason = ?", f"they said {secret}")
            await home.sql("INSERT INTO attempts (change_id, at, outcome, detail) VALUES (1, 1, 'dead', ?)", secret)
            for path in ("/api/v1/explain/p1", "/plays/p1"):
                answer = await browser.get(path)
                assert answer.status_code == 200
                assert secret not in answer.text

    asyncio.run(check())
