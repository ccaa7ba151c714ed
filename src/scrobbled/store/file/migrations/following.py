"""How far a run has come is asked again and again while it is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def followed_runs(db: Database) -> None:
    """What is counted of a run, and how quickly it was settled lately, without looking at the changes themselves."""
    db.conn.execute("CREATE INDEX outbox_settled ON outbox (run, state, tracker, settled_at) WHERE run IS NOT NULL")
    db.conn.execute("CREATE INDEX amendments_asking ON amendments (id) WHERE state = 'held' AND run IS NOT NULL")
