"""The page: what stands on it, that it is safe to look at, and that its buttons work without any script."""

import asyncio
import re
import threading
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import jinja2
import pytest

from scrobbled.sandbox.plex.people import BEN
from scrobbled.web.view import posters
from scrobbled.web.view.notices import notice
from web.house import LOGIN, SETTINGS, TOKEN, House, house

STATIC = Path(__file__).parents[2] / "src" / "scrobbled" / "web" / "static"


class Seen(HTMLParser):
    """Every tag with its attributes; open ones must be closed in order."""

    VOID = frozenset({"meta", "link", "img", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


async def page(browser: httpx.AsyncClient, path: str = "/") -> Seen:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return Seen(answer.text)


def test_plays_stand_on_the_page_with_their_outcomes(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook(item=home.episode(2, 3))
            await home.sql("UPDATE outbox SET state = 'parked', reason = 'not in the catalogue yet'")
            seen = await page(browser)
            text = " ".join(seen.text.split())
            assert home.episode(2, 3).show.title in text
            assert "S2 E3" in text
            assert "Serializd parked Not in the catalogue yet." in text
            assert "anna · Plex · just now" in text
            assert [time["datetime"] for time in seen.all("time")].count("2026-11-14T20:00:00+00:00") >= 1

    asyncio.run(check())


def test_a_page_is_drawn_beside_the_loop_so_that_no_webhook_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[bool] = []

    def render(template: jinja2.Template, *given: Any, **named: Any) -> str:
        drawn.append(threading.current_thread() is threading.main_thread())
        return really(template, *given, **named)

    really = jinja2.Template.render
    monkeypatch.setattr(jinja2.Template, "render", render)

    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for path in ("/", "/?fragment=1", "/history", "/needs", "/statistics"):
                await page(browser, path)

    asyncio.run(check())
    assert drawn == [False] * 5


def test_markup_in_a_title_is_text(tmp_path: Path) -> None:
    async def check() -> None:
        evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook(title=evil, grandparentTitle=f"{evil} show")
            await home.sql(
                "UPDATE outbox SET state = 'unmatched', reason = ?, candidates = ?", evil, f'[{{"title": "{"<b>x"}"}}]'
            )
            await home.sql("UPDATE events SET outcome = 'unclaimed', account = ?", evil)
            await home.sql(
                "INSERT INTO accounts (viewer, tracker, state, reason, since) "
                "VALUES ('anna','serializd','stopped',?,1)",
                evil,
            )
            for path in ("/", "/?fragment=1", "/needs", "/history", "/plays/p1"):
                seen = await page(browser, path)
                assert evil in seen.text
                assert all("/static/" in str(script["src"]) for script in seen.all("script"))
                assert all(re.match(r"(\./|\.\./)(posters|art)/", str(image["src"])) for image in seen.all("img"))
                assert not [attrs for _, attrs in seen.tags if "onerror" in attrs]

    asyncio.run(check())


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook()
            await home.webhook(account=BEN)
            seen = await page(browser)
            names = {name for _, attrs in seen.tags for name in attrs}
            assert not {name for name in names if name == "style" or name.startswith("on")}
            assert "style" not in {tag for tag, _ in seen.tags}
            for _, attrs in seen.tags:
                for name in ("src", "href", "action"):
                    assert re.match(r"\./|#", attrs.get(name) or "./"), attrs
            for used in [link["href"] for link in seen.all("link")] + [image["src"] for image in seen.all("img")]:
                assert (await browser.get(str(used))).status_code == 200

    asyncio.run(check())


@pytest.mark.parametrize("file", sorted(path.name for path in STATIC.iterdir()))
def test_static_files_load_nothing_from_elsewhere(file: str) -> None:
    text = (STATIC / file).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", text)


def test_static_files_are_kept_and_change_their_address_with_their_content(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            seen = await page(browser)
            style = next(link["href"] for link in seen.all("link") if link["rel"] == "stylesheet")
            answer = await browser.get(str(style))
            assert re.search(r"\?v=[0-9a-f]{10}$", str(style))
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["content-type"].startswith("text/css")
            assert answer.headers["x-content-type-options"] == "nosniff"

    asyncio.run(check())


async def troubled(home: House) -> None:
    for number in (1, 2, 3):
        await home.webhook(item=home.episode(1, number))
    await home.sql("UPDATE outbox SET state = 'dead', reason = 'refused (422)' WHERE id = 1")
    await home.sql("UPDATE outbox SET state = 'held', reason = 'too many at once' WHERE id = 2")
    await home.sql("UPDATE outbox SET state = 'held', reason = 'no date', watched_at = NULL WHERE id = 3")


def test_what_needs_somebody_stands_first_and_leads_to_its_answer(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await troubled(home)
            seen = await page(browser)
            assert "3 things need you" in seen.text
            asked = [str(link["href"]) for link in seen.all("a") if str(link["href"]).startswith("./needs/")]
            assert len(asked) == 3
            for address in asked:
                assert (await browser.get(address)).status_code == 200

    asyncio.run(check())


def test_buttons_act_and_lead_back_with_a_word_about_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await troubled(home)
            for action, id_, word in (
                ("retry", "c1", "1 play will be tried again now."),
                ("approve", "c2", "1 play let go, on the way now."),
                ("drop", "c3", "1 play left out for good."),
                ("drop", "c3", "Nothing was left to do there."),
            ):
                answer = await browser.post("/queue", data={"action": action, "id": id_})
                assert answer.status_code == 303
                assert word in (await page(browser, answer.headers["location"])).text
            states = await home.sql("SELECT state FROM outbox ORDER BY id")
            assert [row[0] for row in states] == ["queued", "queued", "undone"]

    asyncio.run(check())


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"action": "drop"},
        {"action": "purge", "id": "c1"},
        {"action": "retry", "id": "c1; --"},
        {"action": "drop", "id": ""},
    ],
)
def test_a_form_that_is_not_ours_changes_nothing(tmp_path: Path, form: dict[str, str]) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await troubled(home)
            before = await home.sql("SELECT id, state FROM outbox")
            answer = await browser.post("/queue", data=form)
            assert answer.status_code == 400
            assert "<h1>" in answer.text
            assert await home.sql("SELECT id, state FROM outbox") == before

    asyncio.run(check())


def test_an_account_that_needs_a_sign_in_leads_there(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.sql(
                "INSERT INTO accounts (viewer, tracker, state, reason, since) "
                "VALUES ('anna','serializd','sign-in','Serializd refused the password',1)"
            )
            seen = await page(browser)
            assert "1 thing needs you" in " ".join(seen.text.split())
            assert "./sign-in/anna/serializd" in [link["href"] for link in seen.all("a")]

    asyncio.run(check())


def test_what_is_being_watched_is_on_the_page_and_in_the_api(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            assert (await browser.get("/api/v1/playing")).json() == []
            item = home.episode(2, 3)
            await home.webhook("play", item=item, viewOffset=item.duration // 2)
            text = " ".join((await page(browser)).text.split())
            assert f"Now playing {item.show.title} {item.show.title} S2 E3" in text
            (one,) = (await browser.get("/api/v1/playing")).json()
            assert (one["viewer"], one["source"], one["paused"], one["event"]) == ("anna", "plex", False, "e1")
            assert one["position_ms"] == item.duration // 2
            await home.webhook("pause", item=item, viewOffset=item.duration // 2)
            assert "paused" in (await page(browser)).text
            await home.webhook("stop", item=item, viewOffset=item.duration // 2)
            assert "Now playing" not in (await page(browser)).text

    asyncio.run(check())


def test_every_address_of_the_api_is_told_for_whoever_writes_scripts(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            assert "/api/v1/history" in (await page(browser, "/docs")).text

    asyncio.run(check())


def test_an_empty_house_is_told_where_webhooks_go(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            seen = await page(browser)
            assert "Nothing has been watched yet" in seen.text
            assert "http://localhost:8484/webhooks/plex/token" in seen.text
            assert TOKEN not in seen.text
        (tmp_path / "two").mkdir()
        server = {"public_url": "https://media.example.org/watched/"}
        async with house(tmp_path / "two", server=server) as home, home.client() as browser:
            assert "https://media.example.org/watched/webhooks/plex/token" in (await page(browser)).text

    asyncio.run(check())


def test_players_that_speak_to_trakt_are_told_their_address(tmp_path: Path) -> None:
    async def check() -> None:
        for name, sources in (("both", SETTINGS["sources"]), ("alone", {})):
            (tmp_path / name).mkdir()
            viewers = [{"name": "anna", "accounts": {"plex": "anna"} if sources else {}}]
            settings = {"sources": {**sources, "trakt": {}}, "viewers": viewers}
            async with house(tmp_path / name, **settings) as home, home.client() as browser:
                seen = await page(browser)
                assert "http://localhost:8484/trakt" in seen.text
                assert ("webhooks/plex/" in seen.text) is bool(sources)
                assert "webhooks/trakt" not in seen.text
                assert "No source is configured" not in seen.text

    asyncio.run(check())


def test_the_fragment_is_the_same_without_the_frame(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook()
            whole, part = (await browser.get("/")).text, (await browser.get("/?fragment=1")).text
            assert "<html" not in part
            assert part.strip() in whole, "so that only what changed is swapped"
            parts = [attrs["id"] for _, attrs in Seen(part).tags if "data-part" in attrs]
            assert len(parts) == len(set(parts)) >= 3

    asyncio.run(check())


def test_signing_out_is_offered_only_where_there_is_a_login(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            assert "Sign out" not in (await page(browser, "/more")).text
            assert (await browser.get("/login")).headers["location"] == "./"
        (tmp_path / "two").mkdir()
        async with house(tmp_path / "two", server={"login": LOGIN}) as home, home.client() as browser:
            await browser.post("/login", data=LOGIN)
            assert "Sign out" in (await page(browser, "/more")).text
            assert (await browser.get("/login")).headers["location"] == "./"

    asyncio.run(check())


def test_ids_are_unique_and_every_reference_has_its_target(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await troubled(home)
            await home.webhook(account=BEN)
            seen = await page(browser)
            ids = [str(attrs["id"]) for _, attrs in seen.tags if "id" in attrs]
            assert len(ids) == len(set(ids))
            wanted = {str(attrs["href"])[1:] for _, attrs in seen.tags if str(attrs.get("href", "")).startswith("#")}
            wanted |= {str(attrs["aria-labelledby"]) for _, attrs in seen.tags if "aria-labelledby" in attrs}
            assert wanted <= set(ids)

    asyncio.run(check())


def test_posters_are_drawn_and_the_same_for_the_same_title(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            address = f"/posters/{posters.seed('Harbour Lights')}.svg"
            one, two = await browser.get(address), await browser.get(address)
            assert one.text == two.text == posters.draw(posters.seed(" harbour lights"))
            assert one.headers["content-type"].startswith("image/svg+xml")
            assert "immutable" in one.headers["cache-control"]
            for odd in ("x.svg", "00000000", "0000000g.svg", "00000000.svg.svg"):
                assert (await browser.get(f"/posters/{odd}")).status_code == 404

    asyncio.run(check())


def test_every_poster_can_be_drawn() -> None:
    drawn = {posters.draw(posters.seed(f"Title {number}")) for number in range(300)}
    assert len(drawn) == 300
    for text in drawn:
        Seen(text)


@pytest.mark.parametrize(
    ("did", "count", "text"),
    [
        ("retry", "0", "The trackers are asked again now."),
        ("retry", "1204", "1,204 plays will be tried again now."),
        ("<b>", "1", ""),
        (None, None, ""),
        ("drop", "<b>", "Nothing was left to do there."),
    ],
)
def test_a_notice_has_only_words_of_ours(did: str | None, count: str | None, text: str) -> None:
    assert notice(did, count) == text
