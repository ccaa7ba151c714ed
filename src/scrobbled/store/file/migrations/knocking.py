"""Who asks to be let in, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def knocking(db: Database) -> None:
    """Times are Unix seconds. ``place`` is a hash of the address a code was asked from, with a key of one process.

    ``replaced_hash`` is what a token was renewed by, until the new one is used.
    """
    db.conn.execute("ALTER TABLE device_codes ADD COLUMN place TEXT NOT NULL DEFAULT ''")
    db.conn.execute("ALTER TABLE clients ADD COLUMN renewed_at REAL")
    db.conn.execute("ALTER TABLE clients ADD COLUMN replaced_hash TEXT")
