"""The wall of what accounts hold: in order, filtered, quick however much it is, and as it was read last."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.kinds import WATCHED
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.spelling import words
from scrobbled.core.records import PlayRecord, Subject, ValueRecord
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store import Store
from scrobbled.store.file.codec import encode_item
from scrobbled.store.file.migrations import migrations
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import events
from scrobbled.store.inbox.events import Queued
from scrobbled.store.mirror import held, records, subjects, values
from scrobbled.store.mirror.held import HeldAccount, HeldFilters, HeldSpot
from scrobbled.store.queue import outbox

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
READ = NOW.timestamp()
ANNA, BEN = ("anna", "trakt"), ("ben", "trakt")
BOTH = (HeldAccount(ANNA, READ), HeldAccount(BEN, READ))
FILM = Movie("Amélie", 2001, MovieIds(tmdb=194))
TIDE = Episode("Harbour Lights", 2, 5, "Low Tide", 2019, ShowIds(tmdb=7))
QUEUED, DELIVERED, UNDONE = PlayOutcome.QUEUED, PlayOutcome.DELIVERED, PlayOutcome.UNDONE


def hold(
    db: sqlite3.Connection,
    id_: str,
    item: Item = TIDE,
    minutes: float | None = 0,
    *,
    account: tuple[str, str] = ANNA,
    play: int | None = None,
) -> str:
    """The account has it since so many minutes before now, or at a time that nobody knows."""
    key = f"{item.label()}"
    subjects.put(db, account, [Subject(key, item.media, item)])
    at = None if minutes is None else NOW - timedelta(minutes=minutes)
    records.put(db, account, [PlayRecord(id_, key, at)], 1, READ)
    if play is not None:
        records.claim(db, account, id_, play, ours=False)
    return id_


def bring(db: sqlite3.Connection, item: Item, minutes: float, settled: float, tracker: str = "trakt") -> int:
    """A play of ours that was delivered at ``settled`` (Unix seconds)."""
    at = NOW - timedelta(minutes=minutes)
    play = events.add_play(db, Play("anna", "plex", item, at), None, [Queued(tracker, QUEUED, "")], NOW)
    (change,) = db.execute("SELECT id FROM outbox WHERE play_id = ?", (play,)).fetchone()
    outbox.settle(db, change, DELIVERED, "", settled)
    return play


def spots(
    path: Path,
    limit: int = 10,
    start: HeldSpot | None = None,
    *,
    newer: bool = False,
    accounts: Sequence[HeldAccount] = BOTH,
    **filters: Any,
) -> list[HeldSpot]:
    async def ask() -> list[HeldSpot]:
        store = Store(path)
        try:
            return await held.look(store, accounts, HeldFilters(**filters), limit, start=start, newer=newer)
        finally:
            await store.aclose()

    return asyncio.run(ask())


def seen(path: Path, limit: int = 10, **more: Any) -> list[str]:
    return [spot.id for spot in spots(path, limit, **more)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scrobbled.db"


def test_the_newest_is_first_and_what_has_no_date_last_whoever_it_belongs_to(path: Path) -> None:
    with closing(open_database(path)) as db:
        hold(db, "undated", FILM, None)
        hold(db, "1970", TIDE, READ / 60)
        hold(db, "late", TIDE, 5)
        hold(db, "bens", FILM, 7, account=BEN)
        hold(db, "early", FILM, 90)
    assert seen(path) == ["late", "bens", "early", "1970", "undated"]
    assert seen(path, accounts=BOTH[1:]) == ["bens"]


def test_what_the_last_reading_lacked_is_not_seen_any_more(path: Path) -> None:
    with closing(open_database(path)) as db:
        hold(db, "there", TIDE, 5)
        hold(db, "gone", FILM, 3)
        records.miss(db, ANNA, ["gone"], 2)
    assert seen(path) == ["there"]
    assert seen(path, accounts=[HeldAccount(ANNA, READ, doubted=True)]) == ["gone", "there"], (
        "unless it is not believed"
    )
    with closing(open_database(path)) as db:
        records.miss(db, ANNA, ["gone"], 2)
        assert held.things(db, "trakt", [HeldSpot(0, "anna", held.RECORD, "gone")]) == []
    assert seen(path, accounts=[HeldAccount(ANNA, READ, doubted=True)]) == ["there"]


def test_every_filter_narrows_and_all_hold_together(path: Path) -> None:
    with closing(open_database(path)) as db:
        hold(db, "one", TIDE, 5, play=1)
        hold(db, "two", FILM, 10, account=BEN)
        hold(db, "three", Episode("Harbour Lights Abroad", 1, 2, "Ebb"), 15)
        hold(db, "four", FILM, None)
    for filters, wanted in (
        ({"media": "movie"}, ["two", "four"]),
        ({"show": "harbour lights"}, ["one"]),
        ({"show": "AMELIE"}, ["two", "four"]),
        ({"words": words("amelie 2001")}, ["two", "four"]),
        ({"words": words("harbour e2")}, ["three"]),
        ({"carried": False}, ["two", "three", "four"]),
        ({"carried": True}, ["one"]),
        ({"since": NOW.timestamp() - 600, "until": NOW.timestamp()}, ["one", "two"]),
        ({"until": NOW.timestamp() - 300}, ["two", "three"]),
        ({"media": "episode", "words": words("harbour"), "carried": False}, ["three"]),
        ({"words": words("zzz")}, []),
    ):
        assert seen(path, **filters) == wanted, filters


@pytest.mark.parametrize(("near", "few", "step"), [(2_000, 2_000, 20_000), (3, 2_000, 3), (3, 2, 4), (1, 0, 1)])
def test_pages_join_without_a_gap_in_both_directions(
    path: Path, monkeypatch: pytest.MonkeyPatch, near: int, few: int, step: int
) -> None:
    """However it is looked for: near, by what it is called, or all along the wall."""
    monkeypatch.setattr(held, "NEAR", near)
    monkeypatch.setattr(held, "FEW", few)
    monkeypatch.setattr(held, "STEP", step)
    with closing(open_database(path)) as db:
        for n in range(24):
            item = Episode(f"Show {n}", 1, 1) if n % 2 else Movie(f"Film {n}")
            hold(db, f"r{n}", item, None if n % 8 == 7 else n // 3, account=BEN if n % 5 == 0 else ANNA)
        for n in range(4):
            bring(db, Movie(f"New {n}"), n, READ + 1)
    for filters in ({}, {"media": "episode"}, {"words": words("film")}, {"carried": False}):
        order = spots(path, 100, **filters)
        assert order == sorted(order, reverse=True)
        assert len(order) == {"": 28, "media": 12, "words": 12, "carried": 24}["".join(filters)]
        walked: list[HeldSpot] = []
        while page := spots(path, 3, walked[-1] if walked else None, **filters):
            walked += page
        assert walked == order
        back = spots(path, 5, order[9], newer=True, **filters)
        assert back == order[8:3:-1]
        assert spots(path, 100, newer=True, **filters) == order[::-1]


def test_what_we_brought_there_since_stands_there_until_a_reading_finds_it(path: Path) -> None:
    with closing(open_database(path)) as db:
        hold(db, "old", FILM, 30)
        bring(db, FILM, 45, READ - 60)
        bring(db, TIDE, 2, READ + 60, "serializd")
        new = bring(db, TIDE, 5, READ + 60)
        assert held.arrived(db, BOTH[0]) == 1
    assert seen(path) == [str(new), "old"]
    assert seen(path, words=words("tide")) == [str(new)]
    assert seen(path, words=words("amelie")) == ["old"]
    with closing(open_database(path)) as db:
        hold(db, "read", TIDE, 5, play=new)
        assert held.arrived(db, BOTH[0]) == 0
    assert seen(path) == ["read", "old"]
    with closing(open_database(path)) as db:
        db.execute("UPDATE outbox SET state = ? WHERE play_id = ?", (UNDONE, new))
        db.execute("DELETE FROM records WHERE id = 'read'")
    assert seen(path) == ["old"], "what was taken back there is not there"


def test_a_library_shows_what_it_calls_watched(path: Path) -> None:
    account = ("anna", "plex")
    with closing(open_database(path)) as db:
        for item in (FILM, TIDE):
            subjects.put(db, account, [Subject(item.label(), item.media, item)])
        known = [(FILM, NOW, 7), (TIDE, None, 1)]
        told = [ValueRecord(item.label(), {"count": count, "begun": False}, at) for item, at, count in known]
        values.put(db, account, told, 1, READ, kind=WATCHED)
        records.put(db, account, [PlayRecord("a row of its history", FILM.label(), NOW)], 1, READ)
        assert held.states(db, account) == 2
        accounts = [HeldAccount(account, READ, states=True)]
        found = spots(path, accounts=accounts)
        assert [(one.item, one.times, one.spot.at) for one in held.things(db, "plex", found)] == [
            (FILM, 7, int(READ)),
            (TIDE, 1, held.UNDATED),
        ]
        values.miss(db, account, [TIDE.label()], 2, READ, kind=WATCHED)
        assert len(spots(path, accounts=accounts)) == 1


def test_a_page_anywhere_takes_no_more_steps_the_more_there_is(path: Path) -> None:
    def steps(db: sqlite3.Connection, start: HeldSpot | None) -> int:
        taken: list[None] = []
        looking = held._Looking(None, BOTH[0], BOTH[0].shelves[0], HeldFilters(), start, newer=False)  # type: ignore[arg-type]
        db.set_progress_handler(lambda: taken.append(None), 10)
        looking._step(db, *looking._span(held.RECORD), limit=3, rows=held.NEAR)
        db.set_progress_handler(None, 10)
        return len(taken)

    with closing(open_database(path)) as db:
        for n in range(10):
            hold(db, f"r{n:03}", TIDE, n if n % 2 else None)
        few = steps(db, None)
        for n in range(10, 400):
            hold(db, f"r{n:03}", TIDE, n if n % 2 else None)
        for start in (
            None,
            HeldSpot(int(READ) - 200 * 60, "anna", "r", "r200"),
            HeldSpot(held.UNDATED, "anna", "r", "r200"),
        ):
            assert steps(db, start) <= few + 3


def test_what_an_earlier_version_read_is_found_by_its_words(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrations.apply(db, stop_before="held")
        for key, text in (("x", encode_item(FILM)), ("odd", "[")):
            db.execute(
                "INSERT INTO subjects (viewer, tracker, key, scope, item) VALUES (?,?,?,'movie',?)", (*ANNA, key, text)
            )
        records_columns = "viewer, tracker, id, key, at, kept, stamp, personal, rev, first_seen"
        for key in ("x", "odd"):
            db.execute(
                f"INSERT INTO records ({records_columns}) VALUES (?,?,?,?,1,'exact','',0,1,1)", (*ANNA, key, key)
            )
    assert seen(path, words=words("amelie")) == ["x"]
    with closing(open_database(path)) as db:
        before = db.execute("SELECT text FROM subjects WHERE key = 'x'").fetchall()
        subjects.put(db, ANNA, [Subject("x", "movie", FILM)])
        assert db.execute("SELECT text FROM subjects WHERE key = 'x'").fetchall() == before
