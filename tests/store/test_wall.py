"""The wall of what was watched: in order, filtered, a page at a time, and always in step with plays and outbox."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.spelling import searchable, words
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store import Store
from scrobbled.store.file.migrations import migrations
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import events
from scrobbled.store.inbox.events import Queued
from scrobbled.store.queue import outbox
from scrobbled.store.works import wall
from scrobbled.store.works.wall import Filters, WallSpot

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
FILM = Movie("Amélie", 2001)
TIDE = Episode("Harbour Lights", 2, 5, "Low Tide", 2019)
QUEUED, HELD, DELIVERED = PlayOutcome.QUEUED, PlayOutcome.HELD, PlayOutcome.DELIVERED


def watch(
    db: sqlite3.Connection,
    item: Item = TIDE,
    minutes: float | None = 0,
    *,
    viewer: str = "anna",
    source: str = "plex",
    arrived: float = 0,
    **ways: PlayOutcome,
) -> int:
    """So many minutes before now; ``None`` where nobody says when, then it arrived so many minutes ago."""
    at = None if minutes is None else NOW - timedelta(minutes=minutes)
    queued = [Queued(tracker, state, "") for tracker, state in ways.items()]
    return events.add_play(db, Play(viewer, source, item, at), None, queued, NOW - timedelta(minutes=arrived))


def seen(path: Path, limit: int = 10, start: WallSpot | None = None, newer: bool = False, **filters: Any) -> list[int]:
    """Ids of plays, as ``look`` gives them."""

    async def ask() -> list[int]:
        store = Store(path)
        try:
            return [spot.play for spot in await wall.look(store, Filters(**filters), limit, start=start, newer=newer)]
        finally:
            await store.aclose()

    return asyncio.run(ask())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scrobbled.db"


def test_the_newest_viewing_is_first_whenever_it_came_in(path: Path) -> None:
    with closing(open_database(path)) as db:
        late, early = watch(db, minutes=5), watch(db, FILM, 90)
        undated = watch(db, minutes=None, arrived=30)
    assert seen(path) == [late, undated, early]


def test_every_filter_narrows_and_all_hold_together(path: Path) -> None:
    with closing(open_database(path)) as db:
        one = watch(db, TIDE, 5, trakt=DELIVERED, serializd=HELD)
        two = watch(db, FILM, 10, viewer="ben", source="jellyfin", trakt=HELD)
        three = watch(db, Episode("Harbour Lights Abroad", 1, 2, "Ebb"), 15)
    for filters, wanted in (
        ({"viewer": "ben"}, [two]),
        ({"source": "plex"}, [one, three]),
        ({"media": "movie"}, [two]),
        ({"tracker": "trakt"}, [one, two]),
        ({"tracker": "trakt", "outcome": "held"}, [two]),
        ({"outcome": "held"}, [one, two]),
        ({"outcome": "delivered", "tracker": "serializd"}, []),
        ({"show": "harbour lights"}, [one]),
        ({"words": words("amelie 2001")}, [two]),
        ({"words": words("harbour e2")}, [three]),
        ({"since": NOW.timestamp() - 600, "until": NOW.timestamp()}, [one, two]),
        ({"until": NOW.timestamp() - 300}, [two, three]),
        ({"viewer": "anna", "words": words("harbour"), "tracker": "trakt"}, [one]),
    ):
        assert seen(path, **filters) == wanted, filters


def test_pages_join_without_a_gap_in_both_directions(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall, "STEP", 3)
    with closing(open_database(path)) as db:
        plays = [watch(db, TIDE if n % 2 else FILM, minutes=n // 3) for n in range(20)]
        order = [row[0] for row in db.execute("SELECT play FROM wall ORDER BY at DESC, play DESC")]
        spots = {play: WallSpot(at, play) for at, play in db.execute("SELECT at, play FROM wall")}
    assert sorted(order) == plays
    odd = [play for play in order if play % 2 == 0]
    walked: list[int] = []
    while page := seen(path, 3, spots[walked[-1]] if walked else None, media="episode"):
        walked += page
    assert walked == odd
    assert seen(path, 4, spots[odd[5]], newer=True, media="episode") == odd[4:0:-1]
    assert seen(path, 50, newer=True) == order[::-1]


def test_what_becomes_of_a_play_is_seen_at_once(path: Path) -> None:
    with closing(open_database(path)) as db:
        play = watch(db, trakt=QUEUED)
        (change,) = [row[0] for row in db.execute("SELECT id FROM outbox")]
        outbox.settle(db, change, DELIVERED, "", NOW.timestamp())
        assert db.execute("SELECT states FROM wall").fetchall() == [(" trakt:delivered ",)]
        db.execute("UPDATE plays SET watched_at = 5 WHERE id = ?", (play,))
        assert db.execute("SELECT at FROM wall").fetchall() == [(5,)]
        db.execute("DELETE FROM outbox")
        assert db.execute("SELECT states FROM wall").fetchall() == [("",)]
        db.execute("DELETE FROM plays")
        assert db.execute("SELECT * FROM wall").fetchall() == []
        assert wall.shelves(db) == []


def test_the_newest_are_found_without_going_through_those_before(path: Path) -> None:
    def steps(db: sqlite3.Connection) -> int:
        taken: list[None] = []
        db.set_progress_handler(lambda: taken.append(None), 10)
        low, high = wall._span(Filters())
        wall._step(db, filters=Filters(), low=low, high=high, newer=False, limit=3)
        db.set_progress_handler(None, 10)
        return len(taken)

    with closing(open_database(path)) as db:
        for minutes in range(10):
            watch(db, minutes=minutes)
        few = steps(db)
        for minutes in range(10, 300):
            watch(db, minutes=minutes)
        assert steps(db) <= few + 3


def test_shelves_count_what_each_has_of_each_source(path: Path) -> None:
    with closing(open_database(path)) as db:
        watch(db)
        watch(db, minutes=1)
        watch(db, FILM, viewer="ben")
        found = [(shelf.viewer, shelf.source, shelf.media, shelf.plays) for shelf in wall.shelves(db)]
    assert found == [("anna", "plex", "episode", 2), ("ben", "plex", "movie", 1)]


def test_what_was_there_before_stands_on_the_wall_after_the_update(path: Path) -> None:
    with closing(open_database(path)) as db:
        watch(db, FILM, 3, trakt=HELD, serializd=DELIVERED)
        watch(db, TIDE, None, arrived=7)
        db.execute(
            "INSERT INTO plays (viewer, source, media, label, item, created_at) "
            "VALUES ('anna','plex','episode','Odd Row','{\"no\": 1}',5)"
        )
        before = [db.execute(f"SELECT * FROM {name}").fetchall() for name in ("wall", "shelves")]
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE name LIKE '%walled%'").fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute("DROP TABLE wall")
        db.execute("DROP TABLE shelves")
        next(m for m in migrations.all if m.name == "walls").carry(Database(db))
        after = [db.execute(f"SELECT * FROM {name}").fetchall() for name in ("wall", "shelves")]
    assert after == before
    assert len(before[0]) == 3


titles = st.sampled_from(["Amélie", "amelie", "Harbour Lights", "Harbour", "", "<script>alert(1)</script>", "🎬"])
watched = st.tuples(titles, st.integers(0, 6), st.sampled_from(["anna", "ben"]), st.sampled_from(list(PlayOutcome)))


@settings(max_examples=25, deadline=None)
@given(done=st.lists(watched, max_size=12), asked=st.sampled_from(["", "a", "harbour", "AMELIE", "script", "zzz"]))
def test_a_search_finds_what_looking_at_each_would(
    done: list[Any], asked: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("wall") / "scrobbled.db"
    with closing(open_database(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        rows = [
            (watch(db, Movie(title), minutes, viewer=viewer, trakt=state), title, minutes, viewer, state)
            for title, minutes, viewer, state in done
        ]
    rows.sort(key=lambda row: (row[2], -row[0]))
    for viewer in ("", "anna"):
        wanted = [
            id_
            for id_, title, _, whose, state in rows
            if viewer in ("", whose) and state == HELD and all(w in searchable(Movie(title)) for w in words(asked))
        ]
        assert seen(path, 50, viewer=viewer, outcome="held", words=words(asked)) == wanted
