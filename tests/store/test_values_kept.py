"""Values of any kind in the mirror and in the ledger of a pair."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.core.records import Subject, ValueRecord
from scrobbled.store.file import opening
from scrobbled.store.mirror import ledger, records, subjects, values

ANNA, PAIR = ("anna", "trakt"), "trakt,plex"
GIVEN = datetime(2026, 5, 1, 20, tzinfo=UTC)
HD = {"resolution": "hd", "audio": "aac"}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(opening.open_database(tmp_path / "s.db", create=True)) as found:
        yield found


def put(db: sqlite3.Connection, kind: str, *told: ValueRecord, rev: int = 1, now: float = 50.0) -> None:
    values.put(db, ANNA, told, rev, now, kind=kind)


def test_one_key_may_have_a_value_of_each_kind(db: sqlite3.Connection) -> None:
    put(db, "ratings", ValueRecord("k", 8, GIVEN, "r1"))
    put(db, "collection", ValueRecord("k", HD), ValueRecord("j", {}))
    assert {kind: one.value for kind, one in values.of_keys(db, ANNA, ["k", "x"])["k"].items()} == {
        "ratings": 8,
        "collection": HD,
    }
    assert [one.key for one in values.page(db, ANNA, ["collection"], ("", ""), 9)] == ["j", "k"]
    assert values.count(db, ANNA) == {"ratings": 1, "collection": 2}
    assert values.keys(db, ANNA, "", 9) == ["j", "k"]
    assert values.of_keys(db, ("ben", "trakt"), ["k"]) == {}


def test_values_come_in_pages_that_leave_nothing_out(db: sqlite3.Connection) -> None:
    for kind in ("ratings", "watchlist", "collection"):
        put(db, kind, *(ValueRecord(key, {}) for key in "kjm"))
    found, after = list[tuple[str, str]](), ("", "")
    while page := values.page(db, ANNA, ["ratings", "collection"], after, 2):
        after = (page[-1].key, page[-1].kind)
        found += [(one.key, one.kind) for one in page]
    assert found == [(key, kind) for key in "jkm" for kind in ("collection", "ratings")]
    assert values.keys(db, ANNA, "j", 1) == ["k"]


def test_a_value_stands_since_the_service_says_so_or_since_it_was_first_seen(db: sqlite3.Connection) -> None:
    put(db, "ratings", ValueRecord("k", 8, GIVEN), ValueRecord("j", 7))
    put(db, "ratings", ValueRecord("k", 9, GIVEN), ValueRecord("j", 6), rev=2, now=60.0)
    found = {one.key: one for one in values.page(db, ANNA, ["ratings"], ("", ""), 9)}
    assert (found["k"].value, found["k"].since) == (9, 60.0), "its time did not move with it"
    assert (found["j"].value, found["j"].since) == (6, 60.0)


def test_one_kind_is_cleared_and_missed_without_the_other(db: sqlite3.Connection) -> None:
    for kind, value in (("ratings", 8), ("watchlist", {})):
        put(db, kind, ValueRecord("k", value))
    values.clear(db, ANNA, ["k"], 2, 60.0, kind="watchlist")
    values.miss(db, ANNA, ["k"], 2, 70.0, kind="ratings")
    found = values.of_keys(db, ANNA, ["k"])["k"]
    assert (found["watchlist"].value, found["watchlist"].since, found["watchlist"].missed) == (None, 60.0, records.GONE)
    assert (found["ratings"].value, found["ratings"].since, found["ratings"].missed) == (8, 70.0, 1)
    assert values.count(db, ANNA) == {"ratings": 1}
    values.miss(db, ANNA, ["k"], 3, 80.0, kind="ratings")
    assert values.count(db, ANNA) == {}
    assert values.of_keys(db, ANNA, ["k"])["k"]["ratings"].since == 70.0, "since it was first missed"
    assert records.touched(db, ANNA, 2) == {"k"}


def test_the_ledger_keeps_what_each_side_had_when_they_agreed(db: sqlite3.Connection) -> None:
    ledger.put_values(db, "anna", PAIR, {("collection", "c"): (HD, {}), ("ratings", "c"): (8, 8)}, 1.0)
    assert ledger.values(db, "anna", PAIR) == {("collection", "c"): (HD, {}), ("ratings", "c"): (8, 8)}
    ledger.put_values(db, "anna", PAIR, {("ratings", "c"): None, ("collection", "c"): ({}, HD)}, 2.0)
    assert ledger.values(db, "anna", PAIR) == {("collection", "c"): ({}, HD)}
    ledger.forget(db, "anna", PAIR)
    assert ledger.values(db, "anna", PAIR) == {}


def test_what_is_just_as_agreed_is_at_rest(db: sqlite3.Connection) -> None:
    film = Subject("k", "movie", Movie("Harbour Atlas", 2019, MovieIds(tmdb=1)))
    subjects.put(db, ANNA, [film])
    put(db, "collection", ValueRecord("k", {"resolution": "hd", "audio": "aac"}))
    assert ledger.restless_values(db, ANNA, PAIR, "a") == {"k"}
    turned = {"audio": "aac", "resolution": "hd"}
    ledger.put_values(db, "anna", PAIR, {("collection", "movie:tmdb:1"): (turned, {})}, 1.0)
    assert ledger.restless_values(db, ANNA, PAIR, "a") == set()
    assert ledger.restless_values(db, ANNA, PAIR, "b") == {"k"}
