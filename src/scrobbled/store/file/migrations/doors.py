"""Who is signed in to the page, and what a token of a program may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def doors(db: Database) -> None:
    """Times are Unix seconds. ``key`` is a hash that opens nothing; ``scope`` is empty where there is no choice."""
    db.conn.execute(
        "CREATE TABLE page_sessions (key BLOB PRIMARY KEY, began REAL NOT NULL, used REAL NOT NULL) WITHOUT ROWID"
    )
    db.conn.execute("ALTER TABLE clients ADD COLUMN scope TEXT NOT NULL DEFAULT ''")
    db.conn.execute("UPDATE clients SET scope = 'admin' WHERE kind = 'api'")
