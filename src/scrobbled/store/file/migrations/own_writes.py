"""What we wrote about a thing is looked for whenever a media server tells of that thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def own_writes_by_thing(db: Database) -> None:
    """By the tracker's own key of it."""
    db.conn.execute(
        "CREATE INDEX amendments_of_thing ON amendments (viewer, tracker, address_key) WHERE address_key IS NOT NULL"
    )
