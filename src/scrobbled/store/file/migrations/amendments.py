"""Changes of what a tracker holds already: ratings, removals, other times, rewatch marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

_OPEN = "state NOT IN ('delivered', 'already-there', 'echo', 'unwanted', 'undone')"


@migrations()
def amendments(db: Database) -> None:
    """The queue of such changes. Those that are not settled yet are counted with the plays that wait (``tallies``).

    ``target`` is what is changed: open, there is one for each at most. ``wish``, ``address`` and ``inverse`` are JSON.
    ``change_id`` is the change in ``outbox`` that it takes back, ``undoes`` the amendment.
    """
    count = "INTEGER NOT NULL DEFAULT 0"
    text = "TEXT NOT NULL DEFAULT ''"
    db.conn.execute(
        "CREATE TABLE amendments (id INTEGER PRIMARY KEY AUTOINCREMENT, viewer TEXT NOT NULL, tracker TEXT NOT NULL, "
        f"kind TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL, key TEXT NOT NULL, label {text}, "
        f"subject TEXT, wish TEXT NOT NULL, before {text}, after {text}, why {text}, state TEXT NOT NULL, "
        f"reason {text}, hold {text}, address_key TEXT, attempts {count}, misses {count}, "
        "next_at REAL NOT NULL DEFAULT 0, created_at REAL NOT NULL, settled_at REAL, run INTEGER, play_id INTEGER, "
        "change_id INTEGER, undoes INTEGER, inverse TEXT)"
    )
    db.conn.execute(f"CREATE UNIQUE INDEX amendments_open ON amendments (viewer, tracker, target) WHERE {_OPEN}")
    db.conn.execute(f"CREATE INDEX amendments_waiting ON amendments (viewer, tracker, state, id) WHERE {_OPEN}")
    db.conn.execute("CREATE INDEX amendments_held ON amendments (hold) WHERE state = 'held'")
    db.conn.execute("CREATE INDEX amendments_of_target ON amendments (viewer, tracker, target, id)")
    db.conn.execute(
        "CREATE INDEX amendments_taking ON amendments (viewer, tracker, settled_at) "
        "WHERE action IN ('remove', 'retime') AND state = 'delivered'"
    )
    for column in ("play_id", "change_id", "run", "undoes"):
        db.conn.execute(f"CREATE INDEX amendments_by_{column} ON amendments ({column}) WHERE {column} IS NOT NULL")
    for statement in _counted():
        db.conn.execute(statement)
    db.conn.execute(
        f"CREATE INDEX outbox_doubts ON outbox (viewer, tracker, watched_at, id) WHERE phase = 'in-doubt' AND {_OPEN}"
    )
    db.conn.execute(
        f"CREATE INDEX outbox_live ON outbox (viewer, tracker, state, watched_at, id) WHERE {_OPEN} AND run IS NULL"
    )


def _counted() -> tuple[str, ...]:
    more = (
        "INSERT INTO tallies SELECT 'changes', NEW.viewer, NEW.tracker, NEW.state, 1, NULL WHERE "
        f"NEW.{_OPEN} "
        "ON CONFLICT DO UPDATE SET count = count + 1; "
    )
    less = (
        "UPDATE tallies SET count = count - 1 WHERE what = 'changes' AND one = OLD.viewer AND two = OLD.tracker "
        f"AND three = OLD.state AND OLD.{_OPEN}; "
    )
    return (
        f"CREATE TRIGGER amendments_counted AFTER INSERT ON amendments BEGIN {more}END",
        "CREATE TRIGGER amendments_counted_anew AFTER UPDATE OF state ON amendments WHEN OLD.state <> NEW.state "
        f"BEGIN {less}{more}END",
        f"CREATE TRIGGER amendments_not_counted AFTER DELETE ON amendments BEGIN {less}END",
    )
