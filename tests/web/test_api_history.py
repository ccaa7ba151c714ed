"""What was watched, over the API: searched, filtered, a page at a time."""

import asyncio
from datetime import timedelta
from pathlib import Path

from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.inbox import events
from scrobbled.store.inbox.events import Queued
from web.house import LOGIN, House, house

TIDE = Episode("Harbour Lights", 2, 5, "Low Tide", 2019)
QUEUED, HELD = PlayOutcome.QUEUED, PlayOutcome.HELD


async def watch(
    home: House,
    item: Item = TIDE,
    hours: float | None = 0,
    *,
    viewer: str = "anna",
    source: str = "plex",
    state: PlayOutcome = QUEUED,
) -> str:
    """So many hours ago; ``None`` where nobody says when."""
    now = home.clock.now()
    at = None if hours is None else now - timedelta(hours=hours)
    play = Play(viewer, source, item, at)
    ways = [Queued("serializd", state, "")]
    return f"p{await home.runtime.store.write(lambda db: events.add_play(db, play, None, ways, now))}"


def test_pages_lead_to_each_other_and_filters_hold(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            plays = [await watch(home, Movie(f"Film {n}", 2000 + n), hours=n) for n in range(5)]
            other = await watch(home, TIDE, 50, viewer="ben", source="jellyfin", state=HELD)

            async def get(**query: str) -> dict[str, object]:
                answer = await browser.get("/api/v1/history", params={"limit": "2", **query})
                assert answer.status_code == 200, answer.text
                told = answer.json()
                return {**told, "plays": [play["id"] for play in told["plays"]]}

            first = await get()
            assert (first["plays"], first["newer"]) == (plays[:2], None)
            second = await get(before=str(first["older"]))
            assert second["plays"] == plays[2:4]
            assert (await get(after=str(second["newer"])))["plays"] == plays[:2]
            last = await get(before=str(second["older"]))
            assert (last["plays"], last["older"]) == ([plays[4], other], None)
            assert set(last["posters"]) == {plays[4], other}  # type: ignore[call-overload]
            assert (await get(q="film 2003"))["plays"] == [plays[3]]
            assert (await get(viewer="ben", outcome="held", tracker="serializd", media="episode"))["plays"] == [other]
            assert (await get(since="2026-11-12", until="2026-11-12"))["plays"] == [other]
            assert (await get(show="harbour LIGHTS", source="jellyfin"))["plays"] == [other]

    asyncio.run(check())


def test_what_can_be_filtered_by_is_told(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await watch(home)
            await watch(home, Movie("Paper Boats", 2011), viewer="ben", source="file:list.csv-0123abcd", state=HELD)
            assert (await browser.get("/api/v1/history/filters")).json() == {
                "viewers": ["anna", "ben"],
                "media": ["episode", "movie"],
                "sources": ["file:list.csv-0123abcd", "plex"],
                "trackers": ["serializd"],
                "outcomes": ["queued", "held"],
                "plays": 2,
                "on": {},
            }

    asyncio.run(check())


def test_nonsense_is_refused_with_a_sentence(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for query in (
                {"before": "x"},
                {"after": "1-"},
                {"before": "9" * 40 + "-1"},
                {"since": "soon"},
                {"until": "9999-12-31"},
                {"since": "2026-13-01"},
                {"media": "song"},
                {"outcome": "lost"},
            ):
                answer = await browser.get("/api/v1/history", params=query)
                assert answer.status_code == 400, query
                assert answer.json()["error"].endswith(".")

    asyncio.run(check())


def test_whatever_is_searched_for_is_only_text(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await watch(home)
            for text in ("' OR 1=1 --", "%", "_", "\x00", "x" * 5_000, "🎬", "\u202e", "q " * 2_000):
                for name in ("q", "viewer", "show", "source", "tracker"):
                    answer = await browser.get("/api/v1/history", params={name: text})
                    assert answer.status_code == 200
                    says_nothing = name == "q" and not text.strip(" %_\x00\u202e")
                    assert len(answer.json()["plays"]) == says_nothing, (name, text[:20])

    asyncio.run(check())


def test_strangers_are_told_nothing(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, server={"login": LOGIN}) as home, home.client("192.168.1.20") as stranger:
            await watch(home)
            for path in ("/api/v1/history", "/api/v1/history/filters"):
                assert (await stranger.get(path)).status_code == 401
            for path in ("/history", "/plays/p1/undo", "/plays/p1/tile"):
                assert (await stranger.get(path)).status_code == 303

    asyncio.run(check())
