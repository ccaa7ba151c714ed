"""What somebody meets who never read a word about it: dead ends, counts, words of commands, and the way back."""

import asyncio
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.desk.plays.story import Explanation, PlayTold
from scrobbled.sandbox.plex.people import PlexAccount
from scrobbled.web.view import next_steps, sources
from scrobbled.web.view.plays.story import story
from web.guests import TRAKT, guests
from web.house import LOGIN, SETTINGS, House, house
from web.test_pages import Seen, page
from web.test_setting_up_on_the_page import first_event
from web.test_view import NOW

ANNA = SETTINGS["viewers"][0]
BOTH = [{**ANNA, "trackers": {**ANNA["trackers"], "trakt": TRAKT}}]


def test_an_address_that_leads_nowhere_says_so_and_leads_home(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            answer = await browser.get("/nowhere/at/all")
            seen = Seen(answer.text)
            assert answer.status_code == 404
            assert "No page has this address" in seen.text
            assert "../../" in [link["href"] for link in seen.all("a") if link.get("class") == "button primary"]

    asyncio.run(check())


def test_a_wrong_password_leaves_the_user_name_standing(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client("192.168.1.20") as stranger:
            answer = await stranger.post("/login", data={"username": 'an"na', "password": "guess"})
            assert answer.status_code == 401
            fields = {field["name"]: field for field in Seen(answer.text).all("input") if field.get("name")}
            assert fields["username"]["value"] == 'an"na'
            assert "value" not in fields["password"]

    asyncio.run(check())


def test_one_play_at_two_trackers_is_one_play(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, viewers=BOTH) as home, home.client() as browser:
            await home.webhook()
            await home.sql("UPDATE outbox SET state = 'dead'")
            answer = await browser.post("/queue", data={"action": "retry", "id": ["c1", "c2"]})
            assert "1 play will be tried again now." in (await page(browser, answer.headers["location"])).text

    asyncio.run(check())


@pytest.mark.parametrize("text", [next_steps.of_play(code) for code in PlayOutcome])
def test_the_page_never_tells_to_type_a_command_about_a_play(text: str) -> None:
    assert not re.search(r"scrobbled (queue|map|claim|replay)", text)


@pytest.mark.parametrize("text", [next_steps.of_event(code) for code in EventOutcome])
def test_the_page_never_tells_to_type_a_command_about_a_message(text: str) -> None:
    assert not re.search(r"scrobbled (queue|map|claim|replay)", text)


def test_a_message_of_a_strange_account_leads_to_where_it_is_said_whose_it_is(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook(account=PlexAccount(id=77, title="neighbour"))
            seen = await page(browser, "/events/e1")
            assert "scrobbled claim" not in seen.text
            assert "../needs?kind=unclaimed" in [link["href"] for link in seen.all("a")]

    asyncio.run(check())


def told_of_elsewhere() -> Explanation:
    play = PlayTold("p1", None, "ben", "trakt", "episode", "Quiet Signal S1 E7", "2026-10-06T18:33:00Z", "", [])
    return Explanation(
        id="p1",
        play_id="p1",
        label=play.label,
        source="trakt",
        account="",
        event_id=None,
        outcome=None,
        reason="",
        why="",
        body="none",
        body_note="It came in by no message of a media server.",
        raw=None,
        events=[],
        more_events=0,
        who=[],
        plays=[play],
        to_do=[],
        changes=[],
    )


def test_what_was_brought_over_from_a_tracker_says_so_once() -> None:
    seen = story(told_of_elsewhere(), None, NOW)
    assert seen.lead == "ben watched it, as Trakt says, on"
    assert seen.body_note == ""
    assert [step.text for step in seen.parts[0].steps] == [
        "No media server told of it. Trakt had it, and it was brought over from there."
    ]
    assert "brought over" not in story(replace(told_of_elsewhere(), body="gone"), None, NOW).parts[0].steps[0].text


def test_what_is_done_on_the_first_start_leads_back_to_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as home, home.client() as browser:
            seen = await page(browser, "/start/event?source=plex")
            assert "start/event" in [field.get("value") for field in seen.all("input")]
            await first_event(home, browser)
            form = {"account": "anna", "viewer": "anna"}
            for back, place in (
                ("start/event", "start/event?source=plex&said=claimed#heard"),
                ("//evil.example", "set-up/plex?said=claimed#heard"),
            ):
                answer = await browser.post("/set-up/plex/claim", data={**form, "back": back}, follow_redirects=False)
                assert answer.headers["location"].endswith(place)

    asyncio.run(check())


def test_a_correction_leads_back_to_the_play_it_was_begun_at(tmp_path: Path) -> None:
    async def check(home: House) -> None:
        async with home.client() as browser:
            await home.webhook()
            for path, up in (
                ("/correct/p1", "../plays/p1"),
                ("/correct/c1", "../needs"),
                ("/correct?what=x", "./corrections"),
            ):
                backs = [link["href"] for link in (await page(browser, path)).all("a") if link.get("class") == "button"]
                assert backs[0] == up

    async def within() -> None:
        async with house(tmp_path) as home:
            await check(home)

    asyncio.run(within())


def test_players_are_called_what_they_are_in_a_sentence(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as home, home.client() as browser:
            text = " ".join((await page(browser, "/set-up/trakt")).text.split())
            assert "Add your player" in text

    asyncio.run(check())
    assert "server.public_url" in sources.GUESS
