"""Counts that the database keeps itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

_OPEN = "state NOT IN ('delivered', 'already-there', 'echo', 'unwanted', 'undone')"


@migrations()
def tallies(db: Database) -> None:
    """Counts that triggers keep, so that nobody counts a million rows to say how many there are.

    ``what`` is ``events`` (source, outcome), ``unclaimed`` (source, account), ``changes`` (viewer, tracker, state) or
    ``plays``. An event that housekeeping deletes stays counted.
    """
    db.conn.execute(
        "CREATE TABLE tallies (what TEXT NOT NULL, one TEXT NOT NULL, two TEXT NOT NULL, three TEXT NOT NULL, "
        "count INTEGER NOT NULL, last REAL, PRIMARY KEY (what, one, two, three)) WITHOUT ROWID"
    )
    for statement in (*_counted_so_far(), *_event_triggers(), *_change_triggers(), *_play_triggers()):
        db.conn.execute(statement)
    db.conn.execute("DROP INDEX IF EXISTS events_by_outcome")
    db.conn.execute(
        "CREATE INDEX events_unclaimed ON events (source, account, received_at) WHERE outcome = 'unclaimed'"
    )
    db.conn.execute("CREATE INDEX events_unclaimed_by_id ON events (id) WHERE outcome = 'unclaimed'")
    db.conn.execute("CREATE INDEX events_unreadable ON events (received_at) WHERE outcome = 'unreadable'")
    db.conn.execute(f"CREATE INDEX outbox_open ON outbox (id) WHERE {_OPEN}")
    db.conn.execute(f"CREATE INDEX outbox_oldest ON outbox (viewer, tracker, state, received_at) WHERE {_OPEN}")


def _counted_so_far() -> tuple[str, ...]:
    return (
        "INSERT INTO tallies SELECT 'events', source, outcome, '', count(*), max(received_at) FROM events "
        "GROUP BY source, outcome",
        "INSERT INTO tallies SELECT 'unclaimed', source, coalesce(account, ''), '', count(*), NULL FROM events "
        "WHERE outcome = 'unclaimed' GROUP BY source, coalesce(account, '')",
        "INSERT INTO tallies SELECT 'changes', viewer, tracker, state, count(*), NULL FROM outbox "
        "GROUP BY viewer, tracker, state",
        "INSERT INTO tallies SELECT 'plays', '', '', '', count(*), NULL FROM plays",
    )


def _event_triggers() -> tuple[str, ...]:
    more = (
        "INSERT INTO tallies VALUES ('events', NEW.source, NEW.outcome, '', 1, NEW.received_at) "
        "ON CONFLICT DO UPDATE SET count = count + 1, last = max(last, excluded.last); "
        "INSERT INTO tallies SELECT 'unclaimed', NEW.source, coalesce(NEW.account, ''), '', 1, NULL "
        "WHERE NEW.outcome = 'unclaimed' ON CONFLICT DO UPDATE SET count = count + 1; "
    )
    less = (
        "UPDATE tallies SET count = count - 1 WHERE what = 'events' AND one = OLD.source AND two = OLD.outcome "
        "AND three = ''; "
        "UPDATE tallies SET count = count - 1 WHERE what = 'unclaimed' AND OLD.outcome = 'unclaimed' "
        "AND one = OLD.source AND two = coalesce(OLD.account, '') AND three = ''; "
    )
    return (
        f"CREATE TRIGGER events_counted AFTER INSERT ON events BEGIN {more}END",
        "CREATE TRIGGER events_counted_anew AFTER UPDATE OF outcome ON events WHEN OLD.outcome <> NEW.outcome "
        f"BEGIN {less}{more}END",
    )


def _change_triggers() -> tuple[str, ...]:
    more = (
        "INSERT INTO tallies VALUES ('changes', NEW.viewer, NEW.tracker, NEW.state, 1, NULL) "
        "ON CONFLICT DO UPDATE SET count = count + 1; "
    )
    less = (
        "UPDATE tallies SET count = count - 1 WHERE what = 'changes' AND one = OLD.viewer AND two = OLD.tracker "
        "AND three = OLD.state; "
    )
    return (
        f"CREATE TRIGGER changes_counted AFTER INSERT ON outbox BEGIN {more}END",
        "CREATE TRIGGER changes_counted_anew AFTER UPDATE OF state ON outbox WHEN OLD.state <> NEW.state "
        f"BEGIN {less}{more}END",
        f"CREATE TRIGGER changes_not_counted AFTER DELETE ON outbox BEGIN {less}END",
    )


def _play_triggers() -> tuple[str, ...]:
    return (
        "CREATE TRIGGER plays_counted AFTER INSERT ON plays BEGIN "
        "UPDATE tallies SET count = count + 1 WHERE what = 'plays'; END",
        "CREATE TRIGGER plays_not_counted AFTER DELETE ON plays BEGIN "
        "UPDATE tallies SET count = count - 1 WHERE what = 'plays'; END",
    )
