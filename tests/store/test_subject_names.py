"""What records are about, by all its names."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.records import PlayRecord, Subject
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.file import opening
from scrobbled.store.file.codec import decode_subject, encode_item, encode_subject
from scrobbled.store.file.migrations import migrations
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.keeping import scratch
from scrobbled.store.mirror import claims, records, subjects

NOW = datetime(2026, 11, 14, 20, tzinfo=UTC)
ANNA, PLEX = ("anna", "trakt"), ("anna", "plex")
FILM = Subject("movie:tmdb:1", "movie", Movie("Harbour Atlas", 2019, MovieIds(tmdb=1, imdb="tt1")), 5_400)
SPECIAL = Subject("x", "episode", Episode("Harbour", 0, 3, show_ids=ShowIds(tmdb=5), ids=EpisodeIds(tvdb=7)))
COPIED = replace(FILM, places=("server/17", "server/23"))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(opening.open_database(tmp_path / "s.db", create=True)) as found:
        yield found


def held(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    return db.execute("SELECT tracker, name, key FROM subject_names ORDER BY 1, 2, 3").fetchall()


def test_it_is_found_by_each_of_its_names(db: sqlite3.Connection) -> None:
    subjects.put(db, ANNA, [FILM, SPECIAL])
    subjects.put(db, PLEX, [replace(SPECIAL, key="p")])
    assert subjects.keys_named(db, ANNA, ["movie:imdb:tt1", "movie:tmdb:1"]) == ["movie:tmdb:1"]
    assert subjects.keys_named(db, PLEX, ["movie:imdb:tt1", "episode:tvdb:7"]) == ["p"]
    assert subjects.keys_named(db, ("bob", "trakt"), ["episode:tvdb:7"]) == []


def test_it_loses_a_name_that_it_has_no_more(db: sqlite3.Connection) -> None:
    subjects.put(db, ANNA, [FILM])
    subjects.put(db, ANNA, [replace(FILM, item=Movie("Harbour Atlas", 2019, MovieIds(tmdb=2, imdb="tt1")))])
    assert held(db) == [("trakt", "movie:imdb:tt1", FILM.key), ("trakt", "movie:tmdb:2", FILM.key)]
    db.execute("DELETE FROM subjects")
    assert held(db) == []


def test_names_that_stay_are_not_written_again(db: sqlite3.Connection) -> None:
    subjects.put(db, ANNA, [FILM])
    before = db.total_changes
    subjects.put(db, ANNA, [replace(FILM, runtime=60)])
    assert db.total_changes - before == 1


def test_its_copies_are_kept_in_their_order(db: sqlite3.Connection) -> None:
    subjects.put(db, ANNA, [COPIED, SPECIAL])
    assert subjects.those(db, ANNA, [COPIED.key, "x"]) == {COPIED.key: COPIED, "x": SPECIAL}
    subjects.put(db, ANNA, [replace(COPIED, places=("server/23",))])
    assert [one.places for one in subjects.page(db, ANNA, "", 9)] == [("server/23",), ()]


def test_a_subject_comes_back_as_it_was_also_one_from_before_there_were_copies() -> None:
    assert decode_subject(encode_subject(COPIED)) == COPIED
    assert decode_subject('["x","episode","{\\"show_title\\":\\"Harbour\\"}",60]') == Subject(
        "x", "episode", Episode("Harbour", None, None), 60
    )


def test_a_play_of_ours_is_recognised_by_an_id_that_it_shares(db: sqlite3.Connection) -> None:
    known = Episode("Hafen", 1, 30, show_ids=ShowIds(tvdb=5), ids=EpisodeIds(tvdb=7), absolute=True)
    ways = [Queued("trakt", PlayOutcome.QUEUED, "")]
    play = add_play(db, Play("anna", "plex", known, NOW, None), None, ways, NOW)
    db.execute("UPDATE outbox SET state = 'delivered', address_key = 'elsewhere'")
    told = replace(SPECIAL, item=replace(SPECIAL.item, ids=EpisodeIds(tmdb=77, tvdb=7)))
    other = replace(SPECIAL, key="y", item=replace(SPECIAL.item, ids=EpisodeIds(tmdb=78)))
    subjects.put(db, ANNA, [told, other])
    found = [PlayRecord("r1", "y", NOW), PlayRecord("r2", "x", NOW)]
    records.put(db, ANNA, found, 1, 0.0)
    assert claims.recognise(db, ANNA, found, 60) == 1
    assert {one.record.id: (one.play, one.ours) for one in records.of_ids(db, ANNA, ["r1", "r2"])} == {
        "r1": (None, False),
        "r2": (play, True),
    }
    asked = claims.HeldRecord("r9", told, None, NOW, timedelta(minutes=5), None)
    assert claims.is_settled(db, ANNA, asked)
    assert not claims.is_settled(db, ANNA, replace(asked, subject=other))


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A database that knows of identities alone; one row of it is damaged."""
    path = tmp_path / "older.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrations.apply(db, stop_before="names")
        for one in (FILM, SPECIAL):
            row = (*ANNA, one.key, one.scope, encode_item(one.item), one.runtime)
            db.execute("INSERT INTO subjects (viewer, tracker, key, scope, item, runtime) VALUES (?,?,?,?,?,?)", row)
        db.execute(
            "INSERT INTO subjects (viewer, tracker, key, scope, item) VALUES ('anna', 'trakt', 'z', 'show', '[')"
        )
    return path


NAMED = [("trakt", "episode:tvdb:7", "x"), ("trakt", "movie:imdb:tt1", FILM.key), ("trakt", "movie:tmdb:1", FILM.key)]


def test_what_an_earlier_version_stored_gets_its_names(older: Path) -> None:
    with closing(opening.open_database(older, create=False)) as db:
        assert held(db) == NAMED
        assert subjects.those(db, ANNA, ["x", FILM.key]) == {"x": SPECIAL, FILM.key: FILM}
        before = db.total_changes
        db.execute("DELETE FROM subjects WHERE key = 'z'")
        subjects.put(db, ANNA, [SPECIAL, FILM])
        assert db.total_changes - before == 3, "the names are as they would be written today"


def test_so_it_does_in_a_copy_for_a_preview(older: Path) -> None:
    async def named() -> list[tuple[str, ...]]:
        async with scratch.copied(older) as store:
            return await store.read(held)

    assert asyncio.run(named()) == NAMED
