"""Databases of every earlier schema, with changes in every state: the upgrade keeps each as it was."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import REASONS, coded
from scrobbled.desk.facts.queue import QueuedChange, queued_amendment, queued_change
from scrobbled.store.file import opening
from scrobbled.store.file.migrations import migrations
from scrobbled.store.file.migrations.reasons import _OF_EVENTS
from scrobbled.store.mirror import ledger, records, runs, values
from scrobbled.store.queue import amendments, overview, recent

STEPS = migrations.names
STATES = [str(state) for state in PlayOutcome]
DONE = {"delivered", "already-there", "echo", "unwanted", "undone"}
PHASES = ("", "begun", "in-doubt")
ITEM = {"type": "episode", "show": {"title": "Harbour Lights", "ids": {"tmdb": 5}}, "season": 1, "number": 1}
ACTIONS = ("rate", "unrate", "remove", "retime", "flag", "tick", "untick")
SINCE = 1_700_000_000
Row = Mapping[str, Any]


SAID = (
    ("already-there", "the same viewing is play p12", "same-viewing", 12),
    ("already-there", "the tracker holds it already, as was read there", "read-there", None),
    ("already-there", "it is there", "", None),
    ("undone", "taken back", "taken-back", None),
    ("undone", "taken back as p3, which is the same viewing", "taken-back", 3),
    ("undone", "dropped by hand", "dropped-by-hand", None),
    ("undone", "its run was cancelled", "run-cancelled", None),
    ("unwanted", "correction m4: this tracker does not take movies", "correction", 4),
    ("unwanted", "this tracker does not take movies", "not-taken", None),
    ("dead", "Serializd refused it with 400: Episode not found", "not-found", None),
    ("dead", "Trakt refused this as invalid, 422", "refused", None),
    ("parked", "correction m4: Serializd does not know it", "not-in-catalogue", None),
    ("unmatched", "two shows fit", "uncertain", None),
    ("held", "no date: nobody said when this was watched", "no-date", None),
    ("held", "64 plays within a minute", "no-date", None),
    ("queued", "", "", None),
    ("delivered", "the same viewing is play p12", "", None),
)
"""States and reasons as earlier versions wrote them, with the code and the id that each has now."""


def filled(db: sqlite3.Connection) -> tuple[list[Row], list[Row]]:
    """A play and a change for each state and phase, and an amendment for each action and state, as tables have them."""
    changes = [_change(id_, state, phase) for id_, (state, phase) in enumerate(_combinations(), 1)]
    for change in changes:
        _insert(db, "plays", _play(change))
        _insert(db, "outbox", change)
    wanted = [(action, state) for action in ACTIONS for state in STATES]
    amended = [_amendment(id_, action, state) for id_, (action, state) in enumerate(wanted, 1)]
    if _columns(db, "amendments"):
        for amendment in amended:
            _insert(db, "amendments", amendment)
    return changes, amended if _columns(db, "amendments") else []


def _combinations() -> Iterator[tuple[str, str]]:
    yield from ((state, "") for state in STATES)
    yield from (("queued", phase) for phase in PHASES[1:])
    yield ("parked", "in-doubt")
    yield ("held", "in-doubt")


def _play(change: Row) -> Row:
    label, at = f"Harbour Lights S1 E{change['id']}", change["watched_at"]
    same = {"event_id": None, "source": "plex", "media": "episode", "item": json.dumps(ITEM), "created_at": at}
    return {"id": change["play_id"], "viewer": change["viewer"], "label": label, "watched_at": at, **same}


def _change(id_: int, state: str, phase: str) -> Row:
    is_open = state not in DONE
    return {
        "id": id_,
        "play_id": 100 + id_,
        "viewer": "anna",
        "tracker": ("trakt", "serializd")[id_ % 2],
        "kind": "add",
        "state": state,
        "phase": phase,
        "reason": f"because of {id_}",
        "watched_at": SINCE + 60 * id_,
        "address_key": f"episode:{id_}",
        "attempts": id_ % 4,
        "misses": id_ % 3,
        "next_at": float(SINCE + id_) if is_open else 0.0,
        "candidates": json.dumps([{"title": "Harbour Lights", "why": "the year"}]) if state == "unmatched" else None,
        "remote_id": None if is_open else f"remote-{id_}",
        "received_at": float(SINCE + id_),
        "settled_at": None if is_open else float(SINCE + 5 * id_),
        "hold": "no-date" if state == "held" else "",
        "run": 7 if id_ % 5 == 0 else None,
    }


def _amendment(id_: int, action: str, state: str) -> Row:
    kind = "ratings" if "rate" in action and action != "retime" else "plays"
    return {
        "id": id_,
        "viewer": "ben",
        "tracker": ("trakt", "serializd")[id_ % 2],
        "kind": kind,
        "action": action,
        "target": f"{kind}:{id_}",
        "key": f"episode:{id_}",
        "label": f"Quiet Signal S1 E{id_}",
        "wish": json.dumps({"value": 8, "remote_id": f"r{id_}"} if kind == "ratings" else {"remote_id": f"r{id_}"}),
        "before": "6",
        "after": "8",
        "why": "serializd says so",
        "state": state,
        "reason": f"because of {id_}",
        "hold": "ask" if state == "held" else "",
        "attempts": id_ % 4,
        "next_at": float(SINCE + id_) if state not in DONE else 0.0,
        "created_at": float(SINCE),
        "settled_at": float(SINCE + id_) if state in DONE else None,
    }


def _columns(db: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in db.execute(f"PRAGMA table_info({table})")}


def _insert(db: sqlite3.Connection, table: str, row: Row) -> None:
    there = {name: value for name, value in row.items() if name in _columns(db, table)}
    marks = ", ".join("?" * len(there))
    db.execute(f"INSERT INTO {table} ({', '.join(there)}) VALUES ({marks})", tuple(there.values()))


Upgraded = tuple[sqlite3.Connection, list[Row], list[Row]]


@pytest.fixture(scope="module", params=range(1, len(STEPS) + 1), ids=STEPS)
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """A database that was left after so many steps and opened today, with what had been put into it. Only to be read:
    all tests share it.
    """
    path = tmp_path_factory.mktemp("upgraded") / "scrobbled.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        migrations.apply(db, stop_before=next(iter(STEPS[request.param :]), None))
        db.execute("BEGIN")
        changes, amended = filled(db)
        db.execute("COMMIT")
    with closing(opening.open_database(path)) as db:
        yield db, changes, amended


def listed(db: sqlite3.Connection) -> list[QueuedChange]:
    """What waits, as ``scrobbled queue list`` tells it, in pages."""
    found, after = list[QueuedChange](), 0
    for _ in count():
        page = overview.queue(db, after=after, limit=5)
        found += [queued_change(row, {}) for row in page]
        if not page:
            break
        after = page[-1].id
    return found + [queued_amendment(row) for row in amendments.listing(db, limit=1_000)]


def test_what_waits_waits_after_it_with_all_that_is_known_of_it(upgraded: Upgraded) -> None:
    db, changes, amended = upgraded
    now = {one.id: one for one in listed(db)}
    waiting = {f"c{row['id']}": row for row in changes if row["state"] not in DONE}
    waiting |= {f"a{row['id']}": row for row in amended if row["state"] not in DONE}
    assert now.keys() == waiting.keys()
    for id_, row in waiting.items():
        one = now[id_]
        told = (one.viewer, one.tracker, one.outcome, one.phase, one.reason, one.attempts)
        assert told == (
            *(row[n] for n in ("viewer", "tracker", "state")),
            row.get("phase", ""),
            row["reason"],
            row["attempts"],
        )
        assert one.next_at is not None
        assert bool(one.hold) == (row["state"] == "held")
        assert bool(one.candidates) == (row["state"] == "unmatched" and id_.startswith("c"))


def test_what_is_settled_stays_as_it_was_told_of_its_play(upgraded: Upgraded) -> None:
    db, changes, _ = upgraded
    for row in changes:
        play = recent.play(db, row["play_id"])
        assert play is not None
        (one,) = play.deliveries
        assert (one.change_id, one.tracker, one.state, one.phase) == (
            row["id"],
            row["tracker"],
            row["state"],
            row["phase"],
        )
        assert (one.reason, one.remote_id, one.settled_at) == (row["reason"], row["remote_id"], row["settled_at"])


def test_amendments_that_are_settled_stay_so(upgraded: Upgraded) -> None:
    db, _, amended = upgraded
    for row in amended:
        one = amendments.get(db, row["id"])
        assert one is not None
        assert (one.state, one.reason, one.wish.action) == (row["state"], row["reason"], row["action"])
        assert one.wish.details.remote_id == f"r{row['id']}"


def test_what_waits_is_counted_as_often_as_it_is_there(upgraded: Upgraded) -> None:
    db, changes, amended = upgraded
    counted = {(one.viewer, one.tracker, one.state): one.count for one in overview.waiting(db)}
    rows = [row for row in (*changes, *amended) if row["state"] not in DONE]
    keys = {(row["viewer"], row["tracker"], row["state"]) for row in rows}
    wanted = {key: sum((row["viewer"], row["tracker"], row["state"]) == key for row in rows) for key in keys}
    assert counted == wanted


@pytest.mark.parametrize("table", ["outbox", "amendments"])
def test_reasons_get_the_code_that_they_stand_for(tmp_path: Path, table: str) -> None:
    path = tmp_path / "scrobbled.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrations.apply(db, stop_before="codes_of_changes")
        for id_, (state, reason, _, _) in enumerate(SAID, 1):
            row = _change(id_, state, "") if table == "outbox" else _amendment(id_, "rate", state)
            _insert(db, table, {**row, "reason": reason, "hold": "no-date" if state == "held" else ""})
    with closing(opening.open_database(path)) as db:
        now = db.execute(f"SELECT state, reason, code, about FROM {table} ORDER BY id").fetchall()
    assert now == list(SAID)


HEARD = (
    ("unwanted", "too short", "too-short"),
    ("unwanted", "rated is not playback", "not-playback"),
    ("duplicate", "this viewing is a play already", "play-already"),
    ("duplicate", "this viewing is play p7 already", "same-viewing"),
    ("unclaimed", "no viewer lists the account carol", "listed-by-nobody"),
    ("unclaimed", "no account", "no-account"),
    ("unwanted", "test event: understood, stored, and sent to nobody", "test-event"),
    ("unwanted", "test event: understood, stored, and sent to nobody; a real one would go nowhere (x)", "test-event"),
    ("unwanted", "test event: understood, stored, and sent to nobody; a real one would go to anna", "test-counts"),
    ("unreadable", "this form is not known: see docs/sources/kodi.md", "unknown-form"),
    ("unreadable", "the template asks Tautulli for {action}, which it does not know", "unfilled-template"),
    ("unwanted", "unknown event", "unknown-event"),
    ("accepted", "", ""),
)
"""Outcomes and reasons of events as earlier versions wrote them, with the code that each has now."""


def test_reasons_of_events_get_theirs(tmp_path: Path) -> None:
    path = tmp_path / "scrobbled.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrations.apply(db, stop_before="codes_of_events")
        for outcome, reason, _ in HEARD:
            _insert(db, "events", {"source": "plex", "received_at": 1.0, "outcome": outcome, "reason": reason})
        _insert(db, "events", {"source": "plex", "received_at": 1.0, "outcome": "accepted", "reason": None})
    with closing(opening.open_database(path)) as db:
        now = db.execute("SELECT outcome, coalesce(reason, ''), code FROM events ORDER BY id").fetchall()
    assert now == [*HEARD, ("accepted", "", "")]


def test_a_run_that_was_cut_short_is_known_by_its_code(tmp_path: Path) -> None:
    path = tmp_path / "scrobbled.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrations.apply(db, stop_before="codes_of_runs")
        run = {"viewer": "anna", "pair": "trakt,serializd", "cause": "sync", "options": "{}", "phase": "ended"}
        for reason in (str(runs.CUT_SHORT), "Trakt answered 503", ""):
            _insert(db, "runs", {**run, "asked_at": 1.0, "started_at": 1.0, "ended_at": 2.0, "reason": reason})
    with closing(opening.open_database(path)) as db:
        found = runs.latest(db, "anna", "trakt,serializd", 3)
        assert [runs.again(db, run.id) for run in found] == [False, False, True]
    assert [run.code for run in found] == ["", "", "cut-short"]


@pytest.mark.parametrize("reason", REASONS)
def test_a_short_reason_has_the_same_code_as_before(reason: str) -> None:
    assert (_OF_EVENTS.get(reason) or coded(reason).code) == coded(reason).code


def test_ratings_become_values_of_their_kind_and_stay_agreed_on(tmp_path: Path) -> None:
    path, account = tmp_path / "older.db", ("anna", "trakt")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrations.apply(db, stop_before="values_by_kind")
        for row in (("movie:1", 8, 1_700_000_000.0, 0), ("movie:2", None, None, 2), ("movie:3", 3, None, 1)):
            key, value, at, missed = row
            columns = (*account, key, value, at, "r1", 1_700_000_100.0, 7, missed)
            db.execute("INSERT INTO rated VALUES (?,?,?,?,?,?,?,?,?)", columns)
        db.execute("INSERT INTO agreed_ratings VALUES ('anna', 'trakt,serializd', 'movie:tmdb:1', 8, 5.0)")
    with closing(opening.open_database(path, create=False)) as db:
        found = {one.key: one for one in values.page(db, account, ["ratings"], ("", ""), 9)}
        assert values.count(db, account) == {"ratings": 2}
        assert records.touched(db, account, 6) == {"movie:1", "movie:2", "movie:3"}
        assert ledger.values(db, "anna", "trakt,serializd") == {("ratings", "movie:tmdb:1"): (8, 8)}
    assert found == {
        "movie:1": values.MirroredValue("ratings", "movie:1", 8, 1_700_000_000.0, 1_700_000_100.0, 0, "r1"),
        "movie:2": values.MirroredValue("ratings", "movie:2", None, None, 1_700_000_100.0, 2, "r1"),
        "movie:3": values.MirroredValue("ratings", "movie:3", 3, None, 1_700_000_100.0, 1, "r1"),
    }
