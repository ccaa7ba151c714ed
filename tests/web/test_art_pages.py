"""Posters as pages ask for them and browsers get them."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from house import House, house

from patience import until
from scrobbled.config import load
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.desk.posters.artwork import Artwork
from scrobbled.plumbing.behalf import for_run
from scrobbled.sandbox.posters.drawing import poster
from scrobbled.store.works import works
from web.test_api_history import watch

KEY = "0123456789abcdef0123456789abcdef"
WITH_PICTURES: dict[str, Any] = {
    "metadata": {"tmdb": {"key": KEY, "url": "http://sandbox/tmdb/3", "image_url": "http://sandbox/tmdb/t/p"}}
}


async def there(browser: httpx.AsyncClient, address: str) -> httpx.Response:
    """The picture, once it is fetched."""

    async def fetched() -> httpx.Response | None:
        answer = await browser.get(address)
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        if answer.headers["content-type"].startswith("image/png"):
            return answer
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert answer.headers["cache-control"] == "no-store"
        return None

    answer = await until(fetched, f"{address} comes")
    assert answer is not None
    return answer


async def addresses(browser: httpx.AsyncClient, page: str) -> list[str]:
    return re.findall(r'<img class="art" src="\./(art/[0-9a-f]{24})"', (await browser.get(page)).text)


def beside(home: House) -> Artwork:
    """Another than that of the pages, which fetches the same pictures at the same time."""
    return Artwork(home.runtime, "art-beside")


async def test_a_play_has_its_poster_on_the_page_and_below_it_the_drawn_one(tmp_path: Path) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home, home.client() as browser:
        await home.webhook()
        (address,) = set(await addresses(browser, "/"))
        answer = await there(browser, address)
        assert answer.content == poster(home.episode().show.title)
        assert "max-age=604800" in answer.headers["cache-control"]
        assert (await browser.get("/")).text.count("./posters/") >= 1


async def test_a_browser_that_has_it_is_told_so(tmp_path: Path) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home, home.client() as browser:
        await home.webhook()
        (address,) = set(await addresses(browser, "/"))
        tag = (await there(browser, address)).headers["etag"]
        again = await browser.get(address, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        other = await browser.get(address, headers={"If-None-Match": '"another"'})
        assert other.status_code == 200


@pytest.mark.parametrize(
    "odd",
    [
        "..%2f..%2fscrobbled.db",
        "../scrobbled.yaml",
        "%2e%2e/scrobbled.db",
        "http:%2f%2fevil.example%2fa.png",
        "0" * 23,
        "0" * 25,
        "G" * 24,
        "0" * 24 + ".png",
        "0" * 24 + "%00",
        "0" * 24 + "%0a",
    ],
)
async def test_no_path_and_no_address_of_a_caller_is_ever_looked_for(tmp_path: Path, odd: str) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home, home.client() as browser:
        assert (await browser.get(f"/art/{odd}")).status_code == 404
        assert home.sandbox["tmdb"].calls() == []


async def test_a_picture_that_nobody_knows_is_an_empty_one_and_asked_for_nowhere(tmp_path: Path) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home, home.client() as browser:
        answer = await browser.get("/art/" + "0" * 24)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        assert home.sandbox["tmdb"].calls() == home.sandbox["plex"].calls() == []


async def test_what_nobody_has_is_not_asked_for_again_by_the_page(tmp_path: Path) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home, home.client() as browser:
        home.sandbox["tmdb"].faults.start_outage()
        home.sandbox["plex"].faults.start_outage()
        await home.webhook()
        (address,) = set(await addresses(browser, "/"))

        async def drawn() -> str:
            answer = await browser.get(address)
            return answer.text if "max-age=300" in answer.headers["cache-control"] else ""

        assert 'width="2"' in await until(drawn)


async def test_scripts_get_a_poster_with_their_token_and_are_told_where_there_is_none(tmp_path: Path) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home, home.client() as browser:
        await home.webhook()
        (address,) = set(await addresses(browser, "/"))
        expected = await there(browser, address)
        answer = await browser.get(f"/api/v1/{address}")
        assert (answer.content, answer.headers["etag"]) == (expected.content, expected.headers["etag"])
        for odd in ("0" * 24, "..%2f..%2fscrobbled.db"):
            none = await browser.get(f"/api/v1/art/{odd}")
            assert (none.status_code, none.headers["content-type"]) == (404, "application/json")


async def test_pictures_are_for_those_who_are_let_in(tmp_path: Path) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home, home.client("203.0.113.9") as stranger:
        assert (await stranger.get("/art/" + "0" * 24)).status_code in (303, 401, 403)


async def test_addresses_in_a_webhook_are_never_called(tmp_path: Path) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home, home.client() as browser:
        evil = "http://evil.example/latest/meta-data"
        await home.webhook(
            thumb=evil, grandparentThumb=evil, art=evil, grandparentKey=evil, grandparentRatingKey=evil, ratingKey=evil
        )
        for address in await addresses(browser, "/"):
            assert (await browser.get(address)).status_code == 200
        asked = [*home.sandbox["plex"].calls(), *home.sandbox["tmdb"].calls()]
        assert {call.headers["host"] for call in asked} <= {"sandbox"}
        assert not any("evil" in f"{call.path}{call.query}" for call in asked)


async def test_plays_works_items_and_search_results_of_one_show_share_an_address(tmp_path: Path) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home:
        art, show = beside(home), home.sandbox.world.shows[0]
        told = Episode(show.title, 1, 1, show_ids=ShowIds(tmdb=show.tmdb))
        await home.webhook()
        await home.runtime.store.write(lambda db: works.work_of(db, told))
        await home.runtime.store.write(works.catch_up)
        ((show_work,), *_) = await home.sql("SELECT id FROM works WHERE kind = 'show'")
        wanted = art.of_tmdb("show", show.tmdb, show.title)
        assert re.fullmatch(r"art/[0-9a-f]{24}", wanted)
        assert await art.of_plays(["p1", "p99", "nonsense"]) == {"p1": wanted, "p99": "", "nonsense": ""}
        assert await art.of_works([show_work, 4711]) == {show_work: wanted, 4711: ""}
        assert art.of_items([told, Movie("Nobody knows it")]) == [wanted, ""]
        assert art.of_tmdb("movie", show.tmdb, show.title) != wanted
        await art.gallery.settled()


async def test_a_work_without_ids_is_asked_for_where_it_was_watched(tmp_path: Path) -> None:
    async with house(tmp_path, metadata={}) as home:
        art = beside(home)
        await home.webhook()
        await home.runtime.store.write(works.catch_up)
        ((show_work,), *_) = await home.sql("SELECT id FROM works WHERE kind = 'show'")
        of_play = (await art.of_plays(["p1"]))["p1"]
        assert of_play
        assert await art.of_works([show_work]) == {show_work: of_play}
        await art.gallery.settled()
        picture = await art.picture(of_play.removeprefix("art/"))
        assert picture is not None
        assert picture.body == poster(home.episode().show.title)


async def test_a_corrected_play_has_the_poster_of_what_it_really_is(tmp_path: Path) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home, home.client() as browser:
        art, other = beside(home), home.sandbox.world.shows[1]
        await home.webhook()
        before = await art.of_plays(["p1"])
        answer = await browser.post("/api/v1/corrections", json={"what": "p1", "to": f"tmdb:{other.tmdb}"})
        assert answer.status_code == 201
        after = await art.of_plays(["p1"])
        assert after["p1"] == art.of_tmdb("show", other.tmdb, other.title) != before["p1"]
        await art.gallery.settled()


async def test_without_a_key_and_a_server_only_the_drawn_poster_is_shown(tmp_path: Path) -> None:
    sources = {"plex": {"token": "hook-token-4711-do-not-show"}}
    async with house(tmp_path, metadata={}, sources=sources) as home, home.client() as browser:
        await home.webhook()
        assert await addresses(browser, "/") == []
        assert "./posters/" in (await browser.get("/")).text
        assert beside(home).of_tmdb("show", 1, "Title") == ""


async def test_a_key_that_is_added_while_it_runs_is_used_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, metadata={}, sources={"plex": {"token": "hook-token-4711-do-not-show"}}) as home:
        art, show = beside(home), home.sandbox.world.shows[0]
        told = Episode(show.title, 1, 1, show_ids=ShowIds(tmdb=show.tmdb))
        assert art.of_items([told]) == [""]
        path = tmp_path / "scrobbled.yaml"
        path.write_text(
            path.read_text(encoding="utf-8").replace(
                "metadata: {}",
                f"metadata: {{tmdb: {{key: '{KEY}', url: 'http://sandbox/tmdb/3', image_url: 'http://sandbox/tmdb/t/p'}}}}",
            ),
            encoding="utf-8",
        )
        await home.runtime.reload(load(path, {}))
        assert art.uses_tmdb
        (address,) = art.of_items([told])
        await art.gallery.settled()
        assert await art.picture(address.removeprefix("art/")) is not None


async def test_the_posters_of_what_a_run_brought_are_no_requests_of_the_run(tmp_path: Path) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home:
        art = beside(home)
        await watch(home, Movie("Amélie", 2001, MovieIds(tmdb=home.sandbox.world.movies[0].tmdb)))
        with for_run(1):
            art.scout.news()
        await until(lambda: home.sandbox["tmdb"].calls("GET /t/p/*"), "somebody fetches it")
        await art.gallery.settled()
        assert home.runtime.metrics.run_requests.taken() == {}
        await art.aclose()


async def test_the_posters_of_new_plays_are_there_before_anybody_looks(tmp_path: Path) -> None:
    async with house(tmp_path, **WITH_PICTURES) as home:
        await home.webhook()
        await until(lambda: home.sandbox["tmdb"].calls("GET /t/p/*"), "somebody fetches it")
