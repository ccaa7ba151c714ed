"""What is no longer kept goes in small steps; what is still needed stays, and what is counted stays counted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import archive, events
from scrobbled.store.inbox.events import Arrival, Queued
from scrobbled.store.keeping import housekeeping
from scrobbled.store.keeping.housekeeping import LIMIT, STEPS, HousekeepingTime
from scrobbled.store.queue import outbox, overview, recent

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
KEPT = timedelta(days=14)
LONG = '{"event": "media.play", "title": "Harbour Atlas"}' * 20


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "scrobbled.db")) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


def event(db: sqlite3.Connection, outcome: EventOutcome = EventOutcome.ACCEPTED, *, days: float = 15) -> int:
    return events.add_event(db, Arrival("plex", NOW - timedelta(days=days), LONG), outcome, "")


def play(db: sqlite3.Connection, event_id: int | None, days: float = 15) -> int:
    at = NOW - timedelta(days=days)
    film = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
    return events.add_play(db, Play("anna", "plex", film, at), event_id, [Queued("trakt", PlayOutcome.QUEUED, "")], at)


def keep_house(db: sqlite3.Connection, now: datetime = NOW) -> None:
    for step in STEPS:
        while step(db, HousekeepingTime(now, now - KEPT)):
            pass


def left(db: sqlite3.Connection) -> dict[int, bool]:
    """Which events are there, and whether with their body."""
    return {row[0]: bool(row[1]) for row in db.execute("SELECT id, raw IS NOT NULL FROM events")}


def test_old_events_that_led_to_nothing_go_and_the_others_lose_their_body(db: sqlite3.Connection) -> None:
    watched = event(db)
    play(db, watched)
    for outcome in (EventOutcome.ACCEPTED, EventOutcome.DUPLICATE, EventOutcome.UNWANTED):
        event(db, outcome)
    unreadable, unclaimed = event(db, EventOutcome.UNREADABLE), event(db, EventOutcome.UNCLAIMED)
    young = event(db, days=13)
    counted = overview.event_counts(db)
    keep_house(db)
    assert left(db) == {watched: False, unreadable: False, unclaimed: True, young: True}
    assert overview.event_counts(db) == counted
    assert overview.sources_heard(db)[0].events == 7
    (stored,) = archive.unclaimed(db)
    assert stored.raw == LONG, "its stem is kept for it"
    assert recent.event(db, young).raw == LONG  # type: ignore[union-attr]
    assert recent.event(db, watched).raw is None  # type: ignore[union-attr]


def test_no_id_is_given_twice(db: sqlite3.Connection) -> None:
    newest = [event(db, days=60) for _ in range(3)][-1]
    keep_house(db)
    assert list(left(db)) == [newest]
    assert event(db, days=0) == newest + 1


def test_a_step_does_a_little_at_a_time(db: sqlite3.Connection) -> None:
    for _ in range(LIMIT + 50):
        event(db)
    when = HousekeepingTime(NOW, NOW - KEPT)
    assert [housekeeping.compact_events(db, when) for _ in range(3)] == [LIMIT, 50, 0]


def test_stems_go_after_the_last_body_that_needs_them(db: sqlite3.Connection) -> None:
    event(db, days=14.1), event(db, days=13.9)
    assert db.execute("SELECT count(*) FROM stems").fetchone() == (1,)
    keep_house(db)
    assert db.execute("SELECT count(*) FROM stems").fetchone() == (1,)
    keep_house(db, NOW + timedelta(days=1))
    assert db.execute("SELECT count(*) FROM stems").fetchone() == (0,)


def test_unreadable_events_are_kept_for_a_year(db: sqlite3.Connection) -> None:
    event(db, EventOutcome.UNREADABLE, days=366)
    young = event(db, EventOutcome.UNREADABLE, days=364)
    newest = event(db, days=0)
    keep_house(db)
    assert left(db) == {young: False, newest: True}
    assert overview.event_counts(db)["unreadable"] == 2


def test_what_was_read_and_is_in_no_known_form_goes_with_its_body(db: sqlite3.Connection) -> None:
    """An add-on may send it every few seconds, for years."""
    arrival = Arrival("kodi", NOW - timedelta(days=15), "{}", PlaybackEvent("kodi", EventKind.IGNORED, NOW))
    events.add_event(db, arrival, EventOutcome.UNREADABLE, "this form is not known")
    newest = event(db, days=0)
    keep_house(db)
    assert left(db) == {newest: True}
    assert overview.event_counts(db)["unreadable"] == 1


def test_of_what_was_done_long_ago_the_attempts_go(db: sqlite3.Connection) -> None:
    done, open_ = play(db, None, days=100), play(db, None, days=100)
    old, young = (NOW - timedelta(days=days) for days in (95, 5))
    for change in (done, open_):  # the first change of a play has its number
        outbox.note(db, change, old.timestamp(), "try-later", "503")
        outbox.note(db, change, old.timestamp() + 1, "try-later", "timed out")
    outbox.settle(db, done, PlayOutcome.DELIVERED, "", old.timestamp() + 2)
    outbox.note(db, open_, young.timestamp(), "try-later", "503")
    keep_house(db)
    assert recent.attempts(db, done) == []
    assert recent.play(db, done).deliveries[0].state == "delivered"  # type: ignore[union-attr]
    assert [row[3] for row in recent.attempts(db, open_)] == ["503", "timed out", "503"]


def test_a_file_that_is_kept_tidy_stops_growing(tmp_path: Path) -> None:
    path = tmp_path / "scrobbled.db"
    sizes = []
    with closing(open_database(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for week in range(12):
            db.execute("BEGIN")
            now = NOW + timedelta(weeks=week)
            for n in range(300):
                events.add_event(db, Arrival("plex", now, LONG + str(n)), EventOutcome.UNWANTED, "")
            db.execute("COMMIT")
            keep_house(db, now)
            sizes.append(path.stat().st_size)
    assert sizes[-1] < sizes[4] * 1.05, "the room of what went is used again"


def test_the_parts_of_one_webhook_go_with_their_body(db: sqlite3.Connection) -> None:
    at = NOW - timedelta(days=15)
    head = event(db)
    parts = [
        events.add_event(db, Arrival("plex", at, "", head=head, part=n), EventOutcome.ACCEPTED, "") for n in (1, 2)
    ]
    play(db, parts[1])
    newest = event(db, days=0)
    keep_house(db)
    assert left(db) == {parts[1]: False, newest: True}
