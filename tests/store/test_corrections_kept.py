"""Corrections on disk, and which changes one of them makes due: what waited for it, and nothing else."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import FakeClock
from scrobbled.core.errors import BadCorrection
from scrobbled.core.naming.correction_words import TypedCorrection
from scrobbled.core.naming.corrections import Correction, Ignore, OfMovie, OfShow, ToMovie, ToShow
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import Code
from scrobbled.desk.corrections import correct
from scrobbled.store import Store
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.queue import corrections

T = FakeClock().now().timestamp()
VIEWERS = ("anna", "ben")
HARBOUR = Episode("Harbour", 1, 13, show_ids=ShowIds(tvdb=1))
FILM = Movie("Salt Flats", 2019)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    yield from opened(tmp_path / "s.db")


def opened(path: Path) -> Iterator[sqlite3.Connection]:
    asyncio.run(Store(path).aclose())
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    yield connection
    connection.close()


def change(db: sqlite3.Connection, item: Item, viewer: str = "anna", **values: Any) -> int:
    """A change of a play of ``item``, with these columns."""
    play = Play(viewer, "plex", item, FakeClock().now())
    play_id = add_play(db, play, None, [Queued("trakt", PlayOutcome.QUEUED, "")], FakeClock().now())
    id_ = int(db.execute("SELECT id FROM outbox WHERE play_id = ?", (play_id,)).fetchone()[0])
    for name, value in values.items():
        db.execute(f"UPDATE outbox SET {name} = ? WHERE id = ?", (value, id_))
    return id_


def rows(db: sqlite3.Connection) -> dict[int, tuple[Any, ...]]:
    return {row[0]: row for row in db.execute("SELECT * FROM outbox")}


def column(db: sqlite3.Connection, id_: int, name: str) -> Any:
    return db.execute(f"SELECT {name} FROM outbox WHERE id = ?", (id_,)).fetchone()[0]


def put(db: sqlite3.Connection, *words: Any, **more: Any) -> correct.Changed:
    return correct.put(db, TypedCorrection(*words, **more), VIEWERS, T)


def ids(changed: correct.Changed | None) -> list[int]:
    assert changed is not None
    return [int(play.id.removeprefix("c")) for play in changed.waiting]


# -- kept ----------------------------------------------------------------------------------------------------------


def test_every_kind_of_correction_comes_back_as_it_was(db: sqlite3.Connection) -> None:
    kinds = [
        Correction(0, None, OfShow("Harbour"), ToShow(1)),
        Correction(0, "anna", OfShow("Harbour", 2019, ShowIds(tvdb=1, imdb="tt1"), 0, 0, None), ToShow(1, 0, 0)),
        Correction(0, None, OfShow(ids=ShowIds(plex="plex://show/1"), season=2, first=3, last=3), ToMovie(9)),
        Correction(0, "ben", OfMovie("Salt Flats", 2019, MovieIds(tmdb=1)), ToMovie(2)),
        Correction(0, None, OfMovie("Salt Flats"), Ignore()),
    ]
    stored = [corrections.add(db, kind, T) for kind in kinds]
    assert [found.id for found in stored] == [1, 2, 3, 4, 5]
    assert [found.correction for found in corrections.listed(db)] == stored
    assert [(c.viewer, c.of, c.target) for c in stored] == [(c.viewer, c.of, c.target) for c in kinds]
    assert [c.id for c in corrections.in_force(db, "anna")] == [1, 2, 3, 5]


def test_an_id_never_comes_to_mean_another_correction(db: sqlite3.Connection) -> None:
    put(db, "Harbour", "tmdb:1")
    assert correct.remove(db, 1, T) is not None
    assert put(db, "Harbour", "tmdb:2").correction.id == "m2"
    assert correct.remove(db, 1, T) is None


def test_saying_it_again_replaces_what_was_said(db: sqlite3.Connection) -> None:
    put(db, "Harbour", "tmdb:1", season=1)
    put(db, "Harbour", "tmdb:3")
    put(db, "Harbour", "tmdb:4", season=1, viewer="ben")
    assert put(db, "HARBOUR", "tmdb:2", season=1).replaced == ["m1"]
    assert [story.id for story in correct.listed(db)] == ["m2", "m3", "m4"]


def test_nobody_can_be_corrected_who_is_not_there(db: sqlite3.Connection) -> None:
    with pytest.raises(BadCorrection, match="anna, ben"):
        put(db, "Harbour", "tmdb:1", viewer="carl")
    with pytest.raises(BadCorrection, match="no change c99"):
        put(db, "c99", "tmdb:1")
    with pytest.raises(BadCorrection, match="no play p99"):
        put(db, "p99", "tmdb:1")
    assert correct.listed(db) == []


def test_what_waits_may_be_named_by_its_id(db: sqlite3.Connection) -> None:
    first, twin = change(db, HARBOUR, state="unmatched"), change(db, Episode("Harbour", 1, 14), state="unmatched")
    other = change(db, Episode("Harbour", 1, 13, show_ids=ShowIds(tvdb=2)), state="unmatched")
    done = put(db, f"c{first}", "tmdb:202020")
    assert ids(done) == [first, twin]
    assert done.correction.ids == {"tvdb": 1}
    assert column(db, other, "state") == "unmatched"
    film = change(db, FILM, state="unmatched")
    play = column(db, film, "play_id")
    assert put(db, f"p{play}", "tmdb:717171").correction.media == "movie"


# -- what becomes due ----------------------------------------------------------------------------------------------


def test_what_waited_is_due_now_with_its_attempts_and_without_its_old_answers(db: sqlite3.Connection) -> None:
    old = {"address_key": "x", "address": "{}", "how": "by name", "candidates": "[]", "settled_at": 5.0}
    id_ = change(db, HARBOUR, state="unmatched", attempts=4, misses=2, next_at=9e9, reason="two fit", **old)
    assert ids(put(db, "Harbour", "tmdb:1")) == [id_]
    names = "state, phase, next_at, attempts, misses, reason"
    assert db.execute(f"SELECT {names} FROM outbox").fetchone() == ("queued", "", 0.0, 4, 2, "")
    assert db.execute(f"SELECT {', '.join(old)} FROM outbox").fetchone() == (None,) * len(old)
    assert "m1 was set" in db.execute("SELECT detail FROM attempts WHERE change_id = ?", (id_,)).fetchone()[0]


@pytest.mark.parametrize(
    ("values", "due"),
    [
        ({"state": "unmatched"}, True),
        ({"state": "parked", "next_at": 9e9}, True),
        ({"state": "queued", "next_at": 9e9}, True),
        ({"state": "dead", "code": Code.NOT_FOUND}, True),
        ({"state": "dead", "code": Code.REFUSED}, False),
        ({"state": "queued", "phase": "in-flight"}, False),
        ({"state": "queued", "phase": "in-doubt", "next_at": 9e9}, False),
        ({"state": "held"}, False),
        ({"state": "delivered"}, False),
        ({"state": "already-there"}, False),
        ({"state": "undone"}, False),
        ({"state": "unwanted", "reason": "this tracker does not take movies"}, False),
    ],
)
def test_only_what_may_still_be_looked_up_becomes_due(
    db: sqlite3.Connection, values: dict[str, Any], due: bool
) -> None:
    id_ = change(db, HARBOUR, **values)
    before = rows(db)
    assert ids(put(db, "Harbour", "tmdb:1")) == ([id_] if due else [])
    assert (rows(db) == before) is not due
    before = rows(db)
    assert ids(correct.remove(db, 1, T)) == ([id_] if due else [])
    assert due or rows(db) == before


def test_what_another_correction_decides_is_left_alone(db: sqlite3.Connection) -> None:
    first, second = change(db, HARBOUR), change(db, Episode("Harbour", 2, 1))
    put(db, "Harbour", "tmdb:1", season=1)
    assert ids(put(db, "Harbour", "tmdb:2")) == [second]
    assert ids(correct.remove(db, 2, T)) == [second]
    assert ids(put(db, "Harbour", "tmdb:3", viewer="ben")) == []
    assert ids(correct.remove(db, 1, T)) == [first]


def test_what_was_ignored_waits_again_when_that_is_taken_back_or_overruled(db: sqlite3.Connection) -> None:
    first, second = change(db, HARBOUR), change(db, Episode("Harbour", 2, 1))
    for id_ in (first, second):
        db.execute(
            "UPDATE outbox SET state = 'unwanted', code = 'correction', settled_at = 1 WHERE id = ?",
            (id_,),
        )
    corrections.add(db, Correction(0, None, OfShow("Harbour"), Ignore()), T)
    assert ids(put(db, "Harbour", "tmdb:7", season=2)) == [second]
    assert ids(correct.remove(db, 1, T)) == [first]
    assert {column(db, id_, "state") for id_ in (first, second)} == {"queued"}


def test_what_catalogues_said_is_forgotten_only_where_something_waited(db: sqlite3.Connection) -> None:
    def answers() -> int:
        return int(db.execute("SELECT count(*) FROM cache").fetchone()[0])

    db.execute("INSERT INTO cache (key, value, stored_at, expires_at) VALUES ('trakt:episodes:1', '[]', 1, 3600)")
    put(db, "Harbour", "tmdb:1")
    assert answers() == 1
    change(db, HARBOUR)
    put(db, "Harbour", "tmdb:2")
    assert answers() == 0


STATES = st.sampled_from([str(state) for state in PlayOutcome])
ITEMS = st.one_of(
    st.builds(Episode, st.sampled_from(["Harbour", "Atlas"]), st.integers(0, 2), st.integers(1, 4)),
    st.just(FILM),
)
CHANGES = st.lists(
    st.tuples(ITEMS, st.sampled_from(VIEWERS), STATES, st.sampled_from(["", "", "in-flight", "in-doubt"])),
    min_size=1,
    max_size=8,
)
WISHES = st.sampled_from(
    [
        TypedCorrection("Harbour", "tmdb:1"),
        TypedCorrection("Harbour", "tmdb:2", season=1, to_season=2),
        TypedCorrection("Harbour", "tmdb:3", season=1, episodes="2-3", to_season=1, to_episode=1),
        TypedCorrection("Harbour", ignore=True, viewer="anna"),
        TypedCorrection("Salt Flats", "tmdb:4", movie=True),
        TypedCorrection("Atlas", ignore=True),
    ]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(CHANGES, st.lists(WISHES, min_size=1, max_size=4), st.integers(1, 4))
def test_every_other_row_stays_byte_for_byte(
    db: sqlite3.Connection, found: list[tuple[Item, str, str, str]], wishes: list[TypedCorrection], gone: int
) -> None:
    db.execute("BEGIN")
    for item, viewer, state, phase in found:
        change(db, item, viewer, state=state, phase=phase if state == "queued" else "", address_key="k", next_at=9e9)
    try:
        for wish in wishes:
            before, known = rows(db), corrections.in_force(db)
            done = correct.put(db, wish, VIEWERS, T)
            _only(db, before, done)
            assert set(corrections.in_force(db)) - set(known) == {corrections.in_force(db)[-1]}
        before = rows(db)
        last = corrections.in_force(db)[-1].id
        removed = correct.remove(db, last + 1 - gone, T)
        if removed is not None:
            _only(db, before, removed)
        else:
            assert rows(db) == before
    finally:
        db.execute("ROLLBACK")


def _only(db: sqlite3.Connection, before: dict[int, tuple[Any, ...]], done: correct.Changed) -> None:
    after = rows(db)
    touched = set(ids(done))
    assert {id_ for id_, row in after.items() if row != before[id_]} <= touched
    for id_ in touched:
        assert column(db, id_, "state || phase || next_at") == "queued0.0"
        label, viewer = done.correction.title, done.correction.viewer
        assert label in next(play.label for play in done.waiting if play.id == f"c{id_}")
        assert viewer in (None, column(db, id_, "viewer"))


@pytest.mark.parametrize("condition", [corrections._MAY_WAIT, corrections._LEFT_OUT])
def test_delivered_plays_are_not_looked_at_however_many_there_are(db: sqlite3.Connection, condition: str) -> None:
    plan = db.execute(f"EXPLAIN QUERY PLAN {corrections._QUERY} WHERE {condition}").fetchall()
    assert any("outbox USING INDEX outbox_" in row[-1] for row in plan), plan
    assert any("SEARCH plays USING INTEGER PRIMARY KEY" in row[-1] for row in plan), plan
