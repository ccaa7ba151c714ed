"""Saying what a title is: looking in every catalogue, seeing what it would do, and what waited being delivered."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import patience
from scrobbled.desk.corrections import outlook
from scrobbled.sandbox.faults import Fault
from web.house import PASSWORD, House, house
from web.test_needs import EVIL, set_state, watched
from web.test_pages import Seen


@pytest.fixture
async def home(tmp_path: Path, anyio_backend: str) -> AsyncIterator[House]:
    async with house(tmp_path) as found:
        yield found


async def get(browser: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    answer = await browser.get(f"/api/v1/{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


async def seen(browser: httpx.AsyncClient, path: str, status: int = 200) -> Seen:
    answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    return Seen(answer.text)


def told(page: Seen) -> str:
    return " ".join(page.text.split())


async def post(browser: httpx.AsyncClient, path: str, status: int = 303, **form: str) -> httpx.Response:
    answer = await browser.post(path, data=form, headers={"origin": "http://localhost:8484"})
    assert answer.status_code == status, answer.text
    return answer


async def until(home: House, fits: Callable[[list[str]], bool]) -> None:
    async def is_so() -> bool:
        return fits([row[0] for row in await home.sql("SELECT state FROM outbox ORDER BY id")])

    await patience.until(is_so)


def reviews(home: House) -> list[tuple[int, int]]:
    """Season and episode of each diary row."""
    rows = home.sandbox["serializd"].state()["accounts"]["anna"]["reviews"]
    return sorted((row["seasonId"] - 140_000, row["episodeNumber"]) for row in rows)


# -- looking -------------------------------------------------------------------------------------------------------


async def test_one_title_of_two_catalogues_is_one_result_with_the_sizes_of_both(home: House) -> None:
    show = home.sandbox.world.shows[0]
    async with home.client() as browser:
        found = await get(browser, "search?q=harbour")
        (one,) = found["results"]
        assert (one["title"], one["tmdb"], one["poster"]) == (show.title, show.tmdb, f"/tv{show.tmdb}.jpg")
        assert [there["service"] for there in one["there"]] == ["serializd", "tmdb"]
        sizes = [{size["number"]: size["episodes"] for size in there["seasons"]} for there in one["there"]]
        assert sizes == [{0: 2, 1: 8, 2: 8}] * 2
        (film,) = (await get(browser, f"search?q={home.sandbox.world.movies[0].title}&kind=movie"))["results"]
        assert (film["kind"], film["there"]) == ("movie", [{"service": "tmdb", "seasons": None}])


async def test_who_is_down_is_named_and_the_others_answer_all_the_same(home: House) -> None:
    home.sandbox["serializd"].faults.add(Fault("GET /api/search/shows", status=503))
    async with home.client() as browser:
        found = await get(browser, "search?q=harbour")
        assert [one["service"] for one in found["silent"]] == ["serializd"]
        assert found["results"][0]["there"][0]["service"] == "tmdb"
        await watched(home, (1, 1))
        await set_state(home, "unmatched")
        assert "Serializd could not be asked" in told(await seen(browser, "/correct/c1"))
        home.sandbox["serializd"].faults.clear()
        assert (await get(browser, "search?q=harbour"))["silent"] == [], "a half answer is not kept"


async def test_the_same_search_is_asked_once_and_many_searches_are_refused(home: House) -> None:
    async with home.client() as browser:
        for _ in range(3):
            await get(browser, "search?q=harbour")
        assert len(home.sandbox["serializd"].calls("GET /api/search/shows")) == 1
        for number in range(59):
            await get(browser, f"search?q=title{number}")
        answer = await browser.get("/api/v1/search?q=onemore")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert "wait a minute" in answer.json()["error"]
        await get(browser, "search?q=harbour")
        home.clock.advance(61)
        await get(browser, "search?q=onemore")


async def test_strange_searches_reach_nobody_or_nothing(home: House) -> None:
    async with home.client() as browser:
        assert (await get(browser, "search?q=%20"))["results"] == []
        assert home.sandbox["serializd"].calls() == []
        assert (await get(browser, f"search?q={'x' * 5000}"))["results"] == []
        assert (await get(browser, "search?q=../../show/90000%3Fx=1%23"))["results"] == []
        assert {one.path for one in home.sandbox["serializd"].calls()} == {"/api/search/shows"}
        assert "carl" in (await get(browser, "search?q=x&viewer=carl", 400))["error"]
        await get(browser, "search?q=x&kind=episode", 400)


# -- the page ------------------------------------------------------------------------------------------------------


async def test_the_page_says_what_the_source_calls_it_and_how_large_it_is_on_both_sides(home: House) -> None:
    await watched(home, (1, 1), (1, 2))
    await set_state(home, "unmatched", reason="two shows are called that")
    async with home.client() as browser:
        text = told(await seen(browser, "/correct/c1"))
        assert "Your server calls it Harbour Lights S1 E1" in text
        assert "Waits at Serializd: two shows are called that" in text
        assert "Serializd: 2 seasons, 16 episodes" in text
        assert "As many as on your server" in text
        page = await seen(browser, "/correct/c1?to=show:90001")
        assert "SeasonPlexSerializdTMDB Season 1899Season 2899Specials222" in told(page), "8 here, 9 there"
        found = await get(browser, "matches/c1?tmdb=90001")
        assert [size["episodes"] for size in found["sizes"]["home"]] == [2, 8, 8]


async def test_where_the_media_server_cannot_be_asked_what_was_watched_here_is_told(tmp_path: Path) -> None:
    sources = {"plex": {"token": "hook-token-4711-do-not-show"}}
    async with house(tmp_path, sources=sources) as home, home.client() as browser:
        await watched(home, (1, 1), (1, 2), (2, 1))
        await set_state(home, "unmatched")
        sizes = (await get(browser, "matches/c1"))["sizes"]
        assert sizes["home"] == []
        assert sizes["seen"] == [{"number": 1, "episodes": 2}, {"number": 2, "episodes": 1}]


async def test_a_choice_shows_what_it_does_before_it_is_saved_and_then_does_it(home: House) -> None:
    for number in (1, 2, 3):
        await home.webhook(item=home.episode(1, number), grandparentTitle="Harbor", grandparentGuid="local://1")
    await set_state(home, "unmatched", reason="nothing is called that")
    async with home.client() as browser:
        page = await seen(browser, "/correct/c1?q=harbour&to=show:90000")
        text = told(page)
        assert "3 waiting plays will be delivered as Harbour Lights." in text
        assert "becomes S1 E1" in text
        assert await home.sql("SELECT count(*) FROM corrections") == [(0,)]
        answer = await post(browser, "/correct", about="c1", to="show:90000")
        assert answer.headers["location"] == "./needs?did=corrected&count=3"
        assert "Saved. 3 plays on the way now." in told(await seen(browser, "/needs?did=corrected&count=3"))
        async with home.runtime.running():
            await until(home, lambda states: states == ["delivered"] * 3)
        assert reviews(home) == [(1, 1), (1, 2), (1, 3)]


async def test_a_name_that_was_typed_wrong_is_looked_for_as_it_was_watched_before(home: House) -> None:
    await home.webhook(item=home.episode(1, 1))
    bare = {"grandparentTitle": "Harbor Lihgts", "grandparentGuid": "local://1", "guid": "local://2", "Guid": []}
    await home.webhook(item=home.episode(1, 2), grandparentRatingKey="x1", **bare)
    await set_state(home, "unmatched")
    async with home.client() as browser:
        page = await seen(browser, "/correct/c2")
        assert "You have watched Harbour Lights, so that was looked for:" in told(page)
        (link,) = {str(one["href"]) for one in page.all("a") if "show%3A90000" in str(one["href"])}
        text = told(await seen(browser, link.removeprefix("..")))
        assert "1 waiting play will be delivered as Harbour Lights." in text
        assert "You have watched" not in told(await seen(browser, "/correct/c2?q=Something+Else"))


async def test_saving_twice_leaves_one_correction(home: House) -> None:
    await watched(home, (1, 1))
    await set_state(home, "unmatched")
    async with home.client() as browser:
        for _ in range(2):
            await post(browser, "/correct", about="c1", to="show:90001")
        assert len(await get(browser, "corrections")) == 1


async def test_a_season_can_be_another_season_and_a_range_other_episodes(home: House) -> None:
    await watched(home, (1, 1), (1, 2), (1, 5))
    await set_state(home, "unmatched")
    async with home.client() as browser:
        page = await seen(browser, "/correct/c1?to=show:90000&part=season&to_season=2")
        assert "becomes S2 E1" in told(page)
        text = told(await seen(browser, "/correct/c1?to=show:90000&part=range&episodes=2-5&to_season=2&to_episode=1"))
        assert "2 waiting plays" in text
        assert "becomes S2 E4" in text
        fields = {"to": "show:90000", "part": "range", "season": "1", "episodes": "2-5"}
        await post(browser, "/correct", about="c1", **fields, to_season="2", to_episode="1")
        (one,) = await get(browser, "corrections")
        assert one["text"].endswith("S1 E2-5 is show tmdb:90000 S2 from E1")


async def test_a_rating_of_what_nobody_knows_is_looked_up_again_with_the_correction(home: House) -> None:
    item = {"show_title": "Harbor", "season": 1, "number": 1}
    await home.sql(
        "INSERT INTO amendments (viewer, tracker, kind, action, key, label, subject, wish, after, state, created_at, "
        "target) VALUES ('anna','serializd','ratings','rate','k','Harbor S1 E1',?,?,'8','unmatched',1,'t')",
        json.dumps(["k", "episode", json.dumps(item), None]),
        json.dumps({"value": 8}),
    )
    home.runtime.changed()
    async with home.client() as browser:
        text = told(await seen(browser, "/needs"))
        assert "Harbor cannot be found at Serializd" in text
        assert "Nothing waits for it now" in told(await seen(browser, "/correct/a1?to=show:90000"))
        await post(browser, "/correct", about="a1", to="show:90000")
        assert await home.sql("SELECT state FROM amendments") == [("queued",)]


async def test_for_one_person_alone(home: House) -> None:
    await watched(home, (1, 1))
    await set_state(home, "unmatched")
    async with home.client() as browser:
        await post(browser, "/correct", about="c1", to="show:90000", whom="me")
        (one,) = await get(browser, "corrections")
        assert one["viewer"] == "anna"


async def test_a_place_that_is_not_there_is_told_before_it_is_saved(home: House) -> None:
    await watched(home, (1, 1))
    await set_state(home, "unmatched")
    async with home.client() as browser:
        text = told(await seen(browser, "/correct/c1?to=show:90000&part=one&to_season=9&to_episode=1"))
        assert "1 waiting play will be looked up anew." in text
        assert "waits:" in text or "is still not certain:" in text


async def test_an_episode_is_a_film_only_by_itself(home: House) -> None:
    await watched(home, (1, 1), (1, 2))
    await set_state(home, "unmatched")
    async with home.client() as browser:
        page = await seen(browser, "/correct/c1?to=movie:90000")
        assert next(field["value"] for field in page.all("input") if field.get("name") == "part") == "one"
        wish = {"what": "c1", "to": "movie:90000", "season": 1}
        answer = await browser.post("/api/v1/corrections/preview", json=wish)
        assert answer.status_code == 400
        assert "Only a single episode can be a film" in answer.json()["error"]
        await post(browser, "/correct", about="c1", to="movie:90000", part="show")
        (one,) = await get(browser, "corrections")
        assert (one["season"], one["episodes"], one["to"]) == (1, "1", "movie")


async def test_what_makes_no_correction_is_told_in_the_words_of_the_page(home: House) -> None:
    await watched(home, (1, 1))
    await set_state(home, "unmatched")
    async with home.client() as browser:
        text = told(await seen(browser, "/correct/c1?to=nonsense"))
        assert "nonsense names no TMDB entry" in text
        assert "--" not in text
        text = told(await seen(browser, "/correct/c1?to=show:90000&part=range&episodes=9-2&to_season=1"))
        assert "ends before it begins" in text
        text = told(await seen(browser, "/correct/c1?to=show:90000&part=season&to_season=two"))
        assert "“Season there” is a number" in text
        assert "nonsense" in (await post(browser, "/correct", 400, about="c1", to="nonsense")).text
        assert await get(browser, "corrections") == []


async def test_ids_of_other_kinds_lead_nowhere(home: House) -> None:
    async with home.client() as browser:
        for about, status in (("m1", 400), ("x", 400), ("c99", 404), ("p99", 404), ("a99", 404), ("%3Cscript%3E", 400)):
            await seen(browser, f"/correct/{about}", status)
            await get(browser, f"matches/{about}", status)
        await post(browser, "/correct", 404, about="c99", to="show:1")
        await post(browser, "/corrections", 400, id="c1")
        await post(browser, "/corrections", 303, id="m99")


async def test_markup_is_text_in_a_correction(home: House) -> None:
    await home.webhook(title=EVIL, grandparentTitle=EVIL)
    await set_state(home, "unmatched")
    async with home.client() as browser:
        await post(browser, "/correct", about="c1", to="show:90000")
        for path in ("/corrections", "/correct/c1?to=show:90000", f"/correct?what={EVIL}&of=show&to=show:90000"):
            page = await seen(browser, path)
            assert EVIL in page.text
            assert all(set(script) == {"src", "defer"} for script in page.all("script"))
            assert not {name for _, attrs in page.tags for name in attrs if name.startswith("on") or name == "style"}


async def test_no_secret_comes_out(home: House) -> None:
    await home.webhook(title=PASSWORD, grandparentTitle=PASSWORD)
    await set_state(home, "unmatched")
    home.runtime.redactor.add(PASSWORD)
    async with home.client() as browser:
        for path in ("/correct/c1", "/needs", "/api/v1/matches/c1", "/api/v1/needs"):
            assert PASSWORD not in (await browser.get(path)).text


async def test_a_title_that_was_never_played_can_be_corrected(home: House) -> None:
    async with home.client() as browser:
        assert "Title, as your server calls it" in told(await seen(browser, "/correct"))
        text = told(await seen(browser, "/correct?what=Harbor&of=show&q=harbour&to=show:90000"))
        assert "Nothing waits for it now." in text
        await post(browser, "/correct", what="Harbor", of="show", to="show:90000")
        assert [one["text"] for one in await get(browser, "corrections")] == ["Harbor is show tmdb:90000"]
        text = told(await seen(browser, "/corrections"))
        assert "Harbor is show tmdb:90000" in text
        await post(browser, "/corrections", id="m1")
        assert "No corrections yet" in told(await seen(browser, "/corrections"))


async def test_what_is_never_to_be_sent_is_left_out(home: House) -> None:
    await watched(home, (1, 1), (1, 2))
    await set_state(home, "unmatched")
    async with home.client() as browser:
        await post(browser, "/correct", about="c1", ignore="yes", part="one")
        (one,) = await get(browser, "corrections")
        assert (one["to"], one["episodes"]) == ("ignore", "1")
        async with home.runtime.running():
            await until(home, lambda states: states[0] == "unwanted")


# -- what was delivered to a wrong place ----------------------------------------------------------------------------


async def test_what_was_delivered_elsewhere_is_taken_back_and_sent_where_it_belongs(home: House) -> None:
    await watched(home, (1, 1), (1, 2))
    async with home.client() as browser, home.runtime.running():
        await until(home, lambda states: states == ["delivered"] * 2)
        assert reviews(home) == [(1, 1), (1, 2)]
        path = "/correct/p1?to=show:90000&part=season&to_season=2"
        text = told(await seen(browser, path))
        assert "Also take back 2 plays delivered elsewhere" in text
        fields = {"about": "p1", "to": "show:90000", "part": "season", "season": "1", "to_season": "2"}
        answer = await post(browser, "/correct", **fields, move="yes")
        assert answer.headers["location"] == "./needs?did=corrected&count=2"
        await until(home, lambda states: states == ["delivered"] * 2 and reviews(home) == [(2, 1), (2, 2)])
        assert "Also take back" not in told(await seen(browser, path))
        assert [row[0] for row in await home.sql("SELECT state FROM amendments")] == ["delivered"] * 2


async def test_without_that_wish_what_was_delivered_stays(home: House) -> None:
    await watched(home, (1, 1))
    async with home.client() as browser, home.runtime.running():
        await until(home, lambda states: states == ["delivered"])
        fields = {"about": "p1", "to": "show:90000", "part": "season", "season": "1", "to_season": "2"}
        await post(browser, "/correct", **fields)
        assert reviews(home) == [(1, 1)]
        assert await home.sql("SELECT count(*) FROM amendments") == [(0,)]


async def test_what_is_undone_while_it_is_moved_is_not_sent_again(home: House) -> None:
    await watched(home, (1, 1))
    async with home.client() as browser, home.runtime.running():
        await until(home, lambda states: states == ["delivered"])
        home.sandbox["serializd"].faults.start_outage()
        fields = {"about": "p1", "to": "show:90000", "part": "season", "season": "1", "to_season": "2"}
        await post(browser, "/correct", **fields)
        now = home.clock.now().timestamp()
        await home.runtime.store.write(lambda db: outlook.move(db, [1], now))
        answer = await browser.post("/api/v1/undo", json={"plays": ["p1"]})
        assert answer.status_code == 200, answer.text
        home.sandbox["serializd"].faults.end_outage()
        home.runtime.look_again(try_now=True)
        await until(home, lambda states: states == ["undone"])
        assert reviews(home) == []
