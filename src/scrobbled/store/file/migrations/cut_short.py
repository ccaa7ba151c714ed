"""Why a run ended is compared by its code, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

_REASON = "the service ended in the middle; what was not done is found again by the next run"


@migrations()
def codes_of_runs(db: Database) -> None:
    """``code`` is empty but for one that the end of the service cut short."""
    db.conn.execute("ALTER TABLE runs ADD COLUMN code TEXT NOT NULL DEFAULT ''")
    db.conn.execute("UPDATE runs SET code = 'cut-short' WHERE reason = ?", (_REASON,))
