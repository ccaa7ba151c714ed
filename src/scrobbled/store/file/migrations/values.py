"""What is no play is kept by its kind: ratings first, and whatever else an account holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def values_by_kind(db: Database) -> None:
    """``value`` is JSON. In ``agreed`` each side has its own: they may differ where that is no contradiction."""
    account, pair = "viewer TEXT NOT NULL, tracker TEXT NOT NULL", "viewer TEXT NOT NULL, pair TEXT NOT NULL"
    db.conn.execute(
        f"CREATE TABLE valued ({account}, kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT, at REAL, "
        "id TEXT NOT NULL DEFAULT '', since REAL NOT NULL, rev INTEGER NOT NULL, missed INTEGER NOT NULL DEFAULT 0, "
        "PRIMARY KEY (viewer, tracker, key, kind)) WITHOUT ROWID"
    )
    db.conn.execute(
        "INSERT INTO valued SELECT viewer, tracker, 'ratings', key, value, at, id, since, rev, missed FROM rated"
    )
    db.conn.execute("DROP TABLE rated")
    db.conn.execute("CREATE INDEX valued_by_rev ON valued (viewer, tracker, rev)")
    db.conn.execute(
        f"CREATE TABLE agreed ({pair}, kind TEXT NOT NULL, key TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, "
        "at REAL NOT NULL, PRIMARY KEY (viewer, pair, key, kind)) WITHOUT ROWID"
    )
    db.conn.execute("INSERT INTO agreed SELECT viewer, pair, 'ratings', key, value, value, at FROM agreed_ratings")
    db.conn.execute("DROP TABLE agreed_ratings")
