"""What a viewer watched, rated and paused: each work once, under whatever ids and titles it was reported."""

import functools
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import same_viewing_as
from scrobbled.store.file.migrations import migrations
from scrobbled.store.file.opening import open_database
from scrobbled.store.history import library, watched
from scrobbled.store.history.watched import PlayFilter, RowRange
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.works import works

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
FILM = Movie("Salt Flats", 2023, MovieIds(imdb="tt9988776", tmdb=717171))
TIDE = Episode("Harbour", 2, 4, "Low Tide", 2024, ShowIds(tvdb=445566), EpisodeIds(tvdb=9012345))
ALL = RowRange(1000)


@dataclass
class Shelf:
    """One database, and short words for what is done to it."""

    db: sqlite3.Connection

    def watch(
        self,
        item: Item,
        hours: float | None = 0.0,
        *,
        viewer: str = "anna",
        ways: Sequence[tuple[str, PlayOutcome, str]] = (("trakt", PlayOutcome.DELIVERED, ""),),
    ) -> int:
        """A play that ended so many hours before now, or nobody knows when; returns its id."""
        at = None if hours is None else NOW - timedelta(hours=hours)
        play = add_play(self.db, Play(viewer, "plex", item, at), None, [Queued(*way) for way in ways], NOW)
        self.catch_up()
        return play

    def catch_up(self) -> None:
        while works.catch_up(self.db):
            pass

    def history(self, viewer: str = "anna", **wanted: object) -> list[int]:
        return [row.id for row in watched.history(self.db, viewer, PlayFilter(**wanted), ALL)]  # type: ignore[arg-type]

    def films(self, viewer: str = "anna") -> list[tuple[str, int]]:
        rows = watched.tallies(self.db, viewer, "movie")
        return [(row.item.title or "", row.plays) for row in rows]

    def work(self, play: int) -> int:
        return int(self.db.execute("SELECT work FROM plays WHERE id = ?", (play,)).fetchone()[0])


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with closing(open_database(tmp_path / "scrobbled.db")) as db:
        yield Shelf(db)


# One work under many names


@pytest.mark.parametrize(
    "other",
    [
        Movie("Salt Flats", 2023),
        Movie("SALT FLATS!", 2023),
        Movie("", None, MovieIds(tmdb=717171)),
        Movie("Die Salzebene", 2022, MovieIds(imdb="tt9988776")),
        Movie("Salt Flats", 2023, MovieIds(trakt=606060)),
    ],
)
def test_a_film_reported_in_other_words_is_the_same_film(shelf: Shelf, other: Movie) -> None:
    assert shelf.work(shelf.watch(FILM, 5)) == shelf.work(shelf.watch(other))
    assert shelf.films() == [("Salt Flats", 2)]


@pytest.mark.parametrize(
    "other",
    [
        Movie("Salt Flats", 1987),
        Movie("Salt Flats", 2023, MovieIds(tmdb=5)),
        Movie("Salt", 2023),
        Movie("", None, MovieIds(trakt=717171)),
    ],
)
def test_what_only_looks_like_it_is_another_film(shelf: Shelf, other: Movie) -> None:
    assert shelf.work(shelf.watch(FILM, 5)) != shelf.work(shelf.watch(other))


@pytest.mark.parametrize(
    "other",
    [
        Episode("Harbour", 2, 4),
        Episode("Hafen", 9, 9, ids=EpisodeIds(tvdb=9012345)),
        Episode("", 2, 4, show_ids=ShowIds(tvdb=445566)),
        Episode("", None, None, ids=EpisodeIds(tvdb=9012345)),
        Episode("harbour", 2, 4, show_year=2024, show_ids=ShowIds(tmdb=202020), ids=EpisodeIds(trakt=771234)),
    ],
)
def test_an_episode_reported_in_other_words_is_the_same_episode(shelf: Shelf, other: Episode) -> None:
    assert shelf.work(shelf.watch(TIDE, 5)) == shelf.work(shelf.watch(other))
    (row,) = watched.tallies(shelf.db, "anna", "episode")
    assert (row.plays, row.item.label()) == (2, "Harbour S2 E4 Low Tide")
    assert [(show.plays, show.item.label()) for show in watched.shows(shelf.db, "anna")] == [(2, "Harbour")]


@pytest.mark.parametrize(
    "other",
    [
        Episode("Harbour", 2, 5),
        Episode("Harbour", 2, 4, absolute=True),
        Episode("Harbour", 2, 4, show_year=1977),
        Episode("Harbour", 2, 4, show_ids=ShowIds(tvdb=1)),
        Episode("Harbour", 2, 4, ids=EpisodeIds(tvdb=1)),
        Episode("Port", 2, 4, ids=EpisodeIds(tmdb=9012345)),
    ],
)
def test_what_only_looks_like_it_is_another_episode(shelf: Shelf, other: Episode) -> None:
    assert shelf.work(shelf.watch(TIDE, 5)) != shelf.work(shelf.watch(other))


def test_a_report_that_knows_both_joins_two_works_that_were_thought_apart(shelf: Shelf) -> None:
    by_tmdb = shelf.watch(Movie("", None, MovieIds(tmdb=717171)), 9)
    by_imdb = shelf.watch(Movie("", None, MovieIds(imdb="tt9988776")), 5)
    assert shelf.work(by_tmdb) != shelf.work(by_imdb)
    shelf.watch(FILM)
    assert shelf.films() == [("Salt Flats", 3)]


def test_joined_shows_join_their_episodes_and_keep_ratings(shelf: Shelf) -> None:
    one = Episode("Harbour", 1, 1, show_ids=ShowIds(tvdb=445566))
    two = Episode("Hafen", 1, 1, show_ids=ShowIds(tmdb=202020))
    other = Episode("Hafen", 1, 2, show_ids=ShowIds(tmdb=202020))
    shelf.watch(one, 9)
    shelf.watch(two, 8)
    shelf.watch(other, 7)
    library.rate(shelf.db, "anna", "episode", two, 8, NOW, NOW)
    library.rate(shelf.db, "anna", "show", two, 6, NOW, NOW)
    assert watched.show_count(shelf.db, "anna") == 2
    shelf.watch(Episode("Harbour", 1, 3, show_ids=ShowIds(tvdb=445566, tmdb=202020)))
    (show,) = watched.shows(shelf.db, "anna")
    episodes = watched.episodes(shelf.db, "anna", [show.work])[show.work]
    assert [(row.item.number, row.plays) for row in episodes if isinstance(row.item, Episode)] == [
        (1, 2),
        (2, 1),
        (3, 1),
    ]
    assert [(row.kind, row.rating) for row in library.ratings(shelf.db, "anna")] == [("episode", 8), ("show", 6)]
    assert works.known(shelf.db, "show", "tmdb", 202020) == works.known(shelf.db, "show", "tvdb", 445566)


def test_a_place_that_two_orders_count_differently_joins_nothing(shelf: Shelf) -> None:
    """On the DVD the first two episodes are swapped; a report by place alone must not make one of them."""
    first = shelf.watch(Episode("Harbour", 1, 1, ids=EpisodeIds(tvdb=1)), 9)
    second = shelf.watch(Episode("Harbour", 1, 2, ids=EpisodeIds(tvdb=2)), 8)
    shelf.watch(Episode("Harbour", 1, 2, ids=EpisodeIds(tvdb=1)), 7)
    third = shelf.watch(Episode("Harbour", 1, 2), 6)
    assert shelf.work(first) != shelf.work(second) == shelf.work(third)


FILMS = [Movie(f"Film {n}", 2000 + n, MovieIds(f"tt{n}", 10 + n, None, 100 + n)) for n in range(1, 4)]
SHOWS = [(f"Show {n}", 2010 + n, ShowIds(f"tt9{n}", 50 + n, 60 + n, 70 + n)) for n in range(1, 3)]


@st.composite
def reports(draw: st.DrawFn) -> tuple[int, Item]:
    """The number of a work, and something true that is said of it: never nothing, never all."""
    number = draw(st.integers(0, 6))
    if number < 3:
        film = FILMS[number]
        told = MovieIds(**{k: v for k, v in film.ids.known().items() if draw(st.booleans())})  # type: ignore[arg-type]
        titled = not told or draw(st.booleans())
        return number, Movie(film.title if titled else "", film.year if titled else None, told)
    show, episode = divmod(number - 3, 2)
    title, year, ids = SHOWS[show]
    of_show = ShowIds(**{k: v for k, v in ids.known().items() if draw(st.booleans())})  # type: ignore[arg-type]
    titled = not of_show or draw(st.booleans())
    own = EpisodeIds(tvdb=900 + number) if draw(st.booleans()) else EpisodeIds()
    place = Episode(title if titled else "", 1, episode + 1, show_year=year if titled else None, show_ids=of_show)
    return number, replace(place, ids=own)


@settings(max_examples=150, deadline=None)
@given(st.lists(reports(), max_size=14))
def test_in_whatever_order_true_reports_come_each_work_ends_as_one(told: list[tuple[int, Item]]) -> None:
    complete: list[tuple[int, Item]] = list(enumerate(FILMS))
    for number in range(3, 7):
        show, episode = divmod(number - 3, 2)
        title, year, ids = SHOWS[show]
        own = EpisodeIds(tvdb=900 + number)
        complete.append((number, Episode(title, 1, episode + 1, show_year=year, show_ids=ids, ids=own)))
    with closing(_empty()) as db:
        shelf = Shelf(db)
        plays = [(number, shelf.watch(item)) for number, item in (*told, *complete)]
        found = {(number, shelf.work(play)) for number, play in plays}
    assert len(found) == 7, found


@functools.cache
def _schema() -> bytes:
    with closing(sqlite3.connect(":memory:")) as db:
        migrations.apply(db)
        return db.serialize()


def _empty() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.deserialize(_schema())
    return db


# History


def test_history_is_newest_first_with_what_has_no_date_at_the_end(shelf: Shelf) -> None:
    old, unknown, new = shelf.watch(FILM, 50), shelf.watch(FILM, None), shelf.watch(TIDE, 1)
    assert shelf.history() == [new, old, unknown]
    assert shelf.history(media="movie") == [old, unknown]
    assert shelf.history(viewer="ben") == []


def test_history_is_cut_to_a_time_both_ends_included(shelf: Shelf) -> None:
    plays = [shelf.watch(FILM, hours) for hours in (10, 20, 30)]
    start, end = NOW - timedelta(hours=20), NOW - timedelta(hours=10)
    assert shelf.history(start=start) == plays[:2]
    assert shelf.history(end=end) == plays
    assert shelf.history(start=start, end=end) == plays[:2]
    assert watched.history_count(shelf.db, "anna", PlayFilter(start=start, end=end)) == 2


def test_history_comes_in_pages(shelf: Shelf) -> None:
    plays = [shelf.watch(FILM, hours) for hours in range(5)]
    pages = [watched.history(shelf.db, "anna", PlayFilter(), RowRange(2, offset)) for offset in (0, 2, 4, 6)]
    assert [[row.id for row in page] for page in pages] == [plays[:2], plays[2:4], plays[4:], []]


def test_history_of_a_show_has_all_its_episodes(shelf: Shelf) -> None:
    first, second = shelf.watch(TIDE, 3), shelf.watch(replace(TIDE, number=5, ids=EpisodeIds()), 2)
    shelf.watch(Episode("Port", 1, 1), 1)
    show = works.known(shelf.db, "show", "tvdb", 445566)
    assert shelf.history(show=show) == [second, first]
    assert shelf.history(work=shelf.work(first)) == [first]


def test_a_play_taken_back_everywhere_is_not_listed(shelf: Shelf) -> None:
    gone = (("trakt", PlayOutcome.UNDONE, ""), ("serializd", PlayOutcome.UNWANTED, ""))
    half = (("trakt", PlayOutcome.UNDONE, ""), ("serializd", PlayOutcome.DELIVERED, ""))
    shelf.watch(FILM, 3, ways=gone)
    kept, elsewhere = shelf.watch(FILM, 2, ways=half), shelf.watch(FILM, 1, ways=())
    assert shelf.history() == [elsewhere, kept]
    assert shelf.films() == [("Salt Flats", 2)]
    assert watched.history_count(shelf.db, "anna", PlayFilter()) == 2


def test_another_report_of_the_same_viewing_is_not_listed_twice(shelf: Shelf) -> None:
    play = shelf.watch(TIDE, 1)
    again = same_viewing_as(play)
    shelf.watch(TIDE, 1, ways=(("trakt", PlayOutcome.ALREADY_THERE, again),))
    there = shelf.watch(TIDE, 30, ways=(("trakt", PlayOutcome.ALREADY_THERE, "Trakt has it already"),))
    assert shelf.history() == [play, there]


def test_what_was_entered_is_told_from_what_was_played(shelf: Shelf) -> None:
    shelf.watch(FILM)
    (row,) = watched.history(shelf.db, "anna", PlayFilter(), ALL)
    assert row.by_hand  # no webhook brought it


# Counts


def test_counts_know_how_often_and_when_last(shelf: Shelf) -> None:
    for hours in (50, 3, None):
        shelf.watch(TIDE, hours)
    shelf.watch(replace(TIDE, number=5, ids=EpisodeIds()), 20)
    (show,) = watched.shows(shelf.db, "anna")
    assert (show.plays, show.last, show.updated) == (4, NOW - timedelta(hours=3), NOW)
    first, second = watched.episodes(shelf.db, "anna", [show.work])[show.work]
    assert (first.plays, first.last) == (3, NOW - timedelta(hours=3))
    assert (second.plays, second.last) == (1, NOW - timedelta(hours=20))
    assert watched.tally_count(shelf.db, "anna", "episode") == 2


def test_counts_come_in_pages_watched_last_first(shelf: Shelf) -> None:
    for n, hours in enumerate((9, 2, 5)):
        shelf.watch(Movie(f"Film {n}", 2000), hours)
        shelf.watch(Episode(f"Show {n}", 1, 1), hours)
    assert [title for title, _ in shelf.films()] == ["Film 1", "Film 2", "Film 0"]
    page = watched.tallies(shelf.db, "anna", "movie", RowRange(1, 1))
    assert [row.item.label() for row in page] == ["Film 2 (2000)"]
    assert [row.item.label() for row in watched.shows(shelf.db, "anna", RowRange(2, 1))] == ["Show 2", "Show 0"]


def test_an_undated_play_counts_without_a_date(shelf: Shelf) -> None:
    shelf.watch(FILM, None)
    (row,) = watched.tallies(shelf.db, "anna", "movie")
    assert (row.plays, row.last) == (1, None)


def test_only_what_trakt_has_an_id_of_is_listed_by_it(shelf: Shelf) -> None:
    shelf.watch(FILM, 3)
    known = replace(TIDE, ids=EpisodeIds(trakt=771234), show_ids=ShowIds(trakt=181818))
    shelf.watch(known, 2)
    shelf.watch(known, 1)
    rows = watched.by_trakt_id(shelf.db, "anna", "episode")
    assert [(row.trakt, row.show, row.season) for row in rows] == [(771234, 181818, 2)] * 2
    assert rows[0].watched_at == NOW - timedelta(hours=1)
    assert watched.by_trakt_id(shelf.db, "anna", "movie") == []


# Resume points, ratings, what plays


def test_a_resume_point_is_found_again_under_other_ids(shelf: Shelf) -> None:
    id_ = library.save_resume(shelf.db, "anna", FILM, 42.7, NOW)
    assert library.save_resume(shelf.db, "anna", Movie("Salt Flats", 2023), 55.0, NOW + timedelta(minutes=1)) == id_
    (row,) = library.resumes(shelf.db, "anna", NOW)
    assert (row.id, row.kind, row.item, row.progress) == (id_, "movie", FILM, 55.0)
    assert library.resumes(shelf.db, "ben", NOW) == []
    assert library.forget_resume(shelf.db, "anna", Movie("", None, MovieIds(tmdb=717171)), NOW)
    assert library.resumes(shelf.db, "anna", NOW) == []
    assert not library.forget_resume(shelf.db, "anna", FILM, NOW)


def test_a_resume_point_is_removed_by_its_own_viewer_alone(shelf: Shelf) -> None:
    id_ = library.save_resume(shelf.db, "anna", TIDE, 10.0, NOW)
    assert not library.remove_resume(shelf.db, "ben", id_, NOW)
    assert library.remove_resume(shelf.db, "anna", id_, NOW)
    assert not library.remove_resume(shelf.db, "anna", id_, NOW)


def test_resume_points_are_kept_for_half_a_year(shelf: Shelf) -> None:
    library.save_resume(shelf.db, "anna", TIDE, 10.0, NOW - timedelta(days=184))
    library.save_resume(shelf.db, "anna", FILM, 20.0, NOW - timedelta(days=182))
    assert [row.item for row in library.resumes(shelf.db, "anna", NOW)] == [FILM]
    assert library.forget_resumes(shelf.db, NOW - library.RESUMES_KEPT) == 1
    assert library.forget_resumes(shelf.db, NOW - library.RESUMES_KEPT) == 0


def test_a_rating_replaces_the_one_before_and_can_be_taken_back(shelf: Shelf) -> None:
    later = NOW + timedelta(days=1)
    library.rate(shelf.db, "anna", "movie", FILM, 6, NOW, NOW)
    library.rate(shelf.db, "anna", "movie", Movie("Salt Flats", 2023), 9, later, later)
    library.rate(shelf.db, "anna", "season", TIDE, 7, NOW, NOW)
    rows = library.ratings(shelf.db, "anna")
    assert [(row.kind, row.rating, row.rated_at) for row in rows] == [("movie", 9, later), ("season", 7, NOW)]
    assert [row.kind for row in library.ratings(shelf.db, "anna", ["season"])] == ["season"]
    assert [row.kind for row in library.ratings(shelf.db, "anna", [], [8, 9])] == ["movie"]
    assert library.unrate(shelf.db, "anna", "movie", FILM, later)
    assert not library.unrate(shelf.db, "anna", "movie", FILM, later)
    assert not library.rate(shelf.db, "anna", "show", FILM, 6, NOW, NOW)


def test_what_plays_is_over_by_itself(shelf: Shelf) -> None:
    library.begin_watching(shelf.db, "anna", FILM, NOW, NOW + timedelta(hours=1))
    library.begin_watching(shelf.db, "anna", TIDE, NOW, NOW + timedelta(hours=1))
    found = library.watching(shelf.db, "anna", NOW)
    assert found is not None
    assert found.item == TIDE
    assert library.watching(shelf.db, "anna", NOW + timedelta(hours=2)) is None
    library.end_watching(shelf.db, "anna")
    assert library.watching(shelf.db, "anna", NOW) is None


def test_changes_are_noted_and_never_go_back(shelf: Shelf) -> None:
    later = NOW + timedelta(minutes=5)
    library.save_resume(shelf.db, "anna", TIDE, 10.0, later)
    library.forget_resume(shelf.db, "anna", TIDE, NOW)
    library.rate(shelf.db, "anna", "show", TIDE, 8, NOW, NOW)
    assert library.activities(shelf.db, "anna") == {"episodes.paused_at": later, "shows.rated_at": NOW}
    shelf.watch(FILM, 500)
    assert watched.last_changes(shelf.db, "anna") == {"movie": NOW}
    shelf.db.execute("UPDATE outbox SET state = 'undone', settled_at = ?", (later.timestamp(),))
    assert watched.last_changes(shelf.db, "anna") == {"movie": later}


# Size


def test_a_library_of_30_000_plays_is_read_quickly(shelf: Shelf) -> None:
    db = shelf.db
    db.execute("BEGIN")
    films = [works.work_of(db, Movie(f"Film {n}", 2000, MovieIds(tmdb=n + 1))) for n in range(200)]
    episodes = [works.work_of(db, Episode(f"Show {n % 100}", 1, n, ids=EpisodeIds(tvdb=n + 1))) for n in range(800)]
    rows = [
        (media, ids[n % len(ids)], NOW.timestamp() - n * 600.0, NOW.timestamp() - n)
        for media, ids in (("movie", films), ("episode", episodes))
        for n in range(15_000)
    ]
    db.executemany(
        "INSERT INTO plays (viewer, source, media, item, work, watched_at, created_at) "
        "VALUES ('anna', 'plex', ?, '{}', ?, ?, ?)",
        rows,
    )
    db.execute(
        "INSERT INTO outbox (play_id, viewer, tracker, kind, state, received_at) "
        "SELECT id, viewer, 'trakt', 'plays', 'delivered', created_at FROM plays"
    )
    db.execute("COMMIT")
    for work in (
        lambda: watched.history(db, "anna", PlayFilter(), RowRange(250)),
        lambda: watched.history_count(db, "anna", PlayFilter("episode")),
        lambda: watched.shows(db, "anna", RowRange(100)),
        lambda: watched.episodes(db, "anna", [row.work for row in watched.shows(db, "anna", RowRange(100))]),
        lambda: watched.tallies(db, "anna", "movie"),
        lambda: watched.last_changes(db, "anna"),
    ):
        started = time.process_time()
        assert work()
        assert time.process_time() - started < 0.5
