"""Counts that triggers keep: always what counting everything would give, whatever happens in whatever order."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.store.file.migrations import migrations
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import archive
from scrobbled.store.inbox import events as inbox
from scrobbled.store.inbox.events import Arrival, Queued
from scrobbled.store.keeping import housekeeping
from scrobbled.store.queue import outbox, overview

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
DONE = ("delivered", "already-there", "echo", "unwanted", "undone")
people = st.sampled_from(["anna", "ben"])
places = st.sampled_from(["plex", "jellyfin"])
operations = st.one_of(
    st.tuples(st.just("event"), places, people, st.sampled_from(list(EventOutcome))),
    st.tuples(st.just("settle event"), st.integers(1, 12), st.sampled_from(list(EventOutcome))),
    st.tuples(st.just("run again"), st.integers(1, 12), people, st.sampled_from(list(EventOutcome))),
    st.tuples(st.just("play"), places, people, st.sampled_from(list(PlayOutcome))),
    st.tuples(st.just("settle"), st.integers(1, 12), st.sampled_from(list(PlayOutcome))),
    st.tuples(st.just("begin"), st.integers(1, 12)),
    st.tuples(st.just("postpone"), st.integers(1, 12)),
    st.tuples(st.sampled_from(["retry", "approve", "drop"]), st.integers(1, 12)),
    st.tuples(st.just("housekeeping"), st.integers(0, 40)),
)


def event(db: sqlite3.Connection, source: str, account: str, outcome: EventOutcome, days: int = 0) -> int:
    arrival = Arrival(source, NOW - timedelta(days=days), "{}", told(source, account))
    return inbox.add_event(db, arrival, outcome, "")


def told(source: str, account: str) -> PlaybackEvent:
    return PlaybackEvent(source, EventKind.STOP, NOW, Account("7", account), FILM)


class Truth:
    """Does what is asked through the store's functions, and remembers what housekeeping deleted."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db, self.minute = db, 0
        self.deleted: dict[tuple[str, str], int] = {}

    def do(self, what: str, *given: Any) -> None:
        self.minute += 1
        now = NOW.timestamp() + self.minute
        if what == "event":
            event(self.db, *given, days=self.minute % 30)
        elif what == "settle event":
            inbox.settle_event(self.db, *given, "")
        elif what == "run again":
            number, account, outcome = given
            if self.db.execute("SELECT 1 FROM events WHERE id = ?", (number,)).fetchone():
                archive.book(self.db, number, told("plex", account), outcome, "", NOW.isoformat())
        elif what == "play":
            source, viewer, state = given
            ways = [Queued("trakt", state, ""), Queued("serializd", state, "")]
            at = NOW - timedelta(minutes=self.minute)
            inbox.add_play(self.db, Play(viewer, source, FILM, at), self.minute, ways, at)
        elif what == "settle":
            outbox.settle(self.db, *given, "because", now)
        elif what == "begin":
            outbox.begin(self.db, given)
        elif what == "postpone":
            outbox.postpone(self.db, given[0], "later", now, now + 60)
        elif what == "housekeeping":
            self.keep_house(given[0])
        else:
            self.act(what, given)

    def act(self, what: str, ids: tuple[int, ...]) -> None:
        if what == "drop":
            outbox.drop(self.db, ids, NOW.timestamp())
        else:
            getattr(outbox, what)(self.db, ids)

    def keep_house(self, days: int) -> None:
        before = self.events()
        when = housekeeping.HousekeepingTime(NOW + timedelta(days=days), NOW + timedelta(days=days - 14))
        for step in housekeeping.STEPS:
            while step(self.db, when):
                pass
        after = self.events()
        for key, count in before.items():
            self.deleted[key] = self.deleted.get(key, 0) + count - after.get(key, 0)

    def events(self) -> dict[tuple[str, str], int]:
        rows = self.db.execute("SELECT source, outcome, count(*) FROM events GROUP BY source, outcome")
        return {(row[0], row[1]): row[2] for row in rows}

    def check(self) -> None:
        stored, counts = self.events(), overview.event_counts(self.db)
        for outcome in EventOutcome:
            kept = sum(count for (_, code), count in stored.items() if code == outcome)
            gone = sum(count for (_, code), count in self.deleted.items() if code == outcome)
            assert counts[outcome] == kept + gone
        heard = {row.source: row.events for row in overview.sources_heard(self.db)}
        for source in ("plex", "jellyfin"):
            mine = [count for part in (stored, self.deleted) for (of, _), count in part.items() if of == source]
            assert heard.get(source, 0) == sum(mine)
        self.check_unclaimed()
        self.check_changes()
        assert overview.play_count(self.db) == self.db.execute("SELECT count(*) FROM plays").fetchone()[0]

    def check_unclaimed(self) -> None:
        rows = self.db.execute(
            "SELECT source, account, count(*), max(received_at) FROM events WHERE outcome = 'unclaimed' "
            "GROUP BY source, account"
        ).fetchall()
        found = [(u.source, u.account, u.events, u.last_seen) for u in overview.unclaimed_accounts(self.db)]
        assert sorted(found) == sorted(rows)

    def check_changes(self) -> None:
        rows = self.db.execute(
            "SELECT viewer, tracker, state, count(*), min(received_at) FROM outbox GROUP BY viewer, tracker, state"
        ).fetchall()
        counts = overview.delivery_counts(self.db)
        assert {(*who, state): n for who, mine in counts.items() for state, n in mine.items()} == {
            tuple(row[:3]): row[3] for row in rows
        }
        waiting = [(w.viewer, w.tracker, w.state, w.count, w.oldest) for w in overview.waiting(self.db)]
        assert sorted(waiting) == sorted(row for row in rows if row[2] not in DONE)


@settings(max_examples=50, deadline=None)
@given(done=st.lists(operations, max_size=30))
def test_the_tallies_are_what_counting_would_give(done: list[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    with closing(open_database(tmp_path_factory.mktemp("tallies") / "scrobbled.db")) as db:
        db.execute("PRAGMA synchronous = OFF")
        truth = Truth(db)
        for what, *given_ in done:
            truth.do(what, *given_)
        truth.check()


def test_an_account_that_is_called_otherwise_after_a_replay_is_counted_once(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "scrobbled.db")) as db:
        number = event(db, "plex", "guest", EventOutcome.UNCLAIMED)
        archive.book(db, number, told("plex", "visitor"), EventOutcome.UNCLAIMED, "", NOW.isoformat())
        assert [(row.account, row.events) for row in overview.unclaimed_accounts(db)] == [("visitor", 1)]


def test_what_was_counted_under_the_wrong_account_is_counted_anew_by_the_update(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "scrobbled.db")) as db:
        event(db, "plex", "guest", EventOutcome.UNCLAIMED)
        db.execute("UPDATE tallies SET two = 'nobody' WHERE what = 'unclaimed'")
        step = next(m for m in migrations.all if m.name == "accounts_counted_anew")
        step.carry(Database(db))
        Truth(db).check_unclaimed()


def test_what_was_there_before_the_tallies_is_counted_by_the_update(tmp_path: Path) -> None:
    path = tmp_path / "scrobbled.db"
    with closing(open_database(path)) as db:
        truth = Truth(db)
        for outcome in (*EventOutcome, EventOutcome.UNCLAIMED):
            event(db, "plex", "guest", outcome)
        for state in (PlayOutcome.DELIVERED, PlayOutcome.HELD, PlayOutcome.HELD):
            truth.do("play", "plex", "anna", state)
        truth.check()
        before = db.execute("SELECT * FROM tallies").fetchall()
        undone(db)
        tallies = next(m for m in migrations.all if m.name == "tallies")
        tallies.carry(Database(db))
        assert db.execute("SELECT * FROM tallies").fetchall() == before


def undone(db: sqlite3.Connection) -> None:
    """As if the update that brought the tallies had not happened."""
    for trigger in [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE name LIKE '%counted%'")]:
        db.execute(f"DROP TRIGGER {trigger}")
    db.execute("DROP TABLE tallies")
    for index in ("events_unclaimed", "events_unclaimed_by_id", "events_unreadable", "outbox_open", "outbox_oldest"):
        db.execute(f"DROP INDEX {index}")


def test_a_write_that_is_taken_back_is_not_counted(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "scrobbled.db")) as db:
        db.execute("BEGIN")
        event(db, "plex", "guest", EventOutcome.UNCLAIMED)
        db.execute("ROLLBACK")
        assert overview.event_counts(db)["unclaimed"] == 0
        assert overview.unclaimed_accounts(db) == []
