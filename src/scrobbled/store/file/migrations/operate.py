"""Alerts that last, what was watched, backups, smaller bodies, floods, corrections, stories, clients, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations, table

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def alerting(db: Database) -> None:
    """``alerts_told``: what each address (by hash) was told last, its end if ``good``. ``alerts_reach``: who failed."""
    added = (("title", "TEXT NOT NULL DEFAULT ''"), ("viewer", "TEXT"), ("link", "TEXT NOT NULL DEFAULT ''"))
    counted = (("once", "INTEGER NOT NULL DEFAULT 0"), ("returns", "INTEGER NOT NULL DEFAULT 0"), ("ended_at", "REAL"))
    for column, kind in (*added, *counted):
        db.conn.execute(f"ALTER TABLE alerts ADD COLUMN {column} {kind}")
    db.conn.execute(
        "CREATE TABLE alerts_told (kind TEXT, subject TEXT, address TEXT, at REAL NOT NULL, good INTEGER NOT NULL, "
        "PRIMARY KEY (kind, subject, address)) WITHOUT ROWID"
    )
    db.conn.execute(
        "CREATE TABLE alerts_reach (address TEXT PRIMARY KEY, failures INTEGER NOT NULL, next_at REAL NOT NULL, "
        "failed_at REAL NOT NULL, why TEXT NOT NULL) WITHOUT ROWID"
    )
    # what the version before told, it told to every address there was
    db.conn.execute("INSERT INTO alerts_told SELECT kind, subject, '*', last_sent, 0 FROM alerts WHERE last_sent > 0")
    db.conn.execute("UPDATE alerts SET title = subject, once = (kind = 'unclaimed')")
    db.conn.execute("UPDATE alerts SET viewer = substr(subject, 1, instr(subject, '/') - 1) WHERE kind <> 'unclaimed'")


@migrations()
def library(db: Database) -> None:
    """Which work each play is of, so that what was watched can be listed; resume points and ratings go by it too.

    The kind of a work is ``movie``, ``show``, ``season`` or ``episode``; ``show`` is the work that an episode or season
    belongs to.
    Plays get theirs from ``store.works`` a little at a time, as there may be many already.
    """
    table(db, "works").create(
        {"id": int, "kind": str, "show": int, "season": int, "number": int, "facts": str},
        pk="id",
        not_null={"kind", "facts"},
    )
    table(db, "works").create_index(["show", "season", "number"])
    db.conn.execute("CREATE TABLE work_keys (key TEXT, work INTEGER, PRIMARY KEY (key, work)) WITHOUT ROWID")
    table(db, "work_keys").create_index(["work"])
    table(db, "plays").add_column("work", int)
    table(db, "plays").create_index(["work"])
    table(db, "plays").create_index(["viewer", "work", "watched_at", "created_at"])
    table(db, "plays").create_index(["viewer", "watched_at"])
    table(db, "plays").create_index(["viewer", "media", "created_at"])
    db.conn.execute("CREATE INDEX outbox_set_aside ON outbox (play_id) WHERE state IN ('undone', 'already-there')")
    register = {"viewer": str, "work": int}
    table(db, "resumes").create({"id": int, **register, "progress": float, "paused_at": float}, pk="id")
    table(db, "resumes").create_index(["viewer", "work"], unique=True)
    table(db, "ratings").create({**register, "rating": int, "rated_at": float}, pk=("viewer", "work"))
    table(db, "activities").create({"viewer": str, "what": str, "at": float}, pk=("viewer", "what"))
    times = {"started_at": float, "ends_at": float}
    table(db, "watching").create({"viewer": str, "work": int, **times}, pk="viewer")


@migrations()
def restores(db: Database) -> None:
    """``restored`` is 1 while a change that came out of a backup must be looked up before it is sent."""
    db.conn.execute("ALTER TABLE outbox ADD COLUMN restored INTEGER NOT NULL DEFAULT 0")


@migrations()
def stems(db: Database) -> None:
    """Bodies of webhooks are stored as what differs from their stem: the first body of the same viewing."""
    db.conn.execute(
        "CREATE TABLE stems (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, made_at REAL NOT NULL, body BLOB NOT NULL)"
    )
    db.conn.execute("CREATE INDEX stems_by_key ON stems (key, made_at)")
    db.conn.execute("CREATE INDEX stems_by_time ON stems (made_at)")
    db.conn.execute("ALTER TABLE events ADD COLUMN stem_id INTEGER")
    db.conn.execute("CREATE INDEX events_of_stem ON events (stem_id) WHERE stem_id IS NOT NULL")


@migrations()
def safety(db: Database) -> None:
    """What the flood breaker counts, and the floods it stopped.

    ``arrivals`` has a row for each 20 seconds in which plays came for an account: ``slot`` is Unix seconds by 20.
    ``told_minutes`` counts plays told afterwards by the minute they carry. ``histories`` is what was let through, ever.
    """
    account = "viewer TEXT NOT NULL, tracker TEXT NOT NULL"
    count = "INTEGER NOT NULL DEFAULT 0"
    db.conn.execute(
        f"CREATE TABLE arrivals ({account}, slot INTEGER NOT NULL, plays {count}, afterwards {count}, seen {count}, "
        f"held {count}, PRIMARY KEY (viewer, tracker, slot)) WITHOUT ROWID"
    )
    db.conn.execute("CREATE INDEX arrivals_by_slot ON arrivals (slot)")
    db.conn.execute(
        f"CREATE TABLE told_minutes ({account}, minute INTEGER NOT NULL, plays {count}, last_at REAL NOT NULL, "
        "PRIMARY KEY (viewer, tracker, minute)) WITHOUT ROWID"
    )
    db.conn.execute("CREATE INDEX told_minutes_by_time ON told_minutes (last_at)")
    db.conn.execute(f"CREATE TABLE histories ({account}, plays {count}, PRIMARY KEY (viewer, tracker)) WITHOUT ROWID")
    db.conn.execute(
        "INSERT INTO histories SELECT viewer, tracker, count(*) FROM outbox "
        "WHERE state NOT IN ('held', 'undone', 'unwanted') GROUP BY viewer, tracker"
    )
    db.conn.execute(
        f"CREATE TABLE floods (id INTEGER PRIMARY KEY, {account}, rule TEXT NOT NULL, reason TEXT NOT NULL, "
        "began_at REAL NOT NULL, opened_at REAL NOT NULL, last_at REAL NOT NULL, plays INTEGER NOT NULL, "
        "closed_at REAL, told_at REAL, decided_at REAL)"
    )
    db.conn.execute("CREATE INDEX floods_undecided ON floods (viewer, tracker) WHERE decided_at IS NULL")
    for column in ("hold TEXT NOT NULL DEFAULT ''", "flood INTEGER", f"approved {count}", f"witnessed {count}"):
        db.conn.execute(f"ALTER TABLE outbox ADD COLUMN {column}")
    db.conn.execute("UPDATE outbox SET hold = 'no-date' WHERE state = 'held'")
    db.conn.execute("CREATE INDEX outbox_held ON outbox (flood, hold) WHERE state = 'held'")
    db.conn.execute(
        "CREATE INDEX outbox_asking ON outbox (id) "
        "WHERE state IN ('unmatched', 'dead') OR (state = 'held' AND flood IS NULL)"
    )
    db.conn.execute(
        "CREATE INDEX outbox_stoppable ON outbox (viewer, tracker, received_at) WHERE state = 'queued' AND phase = '' "
        "AND attempts = 0 AND approved = 0 AND witnessed = 0"
    )


@migrations()
def corrections(db: Database) -> None:
    """What the owner says an item is. ``ids`` is JSON, in the spaces of ``media``; ``tmdb`` is in that of ``target``.

    ``AUTOINCREMENT``: people hold on to an id, so that none may come to mean another correction.
    """
    db.conn.execute(
        "CREATE TABLE corrections (id INTEGER PRIMARY KEY AUTOINCREMENT, viewer TEXT, media TEXT NOT NULL, "
        "title TEXT NOT NULL, year INTEGER, ids TEXT NOT NULL, season INTEGER, first INTEGER, last INTEGER, "
        "target TEXT NOT NULL, tmdb INTEGER, to_season INTEGER, to_first INTEGER, set_at REAL NOT NULL)"
    )
    db.conn.execute(
        "CREATE INDEX outbox_left_out ON outbox (id) WHERE state = 'unwanted' AND reason GLOB 'correction m*'"
    )


@migrations()
def explain(db: Database) -> None:
    """``session`` joins the events of one viewing; ``head`` and ``part`` those of one webhook; ``detail`` is JSON."""
    for column, kind in (("session", int), ("head", int), ("part", int), ("detail", str)):
        table(db, "events").add_column(column, kind, not_null_default=0 if column == "part" else None)
    db.conn.execute("CREATE INDEX events_by_session ON events (session) WHERE session IS NOT NULL")
    db.conn.execute("CREATE INDEX events_by_head ON events (head) WHERE head IS NOT NULL")
    table(db, "outbox").add_column("confidence", str)


@migrations()
def clients(db: Database) -> None:
    """Tokens that were given out, and codes of sign-ins that begin. ``hash`` is SHA-256, in hex, of what opens."""
    table(db, "clients").create(
        {
            "id": int,
            "kind": str,
            "name": str,
            "viewer": str,
            "hash": str,
            "refresh_hash": str,
            "created_at": float,
            "used_at": float,
            "expires_at": float,
        },
        pk="id",
        not_null={"kind", "name", "hash", "created_at"},
    )
    table(db, "clients").create_index(["hash"], unique=True)
    table(db, "clients").create_index(["refresh_hash"], unique=True)
    table(db, "device_codes").create(
        {
            "device_hash": str,
            "user_code": str,
            "client": str,
            "state": str,
            "viewer": str,
            "expires_at": float,
            "polled_at": float,
        },
        pk="device_hash",
        not_null={"user_code", "state", "expires_at"},
    )
    table(db, "device_codes").create_index(["user_code"], unique=True)


@migrations()
def refusals(db: Database) -> None:
    """Webhooks turned away, by source; an empty source stands for every name that is not configured."""
    db.conn.execute("CREATE TABLE refusals (source TEXT PRIMARY KEY, count INTEGER NOT NULL, last_at REAL NOT NULL)")
