"""How much the lists of an account may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def allowances(db: Database) -> None:
    """One row for each list of an account; see ``core.sending.room.ListRoom``. ``at`` is when that was learnt."""
    db.conn.execute(
        "CREATE TABLE allowances (viewer TEXT NOT NULL, tracker TEXT NOT NULL, kind TEXT NOT NULL, most INTEGER, "
        "told INTEGER, vip INTEGER, closed TEXT, held INTEGER, at REAL NOT NULL, PRIMARY KEY (viewer, tracker, kind)) "
        "WITHOUT ROWID"
    )
    db.conn.execute("CREATE INDEX amendments_without_room ON amendments (viewer, tracker, kind) WHERE hold = 'limit'")
