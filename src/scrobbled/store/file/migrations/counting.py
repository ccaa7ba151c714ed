"""What statistics are counted from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def counting(db: Database) -> None:
    """Everything that is counted of a play lies in one index, so that nobody reads titles to count; and which of them
    were taken back, or proved to be another play's viewing, in another."""
    db.conn.execute("CREATE INDEX plays_in_numbers ON plays (viewer, source, media, watched_at, work, duration_ms)")
    db.conn.execute(
        "CREATE INDEX outbox_no_plays ON outbox (play_id) WHERE state = 'undone' "
        "OR (state = 'already-there' AND reason GLOB 'the same viewing is play *')"
    )
