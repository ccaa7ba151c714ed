"""An evening before Kodi as HTTP Scrobbler posts it: what was watched becomes one play, when it was watched."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.desk.plays import heard
from scrobbled.store.inbox import archive
from sources.numbered import House, blank, house, sample

HERE = timezone(timedelta(hours=1))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return blank(tmp_path_factory.mktemp("blank") / "scrobbled.db")


@pytest.fixture
async def home(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    async with house(tmp_path, database) as home:
        yield home


def posted(home: House, event: str, minutes: float, *, session: str = "a") -> dict[str, Any]:
    """What the add-on has to tell now, ``minutes`` into an episode of 45. It says nothing of who watches."""
    progress = {"time": round(minutes * 60), "percent": minutes / 45 * 100}
    at = home.clock.now().astimezone(HERE).isoformat()
    return {
        **sample("kodi/scrobbler-episode-end"),
        "event": event,
        "sessionId": session,
        "timestamp": at,
        "progress": progress,
    }


async def test_an_evening_is_one_play(home: House) -> None:
    await home.take("kodi", posted(home, "start", 0))
    for minute in range(1, 45):
        home.clock.advance(60)
        await home.take("kodi", posted(home, "interval", minute))
    home.clock.advance(60)
    assert (await home.take("kodi", posted(home, "end", 45))).plays
    assert await home.sql("SELECT label, media FROM plays") == [("Harbour Lights S2 E5 Low Tide", "episode")]
    assert await home.sql("SELECT DISTINCT viewer FROM plays") == [("anna",)]


@pytest.mark.parametrize(("minutes", "plays"), [(44, 1), (20, 0)])
async def test_a_stop_counts_by_how_far_it_was(home: House, minutes: float, plays: int) -> None:
    assert (await home.take("kodi", posted(home, "stop", minutes))).outcome is EventOutcome.ACCEPTED
    assert await home.plays() == plays


async def test_what_is_sent_again_days_later_was_watched_when_it_was_watched(home: House) -> None:
    watched, end = int(home.clock.now().timestamp()), posted(home, "end", 45)
    early = posted(home, "interval", 20)
    for message in (end, end, early):
        await home.take("kodi", message, after=86_400)
    assert await home.sql("SELECT watched_at FROM plays") == [(watched,)]


async def test_what_is_sent_again_after_weeks_is_the_viewing_that_it_names(home: House) -> None:
    """Its time is too long ago to be believed by then, so that only the name of the viewing tells."""
    start, end = posted(home, "start", 0), posted(home, "end", 45)
    await home.take("kodi", end)
    for message in (start, end):
        again = await home.take("kodi", message, after=20 * 86_400)
        assert (again.outcome, again.reason) == (EventOutcome.DUPLICATE, "this viewing is a play already")
    assert await home.plays() == 1
    await home.take("kodi", posted(home, "end", 45, session="b"), after=86_400)
    assert await home.plays() == 2


async def test_movary_and_kodi_itself_tell_of_one_viewing(home: House) -> None:
    await home.take("kodi", sample("kodi/movie-end"))
    film = {**sample("kodi/movary-movie"), "title": "paper boats"}
    assert (await home.take("kodi", film, after=30)).outcome is EventOutcome.DUPLICATE
    assert await home.plays() == 1


async def test_a_rating_becomes_no_play(home: House) -> None:
    taken = await home.take("kodi", sample("kodi/scrobbler-rating"))
    assert taken.outcome is not EventOutcome.UNREADABLE
    assert await home.plays() == 0


async def test_a_body_in_no_known_form_is_kept_whole_and_counted_as_unreadable(home: House) -> None:
    message = {"hello": "world" * 5_000}
    taken = await home.take("kodi", message)
    assert (taken.outcome, taken.reason) == (
        EventOutcome.UNREADABLE,
        "this form is not known: see docs/sources/kodi.md",
    )
    stored = await home.store.read(lambda db: archive.event(db, taken.event_id))
    assert stored is not None
    assert json.loads(stored.raw or "") == message
    assert heard.body(home.config, stored, had_one=True)[0] == "kept"
    labels = {"source": "kodi", "outcome": "unreadable"}
    assert home.metrics.registry.get_sample_value("scrobbled_events_total", labels) == 1
