"""How far media servers have been asked, and how they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def polls(db: Database) -> None:
    """Times are Unix seconds. ``stream`` is one list of a server; ``floor`` is when it was asked for the first time.

    ``polled`` has what was taken from a list, as long as it may be met there again. ``servers`` has, per source and way
    (``poll`` or ``live``), how that goes.
    """
    stream = "source TEXT NOT NULL, server TEXT NOT NULL, stream TEXT NOT NULL"
    db.conn.execute(
        f"CREATE TABLE polls ({stream}, floor REAL NOT NULL, cursor REAL NOT NULL, "
        "PRIMARY KEY (source, server, stream)) WITHOUT ROWID"
    )
    db.conn.execute(
        f"CREATE TABLE polled ({stream}, key TEXT NOT NULL, at REAL NOT NULL, "
        "PRIMARY KEY (source, server, stream, key)) WITHOUT ROWID"
    )
    db.conn.execute(
        "CREATE TABLE servers (source TEXT NOT NULL, way TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, "
        "since REAL NOT NULL, PRIMARY KEY (source, way)) WITHOUT ROWID"
    )
