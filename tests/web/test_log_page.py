"""The page of the log, and the log over HTTP: filters in the address, nothing acted upon, ids that lead to stories."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from scrobbled.plumbing.logbook import Logbook
from scrobbled.web.app import create_app
from scrobbled.web.view.log import FieldPart, parts
from web.house import house
from web.test_pages import Seen


@contextlib.asynccontextmanager
async def visitor(folder: Path, book: Logbook, prefix: str = "") -> AsyncIterator[httpx.AsyncClient]:
    async with house(folder) as home:
        transport = httpx.ASGITransport(create_app(home.runtime, book=book), client=("127.0.0.1", 4), root_path=prefix)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8484") as browser:
            yield browser


def written() -> Logbook:
    book = Logbook()
    book.add("2026-11-14T19:59:00Z", "debug", "resolve", "looked up", {"run": "r3"})
    book.add("2026-11-14T20:00:00Z", "info", "deliver", "play", {"play": "p7", "title": "<script>alert(1)</script>"})
    book.add("2026-11-14T20:00:01Z", "error", "store", "failed", {"exception": "Traceback\n  line", "event_id": "e5"})
    return book


def messages(seen: Seen) -> list[str]:
    return [attrs["datetime"] or "" for attrs in seen.all("time")]


def test_the_page_works_without_script_its_filters_are_in_the_address_and_nothing_in_it_is_acted_upon(
    tmp_path: Path,
) -> None:
    async def check() -> None:
        async with visitor(tmp_path, written()) as browser:
            everything = Seen((await browser.get("/log")).text)
            assert len(messages(everything)) == 2, "debug lines have to be asked for"
            assert len(messages(Seen((await browser.get("/log?level=debug")).text))) == 3
            assert len(messages(Seen((await browser.get("/log?level=error")).text))) == 1
            assert len(messages(Seen((await browser.get("/log?component=deliver")).text))) == 1
            chosen = Seen((await browser.get("/log?text=ALERT&level=info")).text)
            assert len(messages(chosen)) == 1
            assert [f["value"] for f in chosen.all("input") if f.get("name") == "text"] == ["ALERT"]
            links = [attrs["href"] for attrs in chosen.all("a")]
            assert "./api/v1/log/download?level=info&text=ALERT" in links
            await never_acted_upon(browser)
            of_run = Seen((await browser.get("/log?run=r3&level=debug")).text)
            assert len(messages(of_run)) == 1
            assert "./api/v1/log/download?level=debug&run=r3" in [attrs["href"] for attrs in of_run.all("a")]
            assert (await browser.get("/log?run=seven")).status_code == 400
            nothing = Seen((await browser.get("/log?text=nowhere")).text)
            assert "No line fits." in nothing.text

    asyncio.run(check())


async def never_acted_upon(browser: httpx.AsyncClient) -> None:
    text = (await browser.get("/log")).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    seen = Seen(text)
    assert all(not attrs.get("style") for _, attrs in seen.tags)
    assert {"./plays/p7", "./events/e5"} <= {attrs["href"] for attrs in seen.all("a")}, "ids lead to their stories"
    hostile = (await browser.get("/log", params={"text": '"><script>x', "component": '"><i>'})).text
    assert "<script>x" not in hostile
    assert '"><i>' not in hostile


@pytest.mark.parametrize(
    ("name", "value", "cut"),
    [
        ("play", "p12", [FieldPart("p12", "plays/p12")]),
        ("why", "the same viewing is play p3.", [FieldPart("the same viewing is play "), FieldPart("p3.")]),
        ("why", "is play p3 (again)", [FieldPart("is play "), FieldPart("p3", "plays/p3"), FieldPart(" (again)")]),
        ("run", "r4", [FieldPart("r4", "sync/runs/r4")]),
        ("title", "e5", [FieldPart("e5")]),
        ("url", "http://x/p12/e5", [FieldPart("http://x/p12/e5")]),
        ("error", "", [FieldPart("")]),
    ],
)
def test_only_what_names_a_story_is_a_link(name: str, value: str, cut: list[FieldPart]) -> None:
    found = list(parts(name, value))
    assert "".join(part.text for part in found) == value
    assert [part for part in found if part.place] == [part for part in cut if part.place]


def test_the_api_tells_the_same_and_where_to_go_on_and_gives_a_file(tmp_path: Path) -> None:
    async def check() -> None:
        book = written()
        async with visitor(tmp_path, book) as browser:
            first = (await browser.get("/api/v1/log?limit=1")).json()
            assert [line["message"] for line in first["lines"]] == ["failed"]
            assert (first["skipped"], first["next"]) == (2, f"{book.name}-3")
            assert first["components"] == ["deliver", "resolve", "store"]
            assert (await browser.get("/api/v1/log", params={"after": first["next"]})).json()["lines"] == []
            wrong = await browser.get("/api/v1/log?level=loud")
            assert wrong.status_code == 400
            assert "debug, info, warning" in wrong.json()["error"]
            for odd in ("limit=-5", "limit=99999999", "after=%00", "text=%ff", "component=" + "x" * 5000):
                assert (await browser.get(f"/api/v1/log?{odd}")).status_code == 200
            await can_be_taken_along(browser)

    asyncio.run(check())


async def can_be_taken_along(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/api/v1/log/download?level=info")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="scrobbled-2026111')
    assert answer.headers["x-content-type-options"] == "nosniff"
    first, *_, last = answer.text.splitlines()
    assert first == "2026-11-14T20:00:00Z [info] deliver: play play=p7 title=<script>alert(1)</script>"
    assert last == "      line"


def test_below_a_prefix_every_address_has_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with visitor(tmp_path, written(), "/apps/scrobbled") as browser:
            seen = Seen((await browser.get("/apps/scrobbled/log")).text)
            box = next(attrs for _, attrs in seen.tags if attrs.get("id") == "lines")
            assert box["data-live"] == "/apps/scrobbled/api/v1/log/live?level=info"

    asyncio.run(check())
