"""What people have paused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def pauses(db: Database) -> None:
    """``what`` is empty for all delivery. Times are Unix seconds; without ``until`` it lasts until somebody ends it."""
    db.conn.execute("CREATE TABLE pauses (what TEXT PRIMARY KEY, since REAL NOT NULL, until REAL) WITHOUT ROWID")
