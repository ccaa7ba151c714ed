"""What trackers hold, as it was read, and what the two of a pair were seen to agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations, table

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def mirrors(db: Database) -> None:
    """What each account held when it was last read.

    ``rev`` of a record is the read that last changed it. ``missed`` counts the complete reads in a row without it.
    ``play`` is our play it is the record of, ``ours`` says that we wrote it. ``placements`` is where a subject of one
    tracker stands at another, for what is not told by ``identity``.
    """
    account = "viewer TEXT NOT NULL, tracker TEXT NOT NULL"
    db.conn.execute(
        f"CREATE TABLE readings ({account}, cursor TEXT NOT NULL DEFAULT '{{}}', owner TEXT NOT NULL DEFAULT '', "
        "rev INTEGER NOT NULL DEFAULT 0, read_at REAL NOT NULL DEFAULT 0, full_at REAL NOT NULL DEFAULT 0, "
        "plays INTEGER NOT NULL DEFAULT 0, "
        "doubt TEXT NOT NULL DEFAULT '', skipped TEXT NOT NULL DEFAULT '{}', PRIMARY KEY (viewer, tracker)) "
        "WITHOUT ROWID"
    )
    db.conn.execute(
        f"CREATE TABLE records ({account}, id TEXT NOT NULL, key TEXT NOT NULL, at INTEGER, kept TEXT NOT NULL, "
        "made_at INTEGER, stamp TEXT NOT NULL, personal INTEGER NOT NULL, rewatch INTEGER, rev INTEGER NOT NULL, "
        "missed INTEGER NOT NULL DEFAULT 0, first_seen REAL NOT NULL, play INTEGER, ours INTEGER NOT NULL DEFAULT 0, "
        "PRIMARY KEY (viewer, tracker, id)) WITHOUT ROWID"
    )
    db.conn.execute("CREATE INDEX records_of_key ON records (viewer, tracker, key, at)")
    db.conn.execute("CREATE INDEX records_by_rev ON records (viewer, tracker, rev)")
    db.conn.execute("CREATE INDEX records_unsure ON records (viewer, tracker) WHERE missed = 1")
    db.conn.execute("CREATE INDEX records_of_play ON records (play) WHERE play IS NOT NULL")
    db.conn.execute(
        f"CREATE TABLE rated ({account}, key TEXT NOT NULL, value INTEGER, at REAL, id TEXT NOT NULL DEFAULT '', "
        "since REAL NOT NULL, rev INTEGER NOT NULL, missed INTEGER NOT NULL DEFAULT 0, "
        "PRIMARY KEY (viewer, tracker, key)) WITHOUT ROWID"
    )
    db.conn.execute("CREATE INDEX rated_by_rev ON rated (viewer, tracker, rev)")
    db.conn.execute(
        f"CREATE TABLE subjects ({account}, key TEXT NOT NULL, scope TEXT NOT NULL, item TEXT NOT NULL, "
        "runtime INTEGER, identity TEXT, show INTEGER, PRIMARY KEY (viewer, tracker, key)) WITHOUT ROWID"
    )
    db.conn.execute("CREATE INDEX subjects_by_identity ON subjects (viewer, tracker, identity)")
    db.conn.execute("CREATE INDEX subjects_by_show ON subjects (viewer, tracker, show) WHERE show IS NOT NULL")
    db.conn.execute(
        f"CREATE TABLE placements ({account}, key TEXT NOT NULL, target TEXT NOT NULL, to_key TEXT, how TEXT NOT NULL, "
        "known TEXT NOT NULL, checked_at REAL NOT NULL, PRIMARY KEY (viewer, tracker, key, target)) WITHOUT ROWID"
    )
    db.conn.execute("CREATE INDEX placements_there ON placements (viewer, target, to_key) WHERE to_key IS NOT NULL")


@migrations()
def ledgers(db: Database) -> None:
    """Per pair (``pair`` is its two trackers, ``trakt,serializd``): what both sides agreed on, and the runs.

    ``a_rev`` and ``b_rev`` are up to which reads of its sides a pair was compared.
    """
    pair = "viewer TEXT NOT NULL, pair TEXT NOT NULL"
    db.conn.execute(
        f"CREATE TABLE links (id INTEGER PRIMARY KEY, {pair}, a TEXT, b TEXT, rule TEXT NOT NULL, state TEXT NOT NULL, "
        "a_at INTEGER, b_at INTEGER, linked_at REAL NOT NULL)"
    )
    db.conn.execute("CREATE UNIQUE INDEX links_of_a ON links (viewer, pair, a) WHERE a IS NOT NULL")
    db.conn.execute("CREATE INDEX links_agreed ON links (viewer, pair) WHERE state = 'agreed'")
    db.conn.execute("CREATE UNIQUE INDEX links_of_b ON links (viewer, pair, b) WHERE b IS NOT NULL")
    db.conn.execute(
        f"CREATE TABLE agreed_ratings ({pair}, key TEXT NOT NULL, value INTEGER NOT NULL, at REAL NOT NULL, "
        "PRIMARY KEY (viewer, pair, key)) WITHOUT ROWID"
    )
    db.conn.execute(
        f"CREATE TABLE pairs ({pair}, policy TEXT NOT NULL DEFAULT '', a_rev INTEGER NOT NULL DEFAULT 0, "
        "b_rev INTEGER NOT NULL DEFAULT 0, based_at REAL, compared_at REAL NOT NULL DEFAULT 0, "
        "agreed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (viewer, pair)) WITHOUT ROWID"
    )
    db.conn.execute(
        f"CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, {pair}, cause TEXT NOT NULL, options TEXT NOT NULL, "
        "phase TEXT NOT NULL, asked_at REAL NOT NULL, started_at REAL, ended_at REAL, "
        "outcome TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', counts TEXT NOT NULL DEFAULT '{}', "
        "plan TEXT NOT NULL DEFAULT '', shown TEXT NOT NULL DEFAULT '')"
    )
    db.conn.execute("CREATE INDEX runs_of_pair ON runs (viewer, pair, id)")
    db.conn.execute("CREATE INDEX runs_open ON runs (id) WHERE ended_at IS NULL")
    table(db, "plays").add_column("origin", str)
    db.conn.execute("CREATE UNIQUE INDEX plays_by_origin ON plays (viewer, origin) WHERE origin IS NOT NULL")
    table(db, "outbox").add_column("run", int)
    db.conn.execute("CREATE INDEX outbox_of_run ON outbox (run) WHERE run IS NOT NULL")
    db.conn.execute("CREATE INDEX outbox_by_remote ON outbox (viewer, tracker, remote_id) WHERE remote_id IS NOT NULL")
