"""What accounts hold in order of time, so that a wall of it is looked through as quickly as one of our own plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.core.naming.spelling import searchable
from scrobbled.store.file.codec import decode_item
from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

_UNDATED = -100_000_000_000


@migrations()
def held(db: Database) -> None:
    """``stands`` is when it was watched (Unix seconds), or far below all times where nobody knows that.

    ``text`` of a subject is what ``core.spelling`` makes of its item.
    """
    db.conn.execute(
        f"ALTER TABLE records ADD COLUMN stands INTEGER GENERATED ALWAYS AS (coalesce(at, {_UNDATED})) VIRTUAL"
    )
    db.conn.execute(
        "ALTER TABLE valued ADD COLUMN stands INTEGER GENERATED ALWAYS AS "
        f"(coalesce(CAST(at AS INTEGER), {_UNDATED})) VIRTUAL"
    )
    db.conn.execute("ALTER TABLE subjects ADD COLUMN text TEXT NOT NULL DEFAULT ''")
    db.conn.create_function("searchable", 2, _searchable)
    db.conn.execute("UPDATE subjects SET text = searchable(scope, item)")
    for index in (
        "records_held ON records (viewer, tracker, missed, stands, id, key, play)",
        "valued_watched ON valued (viewer, tracker, stands, key) "
        "WHERE kind = 'watched' AND missed = 0 AND value IS NOT NULL",
        "subjects_told ON subjects (viewer, tracker, text, scope, key)",
        "outbox_arrived ON outbox (viewer, tracker, settled_at) WHERE state = 'delivered'",
    ):
        db.conn.execute(f"CREATE INDEX {index}")


def _searchable(scope: str, text: str) -> str:
    """Nothing for an item that cannot be read: no update fails because of one row."""
    try:
        return searchable(decode_item("movie" if scope == "movie" else "episode", text))
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""
