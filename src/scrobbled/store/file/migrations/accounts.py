"""An account may be read otherwise when an event is run again, and stay nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database


@migrations()
def accounts_counted_anew(db: Database) -> None:
    """``tallies`` counted such an event under the account of before: an account of which there was no event."""
    db.conn.execute("DROP TRIGGER events_counted_anew")
    db.conn.execute(
        "CREATE TRIGGER events_counted_anew AFTER UPDATE OF outcome, account ON events "
        "WHEN OLD.outcome <> NEW.outcome OR OLD.account IS NOT NEW.account BEGIN "
        "UPDATE tallies SET count = count - 1 WHERE what = 'events' AND one = OLD.source AND two = OLD.outcome "
        "AND three = ''; "
        "UPDATE tallies SET count = count - 1 WHERE what = 'unclaimed' AND OLD.outcome = 'unclaimed' "
        "AND one = OLD.source AND two = coalesce(OLD.account, '') AND three = ''; "
        "INSERT INTO tallies VALUES ('events', NEW.source, NEW.outcome, '', 1, NEW.received_at) "
        "ON CONFLICT DO UPDATE SET count = count + 1, last = max(last, excluded.last); "
        "INSERT INTO tallies SELECT 'unclaimed', NEW.source, coalesce(NEW.account, ''), '', 1, NULL "
        "WHERE NEW.outcome = 'unclaimed' ON CONFLICT DO UPDATE SET count = count + 1; END"
    )
    db.conn.execute("DELETE FROM tallies WHERE what = 'unclaimed'")
    db.conn.execute(
        "INSERT INTO tallies SELECT 'unclaimed', source, coalesce(account, ''), '', count(*), NULL FROM events "
        "WHERE outcome = 'unclaimed' GROUP BY source, coalesce(account, '')"
    )
