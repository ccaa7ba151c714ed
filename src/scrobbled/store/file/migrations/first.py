"""The schema of the first version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations, table

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def first(db: Database) -> None:
    """Times are Unix seconds (UTC), fractions allowed; ``watched_at`` is whole seconds, null where nobody knows."""
    _inbox(db)
    _outbox(db)
    _accounts(db)
    _indexes(db)


def _inbox(db: Database) -> None:
    table(db, "events").create(
        {
            "id": int,
            "source": str,
            "received_at": float,
            "kind": str,
            "outcome": str,
            "reason": str,
            "account": str,
            "label": str,
            "raw": bytes,
        },
        pk="id",
        not_null={"source", "received_at", "outcome"},
    )
    db.conn.execute("CREATE TABLE sessions (key TEXT PRIMARY KEY, updated_at REAL, state TEXT) WITHOUT ROWID")
    table(db, "plays").create(
        {
            "id": int,
            "event_id": int,
            "viewer": str,
            "source": str,
            "media": str,
            "label": str,
            "item": str,
            "watched_at": int,
            "duration_ms": int,
            "created_at": float,
        },
        pk="id",
        not_null={"viewer", "source", "media", "item", "created_at"},
    )


def _accounts(db: Database) -> None:
    table(db, "accounts").create(
        {"viewer": str, "tracker": str, "state": str, "reason": str, "since": float, "expires_at": float},
        pk=("viewer", "tracker"),
    )
    table(db, "tokens").create(
        {"viewer": str, "tracker": str, "secret": str, "previous": str, "saved_at": float}, pk=("viewer", "tracker")
    )
    table(db, "cache").create({"key": str, "value": str, "stored_at": float, "expires_at": float}, pk="key")
    alert = {"kind": str, "subject": str, "text": str}
    seen = {"first_seen": float, "last_seen": float, "count": int, "last_sent": float}
    table(db, "alerts").create({**alert, **seen}, pk=("kind", "subject"))
    table(db, "marks").create({"name": str, "value": float}, pk="name")


def _outbox(db: Database) -> None:
    table(db, "outbox").create(
        {
            "id": int,
            "play_id": int,
            "viewer": str,
            "tracker": str,
            "kind": str,
            "state": str,
            "phase": str,
            "reason": str,
            "watched_at": int,
            "address_key": str,
            "address": str,
            "how": str,
            "candidates": str,
            "rewatch": int,
            "attempts": int,
            "misses": int,
            "missed_at": float,
            "next_at": float,
            "remote_id": str,
            "received_at": float,
            "settled_at": float,
        },
        pk="id",
        not_null={"play_id", "viewer", "tracker", "kind", "state", "phase", "attempts", "next_at", "received_at"},
        defaults={"phase": "", "attempts": 0, "misses": 0, "next_at": 0, "rewatch": 0, "reason": ""},
    )
    table(db, "outbox").create_index(["play_id", "tracker", "kind"], unique=True)
    table(db, "attempts").create(
        {"id": int, "change_id": int, "at": float, "outcome": str, "detail": str}, pk="id", not_null={"change_id", "at"}
    )
    table(db, "attempts").create_index(["change_id"])


def _indexes(db: Database) -> None:
    """Partial indexes keep the queue as quick with a million delivered rows as on the first day."""
    db.conn.execute(
        "CREATE INDEX outbox_waiting ON outbox (viewer, tracker, state, watched_at, id) "
        "WHERE state NOT IN ('delivered', 'already-there', 'echo', 'unwanted', 'undone')"
    )
    db.conn.execute(
        "CREATE INDEX outbox_item ON outbox (viewer, tracker, address_key, watched_at) WHERE address_key IS NOT NULL"
    )
    db.conn.execute("CREATE INDEX events_by_outcome ON events (outcome, source, account)")
    db.conn.execute(
        "CREATE INDEX events_with_raw ON events (received_at) WHERE raw IS NOT NULL AND outcome <> 'unclaimed'"
    )
    db.conn.execute("CREATE INDEX plays_by_event ON plays (event_id)")
    db.conn.execute("CREATE INDEX plays_by_time ON plays (watched_at)")
