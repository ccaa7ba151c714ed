"""Plays counted by the database: the same as counting them one by one, by days of the house, and never slowly."""

import functools
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.statistics import DayCount, DaySpan, stretches
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import same_viewing_as
from scrobbled.store.file.migrations import migrations
from scrobbled.store.history import watched
from scrobbled.store.history.tally import Tally, edges, viewers
from scrobbled.store.history.watched import PlayFilter
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.works import works

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ALL = DaySpan(date(2020, 1, 1), date(2026, 11, 14))
FILM = Movie("Salt Flats", 2023, MovieIds(tmdb=717171))
OTHER = Movie("Paper Boats", 2019, MovieIds(tmdb=1399))
TIDE = Episode("Harbour", 2, 4, "Low Tide", 2024, ShowIds(tmdb=77), EpisodeIds(tvdb=9012345))
NEAP = Episode("Harbour", 2, 5, "Neap", 2024, ShowIds(tmdb=77), EpisodeIds(tvdb=9012346))
ITEMS: list[Item] = [FILM, OTHER, TIDE, NEAP]


def berlin(at: float) -> int:
    ahead = datetime.fromtimestamp(at, BERLIN).utcoffset()
    assert ahead is not None
    return int(ahead.total_seconds())


@dataclass
class Shelf:
    db: sqlite3.Connection

    def watch(
        self,
        item: Item,
        at: datetime | None,
        *,
        viewer: str = "anna",
        source: str = "plex",
        ms: int | None = 1_800_000,
        ways: tuple[tuple[str, PlayOutcome, str], ...] = (("trakt", PlayOutcome.DELIVERED, ""),),
    ) -> int:
        play = add_play(self.db, Play(viewer, source, item, at, ms), None, [Queued(*way) for way in ways], NOW)
        while works.catch_up(self.db):
            pass
        return play

    def tally(self, viewer: str | None = None) -> Tally:
        for name in ("set_aside", "seen"):
            self.db.execute(f"DROP TABLE IF EXISTS temp.{name}")
        return Tally(self.db, viewer)

    def days(self, span: DaySpan = ALL, viewer: str | None = None) -> list[DayCount]:
        return self.tally(viewer).days(stretches(span, berlin))

    def counted(self, span: DaySpan = ALL, viewer: str | None = None) -> Any:
        return self.tally(viewer).counted(stretches(span, berlin), NOW)


@functools.cache
def empty() -> sqlite3.Connection:
    """A database with the newest schema and no file."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrations.apply(db)
    return db


def fresh() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    empty().backup(db)
    return db


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with closing(fresh()) as db:
        yield Shelf(db)


def test_a_play_counts_on_the_day_it_was_at_home(shelf: Shelf) -> None:
    shelf.watch(TIDE, datetime(2026, 7, 1, 21, 59, tzinfo=UTC))
    shelf.watch(TIDE, datetime(2026, 7, 1, 22, 1, tzinfo=UTC))
    shelf.watch(FILM, datetime(2026, 12, 1, 22, 59, tzinfo=UTC) - timedelta(days=30))
    assert shelf.days() == [
        DayCount(date(2026, 7, 1), 1, 0),
        DayCount(date(2026, 7, 2), 1, 0),
        DayCount(date(2026, 11, 1), 1, 1),
    ]


def test_each_hour_of_the_long_night_counts_on_its_day(shelf: Shelf) -> None:
    begin = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
    for hour in range(25):
        shelf.watch(TIDE, begin + timedelta(hours=hour))
    day = date(2026, 10, 25)
    assert shelf.days() == [DayCount(day, 25, 0)]
    hours = shelf.counted(DaySpan(day, day)).hours
    assert hours[6 * 24 : 7 * 24] == [1, 1, 2] + [1] * 21


def test_undated_plays_are_counted_apart(shelf: Shelf) -> None:
    shelf.watch(TIDE, None)
    shelf.watch(TIDE, datetime(1970, 1, 1, tzinfo=UTC))
    shelf.watch(TIDE, NOW + timedelta(days=400))
    shelf.watch(TIDE, NOW - timedelta(days=1))
    found = shelf.counted()
    assert found.undated == 3
    assert [count.plays for count in found.days] == [1]
    assert [share.plays for share in found.shares] == [1]


def test_what_was_taken_back_does_not_count(shelf: Shelf) -> None:
    kept = shelf.watch(TIDE, NOW, ways=(("trakt", PlayOutcome.UNDONE, "taken back"), ("serializd", "delivered", "")))  # type: ignore[arg-type]
    shelf.watch(TIDE, NOW, ways=(("trakt", PlayOutcome.UNDONE, "taken back"), ("serializd", "unwanted", "")))  # type: ignore[arg-type]
    shelf.watch(TIDE, NOW, ways=(("trakt", PlayOutcome.ALREADY_THERE, same_viewing_as(kept)),))
    shelf.watch(TIDE, NOW, ways=(("trakt", PlayOutcome.ALREADY_THERE, "Trakt has it"),))
    assert [count.plays for count in shelf.days()] == [2]


def test_what_a_viewer_had_watched_before_any_year_is_no_first_of_it(shelf: Shelf) -> None:
    shelf.watch(TIDE, datetime(2025, 3, 1, tzinfo=UTC))
    shelf.watch(TIDE, datetime(2026, 3, 1, tzinfo=UTC))
    shelf.watch(TIDE, datetime(2026, 4, 1, tzinfo=UTC), viewer="ben")
    year = DaySpan(date(2026, 1, 1), date(2026, 12, 31))
    assert shelf.counted(year).firsts == {"anna": 0, "ben": 1}
    assert shelf.counted().firsts == {"anna": 1, "ben": 1}
    assert shelf.counted(viewer="ben").firsts == {"ben": 1}


def test_favourites_are_shows_and_films_with_most_plays(shelf: Shelf) -> None:
    for hours in range(3):
        shelf.watch(TIDE, NOW - timedelta(hours=hours))
    shelf.watch(NEAP, NOW - timedelta(days=2), source="jellyfin")
    shelf.watch(NEAP, NOW - timedelta(days=3))
    shelf.watch(OTHER, NOW)
    for hours in range(2):
        shelf.watch(FILM, NOW - timedelta(hours=hours), viewer="ben")
    found = shelf.tally().favourites(stretches(ALL, berlin), 5)
    assert [(one.title, one.plays, one.different) for one in found.shows] == [("Harbour", 5, 2)]
    assert [(one.title, one.year, one.plays) for one in found.films] == [
        ("Salt Flats", 2023, 2),
        ("Paper Boats", 2019, 1),
    ]
    assert (found.different_shows, found.different_films, found.different_episodes) == (1, 2, 2)
    assert len(shelf.tally().favourites(stretches(ALL, berlin), 1).films) == 1


def test_where_nothing_was_watched_everything_is_empty(shelf: Shelf) -> None:
    found = shelf.counted()
    assert (found.days, found.shares, found.firsts, found.undated, sum(found.hours)) == ([], [], {}, 0, 0)
    assert edges(shelf.db, None, NOW) is None
    assert viewers(shelf.db) == []


states = st.sampled_from(
    [
        (PlayOutcome.DELIVERED, ""),
        (PlayOutcome.UNDONE, "taken back"),
        (PlayOutcome.UNWANTED, "no films"),
        (PlayOutcome.ALREADY_THERE, "Trakt has it"),
        (PlayOutcome.ALREADY_THERE, same_viewing_as(1)),
        (PlayOutcome.HELD, "no date"),
    ]
)
plays = st.tuples(
    st.sampled_from(ITEMS),
    st.sampled_from(["anna", "ben"]),
    st.sampled_from(["plex", "emby", "trakt"]),
    st.integers(0, 3 * 366 * 24),
    st.none() | st.integers(1, 10_000_000),
    st.tuples(states, states),
)


@settings(max_examples=25, deadline=None)
@given(done=st.lists(plays, max_size=25), viewer=st.sampled_from([None, "anna"]))
def test_it_is_what_counting_one_by_one_would_give(done: list[Any], viewer: str | None) -> None:
    with closing(fresh()) as db:
        shelf = Shelf(db)
        for item, who, source, hours, ms, ways in done:
            told = tuple((tracker, *way) for tracker, way in zip(("trakt", "serializd"), ways, strict=True))
            shelf.watch(item, NOW - timedelta(hours=hours), viewer=who, source=source, ms=ms, ways=told)
        seen = [row for who in ("anna", "ben") for row in watched.history(db, who, PlayFilter(), watched.RowRange(-1))]
        mine = {row.id: row for row in seen}
        rows = db.execute("SELECT id, viewer, source, media, duration_ms FROM plays").fetchall()
        rows = [row for row in rows if row[0] in mine and viewer in (None, row[1])]
        local = {id_: row.watched_at.astimezone(BERLIN) for id_, row in mine.items() if row.watched_at}
        found = shelf.counted(viewer=viewer)
        days = Counter(local[row[0]].date() for row in rows)
        assert {one.day: one.plays for one in found.days} == dict(days)
        hours_ = Counter(local[row[0]].weekday() * 24 + local[row[0]].hour for row in rows)
        assert found.hours == [hours_[hour] for hour in range(168)]
        shares = {(s.viewer, s.source, s.media): (s.plays, s.timed, s.ms) for s in found.shares}
        assert shares == {
            kind: (len(ms), sum(one is not None for one in ms), sum(one or 0 for one in ms))
            for kind in {row[1:4] for row in rows}
            for ms in [[row[4] for row in rows if row[1:4] == kind]]
        }
        assert sum(found.firsts.values()) == len({(row[1], mine[row[0]].item.label()) for row in rows})


def test_nothing_but_the_index_is_read_to_count(shelf: Shelf) -> None:
    shelf.watch(TIDE, NOW)
    plans: list[str] = []
    tally, asked = shelf.tally(), []
    shelf.db.set_trace_callback(asked.append)
    within = stretches(DaySpan(date(2026, 11, 1), date(2026, 11, 14)), berlin)
    tally.days(within)
    tally._hours(within)
    tally._shares(within)
    edges(shelf.db, None, NOW)
    shelf.db.set_trace_callback(None)
    for query in asked:
        plans += [row[3] for row in shelf.db.execute(f"EXPLAIN QUERY PLAN {query}")]
    searched = [plan for plan in plans if "plays" in plan]
    assert searched
    assert all("COVERING INDEX plays_in_numbers" in plan for plan in searched), plans


def test_who_has_plays_and_since_when_is_found_without_reading_them_all(shelf: Shelf) -> None:
    def steps() -> int:
        taken: list[None] = []
        shelf.db.set_progress_handler(lambda: taken.append(None), 10)
        viewers(shelf.db), edges(shelf.db, "anna", NOW)
        shelf.db.set_progress_handler(None, 10)
        return len(taken)

    shelf.watch(TIDE, NOW)
    few = steps()
    for hours in range(1, 200):
        shelf.watch(TIDE, NOW - timedelta(hours=hours))
    assert steps() <= few + 10
