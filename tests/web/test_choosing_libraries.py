"""Choosing libraries on the page and by API: nothing of it knows which service they are of."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import yaml

from scrobbled.core.errors import LoginNeeded
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.desk.pairs import usual
from scrobbled.trackers.offers import SilentServer
from trackers.doubles import unwrapped
from trackers.shelf.tracker import ShelfTracker
from web.guests import ROOT, TRAKT, Guests, guests
from web.house import House, house
from web.test_pages import Seen, page

HERE = "/sign-in/anna/shelf/libraries"
FILMS = [Movie(title, 2019, MovieIds(tmdb=number)) for number, title in enumerate(("Harbour Atlas", "Tidal"), 1)]


def with_shelf(folder: Path, *libraries: str) -> Any:
    shelf = {"libraries": list(libraries)} if libraries else {}
    return house(folder, viewers=[{"name": "anna", "trackers": {"shelf": shelf, "memory": {}}}])


def shelf_of(home: House) -> ShelfTracker:
    found: ShelfTracker = unwrapped(home.runtime.couriers["anna", "shelf"].tracker)
    return found


def furnished(home: House) -> ShelfTracker:
    """Two libraries: ``boards`` with one film, which was watched, and ``crates`` with another."""
    shelf = shelf_of(home)
    shelf.watch(shelf.add(FILMS[0], "boards/1"))
    shelf.add(FILMS[1], "crates/1")
    return shelf


def ticked(seen: Seen) -> dict[str, bool]:
    """Each box of the form, and whether it is ticked; ``all`` is the word for every library."""
    boxes = [one for one in seen.all("input") if one.get("type") in ("checkbox", "radio")]
    return {str(one["value"]): "checked" in one for one in boxes}


def leads_to(seen: Seen, place: str) -> bool:
    return any(str(one.get("href")).lstrip("./") == place for one in seen.all("a"))


def written(folder: Path) -> Any:
    return yaml.safe_load((folder / "scrobbled.yaml").read_text())["viewers"][0]["trackers"]["shelf"]


def test_each_library_is_a_box_by_its_server_with_what_is_in_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with with_shelf(tmp_path) as home, home.client() as browser:
            furnished(home)
            seen = await page(browser, HERE)
            assert ticked(seen) == {"all": True, "these": False, "boards": True, "crates": True}
            for told in ("hall", "boards", "1 film, 1 watched", "1 film, 0 watched"):
                assert told in seen.text, told

    asyncio.run(check())


def test_what_is_ticked_is_written_and_in_force_at_once(tmp_path: Path) -> None:
    async def check() -> None:
        async with with_shelf(tmp_path) as home, home.client() as browser:
            furnished(home)
            sent = await browser.post(HERE, data={"which": "these", "library": "crates"}, follow_redirects=False)
            assert sent.headers["location"].endswith("sign-in/anna/shelf/libraries?did=saved")
            assert written(tmp_path) == {"libraries": ["crates"]}
            assert shelf_of(home).libraries == ("crates",)
            furnished(home)
            assert ticked(await page(browser, HERE)) == {"all": False, "these": True, "boards": False, "crates": True}
            await browser.post(HERE, data={"which": "all", "library": "crates"})
            assert written(tmp_path) == {"libraries": []}

    asyncio.run(check())


def test_whoever_unticks_one_while_all_count_means_those_that_are_left(tmp_path: Path) -> None:
    async def check() -> None:
        async with with_shelf(tmp_path) as home, home.client() as browser:
            furnished(home)
            seen = await page(browser, HERE)
            hidden = {str(one["name"]): one["value"] for one in seen.all("input") if one.get("type") == "hidden"}
            assert hidden == {"was": "all", "of": "2"}
            await browser.post(HERE, data={**hidden, "which": "all", "library": ["boards", "crates"]})
            assert written(tmp_path) == {"libraries": []}
            furnished(home)
            await browser.post(HERE, data={**hidden, "which": "all", "library": ["crates"]})
            assert written(tmp_path) == {"libraries": ["crates"]}
            furnished(home)
            await browser.post(HERE, data={"was": "these", "of": "2", "which": "all", "library": ["crates"]})
            assert written(tmp_path) == {"libraries": []}

    asyncio.run(check())


def test_a_form_with_nothing_ticked_says_so_and_changes_nothing(tmp_path: Path) -> None:
    async def check() -> None:
        async with with_shelf(tmp_path, "boards") as home, home.client() as browser:
            furnished(home)
            answer = await browser.post(HERE, data={"which": "these"})
            assert answer.status_code == 400
            seen = Seen(answer.text)
            assert "Choose at least one library, or all of them." in seen.text
            assert ticked(seen) == {"all": False, "these": True, "boards": False, "crates": False}
            assert written(tmp_path) == {"libraries": ["boards"]}

    asyncio.run(check())


def test_what_is_chosen_on_a_server_that_does_not_answer_stays(tmp_path: Path) -> None:
    async def check() -> None:
        async with with_shelf(tmp_path, "boards", "Attic films") as home, home.client() as browser:
            furnished(home).silent = (SilentServer("attic", "it is switched off"),)
            seen = await page(browser, HERE)
            assert "It is switched off. What is chosen there stays." in " ".join(seen.text.split())
            assert ticked(seen)["Attic films"] is True
            await browser.post(HERE, data={"which": "these", "library": ["crates", "Attic films"]})
            assert written(tmp_path) == {"libraries": ["crates", "Attic films"]}

    asyncio.run(check())


def test_where_nobody_can_be_asked_the_page_says_why_and_leads_on(tmp_path: Path) -> None:
    async def check() -> None:
        async with with_shelf(tmp_path) as home, home.client() as browser:
            shelf_of(home).fail_next(LoginNeeded("the key of the hall is lost"))
            seen = await page(browser, HERE)
            assert "The key of the hall is lost." in seen.text
            assert leads_to(seen, "sign-in/anna/shelf")
            assert ticked(seen) == {}

    asyncio.run(check())


def test_an_account_without_libraries_has_no_such_page(tmp_path: Path) -> None:
    async def check() -> None:
        async with with_shelf(tmp_path) as home, home.client() as browser:
            for path in ("/sign-in/anna/memory/libraries", "/sign-in/ben/shelf/libraries"):
                assert (await browser.get(path)).status_code == 404, path
                assert (await browser.post(path, data={"which": "all"})).status_code == 404, path

    asyncio.run(check())


def test_programs_ask_and_choose_as_well(tmp_path: Path) -> None:
    async def check() -> None:
        async with with_shelf(tmp_path) as home, home.client() as script:
            furnished(home)
            (told,) = (await script.get("/api/v1/libraries")).json()
            assert (told["viewer"], told["tracker"], told["all"]) == ("anna", "shelf", True)
            (server,) = told["servers"]
            assert server["libraries"][0] == {
                "title": "boards",
                "name": "boards",
                "kind": "movie",
                "items": 1,
                "watched": 1,
                "chosen": True,
            }
            put = await script.put("/api/v1/libraries", json={"viewer": "anna", "libraries": ["Boards"]})
            assert [one["chosen"] for one in put.json()["servers"][0]["libraries"]] == [True, False]
            assert written(tmp_path) == {"libraries": ["boards"]}
            furnished(home)
            wrong = await script.put("/api/v1/libraries", json={"viewer": "anna", "libraries": ["bords"]})
            assert (wrong.status_code, 'did you mean \\"boards\\"?' in wrong.text) == (400, True)
            again = await script.put("/api/v1/libraries", json={"viewer": "anna", "libraries": None})
            assert (again.json()["all"], written(tmp_path)) == (True, {"libraries": []})
            assert (await script.get("/api/v1/libraries?viewer=nobody")).status_code == 400

    asyncio.run(check())


def test_a_token_that_may_act_does_not_change_the_configuration(tmp_path: Path) -> None:
    async def check() -> None:
        async with with_shelf(tmp_path) as home, home.client() as script:
            headers = await home.token("write")
            assert (await script.get("/api/v1/libraries", headers=headers)).status_code == 200
            sent = {"viewer": "anna", "libraries": []}
            assert (await script.put("/api/v1/libraries", json=sent, headers=headers)).status_code == 403

    asyncio.run(check())


def test_after_signing_in_by_pin_the_next_step_is_choosing_libraries(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path) as home, home.client() as browser:
            await signed_in(home, browser)
            seen = await page(browser, "/sign-in/anna/plex")
            assert "Signed in to Plex as anna." in seen.text
            assert leads_to(seen, "sign-in/anna/plex/libraries")
            chosen = await page(browser, "/sign-in/anna/plex/libraries")
            assert ticked(chosen) == {"all": True, "these": False, "Films": True, "TV": True}, " ".join(
                chosen.text.split()
            )
            onward = await page(browser, "/sign-in/anna/plex?start=1")
            assert leads_to(onward, "sign-in/anna/plex/libraries?start=1")
            sent = {"which": "these", "library": "TV"}
            answer = await browser.post("/sign-in/anna/plex/libraries?start=1", data=sent, follow_redirects=False)
            assert answer.headers["location"].endswith("start/trackers")
            plex = yaml.safe_load(home.path.read_text())["viewers"][0]["trackers"]["plex"]
            assert plex == {"url": f"{ROOT}/plex", "libraries": ["TV"]}

    asyncio.run(check())


def test_the_first_start_leads_from_a_name_to_a_library_that_is_kept_in_step(tmp_path: Path) -> None:
    async def check() -> None:
        async with guests(tmp_path, first=True) as home, home.client() as browser:
            await browser.post("/start/you", data={"name": "Annette"})
            sent = {"viewer": "Annette", "account": "anna", "url": f"{ROOT}/plex", "account_url": f"{ROOT}/plextv"}
            shown = await browser.post("/start/tracker/plex", data=sent)
            assert "agree" in shown.text
            await agreed(home, browser, "Annette")
            seen = await page(browser, "/sign-in/Annette/plex?start=1")
            assert leads_to(seen, "sign-in/Annette/plex/libraries?start=1")
            assert "start/pair" not in (await page(browser, "/start/trackers")).text, "there is nothing beside it yet"
            await browser.post("/start/tracker/trakt", data={"viewer": "Annette", **TRAKT})
            assert "start/pair" not in (await page(browser, "/start/trackers")).text, "nobody has agreed at Trakt yet"
            device = next(iter(home.sandbox["trakt"].oauth.devices.values()))
            home.sandbox["trakt"].oauth.settle_device(device.user_code, username="anna")
            await home.until(browser, "sign-ins/Annette/trakt", "done")
            offered = (await browser.get("/start/trackers")).text
            assert 'value="plex,trakt"' in offered
            done = await browser.post("/start/pair", data={"viewer": "Annette", "between": "plex,trakt"})
            assert 'value="plex,trakt"' not in done.text
            (viewer,) = yaml.safe_load(home.path.read_text())["viewers"]
            assert viewer["accounts"] == {"plex": ["anna"]}
            assert viewer["pairs"] == [
                {"between": ["plex", "trakt"], "plays": "both", "ratings": "both", "every": "15m"}
            ]
            twice = await browser.post("/start/pair", data={"viewer": "Annette", "between": "plex,trakt"})
            assert (twice.status_code, "could be a pair" in twice.text) == (400, True)

    asyncio.run(check())


def test_a_library_and_a_tracker_beside_it_are_a_pair_to_be_proposed_and_two_libraries_are_none() -> None:
    assert usual.between(["memory", "shelf", "plex", "anilist"]) == [("shelf", "memory"), ("plex", "memory")]
    pair = usual.pair(("shelf", "memory"))
    assert pair == {"between": ["shelf", "memory"], "plays": "both", "ratings": "both", "every": "15m"}


async def signed_in(home: Guests, browser: httpx.AsyncClient) -> None:
    begun = (await browser.post("/api/v1/sign-ins/anna/plex")).json()
    assert begun["step"] == "waiting", begun
    await agreed(home, browser, "anna")


async def agreed(home: Guests, browser: httpx.AsyncClient, viewer: str) -> None:
    for pin in home.sandbox["plextv"].pins.values():
        pin.token = "sandbox-plextv-anna"
    await home.until(browser, f"sign-ins/{viewer}/plex", "done")
