"""Which play was taken back and is the same viewing: by index alone, and the same as by looking at each."""

import functools
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scrobbled.core.naming.identity import same_item
from scrobbled.core.naming.items import Episode, Item
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import Code
from scrobbled.store.file.migrations import migrations
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.queue import outbox
from scrobbled.store.queue.outbox import waiting

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
GAP = timedelta(minutes=20)
OPEN = ("queued", "parked", "unmatched", "dead")


@functools.cache
def empty() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrations.apply(db)
    return db


def episode(number: int) -> Item:
    return Episode("Harbour Lights", 2, number)


def put(db: sqlite3.Connection, number: int, minutes: float, viewer: str = "anna", **values: Any) -> int:
    play = Play(viewer, "plex", episode(number), NOW + timedelta(minutes=minutes), 45 * 60_000)
    play_id = add_play(db, play, None, [Queued("trakt", PlayOutcome.QUEUED, "")], NOW)
    (id_,) = db.execute("SELECT id FROM outbox WHERE play_id = ?", (play_id,)).fetchone()
    for name, value in values.items():
        db.execute(f"UPDATE outbox SET {name} = ? WHERE id = ?", (value, id_))
    return int(id_)


def take_back(db: sqlite3.Connection, change: int, state: str = "queued", viewer: str = "anna") -> None:
    db.execute(
        "INSERT INTO amendments (viewer, tracker, kind, action, target, key, wish, state, created_at, change_id) "
        "VALUES (?, 'trakt', 'plays', 'remove', ?, '', '{}', ?, 0, ?)",
        (viewer, f"change {change}", state, change),
    )


def asked(db: sqlite3.Connection, id_: int, key: str = "e1") -> int | None:
    (change,) = waiting._select(db, "outbox.id = ?", (id_,))
    return outbox.taken_back(db, change, key, GAP)


row = st.fixed_dictionaries(
    {
        "number": st.integers(1, 2),
        "minutes": st.sampled_from([-30, -20, -19, 0, 5, 19, 20, 40]),
        "viewer": st.sampled_from(["anna", "anna", "ben"]),
        "state": st.sampled_from([*OPEN, "held", "delivered", "already-there", "undone", "undone"]),
        "code": st.sampled_from([Code.TAKEN_BACK, Code.CANCELLED, Code.DROPPED]),
        "address_key": st.sampled_from([None, "e1", "e2"]),
    }
)
removal = st.sampled_from([None, None, *OPEN, "delivered", "undone", "held"])


@given(st.lists(st.tuples(row, removal), max_size=8))
@settings(max_examples=150, deadline=None)
def test_it_is_the_first_of_those_that_looking_at_each_finds(rows: list[tuple[dict[str, Any], str | None]]) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        empty().backup(db)
        mine = put(db, 1, 0)
        wanted: list[int] = []
        for values, removed in rows:
            id_ = put(db, **values)
            if removed is not None:
                take_back(db, id_, removed, values["viewer"])
            if values["state"] == "undone":
                gone = values["code"] == Code.TAKEN_BACK
            else:  # what was settled has an address
                gone = removed in OPEN and (values["address_key"] is not None or values["state"] in (*OPEN, "held"))
            near = values["viewer"] == "anna" and abs(values["minutes"]) < 20
            key = values["address_key"]
            same = same_item(episode(values["number"]), episode(1)) if key is None else key == "e1"
            if gone and near and same:
                wanted.append(id_)
        found = asked(db, mine)
        plays = dict(db.execute("SELECT id, play_id FROM outbox").fetchall())
        assert found == (plays[min(wanted)] if wanted else None)


def test_what_waits_or_was_cancelled_near_it_is_not_looked_through(tmp_path: Path) -> None:
    def steps() -> int:
        taken: list[None] = []
        db.set_progress_handler(lambda: taken.append(None), 10)
        assert asked(db, mine) is None
        db.set_progress_handler(None, 10)
        return len(taken)

    with closing(open_database(tmp_path / "scrobbled.db")) as db:
        mine = put(db, 1, 0)
        put(db, 2, 1), put(db, 2, 2, state="undone", code=Code.CANCELLED)
        few = steps()
        for _ in range(200):
            put(db, 2, 1)
            put(db, 2, 2, state="undone", code=Code.CANCELLED)
            put(db, 2, 3, state="delivered", address_key="e2")
        assert steps() < few + 5
