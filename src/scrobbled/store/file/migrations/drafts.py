"""Readings that are under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def drafts(db: Database) -> None:
    """What was read of an account before the reading came to its end; and how far each run is with that."""
    db.conn.execute(
        "CREATE TABLE drafts (viewer TEXT NOT NULL, tracker TEXT NOT NULL, listing TEXT NOT NULL, "
        "number INTEGER NOT NULL, at REAL NOT NULL, told BLOB NOT NULL)"
    )
    db.conn.execute("CREATE UNIQUE INDEX drafts_in_order ON drafts (viewer, tracker, listing, number)")
    db.conn.execute("ALTER TABLE runs ADD COLUMN steps TEXT NOT NULL DEFAULT '{}'")
