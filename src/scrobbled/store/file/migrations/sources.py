"""What several media servers for several people need: the same viewing found again, marks, and ends never told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations, table

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def sources(db: Database) -> None:
    """For telling viewings apart, marks from viewings, and for whoever asks which event wanted a change.

    Ends told between ``plays.since`` and ``watched_at`` are of that viewing; ``until`` is its last end, where that came
    later. ``sessions.silent_at`` is when the end should have been told, ``event_id`` the last event. Unix seconds.
    ``outbox.marked`` is 1 for what somebody marked by hand. ``amendments.event_id`` is the event that wants it.
    """
    table(db, "plays").add_column("since", float)
    table(db, "plays").add_column("until", float)
    db.conn.execute("CREATE INDEX plays_by_viewer ON plays (viewer, watched_at)")
    db.conn.execute("CREATE INDEX plays_undated ON plays (viewer, label) WHERE watched_at IS NULL")
    table(db, "sessions").add_column("event_id", int)
    table(db, "sessions").add_column("silent_at", float)
    db.conn.execute("CREATE INDEX sessions_open ON sessions (silent_at) WHERE silent_at IS NOT NULL")
    table(db, "outbox").add_column("marked", int, not_null_default=0)
    db.conn.execute("CREATE INDEX outbox_marked ON outbox (viewer, tracker, received_at) WHERE marked = 1")
    table(db, "amendments").add_column("event_id", int)
    db.conn.execute("CREATE INDEX amendments_by_event_id ON amendments (event_id) WHERE event_id IS NOT NULL")
