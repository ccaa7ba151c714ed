"""What a library knows of: that something was watched, and not when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def undated(db: Database) -> None:
    """``undated`` says how the tracker is told that nobody knows when it was; empty for what has a date."""
    db.conn.execute("ALTER TABLE outbox ADD COLUMN undated TEXT NOT NULL DEFAULT ''")
    db.conn.execute("CREATE INDEX outbox_undated ON outbox (viewer, tracker) WHERE undated <> ''")


@migrations()
def ticked(db: Database) -> None:
    """``left_as`` is how a tracker left what we ticked there, in its own words."""
    db.conn.execute("ALTER TABLE amendments ADD COLUMN left_as TEXT")
    db.conn.execute(
        "CREATE INDEX amendments_ticked ON amendments (viewer, tracker) WHERE action = 'tick' AND state = 'delivered'"
    )
