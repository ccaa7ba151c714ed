"""For every play that is about to be sent it is asked whether the same viewing was taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def taken_back(db: Database) -> None:
    """Where the tracker keeps it tells; these are for the few of which that is not known.

    What a cancelled run took out of the queue is left out: there may be a hundred thousand of one moment.
    """
    db.conn.execute(
        "CREATE INDEX outbox_taken_back ON outbox (viewer, tracker, watched_at) "
        "WHERE state = 'undone' AND address_key IS NULL AND reason GLOB 'taken back*'"
    )
    db.conn.execute(
        "CREATE INDEX amendments_taking_back ON amendments (viewer, tracker) "
        "WHERE change_id IS NOT NULL AND state IN ('queued', 'parked', 'unmatched', 'dead')"
    )
