"""Where in a library values stand, so that what is gone with a file is told from what a person took away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def standing(db: Database) -> None:
    """``places`` is a JSON list; empty where nobody said it yet."""
    db.conn.execute("ALTER TABLE valued ADD COLUMN places TEXT NOT NULL DEFAULT ''")
