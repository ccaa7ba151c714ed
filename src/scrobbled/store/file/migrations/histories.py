"""What a run was like, kept for a year: requests, and what it left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def run_histories(db: Database) -> None:
    """``requests`` is by service, ``skips`` by kind and code. Runs that found nothing are many now, so that they are
    passed over by an index."""
    db.conn.execute("ALTER TABLE runs ADD COLUMN requests TEXT NOT NULL DEFAULT '{}'")
    db.conn.execute("ALTER TABLE runs ADD COLUMN skips TEXT NOT NULL DEFAULT '{}'")
    db.conn.execute("CREATE INDEX runs_telling ON runs (id) WHERE outcome <> 'nothing'")
    db.conn.execute("CREATE INDEX runs_succeeded ON runs (viewer, pair, ended_at) WHERE outcome IN ('done', 'nothing')")
    db.conn.execute("CREATE INDEX runs_by_end ON runs (ended_at) WHERE ended_at IS NOT NULL")
