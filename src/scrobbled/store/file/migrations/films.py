"""Which plays that a tracker holds are of films."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def films(db: Database) -> None:
    """They are counted each time a pair is shown of which one side keeps none."""
    db.conn.execute("CREATE INDEX subjects_of_films ON subjects (viewer, tracker) WHERE scope = 'movie'")
