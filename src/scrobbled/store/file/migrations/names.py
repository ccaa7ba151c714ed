"""All names of what records are about, so that two trackers may know it by any of them; and its copies."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.things import names_of
from scrobbled.store.file.codec import decode_item, listed
from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

_PUT = (
    "INSERT OR IGNORE INTO subject_names SELECT NEW.viewer, NEW.tracker, value, NEW.key FROM json_each(NEW.names); END"
)
_DROP = (
    "DELETE FROM subject_names WHERE viewer = OLD.viewer AND tracker = OLD.tracker AND key = OLD.key "
    "AND name IN (SELECT value FROM json_each(OLD.names)); "
)


@migrations()
def names(db: Database) -> None:
    """``names`` of a subject are a JSON list, and so are its ``places``; ``subject_names`` is kept in step by triggers.

    Whoever has a name is looked for there, and no longer by ``identity`` alone.
    """
    db.conn.execute("ALTER TABLE subjects ADD COLUMN names TEXT")
    db.conn.execute("ALTER TABLE subjects ADD COLUMN places TEXT NOT NULL DEFAULT '[]'")
    db.conn.execute(
        "CREATE TABLE subject_names (viewer TEXT NOT NULL, tracker TEXT NOT NULL, name TEXT NOT NULL, "
        "key TEXT NOT NULL, PRIMARY KEY (viewer, tracker, name, key)) WITHOUT ROWID"
    )
    for statement in (
        f"CREATE TRIGGER subjects_named AFTER INSERT ON subjects BEGIN {_PUT}",
        "CREATE TRIGGER subjects_named_anew AFTER UPDATE OF names ON subjects WHEN OLD.names IS NOT NEW.names "
        f"BEGIN {_DROP}{_PUT}",
        f"CREATE TRIGGER subjects_not_named AFTER DELETE ON subjects BEGIN {_DROP}END",
        "DROP INDEX subjects_by_identity",
    ):
        db.conn.execute(statement)
    fill(db.conn)


def fill(db: sqlite3.Connection) -> None:
    """Name what a version without names has stored."""
    db.create_function("names_of", 2, _names)
    db.execute("UPDATE subjects SET names = names_of(scope, item) WHERE names IS NULL")


def _names(scope: Scope, item: str) -> str:
    """None at all for an item that cannot be read: no update fails because of one row."""
    try:
        return listed(names_of(scope, decode_item("movie" if scope == "movie" else "episode", item)))
    except (ValueError, TypeError, KeyError, AttributeError):
        return listed(())
