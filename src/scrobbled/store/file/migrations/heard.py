"""For every event that ends a viewing it is asked whether that is a play already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def heard_plays(db: Database) -> None:
    """What pairs brought is left out: there may be ten thousand of one moment, and none of them was ever heard."""
    db.conn.execute("CREATE INDEX plays_heard ON plays (viewer, watched_at) WHERE origin IS NULL")
