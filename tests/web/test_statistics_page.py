"""The page of statistics and its API: every filter in the address, a table behind each drawing, nothing acted upon."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.plays import statistics
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.works import works
from scrobbled.web.view.statistics import charts
from scrobbled.web.view.statistics.charts import ChartBar
from scrobbled.web.view.statistics.page import length
from web.house import SETTINGS, House, house
from web.test_pages import Seen

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
FILM = Movie("Salt Flats", 2023)
TIDE = Episode("Harbour <script>alert(1)</script>", 2, 4, "Low Tide")
TWO = [SETTINGS["viewers"][0], {"name": "ben", "accounts": {"plex": "ben"}}]


async def watched(home: House, *plays: tuple[Item, datetime | None, str], outcome: str = "delivered") -> None:
    def write(db: Any) -> None:
        for item, at, viewer in plays:
            ways = [Queued("serializd", PlayOutcome(outcome), "taken back")]
            add_play(db, Play(viewer, "plex", item, at, 2_700_000), None, ways, NOW)

    await home.runtime.store.write(write)


def hours(*ago: float, item: Item = TIDE, viewer: str = "anna") -> list[tuple[Item, datetime | None, str]]:
    return [(item, NOW - timedelta(hours=one), viewer) for one in ago]


def words(seen: Seen) -> str:
    return " ".join(seen.text.split())


def pressed(seen: Seen) -> list[str]:
    return [str(attrs["href"]) for attrs in seen.all("a") if attrs.get("aria-current") == "true"]


def test_the_page_tells_in_words_and_tables_what_it_draws_and_titles_are_never_acted_upon(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, viewers=TWO) as home, home.client() as browser:
            await watched(home, *hours(1, 2, 50), *hours(3, item=FILM, viewer="ben"), (TIDE, None, "anna"))
            answer = await browser.get("/statistics")
            assert answer.status_code == 200
            assert len(answer.content) < 300_000
            text = words(Seen(answer.text))
            assert "4 plays" in text
            assert "2 watched again" in text
            assert "3 h watched" in text
            assert "1 play has no date, or one before 1990, and nothing here counts them" in text
            assert "Most on Saturday 14 November: 3 plays." in text
            assert "Something was watched on 2 of 318 days." in text
            assert text.count("As a table") == 5
            not_acted_upon(answer.text)

    asyncio.run(check())


def not_acted_upon(page: str) -> None:
    """The title of the show is a script."""
    assert "<script>alert" not in page
    seen = Seen(page)
    assert "Harbour <script>alert(1)</script>" in seen.text
    assert not [attrs for _, attrs in seen.tags if "style" in attrs]
    assert {str(attrs["src"]).split("?")[0] for attrs in seen.all("script")} <= {
        "./static/page.js",
        "./static/posters.js",
    }


def test_every_filter_is_in_the_address_and_looks_pressed(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, viewers=TWO) as home, home.client() as browser:
            await watched(home, *hours(1), *hours(400 * 24, item=FILM, viewer="ben"))
            first = Seen((await browser.get("/statistics")).text)
            assert pressed(first) == ["./statistics", "./statistics", "./statistics"]
            other = Seen((await browser.get("/statistics?period=2025&viewer=ben&days=90")).text)
            assert pressed(other) == ["./statistics?period=2025&viewer=ben&days=90"] * 3
            links = [attrs["href"] for attrs in other.all("a")]
            assert "./statistics?viewer=ben&days=90" in links
            assert "./statistics?period=2025&days=90" in links
            assert "./history?viewer=ben&show=Salt+Flats" in links
            assert "1 film" in words(other)
            everything = words(Seen((await browser.get("/statistics?period=all")).text))
            assert "2 plays" in everything
            assert "Each month" in everything

    asyncio.run(check())


def test_what_comes_or_goes_is_seen_at_once_though_the_same_is_not_counted_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []

    def count(*given: Any) -> Any:
        counted.append("again")
        return really(*given)

    really = statistics._counted
    monkeypatch.setattr(statistics, "_counted", count)

    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:

            async def plays() -> int:
                return int((await browser.get("/api/v1/statistics")).json()["totals"]["plays"])

            await watched(home, *hours(1, 2))
            assert [await plays(), await plays(), len(counted)] == [2, 2, 1]
            await home.sql("UPDATE outbox SET state = 'undone' WHERE id = 1")
            assert [await plays(), await plays(), len(counted)] == [1, 1, 2]
            await watched(home, *hours(3))
            assert [await plays(), len(counted)] == [2, 3]
            home.clock.advance(61)
            assert [await plays(), len(counted)] == [2, 4]

    asyncio.run(check())


def test_a_look_waits_for_a_few_plays_to_be_sorted_and_says_what_is_still_to_be(tmp_path: Path) -> None:
    many = 2 * works.STEP + 10
    told = f"The show or film of {many - works.STEP} plays is still being looked up"

    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await watched(home, *hours(*(hour / 60 for hour in range(1, many + 1))))
            first = words(Seen((await browser.get("/statistics")).text))
            assert f"{many} plays" in first
            assert told in first
            while await home.runtime.store.write(works.catch_up):
                pass
            found = (await browser.get("/api/v1/statistics")).json()
            assert (found["unsorted"], found["shows"][0]["plays"]) == (0, many)
            assert "still being looked up" not in words(Seen((await browser.get("/statistics")).text))

    asyncio.run(check())


def test_a_house_in_which_nothing_was_watched_learns_what_will_be_here_and_what_was_taken_back_is_nothing(
    tmp_path: Path,
) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for _ in range(2):
                assert "Nothing was watched yet" in words(Seen((await browser.get("/statistics")).text))
                await watched(home, *hours(1), outcome="undone")
            assert (await browser.get("/api/v1/statistics")).json()["totals"]["plays"] == 0

    asyncio.run(check())


def test_what_there_is_not_is_refused_with_a_sentence(tmp_path: Path) -> None:
    asked = ("period=20260", "period=1066", "period=2027", "period=-1", "period=٢٠٢٦", "viewer=zoe", "viewer=%00")

    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for query in asked:
                for place in ("/statistics", "/api/v1/statistics"):
                    answer = await browser.get(f"{place}?{query}")
                    assert answer.status_code == 400
                    assert "ask for anna" in answer.text or "period is a year from 1990 to 2026, or all" in answer.text

    asyncio.run(check())


def test_the_api_tells_days_hours_people_and_favourites(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path, viewers=TWO) as home, home.client() as browser:
            await watched(home, *hours(1, 25), *hours(2, item=FILM, viewer="ben"))
            found = (await browser.get("/api/v1/statistics?period=2026")).json()
            assert (found["first"], found["last"]) == ("2026-01-01", "2026-11-14")
            assert [one["day"] for one in found["days"]] == ["2026-11-13", "2026-11-14"]
            assert len(found["lately"]) == 90
            assert sum(found["totals"]["hours"]) == sum(found["totals"]["weekdays"]) == 3
            assert found["totals"]["current"] == {"first": "2026-11-13", "last": "2026-11-14", "days": 2}
            assert [(one["viewer"], one["plays"], one["rewatches"]) for one in found["totals"]["people"]] == [
                ("anna", 2, 1),
                ("ben", 1, 0),
            ]
            assert [(one["title"], one["plays"]) for one in found["films"]] == [("Salt Flats", 1)]
            assert (found["years"], found["viewers"]) == ([2026], ["anna", "ben"])

    asyncio.run(check())


@pytest.mark.parametrize(("minutes", "told"), [(0, "0 min"), (45, "45 min"), (60, "1 h"), (380, "6 h 20 min")])
def test_lengths_in_words(minutes: int, told: str) -> None:
    assert length(minutes) == told
    assert length(72_240) == "1,204 h"


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1, 2), (3, 4), (9, 10), (81, 100), (1_204, 1_600), (99_999, 100_000)]
)
def test_the_scale_ends_little_above_the_highest_bar(most: int, top: int) -> None:
    assert charts.ceiling(most) == top
    assert top % 2 == 0


def test_bars_stay_within_the_drawing_whatever_they_show() -> None:
    for counts in ([], [0], [5], [0, 1, 100_000], list(range(90))):
        chart = charts.chart([ChartBar("", count, count // 2) for count in counts], [(0, "first", False)])
        assert all(bar.y >= charts.HEAD and bar.lower >= 0 and bar.upper >= 0 for bar in chart.bars)
        assert all(bar.lower_y + bar.lower == chart.floor for bar in chart.bars)
        assert all(bar.lower + bar.upper >= 2 for bar, count in zip(chart.bars, counts, strict=True) if count)


def columns(days: Sequence[date]) -> set[int]:
    halves = charts.year({day: ChartBar("", 1) for day in days}, days[0].year, days[-1])
    assert sum(len(half.cells) for half in halves) == len(days)
    assert len({(half, cell.x, cell.y) for half, found in enumerate(halves) for cell in found.cells}) == len(days)
    return {cell.x // charts.CELL for half in halves for cell in half.cells}


@pytest.mark.parametrize("year", range(1996, 2033))
def test_each_day_of_a_year_has_its_own_cell(year: int) -> None:
    first = date(year, 1, 1)
    found = columns([first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)])
    assert max(found) < charts.WEEKS


def test_levels_grow_with_the_count_and_never_leave_their_range() -> None:
    for most in (1, 2, 4, 5, 9, 40, 1000):
        levels = [charts.level(count, most) for count in range(most + 1)]
        assert levels == sorted(levels)
        assert (levels[0], levels[-1]) == (0, min(most, charts.LEVELS))
