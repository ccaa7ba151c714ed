"""Plans that a run has shown, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def outlines(db: Database) -> None:
    """Those of before stay as the text that they were shown as."""
    db.conn.execute("ALTER TABLE runs ADD COLUMN outline TEXT NOT NULL DEFAULT ''")
