"""The wall and the story it opens: what stands there, that filters stand in the address, and that nothing leaks in."""

import asyncio
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.queue import outbox
from web.house import House, house
from web.test_api_history import watch
from web.test_pages import STATIC, Seen, page

HELD, DELIVERED = PlayOutcome.HELD, PlayOutcome.DELIVERED
TITLES = (
    "<script>alert(1)</script>\"><img src=x onerror=alert(2)>'",
    "x" * 300,
    "\u202eevil\u202c שלום",
    "🎬🍿",
    " ",
    "{{ 7 * 7 }}",
    "a&b=c#d?e/../f%00",
)


def tiles(seen: Seen) -> list[str]:
    return [str(attrs["id"]) for _, attrs in seen.tags if attrs.get("class") == "seen"]


def relative(seen: Seen) -> bool:
    """Whether everything on the page leads to our own root."""
    places = [attrs.get(name) for _, attrs in seen.tags for name in ("href", "src", "action") if name in attrs]
    return all(re.match(r"(\./|\.\./|#)", str(place)) for place in places)


def chips(seen: Seen) -> dict[str, dict[str, list[str]]]:
    """The filters that are set after a chip was pressed, by its address."""
    found = [str(a["href"]) for a in seen.all("a") if str(a.get("class", "")).startswith("chip")]
    return {href: parse_qs(urlsplit(href).query) for href in found}


async def evening(home: House) -> list[str]:
    return [
        await watch(home, hours=0.5, state=HELD),
        await watch(home, Movie("Paper Boats", 2011), hours=3, viewer="ben", source="jellyfin"),
        await watch(home, Episode("Harbour Lights", 1, 1, "Slack"), hours=26),
        await watch(home, Movie("Undated", 1999), hours=None),
    ]


def test_what_was_watched_hangs_by_day_with_a_letter_for_each_tracker(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            one, two, three, undated = await evening(home)
            seen = await page(browser, "/history")
            text = " ".join(seen.text.split())
            assert tiles(seen) == [undated, one, two, three]
            headings = [str(attrs["id"]) for tag, attrs in seen.tags if tag == "h2"]
            assert headings == ["day-2026-11-14", "day-2026-11-13"]
            assert re.search(r"(Today|Tonight) .*Yesterday", text)
            assert "Harbour Lights, S2 E5 Low Tide, anna," in text
            assert "Serializd: held" in text
            assert "Film 1999 · without a date · anna" in text
            assert relative(seen)

    asyncio.run(check())


def test_each_filter_is_a_link_that_keeps_the_others_and_is_taken_away_alone(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            one, *_ = await evening(home)
            seen = await page(browser, "/history?viewer=anna&outcome=held&q=harbour")
            assert tiles(seen) == [one]
            leads = list(chips(seen).values())
            assert {"viewer": ["anna"], "q": ["harbour"]} in leads, "without the outcome"
            assert {"outcome": ["held"], "q": ["harbour"]} in leads, "without the person"
            assert {"viewer": ["ben"], "outcome": ["held"], "q": ["harbour"]} in leads, "another person"
            kept = {field["name"]: field["value"] for field in seen.all("input") if field.get("type") == "hidden"}
            assert kept == {"viewer": "anna", "outcome": "held", "q": "harbour"}
            assert "1 play found." in seen.text

    asyncio.run(check())


def test_where_nothing_matches_each_filter_can_be_removed(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await evening(home)
            seen = await page(browser, "/history?q=zzz&viewer=nobody&tracker=trakt&since=2030-01-01")
            assert "Nothing matches" in seen.text
            assert [wish for wish in chips(seen).values() if not wish] == [{}]
            assert all(text in seen.text for text in ("“zzz”", "nobody", "Trakt", "from 1 Jan 2030"))
            assert relative(seen)

    asyncio.run(check())


def test_an_empty_house_is_told_how_plays_come_to_hang_there(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            seen = await page(browser, "/history")
            assert "Nothing has been watched yet" in seen.text
            assert "./set-up" in [a["href"] for a in seen.all("a")]

    asyncio.run(check())


def test_older_and_newer_are_a_link_away_and_keep_the_filters(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            plays = [await watch(home, Movie(f"Film {n}"), hours=n) for n in range(60)]
            await watch(home, hours=5, viewer="ben")
            first = await page(browser, "/history?viewer=anna")
            assert tiles(first) == plays[:48]
            (older,) = [str(a["href"]) for a in first.all("a") if a.get("rel") == "next"]
            rest = await page(browser, older)
            assert tiles(rest) == plays[48:]
            (newer,) = [str(a["href"]) for a in rest.all("a") if a.get("rel") == "prev"]
            assert tiles(await page(browser, newer)) == plays[:48]
            (shelves,) = [attrs for _, attrs in rest.tags if attrs.get("id") == "shelves"]
            again = await page(browser, f"/history?viewer=anna&before={shelves['data-first']}")
            assert tiles(again) == plays[48:], "the address of a piece begins with its first play"
            assert "There is nothing further" in (await page(browser, "/history?before=5-1")).text
            for odd in ("before=x", "since=never", "media=song", "outcome=lost"):
                assert (await browser.get(f"/history?{odd}")).status_code == 400

    asyncio.run(check())


def test_the_fragment_is_the_wall_without_its_frame(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await evening(home)
            whole, part = (await browser.get("/history")).text, (await browser.get("/history?fragment=1")).text
            assert "<html" not in part
            assert part.strip() in whole
            (play,) = tiles(Seen((await browser.get("/plays/p1/tile")).text))
            assert play == "p1"
            sheet = await browser.get("/plays/p1?fragment=1")
            assert "<html" not in sheet.text
            assert "<h1" not in sheet.text
            Seen(sheet.text)

    asyncio.run(check())


def test_no_title_breaks_out_of_its_place(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for title in TITLES:
                play = await watch(home, Episode(title, 1, 2, title), state=HELD)
                await home.sql("UPDATE outbox SET reason = ?, candidates = ?", title, '[{"title": "<b>x</b>"}]')
                for path in ("/history?q=x<b>", f"/plays/{play}", f"/plays/{play}?fragment=1", f"/plays/{play}/undo"):
                    harmless(await page(browser, path))
                story = await page(browser, f"/plays/{play}")
                (same,) = [str(a["href"]) for a in story.all("a") if "history?show=" in str(a["href"])]
                found = await browser.get(f"/plays/{same}")
                assert f'id="{play}"' in found.text, f"{title} is asked for as it is"
            harmless(await page(browser, "/history"))

    asyncio.run(check())


def harmless(seen: Seen) -> None:
    assert all(re.match(r"\.{1,2}/(\.\./)?static/", str(script["src"])) for script in seen.all("script"))
    assert not [name for _, attrs in seen.tags for name in attrs if name == "style" or name.startswith("on")]
    assert relative(seen)
    ids = [str(attrs["id"]) for _, attrs in seen.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_a_way_back_leads_nowhere_but_to_us(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            play = await watch(home, state=HELD)
            for back in (
                "https://evil.example/",
                "//evil.example",
                "javascript:evil()",
                '"><b>evil',
                "..%2fevil",
                "\\evil",
            ):
                for path in (f"/plays/{play}", f"/plays/{play}/undo"):
                    answer = await browser.get(path, params={"back": back})
                    assert relative(Seen(answer.text))
                    assert "evil" not in answer.text
                done = await browser.post(f"/plays/{play}/undo", data={"back": back})
                assert done.headers["location"].startswith(f"../../plays/{play}?did=undo")

    asyncio.run(check())


def test_taking_back_is_shown_before_it_is_done_and_told_after(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            play = await watch(home, state=HELD)
            before = await home.sql("SELECT id, state FROM outbox")
            seen = await page(browser, f"/plays/{play}/undo")
            assert "It was not sent to Serializd yet, and is not sent any more." in seen.text
            assert await home.sql("SELECT id, state FROM outbox") == before, "looking changes nothing"
            back = {field["name"]: str(field["value"]) for field in seen.all("input")}
            answer = await browser.post(f"/plays/{play}/undo", data=back)
            assert answer.status_code == 303
            told = await page(browser, str(answer.headers["location"]).replace("../../", "/"))
            assert "1 play taken back for good." in told.text
            assert await home.sql("SELECT state FROM outbox") == [("undone",)]
            again = await page(browser, f"/plays/{play}/undo")
            assert "There is nothing of ours to take back." in again.text
            assert not [b for b in again.all("button") if b.get("class") == "danger"]
            for odd in ("p99", "e1", "99", "p1;drop"):
                assert (await browser.get(f"/plays/{odd}/undo")).status_code == 404
                assert (await browser.post(f"/plays/{odd}/undo")).status_code == 404

    asyncio.run(check())


def test_a_story_offers_what_its_state_needs(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for state, wanted in (
                ("held", ["approve", "drop"]),
                ("unmatched", ["retry", "drop"]),
                ("dead", ["retry", "drop"]),
                ("parked", ["retry"]),
                ("delivered", []),
                ("undone", []),
            ):
                play = await watch(home, state=PlayOutcome(state))
                seen = await page(browser, f"/plays/{play}?back=history%3Fq%3Dtide")
                actions = [b["value"] for b in seen.all("button") if b.get("name") == "action"]
                assert actions == wanted, state
                leads = {str(a["href"]) for a in seen.all("a")}
                assert f"../history?q=tide#{play}" in leads
                assert f"../correct/{play}" in leads
                assert any(f"plays/{play}/undo" in lead for lead in leads) is (state != "undone")
            undated = await watch(home, hours=None, state=HELD)
            actions = [b["value"] for b in (await page(browser, f"/plays/{undated}")).all("button") if "name" in b]
            assert actions == ["drop"], "no approval gives it a date"

    asyncio.run(check())


def test_many_messages_of_one_viewing_are_folded(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook("play")
            for _ in range(12):
                home.clock.advance(60)
                await home.webhook("pause")
                home.clock.advance(30)
                await home.webhook("resume")
            home.clock.advance(600)
            await home.webhook("scrobble")
            text = " ".join((await page(browser, "/plays/p1")).text.split())
            assert re.search(r"\d+ more messages", text)
            assert text.index("playing began") < text.index("more messages") < text.index("This made it a play")

    asyncio.run(check())


def test_what_a_tracker_said_is_a_timeline(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await watch(home)
            at = home.clock.now().timestamp()

            def deliver(db: object) -> None:
                outbox.begin(db, [1])  # type: ignore[arg-type]
                outbox.settle(db, 1, DELIVERED, "", at + 2, remote_id="4711")  # type: ignore[arg-type]

            await home.runtime.store.write(deliver)
            text = " ".join((await page(browser, "/plays/p1")).text.split())
            assert "Delivered." in text
            assert "It took 2 seconds from the message to Serializd." in text
            assert "There it has the id 4711." in text

    asyncio.run(check())


def test_what_is_the_same_for_two_trackers_is_asked_once(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            play = await watch(home, state=HELD)
            await home.sql(
                "INSERT INTO outbox (play_id, viewer, tracker, kind, state, watched_at, received_at) "
                "SELECT play_id, viewer, 'trakt', kind, state, watched_at, received_at FROM outbox"
            )
            seen = await page(browser, f"/plays/{play}")
            assert "Serializd and Trakt: held" in seen.text
            actions = [b["value"] for b in seen.all("button") if b.get("name") == "action"]
            assert actions == ["approve", "drop"]
            ids = [str(field["value"]) for field in seen.all("input") if field.get("name") == "id"]
            assert ids == ["c1", "c2"] * 2
            await browser.post("/queue", data={"action": "approve", "id": ids[:2]})
            assert await home.sql("SELECT DISTINCT state FROM outbox") == [("queued",)]

    asyncio.run(check())


def test_its_files_load_nothing_from_elsewhere() -> None:
    for name in ("plays.css", "plays.js"):
        text = (STATIC / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|@import|url\(|innerHTML *=|insertAdjacentHTML|eval\(", text), name


def test_the_wall_tells_how_many_there_are_and_leads_to_a_month(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await evening(home)
            assert "4 plays in all" in (await page(browser, "/history")).text
            assert "1 play in all" in (await page(browser, "/history?viewer=ben")).text
            assert "in all" not in (await page(browser, "/history?q=harbour")).text
            led = await browser.get("/history?month=2026-11&viewer=anna&since=2026-01-01", follow_redirects=False)
            assert led.headers["location"].endswith("history?viewer=anna&until=2026-11-30")
            older = await browser.get("/history?month=2026-10", follow_redirects=True)
            assert tiles(Seen(older.text)) == []
            assert (await browser.get("/history?month=2026-13")).status_code == 200

    asyncio.run(check())
