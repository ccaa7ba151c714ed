"""Whether a file that was sent computes what we did not write: triggers, views and virtual tables of others.

A view in place of a table keeps whoever counts its rows busy for ever, and a trigger acts whenever we write.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from sqlite_utils import Database

from scrobbled.core.errors import StoreError
from scrobbled.store.migrations import migrations

_ACTIVE = """
    SELECT type, name, tbl_name, sql FROM sqlite_master
    WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%' ORDER BY name
"""


def check(path: Path) -> None:
    """Raises ``StoreError`` for such a file. Reads the list of what is in it, and no row.

    What older versions made is a part of what this one makes: a step of the schema is never edited.
    """
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            found = db.execute(_ACTIVE).fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"The file cannot be used: {error}. Choose another backup.") from None
    ours = set(_ours()) if found else set()
    strange = [f"{kind} {name}"[:80] for kind, name, *rest in found if (kind, name, *rest) not in ours]
    if strange:
        raise StoreError(
            f"The file has something in it that scrobbled did not put there: {', '.join(strange[:3])}. "
            "Choose another backup, or remove that from it first."
        )


def _ours() -> list[tuple[str, ...]]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrations.apply(Database(db))
        return db.execute(_ACTIVE).fetchall()
