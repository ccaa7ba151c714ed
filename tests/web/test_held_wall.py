"""The wall of what a tracker holds, whoever put it there: on the page, in the API, and after each run."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from pairing import Pairing, later, pairing
from scrobbled.core.naming.items import Movie
from scrobbled.core.records import PlayRecord, Subject
from scrobbled.store.mirror import records, subjects
from web.test_api_history import watch
from web.test_history_page import TITLES, chips, harmless, tiles
from web.test_pages import Seen, page
from web.test_sync_pages import asked, visiting

TRAKT, SERIALIZD = ("anna", "trakt"), ("anna", "serializd")


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Pairing]:
    async with pairing(tmp_path) as home:
        yield home


@pytest.fixture
async def browser(two: Pairing) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(two) as client:
        yield client


async def told(browser: httpx.AsyncClient, query: str = "on=trakt") -> list[tuple[str, str, str | None]]:
    """Source, label and time of each, in order."""
    plays = (await asked(browser, f"/history?{query}"))["plays"]
    return [(one["source"], one["label"], one["watched_at"]) for one in plays]


def named(home: Pairing, show: int, season: int, number: int) -> str:
    made = home.sandbox.world.shows[show]
    return f"{made.title} S{season} E{number} {made.episode(season, number).title}"


async def test_a_run_hangs_up_what_the_account_holds_also_what_never_came_by_us(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    two.on_trakt(0, 1, 1, later(1))
    two.film_on_trakt(0, later(2))
    assert "It is not known what Trakt holds" in (await page(browser, "/history?on=trakt")).text
    await two.sync()
    two.clock.advance(720)
    seen = await page(browser, "/history?on=trakt")
    text = " ".join(seen.text.split())
    assert "Trakt holds 2 plays, as of 12 min ago, read complete." in text
    film, episode = tiles(seen)
    assert (film[0], episode) == ("h", "p1"), "Serializd keeps no films, so that one was left where it is"
    assert "Trakt: there. It never came by scrobbled." in text
    assert f"{two.sandbox.world.movies[0].title}, Film {two.sandbox.world.movies[0].year}, anna, Friday 1 May" in text
    answer = await asked(browser, "/history?on=trakt")
    assert [one["id"] for one in answer["plays"]][1:] == ["p1"]
    assert [one["watched_at"] for one in answer["plays"]] == ["2026-05-01T21:34:00+00:00", "2026-05-01T20:34:00+00:00"]
    (mirror,) = answer["mirrors"]
    assert (mirror["viewer"], mirror["tracker"], mirror["complete"], mirror["holds"]) == ("anna", "trakt", True, 2)
    assert set(answer["posters"]) == {one["id"] for one in answer["plays"]}
    assert [one[0] for one in await told(browser, "on=trakt&carried=no")] == ["trakt"]
    assert await told(browser, "on=trakt&viewer=ben") == []


async def test_what_a_run_brings_stands_there_at_once_and_what_is_removed_leaves_with_the_next_reading(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    _, second = two.on_trakt(0, 1, 1, later(1)), two.on_trakt(0, 1, 2, later(2))
    await two.sync()
    assert "2 plays arrived there since, and stand here too." in (await page(browser, "/history?on=serializd")).text
    labels = [named(two, 0, 1, 2), named(two, 0, 1, 1)]
    assert [one[1] for one in await told(browser, "on=serializd")] == labels
    two.clock.advance(900)
    await two.sync()
    assert "arrived there since" not in (await page(browser, "/history?on=serializd")).text
    assert [one[1] for one in await told(browser, "on=serializd")] == labels
    two.off_trakt(second)
    two.clock.advance(900)
    await two.sync()
    seen = await page(browser, "/history?on=trakt")
    assert "All of it was last gone through 30 min ago" in seen.text, "what came since was read by itself"
    await two.sync(full=True)
    assert [one[1] for one in await told(browser)] == labels[1:]
    assert "gone through" not in (await page(browser, "/history?on=trakt")).text


async def test_a_listing_that_is_not_believed_leaves_the_wall_as_it_was_and_says_so(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    plays = [two.on_trakt(0, 1, n % 3 + 1, later(n)) for n in range(40)]
    await two.sync()
    before = await told(browser, "on=trakt&limit=100")
    two.off_trakt(*plays[:36])
    two.clock.advance(900)
    await two.sync(full=True)
    assert await told(browser, "on=trakt&limit=100") == before
    seen = await page(browser, "/history?on=trakt")
    assert "not read completely" in seen.text
    assert "Its last listing is not believed" in seen.text


async def mirrored(home: Any, *rows: tuple[str, str, float | None]) -> None:
    """Anna's Trakt holds films of these ids and titles, watched so many hours ago."""
    now = home.clock.now()

    def put(db: Any) -> None:
        for id_, title, hours in rows:
            subjects.put(db, TRAKT, [Subject(f"k{id_}", "movie", Movie(title, 1999))])
            at = None if hours is None else now - timedelta(hours=hours)
            records.put(db, TRAKT, [PlayRecord(id_, f"k{id_}", at)], 1, now.timestamp())
        state = records.ReadState({}, rev=1, read_at=now.timestamp(), full_at=now.timestamp(), plays=len(rows))
        records.save_state(db, TRAKT, state)

    await home.runtime.store.write(put)


async def test_what_has_no_date_hangs_in_a_group_of_its_own_at_the_end(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    await mirrored(two, *((f"{n}", f"Film {n}", n) for n in range(47)), ("98", "Old", None), ("99", "Older", None))
    first = await page(browser, "/history?on=trakt")
    headings = [str(attrs["id"]) for tag, attrs in first.tags if tag == "h2"]
    assert headings[-1] == "day-undated"
    assert first.text.count("Without a date") == 1
    (older,) = [str(a["href"]) for a in first.all("a") if a.get("rel") == "next"]
    rest = await page(browser, older)
    assert [len(tiles(first)), len(tiles(rest))] == [48, 1]
    assert "without a date" in rest.text
    (shelves,) = [attrs for _, attrs in rest.tags if attrs.get("id") == "shelves"]
    again = await page(browser, f"/history?on=trakt&before={quote(str(shelves['data-first']))}")
    assert tiles(again) == tiles(rest)
    (newer,) = [str(a["href"]) for a in rest.all("a") if a.get("rel") == "prev"]
    assert tiles(await page(browser, newer)) == tiles(first)


async def test_filters_stand_in_the_address_and_those_of_our_own_plays_are_left_behind(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    await mirrored(two, ("1", "Paper Boats", 1), ("2", "Harbour Lights", 2))
    await watch(two, Movie("Paper Boats", 1999))  # type: ignore[arg-type]
    ours = list(chips(await page(browser, "/history?tracker=serializd&q=paper")).values())
    assert {"q": ["paper"], "on": ["trakt"]} in ours
    seen = await page(browser, "/history?on=trakt&q=paper")
    assert len(tiles(seen)) == 1
    leads = list(chips(seen).values())
    assert {"q": ["paper"]} in leads
    assert {"on": ["trakt"], "q": ["paper"], "carried": ["no"]} in leads
    assert not [one for one in leads if "tracker" in one or "source" in one]
    kept = {field["name"]: field["value"] for field in seen.all("input") if field.get("type") == "hidden"}
    assert kept["on"] == "trakt", "whoever searches stays there"
    assert "Nothing matches" in (await page(browser, "/history?on=trakt&q=zzz")).text
    for odd in (
        "on=trakt&tracker=trakt",
        "on=trakt&carried=maybe",
        "carried=no",
        "on=trakt&before=1,2",
        "on=trakt&media=x",
    ):
        assert (await browser.get(f"/history?{odd}")).status_code == 400, odd
        assert (await browser.get(f"/api/v1/history?{odd}")).json()["error"].endswith("."), odd
    assert (await asked(browser, "/history/filters"))["on"] == {"trakt": ["anna"]}


async def test_a_tile_tells_what_is_known_of_it_and_no_title_breaks_out(
    two: Pairing, browser: httpx.AsyncClient
) -> None:
    await mirrored(two, *((f"{n}/%2F ,&#?", title, n) for n, title in enumerate(TITLES)), ("undated", "Old", None))
    wall = await page(browser, "/history?on=trakt")
    harmless(wall)
    leads = [str(a["href"]) for a in wall.all("a") if "history/held?" in str(a["href"])]
    assert len(leads) == len(TITLES) + 1
    for lead in leads:
        one = await page(browser, lead.removeprefix("."))
        harmless(one)
        assert "Trakt holds it. It never came by scrobbled." in one.text
        assert "first on Saturday 14 November 2026" in one.text
        part = (await browser.get(f"{lead.removeprefix('.')}&fragment=1")).text
        assert "<html" not in part
        Seen(part)
        (same,) = [str(a["href"]) for a in one.all("a") if "show=" in str(a["href"])]
        assert len(tiles(await page(browser, re.sub(r"^\.\./", "/", same)))) == 1
    assert "nobody knows when" in one.text
    for odd in ("", "x", "trakt/anna/r77", "trakt/ben/rundated", "plex/anna/rundated", "trakt/anna/p1", "trakt/anna/"):
        assert (await browser.get("/history/held", params={"id": odd})).status_code == 404, odd
