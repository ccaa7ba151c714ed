"""``/sync`` and what is below it, and the same in ``/api/v1``: previews, plans, runs, questions."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from pairing import Pairing, later, pairing
from patience import until
from scrobbled.core.records import ViewingsKept
from scrobbled.desk.facts.steps import steps_so_far
from scrobbled.desk.pairs import stillness
from scrobbled.sandbox.faults import Fault
from scrobbled.store.mirror import runs
from scrobbled.store.mirror.runs import RunStep
from scrobbled.trackers import TRACKERS
from scrobbled.web.app import create_app
from web.test_pages import Seen

WISH = {"viewer": "anna", "pair": "trakt,serializd"}
EVIL = "<script>alert(1)</script>"


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Pairing]:
    async with pairing(tmp_path, safety={"max_writes_per_hour": 2}) as home:
        yield home


@asynccontextmanager
async def visiting(two: Pairing) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(two.runtime), client=("127.0.0.1", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8484") as client:
        yield client


@pytest.fixture
async def browser(two: Pairing) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(two) as client:
        yield client


async def asked(browser: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    answer = await browser.get(f"/api/v1{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


async def page(browser: httpx.AsyncClient, path: str, status: int = 200) -> str:
    """Its text, without tags."""
    answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    body = re.sub(r"<(svg|style).*?</\1>", " ", answer.text.split("<main", 1)[-1], flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", body)))


async def sent(browser: httpx.AsyncClient, path: str, status: int = 303, **form: Any) -> str:
    """Where a form leads to, from the root."""
    answer = await browser.post(path, data=form, headers={"Origin": "http://localhost:8484"})
    assert answer.status_code == status, answer.text
    return str(answer.headers.get("location", "")).replace("../", "").replace("./", "/") if status == 303 else ""


async def previewed(browser: httpx.AsyncClient, **wish: Any) -> dict[str, Any]:
    """A preview, once it is there."""
    answer = await browser.post("/api/v1/sync", json={**WISH, "dry_run": True, **wish})
    assert answer.status_code == 202, answer.text
    return await ended(browser, answer.json())


async def ended(browser: httpx.AsyncClient, found: dict[str, Any]) -> dict[str, Any]:
    """The same preview, once it is there."""
    while found["phase"] != "ended":
        await asyncio.sleep(0.005)
        found = await asked(browser, f"/previews/{found['id']}")
    return found


async def carried_out(two: Pairing) -> None:
    """What was asked for is run and delivered."""
    keeper = two.runtime.keeper
    await keeper._begin_what_is_due(0.0)
    await asyncio.gather(*keeper._busy.values(), return_exceptions=True)
    await two.deliver()


# -- pairs ----------------------------------------------------------------------------------------------------------


async def test_a_pair_that_was_never_compared_teaches_what_that_does(browser: httpx.AsyncClient) -> None:
    text = await page(browser, "/sync")
    assert "Trakt and Serializd were not compared yet" in text
    assert "Nothing is removed" in text
    assert "More than 2 changes wait for your approval" in text


async def test_a_house_without_pairs_is_asked_one_question_and_one_answer_makes_the_pair(tmp_path: Path) -> None:
    async with pairing(tmp_path) as two:
        path = two.folder / "scrobbled.yaml"
        path.write_text(path.read_text().split("  pairs:")[0] + "  trackers: {}\n")
        lean = {**two.settings, "viewers": [{**two.settings["viewers"][0], "pairs": []}]}
        two.settings = lean
        await two.restart()
        async with visiting(two) as browser:
            text = await page(browser, "/sync")
            assert "No pairs yet" in text
            assert "Keep Serializd and Trakt of anna in step?" in text
            assert "settings/people/0" in (await browser.get("/sync")).text
            wish = {"viewer": "anna", "pair": "serializd,trakt"}
            assert (await sent(browser, "/sync/pair", **wish)).endswith("sync")
            assert "in step?" not in await page(browser, "/sync")
            (pair,) = await asked(browser, "/pairs")
            assert pair["kinds"] == {"plays": "both", "ratings": "both"}
            await sent(browser, "/sync/pair", status=400, **wish)


async def test_a_pair_with_nothing_on_says_so_and_is_switched_on_by_one_button(tmp_path: Path) -> None:
    async with pairing(tmp_path, plays="off", ratings="off") as two, visiting(two) as browser:
        text = await page(browser, "/sync")
        assert "Trakt and Serializd: nothing is switched on" in text
        assert "in step" not in text
        assert "The first comparison" not in text
        assert (await sent(browser, "/sync/switch-on", **WISH)).endswith("sync?did=saved")
        text = await page(browser, "/sync")
        assert "Trakt and Serializd were not compared yet" in text
        assert "Sync plays and ratings both ways" not in text
        (pair,) = await asked(browser, "/pairs")
        assert (pair["kinds"], pair["standing"]["code"]) == ({"plays": "both", "ratings": "both"}, "new")
        await sent(browser, "/sync/switch-on", status=404, **WISH)


async def test_page_api_and_first_page_say_the_same_of_a_pair(two: Pairing, browser: httpx.AsyncClient) -> None:
    for n in range(1, 5):
        two.on_trakt(0, 1, n, later(n))
    await two.sync()
    told = "Trakt and Serializd: 4 plays are missing, and the plan needs your approval"
    (pair,) = await asked(browser, "/pairs")
    status = await asked(browser, "/status")
    assert pair["standing"]["text"] == status["pairs"][0]["standing"]["text"] == told
    assert told in await page(browser, "/sync")
    assert told in await page(browser, "/")
    assert (status["house"]["code"], status["house"]["text"]) == ("asks", "1 thing needs you")


async def test_both_sides_stand_beside_each_other_once_they_were_read(two: Pairing, browser: httpx.AsyncClient) -> None:
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(2)), two.on_serializd(0, 1, 1)
    await two.sync()
    two.clock.advance(900)
    await two.sync()
    text = await page(browser, "/sync")
    assert "Trakt and Serializd are in step" in text
    assert "2 viewings are on both sides" in text
    assert "What is removed on one side stays on the other." in text
    assert "Added 1 play to Serializd" in text
    (pair,) = await asked(browser, "/pairs")
    assert (pair["conflict"], pair["removals"], pair["works"], pair["questions"]) == ("newest-wins", "ignore", True, 0)
    assert pair["waiting"] == {"trakt": 0, "serializd": 0}


# -- previews -------------------------------------------------------------------------------------------------------


async def test_a_preview_changes_nothing_and_shows_all_of_it(two: Pairing, browser: httpx.AsyncClient) -> None:
    for n in range(1, 5):
        two.on_trakt(0, 1, n, later(n))
    two.on_serializd(1, 1, 1, later(40))
    before, stored = two.writes(), await two.sql("SELECT count(*) FROM records")
    plan = await previewed(browser)
    assert (plan["outcome"], plan["first_contact"], plan["total"]) == ("approval", True, 5)
    assert [(g["tracker"], g["action"], g["count"]) for g in plan["groups"]] == [
        ("trakt", "add", 1),
        ("serializd", "add", 4),
    ]
    assert two.writes() == before
    assert await two.sql("SELECT count(*) FROM records") == stored
    assert await asked(browser, "/runs") == []
    text = await page(browser, f"/sync/previews/{plan['id']}")
    assert "This would add 1 play to Trakt and 4 to Serializd" in text
    assert "it only adds and removes nothing" in text
    assert "On schedule, this would wait for your approval" in text


async def test_its_lines_come_page_by_page_and_sort_by_sort(two: Pairing, browser: httpx.AsyncClient) -> None:
    for n in range(1, 6):
        two.on_trakt(0, 1, n, later(n))
    two.on_serializd(1, 1, 1, later(40))
    plan = await previewed(browser)
    first = await asked(browser, f"/previews/{plan['id']}/items?tracker=serializd&limit=3")
    rest = await asked(browser, f"/previews/{plan['id']}/items?tracker=serializd&limit=3&after={first['next']}")
    assert rest["next"] is None
    times = [line["at"] for line in [*first["lines"], *rest["lines"]]]
    assert times == sorted(times)
    assert len(times) == 5
    assert {line["action"] for line in first["lines"]} == {"add"}
    assert await asked(browser, f"/previews/{plan['id']}/items?action=remove") == {"lines": [], "next": None}


async def test_exactly_the_plan_that_was_looked_at_is_carried_out(two: Pairing, browser: httpx.AsyncClient) -> None:
    for n in range(1, 5):
        two.on_trakt(0, 1, n, later(n))
    plan = await previewed(browser, direction="trakt-to-serializd")
    way = await sent(browser, f"/sync/previews/{plan['id']}", do="apply")
    assert way.endswith("sync/runs/r1")
    await carried_out(two)
    run = await asked(browser, "/runs/r1")
    assert (run["outcome"], run["outcomes"]) == ("done", {"delivered": 4})
    assert len(two.rows()) == 4
    assert "Added 4 plays to Serializd" in await page(browser, "/sync/runs/r1")


async def test_a_yes_is_said_once_however_often_the_button_is_pressed(two: Pairing, browser: httpx.AsyncClient) -> None:
    two.on_trakt(0, 1, 1)
    plan = await previewed(browser)
    ways = await asyncio.gather(*(sent(browser, f"/sync/previews/{plan['id']}", do="apply") for _ in range(3)))
    assert {way.rsplit("/", 1)[-1] for way in ways} == {"r1"}
    await carried_out(two)
    text = await page(browser, f"/sync/previews/{plan['id']}")
    assert "You approved this plan" in text
    assert "Added 1 play to Serializd done" in text
    assert "Add 1 play" not in text
    assert (await browser.post(f"/api/v1/previews/{plan['id']}/apply")).json()["id"] == "r1"


async def test_a_plan_whose_run_came_to_nothing_can_be_said_yes_to_again(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    two.on_trakt(0, 1, 1)
    plan = await previewed(browser)
    await sent(browser, f"/sync/previews/{plan['id']}", do="apply")
    await sent(browser, "/sync/runs/r1/cancel")
    assert "Add 1 play to Serializd" in await page(browser, f"/sync/previews/{plan['id']}")
    assert (await sent(browser, f"/sync/previews/{plan['id']}", do="apply")).endswith("/r2")
    await carried_out(two)
    assert len(two.rows()) == 1


async def test_whoever_left_a_preview_finds_it_again_beside_its_pair(two: Pairing, browser: httpx.AsyncClient) -> None:
    two.on_trakt(0, 1, 1)
    read = asyncio.Event()
    two.sandbox["trakt"].sleep = lambda seconds: read.wait()
    two.sandbox["trakt"].faults.add(Fault("GET /sync/*", "latency", seconds=1, times=1))
    way = await sent(browser, "/sync/ask", **WISH, do="preview")
    assert "Preview: being made" in await page(browser, "/sync")
    read.set()
    plan = await ended(browser, await asked(browser, f"/previews/{way.rsplit('/', 1)[-1]}"))
    assert [one["id"] for one in await asked(browser, "/previews")] == [plan["id"]] == [way.rsplit("/", 1)[-1]]
    assert "Preview just now : would add 1 play to Serializd" in await page(browser, "/sync")
    two.clock.advance(1)
    await two.sync()
    assert "Preview just now" not in await page(browser, "/sync"), "a run came after it"


async def test_a_side_tells_what_was_brought_there_since_it_was_read(two: Pairing, browser: httpx.AsyncClient) -> None:
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(2)), two.on_serializd(0, 1, 1)
    two.clock.advance(1)
    await two.compare()
    two.clock.advance(1)
    await two.deliver()
    text = await page(browser, "/sync")
    assert "1 play 0 ratings read just now 1 added" in text
    assert "1 viewing was on both sides when they were compared." in text


async def test_names_of_people_may_be_any_text(tmp_path: Path) -> None:
    """They stand in addresses, and parts of the page are named by ids without them."""
    async with pairing(tmp_path) as two:
        two.settings = {**two.settings, "viewers": [{**two.settings["viewers"][0], "name": 'Anna "B" & Söhne/2'}]}
        await two.restart()
        async with visiting(two) as browser:
            body = (await browser.get("/sync")).text
            assert "Anna &#34;B&#34; &amp; Söhne/2: Trakt and Serializd" in body
            assert all(re.fullmatch(r"[\w-]+", id_) for id_ in re.findall(r'\bid="([^"]*)"', body))
            whose = {"viewer": 'Anna "B" & Söhne/2', "pair": "trakt,serializd"}
            assert (await browser.get("/sync/runs", params=whose)).status_code == 200
            assert (await browser.get("/sync/questions", params=whose)).status_code == 200


async def test_a_plan_that_no_longer_holds_is_said_plainly_and_made_anew(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    for n in range(1, 4):
        two.on_trakt(0, 1, n, later(n))
    plan = await previewed(browser)
    two.on_trakt(0, 1, 4, later(9))
    answer = await browser.post(f"/api/v1/previews/{plan['id']}/apply")
    assert answer.status_code == 202
    await carried_out(two)
    text = await page(browser, "/sync/runs/r1")
    assert "The plan no longer holds" in text
    assert "so nothing was done" in text
    assert "Make a new preview" in text
    assert not two.rows()


async def test_a_preview_that_cannot_be_made_says_why(two: Pairing, browser: httpx.AsyncClient) -> None:
    two.sandbox["serializd"].faults.add(Fault(match="GET *", kind="status", status=500, times=50))
    plan = await previewed(browser)
    assert plan["outcome"] == "failed"
    assert "serializd could not be read" in plan["reason"]
    assert "Nothing was changed" in await page(browser, f"/sync/previews/{plan['id']}")
    answer = await browser.post(f"/api/v1/previews/{plan['id']}/apply")
    assert answer.status_code == 400


async def test_asking_twice_makes_one_preview_and_few_are_kept(two: Pairing, browser: httpx.AsyncClient) -> None:
    ways = [await sent(browser, "/sync/ask", **WISH, do="preview") for _ in range(2)]
    assert ways[0] == ways[1]
    first = await previewed(browser)
    for _ in range(5):
        await previewed(browser)
    await asked(browser, f"/previews/{first['id']}", 404)
    await gone(browser, first["id"])


async def gone(browser: httpx.AsyncClient, preview: str) -> None:
    """It says why, and leads to where a new one is made: whoever looks, and whoever says yes."""
    answer = await browser.post(
        f"/sync/previews/{preview}", data={"do": "apply"}, headers={"Origin": "http://localhost:8484"}
    )
    assert answer.status_code == 404
    for text in ((await browser.get(f"/sync/previews/{preview}")).text, answer.text):
        assert "only until scrobbled starts anew" in text
        seen = Seen(text)
        assert "../../sync" in [link["href"] for link in seen.all("a") if "primary" in (link.get("class") or "")]


async def test_a_preview_can_be_stopped_and_forgotten(two: Pairing, browser: httpx.AsyncClient) -> None:
    way = await sent(browser, "/sync/ask", **WISH, do="preview")
    id_ = way.rsplit("/", 1)[-1]
    assert "This changes nothing" in await page(browser, f"/sync/previews/{id_}")
    await sent(browser, f"/sync/previews/{id_}", do="forget")
    await page(browser, f"/sync/previews/{id_}", 404)
    assert (await browser.delete("/api/v1/previews/v0123456789")).status_code == 404


# -- runs -----------------------------------------------------------------------------------------------------------


async def test_a_plan_that_a_run_shows_is_said_yes_to_with_the_options_of_that_run(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    for n in range(1, 5):
        two.on_trakt(0, 1, n, later(n))
    two.on_serializd(1, 1, 1, later(40))
    await two.compare(direction="trakt-to-serializd")
    text = await page(browser, "/sync/runs/r1")
    assert "This plan needs your approval" in text
    assert "Add 4 plays to Serializd" in text
    assert "only Trakt to Serializd" in text
    run = await asked(browser, "/runs/r1")
    for _ in range(2):
        assert (await sent(browser, "/sync/ask", **WISH, plan=run["plan_id"], do="run")).endswith("/r2")
    await carried_out(two)
    assert (await asked(browser, "/runs/r2"))["outcome"] == "done"
    text = await page(browser, "/sync/runs/r1")
    assert "You approved this plan" in text
    assert "Added 4 plays to Serializd done" in text
    assert "Would add 4 plays to Serializd only planned" in await page(browser, "/sync/runs")
    assert len(two.rows()) == 5
    assert len(two.trakt()) == 4


async def test_a_run_tells_how_far_it_is_and_its_changes_one_by_one(two: Pairing, browser: httpx.AsyncClient) -> None:
    for n in range(1, 3):
        two.on_trakt(0, 1, n, later(n))
    two.rate_episode(0, 1, 1, 8)
    await two.compare()
    assert "Delivering: 0 of 3" in await page(browser, "/sync/runs/r1")
    found = await asked(browser, "/runs/r1/progress")
    assert [(t["tracker"], t["waiting"], t["a_second"]) for t in found["tempos"]] == [("serializd", 3, None)]
    assert found["seconds_left"] is None
    await two.deliver()
    text = await page(browser, "/sync/runs/r1")
    assert "Set 1 rating on Serializd and added 2 plays there" in text
    first = await asked(browser, "/runs/r1/items?limit=2")
    rest = await asked(browser, f"/runs/r1/items?limit=2&after={first['next']}")
    assert [(i["action"], i["outcome"]) for i in [*first["items"], *rest["items"]]] == [
        ("add", "delivered"),
        ("add", "delivered"),
        ("rate", "delivered"),
    ]
    assert (await asked(browser, "/runs/r1/items?outcome=dead"))["items"] == []
    assert "rating 8" in await page(browser, "/sync/runs/r1?tracker=serializd&outcome=delivered")
    await asked(browser, "/runs/r1/items?after=x9", 400)


async def test_the_time_left_is_that_of_the_slowest_and_unknown_when_nothing_moves(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    for n in range(1, 3):
        two.on_trakt(0, 1, n, later(n))
    await two.compare()
    now = two.clock.now().timestamp()
    await two.sql("UPDATE runs SET outcome = 'done', phase = 'ended' WHERE id = 1")
    for n in range(10):
        await two.sql(
            "INSERT INTO outbox (play_id, viewer, tracker, kind, state, received_at, run, settled_at) "
            "VALUES (?, 'anna', 'serializd', 'plays', 'delivered', 0, 1, ?)",
            1_000 + n,
            now - 10 * n,
        )
    found = await asked(browser, "/runs/r1/progress")
    assert found["seconds_left"] == pytest.approx(20.0)
    assert "less than a minute left" in await page(browser, "/sync/runs/r1")
    await two.sql(
        "INSERT OR REPLACE INTO accounts (viewer, tracker, state, reason, since) "
        "VALUES ('anna', 'serializd', 'down', 'it does not answer', 0)"
    )
    text = await page(browser, "/sync/runs/r1")
    assert "left" not in text.split("Its changes")[0].split("10 of 12 done")[1][:40]
    assert "They are kept and sent when it works again" in text
    assert (await asked(browser, "/runs/r1/progress"))["seconds_left"] is None


async def test_page_and_api_say_how_far_reading_is_in_the_words_of_the_command(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    now = two.clock.now().timestamp()
    steps = {
        "serializd": RunStep("diary", 440, 800, now - 60, 0, now + 240),
        "trakt": RunStep("history", 120, 400, now - 60, 0),
    }

    def reading(db: sqlite3.Connection) -> None:
        run = runs.ask(db, "anna", "trakt,serializd", "sync", {}, now)
        runs.begin(db, run, now)
        runs.take_steps(db, run, steps)

    await two.runtime.store.write(reading)
    told = steps_so_far(steps, now).split("; ")
    assert told == [
        "Serializd: 440 of 800 pages, then a rest of 4 minutes, as its limit wants it",
        "Trakt: 120 of 400 pages, 2.0 a second, about 2 minutes left",
    ]
    run = await asked(browser, "/runs/r1")
    assert [step["text"] for step in run["steps"]] == told
    assert run["steps"][1] == {
        "tracker": "trakt",
        "what": "history",
        "done": 120,
        "of": 400,
        "seconds_left": pytest.approx(140.0),
        "rests_until": None,
        "text": told[1],
        "a_second": 2.0,
    }
    assert run["steps"][0]["rests_until"] == "2026-11-14T20:04:00+00:00"
    assert (await asked(browser, "/runs/r1/progress"))["run"]["steps"] == run["steps"]
    assert (await asked(browser, "/pairs"))[0]["running"]["steps"] == run["steps"]
    for path in ("/sync", "/sync/runs/r1"):
        text = await page(browser, path)
        assert all(one in text for one in told), path
    await two.sql("UPDATE runs SET phase = 'ended', ended_at = 1, outcome = 'failed' WHERE id = 1")
    assert (await asked(browser, "/runs/r1"))["steps"] == []


async def test_a_plan_that_a_run_shows_is_kept_as_data_and_an_old_one_as_its_text(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    for n in range(1, 5):
        two.on_trakt(0, 1, n, later(n))
    await two.compare()
    run = await asked(browser, "/runs/r1")
    assert run["plan"].splitlines()[1] == "serializd: 4 plays to add, dates kept"
    assert run["outline"]["does"]["b"]["add"]["total"] == 4
    assert "4 plays, 1 May" in await page(browser, "/sync/runs/r1")
    old = "anna: trakt and serializd, 0 viewings agree.\nserializd: 4 plays to add, dates kept"
    await two.sql("UPDATE runs SET outline = '', shown = ?", old)
    run = await asked(browser, "/runs/r1")
    assert (run["plan"], run["outline"]) == (old, None)
    assert "serializd: 4 plays to add, dates kept" in await page(browser, "/sync/runs/r1")


async def test_of_what_moves_no_more_nobody_says_when_it_ends(two: Pairing, browser: httpx.AsyncClient) -> None:
    two.on_trakt(0, 1, 1)
    await two.compare()
    now = two.clock.now().timestamp()
    for n in range(10):
        await two.sql(
            "INSERT INTO outbox (play_id, viewer, tracker, kind, state, received_at, run, settled_at) "
            "VALUES (?, 'anna', 'serializd', 'plays', 'delivered', 0, 1, ?)",
            1_000 + n,
            now - 10 * n,
        )
    assert (await asked(browser, "/runs/r1/progress"))["seconds_left"] == pytest.approx(10.0)
    two.clock.advance(600)
    found = await asked(browser, "/runs/r1/progress")
    assert (found["seconds_left"], found["tempos"][0]["a_second"]) == (None, None)
    assert "the last one was done 10 min ago" in await page(browser, "/sync/runs/r1")


async def test_a_run_is_cancelled_with_one_tap_and_what_was_written_stays(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(2))
    await two.compare()
    way = await sent(browser, "/sync/runs/r1/cancel")
    assert way.endswith("sync/runs/r1?did=cancelled")
    text = await page(browser, "/sync/runs/r1?did=cancelled")
    assert "the rest is taken out of the queue" in text
    run = await asked(browser, "/runs/r1")
    assert (run["outcome"], run["phase"], run["outcomes"]) == ("cancelled", "ended", {"undone": 2})
    answer = await browser.post("/api/v1/runs/r1/cancel")
    assert (answer.status_code, "nothing to cancel" in answer.text) == (409, True)
    assert (await browser.post("/api/v1/runs/r9/cancel")).status_code == 404


async def test_a_run_is_taken_back_after_one_has_seen_what_that_does(two: Pairing, browser: httpx.AsyncClient) -> None:
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(2))
    await two.sync()
    text = await page(browser, "/sync/runs/r1/undo")
    assert "2 changes taken back from Serializd" in text
    assert "Take back 2 changes" in text
    assert len(two.rows()) == 2
    await sent(browser, "/sync/runs/r1/undo")
    await two.deliver()
    assert not two.rows()
    assert "There is nothing to take back" in await page(browser, "/sync/runs/r1/undo")


async def test_a_large_run_is_counted_before_it_is_taken_back(
    two: Pairing, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbled.desk.pairs.pairs.LOOKED_AT", 1)
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(2))
    await two.sync()
    assert "2 changes taken back from Serializd" in await page(browser, "/sync/runs/r1/undo")
    await sent(browser, "/sync/runs/r1/undo")

    async def is_begun() -> bool:
        return await two.sql("SELECT count(*) FROM amendments") == [(2,)]

    await until(is_begun)
    await two.deliver()
    assert not two.rows()


async def test_runs_are_found_by_pair_and_by_how_they_came_out(two: Pairing, browser: httpx.AsyncClient) -> None:
    two.on_trakt(0, 1, 1)
    await two.sync()
    for _ in range(3):
        two.clock.advance(900)
        await two.sync()
    assert [run["id"] for run in await asked(browser, "/runs?outcome=done,approval")] == ["r1"]
    assert await asked(browser, "/runs?viewer=ben") == []
    assert "Added 1 play to Serializd" in await page(browser, "/sync/runs?outcome=changes")
    assert "Added 1 play" not in await page(browser, "/sync/runs?outcome=nothing")
    assert "No run is like that" in await page(browser, "/sync/runs?outcome=trouble")


async def test_options_for_this_once_are_taken_and_nothing_chosen_is_refused(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    more = {"choose": "yes", "direction": "trakt-to-serializd", "conflict": "trakt-wins", "full": "yes"}
    await sent(browser, "/sync/ask", **WISH, **more, kind=["ratings"], do="run")
    run = await asked(browser, "/runs/r1")
    assert run["options"] == {
        "kinds": ["ratings"],
        "direction": "trakt-to-serializd",
        "conflict": "trakt-wins",
        "full": True,
    }
    await sent(browser, "/sync/ask", **WISH, choose="yes", kind=["plays", "ratings"], do="run")
    assert (await asked(browser, "/runs/r2"))["options"] == {}
    await sent(browser, "/sync/ask", 400, **WISH, choose="yes", do="run")
    await sent(browser, "/sync/ask", 400, **WISH, direction="sideways", do="run")
    await sent(browser, "/sync/ask", 404, viewer="zed", pair="trakt,serializd", do="run")


# -- questions ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def disagreeing(folder: Path) -> AsyncIterator[tuple[Pairing, httpx.AsyncClient]]:
    """Three episodes that both sides rate differently, and the settings say ask."""
    async with pairing(folder, conflict="ask") as two, visiting(two) as browser:
        for n in range(1, 4):
            two.on_trakt(0, 1, n, later(n)), two.on_serializd(0, 1, n, later(n), rating=2 + n)
            two.rate_episode(0, 1, n, 6 + n)
        await two.sync()
        yield two, browser


async def test_both_values_stand_side_by_side_and_one_tap_decides(tmp_path: Path) -> None:
    async with disagreeing(tmp_path) as (two, browser):
        assert "3 things to decide" in await page(browser, "/sync")
        assert "It asks something: decide ." in await page(browser, "/sync/runs/r1")
        found = (await asked(browser, "/questions"))["questions"]
        assert [(q["action"], len(q["ways"])) for q in found] == [("rate", 2)] * 3
        text = await page(browser, "/sync/questions?viewer=anna&pair=trakt%2Cserializd")
        assert "Trakt 7 use on both Serializd 3 use on both" in text
        way = next(way for way in found[0]["ways"] if way["winner"] == "trakt")
        assert (way["tracker"], way["before"], way["after"]) == ("serializd", "3", "7")
        ids = [way["id"] for way in found[0]["ways"]]
        await sent(browser, "/sync/questions", choose=way["id"], leave=ids, **WISH)
        await two.deliver()
        assert two.rows()[0].rating == 7
        assert two.trakt_ratings()["episode", 1, 1] == 7
        assert len((await asked(browser, "/questions"))["questions"]) == 2


async def test_one_answer_settles_all_of_them(tmp_path: Path) -> None:
    async with disagreeing(tmp_path) as (two, browser):
        await sent(browser, "/sync/questions", **WISH, all="serializd")
        await two.deliver()
        assert sorted(two.trakt_ratings().values()) == [3, 4, 5]
        assert "Nothing is left to decide" in await page(browser, "/sync/questions")
        await sent(browser, "/sync/questions", 400, **WISH, all="plex")


async def test_what_is_left_as_it_is_is_not_asked_again(tmp_path: Path) -> None:
    async with disagreeing(tmp_path) as (two, browser):
        first = (await asked(browser, "/questions"))["questions"][0]
        await sent(browser, "/sync/questions", leave=[way["id"] for way in first["ways"]], **WISH)
        two.clock.advance(900)
        await two.sync()
        labels = [q["label"] for q in (await asked(browser, "/questions"))["questions"]]
        assert len(labels) == 2
        assert first["label"] not in labels


async def test_a_preview_counts_questions_apart_and_shows_both_values(tmp_path: Path) -> None:
    async with disagreeing(tmp_path) as (_, browser):
        plan = await previewed(browser)
        assert [(g["action"], g["count"]) for g in plan["groups"]] == [("decide", 3)]
        text = await page(browser, f"/sync/previews/{plan['id']}")
        assert "Nothing to do but 3 things to decide" in text
        assert "rating 3 to 7 on Serializd or rating 7 to 3 on Trakt" in text


async def test_removals_that_ask_are_asked_and_kept_or_removed(tmp_path: Path) -> None:
    async with pairing(tmp_path, removals="ask") as two, visiting(two) as browser:
        plays = [two.on_trakt(n % 4, 1, 1 + n // 4, later(n)) for n in range(24)]
        await two.settle()
        two.off_trakt(*plays[5:7])
        for _ in range(4):
            two.clock.advance(900)
            await two.sync(full=True)
        found = (await asked(browser, "/questions"))["questions"]
        assert [(q["action"], q["ways"][0]["tracker"]) for q in found] == [("remove", "serializd")] * 2
        assert "Remove it from Serializd" in await page(browser, "/sync/questions?viewer=anna&pair=trakt%2Cserializd")
        await sent(browser, "/sync/questions", choose=found[0]["ways"][0]["id"], **WISH)
        answer = await browser.post("/api/v1/questions/answer-all", json={**WISH, "removals": "keep"})
        assert answer.json() == {"count": 1}
        await two.deliver()
        assert len(two.rows()) == 23


@pytest.mark.parametrize("wish", [{}, {"winner": "plex"}, {"winner": "trakt", "removals": "keep"}, {"removals": "all"}])
async def test_an_answer_to_all_has_to_be_one(browser: httpx.AsyncClient, wish: dict[str, str]) -> None:
    assert (await browser.post("/api/v1/questions/answer-all", json={**WISH, **wish})).status_code == 400


async def test_only_questions_of_pairs_can_be_answered_here(two: Pairing, browser: httpx.AsyncClient) -> None:
    two.rate_episode(0, 1, 1, 8)
    await two.compare()
    answer = await browser.post("/api/v1/questions/answer", json={"leave": ["a1"], "choose": ["a1"]})
    assert answer.json() == {"count": 0}
    assert (await browser.post("/api/v1/questions/answer", json={"leave": ["c1"]})).status_code == 400


# -- what somebody else wrote ---------------------------------------------------------------------------------------


async def test_script_in_titles_and_addresses_stays_text(two: Pairing, browser: httpx.AsyncClient) -> None:
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(2))
    await two.sync()
    await two.sql("UPDATE plays SET label = ?", EVIL)
    await two.sql("UPDATE runs SET reason = ?, outcome = 'failed'", EVIL)
    for path in ("/sync", "/sync/runs", f"/sync/runs/r1?tracker={EVIL}", "/sync/runs/r1", "/sync/runs/r1/undo"):
        answer = await browser.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
    for path in (f"/sync/runs/{EVIL}", f"/sync/previews/{EVIL}", f"/sync/questions?pair={EVIL}&viewer={EVIL}"):
        assert "<script>alert" not in (await browser.get(path)).text


async def test_a_form_of_another_site_does_nothing(two: Pairing, browser: httpx.AsyncClient) -> None:
    for path in ("/sync/ask", "/sync/runs/r1/cancel", "/sync/runs/r1/undo", "/sync/questions"):
        answer = await browser.post(path, data=WISH, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403, path
    assert await asked(browser, "/runs") == []


async def test_a_preview_does_not_claim_agreement_while_the_rest_is_on_its_way(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(2))
    await two.compare()
    plan = await previewed(browser)
    assert plan["total"] == 0
    text = await page(browser, f"/sync/previews/{plan['id']}")
    assert "Nothing more to do: the rest is on its way" in text
    assert "2 changes are on the way to Serializd already" in text


async def test_a_preview_waits_for_what_is_being_delivered_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience in ("STILL_FOR", "MOST_WAITING"):
        monkeypatch.setattr(stillness, patience, float("inf"))

    async def waiting(preview: str) -> str:
        return str((await asked(browser, f"/previews/{preview}"))["waits_for"])

    async with pairing(tmp_path) as two, visiting(two) as browser:
        for n in range(1, 5):
            two.on_trakt(0, 1, n, later(n))
        await two.compare()
        found = (await browser.post("/api/v1/sync", json={**WISH, "dry_run": True})).json()
        before = two.requests("trakt")
        waited = await until(lambda: waiting(found["id"]), "it says what it waits for")
        assert waited == "r1 is delivering (4 left); comparing after that"
        assert waited in await page(browser, f"/sync/previews/{found['id']}")
        assert two.requests("trakt") == before, "it does not read yet"
        await two.deliver()
        found = await ended(browser, found)
        assert (found["outcome"], found["agreed"], found["waits_for"]) == ("nothing", 4, "")


async def test_a_large_run_that_is_cancelled_tells_what_is_still_in_the_queue(
    two: Pairing, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbled.reconcile.carrying.PIECE", 1)
    monkeypatch.setattr("scrobbled.reconcile.carrying.PIECES", 1)
    two.on_trakt(0, 1, 1), two.on_trakt(0, 1, 2, later(2))
    await two.compare()
    await sent(browser, "/sync/runs/r1/cancel")
    text = await page(browser, "/sync/runs/r1")
    assert "being cancelled" in await page(browser, "/sync/runs")
    assert "Nothing more of it is sent. 1 of its changes are still to be taken out" in text


async def test_a_plan_that_another_run_came_after_is_not_offered_any_more(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    for n in range(1, 5):
        two.on_trakt(0, 1, n, later(n))
    await two.compare()
    assert "Add 4 plays to Serializd" in await page(browser, "/sync/runs/r1")
    two.on_trakt(0, 1, 5, later(5))
    await two.compare()
    text = await page(browser, "/sync/runs/r1")
    assert "Only planned: another run came since" in text
    assert "Add 4 plays to Serializd" not in text.split("Look at every change")[0]
    assert "This plan needs your approval" in await page(browser, "/sync/runs/r2")


@pytest.mark.parametrize(
    ("pair", "told", "removals"),
    [
        ({"every": "1h"}, "Run every hour, the first time within a minute.", "ignore"),
        ({"every": "90m", "removals": "ask"}, "Run every 90 minutes, the first", "ask"),
        ({"schedule": "30 4 * * *"}, "Run at 04:30 every day, the first time in ", "ignore"),
        ({"every": None}, "Run by hand.", "ignore"),
    ],
)
async def test_a_pair_says_when_it_is_run(tmp_path: Path, pair: dict[str, Any], told: str, removals: str) -> None:
    async with pairing(tmp_path, **pair) as two, visiting(two) as browser:
        (story,) = (await browser.get("/api/v1/pairs")).json()
        assert f"Run {story['when']}" in told
        assert (story["schedule"], story["removals"]) == (pair.get("schedule", ""), removals)
        assert told in (await browser.get("/sync")).text


async def test_a_pair_says_what_becomes_of_removals_by_kind(tmp_path: Path) -> None:
    async with pairing(tmp_path, removals={"ratings": "propagate"}) as two, visiting(two) as browser:
        (story,) = (await browser.get("/api/v1/pairs")).json()
        assert (story["removals"]["plays"], story["removals"]["ratings"]) == ("ignore", "propagate")
        await two.sync()
        page = (await browser.get("/sync")).text
        assert "Plays: What is removed on one side stays on the other. Ratings: What is removed on one side is" in page


async def test_what_can_be_wished_of_a_library_is_offered_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pairing(tmp_path) as two, visiting(two) as browser:
        assert 'name="correct_dates"' not in (await browser.get("/sync")).text
        can = replace(TRACKERS["serializd"].can(), keeps=ViewingsKept.LAST)
        monkeypatch.setitem(TRACKERS, "serializd", SimpleNamespace(can=lambda: can))
        text = (await browser.get("/sync")).text
        assert 'name="correct_dates"' in text


async def test_a_plan_is_declined_for_a_week_and_nobody_is_asked_again_before(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    for n in range(1, 5):
        two.on_trakt(0, 1, n, later(n))
    await two.compare()
    assert "Not now, ask again in a week" in await page(browser, "/sync/runs/r1")
    assert (await asked(browser, "/needs"))["number"] == 1
    assert (await sent(browser, "/sync/pause", **WISH, **{"for": "week"})).endswith("sync?did=pair-paused")
    text = await page(browser, "/sync")
    assert "Trakt and Serializd are paused" in text
    assert "This pair is paused until" in text
    assert "needs your approval" not in text
    assert (await asked(browser, "/needs"))["number"] == 0
    (pair,) = await asked(browser, "/pairs")
    assert pair["standing"]["code"] == "paused"
    assert pair["next"] is not None
    two.clock.advance(8 * 86_400)
    assert "and the plan needs your approval" in await page(browser, "/sync")


async def test_a_pair_is_paused_until_somebody_says_so_and_compared_at_once_where_a_person_asks(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    await sent(browser, "/sync/pause", **WISH, **{"for": "open"})
    two.clock.advance(400 * 86_400)
    assert "This pair is paused." in await page(browser, "/sync")
    assert (await two.compare()).outcome == "nothing"
    await sent(browser, "/sync/pause", **WISH, **{"for": "end"})
    assert "paused" not in await page(browser, "/sync")
    await sent(browser, "/sync/pause", status=400, **WISH, **{"for": "ever"})
    await sent(browser, "/sync/pause", status=404, viewer="eve", pair="trakt,serializd", **{"for": "hour"})


async def test_a_pair_is_switched_off_by_one_button_and_on_again(two: Pairing, browser: httpx.AsyncClient) -> None:
    for n in range(1, 5):
        two.on_trakt(0, 1, n, later(n))
    await two.compare()
    assert (await sent(browser, "/sync/switch-off", **WISH)).endswith("sync?did=saved")
    assert "Trakt and Serializd: nothing is switched on" in await page(browser, "/sync")
    await sent(browser, "/sync/switch-off", status=404, **WISH)
    assert (await sent(browser, "/sync/switch-on", **WISH)).endswith("sync?did=saved")
