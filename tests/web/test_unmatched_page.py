"""What could not be told, on the page and in the API: the same as the command lists."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from web.house import House, house
from web.test_needs import asked, pressed, seen, set_state, states, watched


@pytest.fixture
async def home(tmp_path: Path, anyio_backend: str) -> AsyncIterator[House]:
    async with house(tmp_path) as found:
        yield found


async def test_a_show_stands_there_once_with_its_reason_and_its_correction(home: House) -> None:
    await watched(home, (1, 1), (1, 2), (1, 3))
    await set_state(home, "unmatched", reason="two shows are called that", code="uncertain")
    async with home.client() as browser:
        answer = await browser.get("/api/v1/unmatched")
        page = await seen(browser, "/unmatched")
    found = answer.json()
    assert (found["number"], found["next"]) == (1, None)
    (one,) = found["unmatched"]
    assert (one["title"], one["tracker"], one["count"], one["waiting"]) == ("Harbour Lights", "serializd", 3, 3)
    assert one["command"].startswith("scrobbled map set c1")
    assert "3 episodes, 3 changes on hold. Two shows are called that." in " ".join(page.text.split())
    assert one["command"] in page.text


async def test_a_metric_tells_how_many_changes_wait_for_that(home: House) -> None:
    await watched(home, (1, 1), (1, 2), (1, 3))
    await set_state(home, "unmatched", "id = 1", code="uncertain")
    await set_state(home, "parked", "id = 2", code="not-in-catalogue")
    async with home.client() as browser:
        told = (await browser.get("/metrics")).text
    assert 'scrobbled_unmatched_items{tracker="serializd",viewer="anna"} 2.0' in told


async def test_only_one_tracker_and_only_one_person_can_be_asked_for(home: House) -> None:
    await watched(home, (1, 1))
    await set_state(home, "unmatched", reason="two shows are called that", code="uncertain")
    async with home.client() as browser:
        for query, number in {"tracker=serializd": 1, "tracker=trakt": 0, "viewer=anna": 1, "viewer=ben": 0}.items():
            assert (await browser.get(f"/api/v1/unmatched?{query}")).json()["number"] == number, query
        assert "Everything could be told." in (await seen(browser, "/unmatched?viewer=ben")).text


async def test_many_are_told_a_page_at_a_time(home: House) -> None:
    for show in range(3):
        await watched(home, (1, 1), show=show)
    await set_state(home, "unmatched", reason="two shows are called that", code="uncertain")
    async with home.client() as browser:
        first = (await browser.get("/api/v1/unmatched?limit=2")).json()
        rest = (await browser.get(f"/api/v1/unmatched?limit=2&start={first['next']}")).json()
    assert (len(first["unmatched"]), first["number"], len(rest["unmatched"]), rest["next"]) == (2, 3, 1, None)


async def test_films_of_a_house_are_one_question_and_can_be_left_out_by_one_answer(home: House) -> None:
    await watched(home, (1, 1), (1, 2), (1, 3))
    await set_state(home, "unmatched", reason="Beach has no ids", code="uncertain")
    await home.sql(
        "UPDATE plays SET media = 'movie', label = 'Beach ' || id, item = '{\"title\":\"Beach ' || id || '\"}'"
    )
    async with home.client() as browser:
        (card,) = (await asked(browser))["needs"]
        assert (card["question"], card["many"]) == ("Which films are these 3?", 3)
        assert [one["label"] for one in card["answers"]] == ["Look again", "Leave all 3 out"]
        (one,) = (await browser.get("/api/v1/unmatched")).json()["unmatched"]
        assert (one["title"], one["count"], one["correct"]) == ("Films without an id", 3, "")
        await pressed(browser, card["id"], "drop:")
        assert await states(home) == ["undone"] * 3
        assert (await browser.get("/api/v1/unmatched")).json()["unmatched"] == []


async def test_one_film_without_ids_is_still_asked_about_by_its_name(home: House) -> None:
    await watched(home, (1, 1))
    await set_state(home, "unmatched", reason="Beach has no ids", code="uncertain")
    await home.sql("UPDATE plays SET media = 'movie', label = 'Beach 1', item = '{\"title\":\"Beach 1\"}'")
    async with home.client() as browser:
        (card,) = (await asked(browser))["needs"]
        assert card["question"] == "Which film is Beach 1?"
        assert card["answers"][0]["to"] == "correct/c1"
