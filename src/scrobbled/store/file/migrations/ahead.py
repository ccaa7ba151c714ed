"""What trackers hold with a date in the future."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def ahead(db: Database) -> None:
    """They are told the other side when that date has come, without a look at all others in each run."""
    db.conn.execute("CREATE INDEX records_ahead ON records (viewer, tracker, at) WHERE at > first_seen")
