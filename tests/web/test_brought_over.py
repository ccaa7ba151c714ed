"""Plays that were brought over: they are on both sides, nobody watched them just now, and no message told of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from scrobbled.core.naming.items import Episode
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.facts.plays import DeliveryStory, PlayStory
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.web.view import brought, now
from scrobbled.web.view.plays import history
from web.house import House, house
from web.test_pages import Seen

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
THERE = DeliveryStory("c1", "serializd", "delivered", "", "", "", "", rewatch=False, remote_id=None, settled_at=None)
OVER = PlayStory(
    id="p1",
    event_id=None,
    viewer="anna",
    source="trakt",
    media="episode",
    label="Harbour Lights S2 E5",
    title="Harbour Lights",
    year=2020,
    season=2,
    number=5,
    episode_title=None,
    watched_at=(NOW - timedelta(days=6)).isoformat(),
    received_at=NOW.isoformat(),
    deliveries=[THERE],
)


@pytest.mark.parametrize(
    ("play", "origin"),
    [
        (OVER, "trakt"),
        (replace(OVER, event_id="e1"), ""),
        (replace(OVER, source="plex"), "plex"),
        (replace(OVER, source="kodi"), ""),
        (replace(OVER, source="file:my.csv-00000000"), ""),
        (replace(OVER, deliveries=[THERE, replace(THERE, tracker="trakt")]), ""),
    ],
)
def test_a_play_that_was_brought_over_is_where_it_came_from(play: PlayStory, origin: str) -> None:
    assert brought.origin(play) == origin


def test_the_wall_and_the_first_page_show_both_sides() -> None:
    tile = history.tile(OVER, "", NOW, names_viewer=False)
    assert [(tick.letter, tick.look.tone) for tick in tile.ticks] == [("S", "ok"), ("T", "ok")]
    assert tile.ticks[1].text == "Trakt: there already. It came from there."
    assert "Trakt: there already" in tile.spoken
    assert [(way.tracker, way.reason) for way in now.ways(OVER)] == [
        ("Trakt", "It came from there."),
        ("Serializd", ""),
    ]


async def put(home: House, days: float, event: int | None = None) -> None:
    at = home.clock.now() - timedelta(days=days)
    play = Play("anna", "trakt" if event is None else "plex", Episode(f"Show of {days}", 1, 1), at)
    ways = [Queued("serializd", PlayOutcome.DELIVERED, "")]
    await home.runtime.store.write(lambda db: add_play(db, play, event, ways, home.clock.now()))


async def test_only_what_was_watched_just_now_has_just_arrived(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.client() as browser:
        for days in (2, 3, 4):
            await put(home, days)
        empty = Seen((await browser.get("/")).text).text
        assert "Nothing new has been watched." in empty
        assert "Nothing has been watched yet" not in empty
        assert "Show of" not in empty
        await put(home, 0.5)
        await home.webhook(item=home.episode())
        seen = Seen((await browser.get("/")).text).text
        assert "Show of 0.5" in seen
        assert home.sandbox.world.shows[0].title in seen
        assert "Show of 2" not in seen


async def test_its_story_counts_no_time_from_a_message_that_never_came(tmp_path: Path) -> None:
    async with house(tmp_path) as home, home.client() as browser:
        await put(home, 2)
        await home.sql("UPDATE outbox SET settled_at = ?", home.clock.now().timestamp() + 41)
        await home.sql("UPDATE plays SET origin = 'trakt:4711'")
        told = " ".join(Seen((await browser.get("/plays/p1")).text).text.split())
        assert "No media server told of it. Trakt had it" in told
        assert "from the message" not in told
        assert "Trakt there already" in told
        assert (await browser.get("/api/v1/explain/p1")).json()["plays"][0]["deliveries"][0]["seconds"] is None
