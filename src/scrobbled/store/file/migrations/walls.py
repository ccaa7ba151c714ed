"""What was watched, as the wall of it shows it: in order of time, and small enough to be looked through at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.core.naming.spelling import searchable
from scrobbled.store.file.codec import decode_item
from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

_STATES = (
    "coalesce((SELECT ' ' || group_concat(tracker || ':' || state, ' ') || ' ' FROM outbox WHERE play_id = {play}), '')"
)

_LABEL = "' ' || lower(coalesce({row}.label, '')) || ' '"


@migrations()
def walls(db: Database) -> None:
    """``wall`` has a short row for each play, which triggers keep in step; ``shelves`` counts plays.

    ``at`` is when it was watched, or came in where nobody knows that: whole Unix seconds. ``states`` is like
    ``" serializd:delivered trakt:held "``, ``text`` what ``core.spelling`` makes of the item; until that is said it is
    the label.
    """
    db.conn.execute(
        "CREATE TABLE wall (at INTEGER NOT NULL, play INTEGER NOT NULL, viewer TEXT NOT NULL, source TEXT NOT NULL, "
        "media TEXT NOT NULL, states TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (at, play)) WITHOUT ROWID"
    )
    db.conn.execute(
        "CREATE TABLE shelves (viewer TEXT NOT NULL, source TEXT NOT NULL, media TEXT NOT NULL, "
        "plays INTEGER NOT NULL, PRIMARY KEY (viewer, source, media)) WITHOUT ROWID"
    )
    db.conn.create_function("searchable", 2, _searchable)
    db.conn.execute(
        "INSERT INTO wall SELECT coalesce(watched_at, CAST(created_at AS INTEGER)), id, viewer, source, media, "
        f"{_STATES.format(play='plays.id')}, coalesce(searchable(media, item), {_LABEL.format(row='plays')}) FROM plays"
    )
    db.conn.execute("CREATE UNIQUE INDEX wall_of_play ON wall (play)")
    db.conn.execute("INSERT INTO shelves SELECT viewer, source, media, count(*) FROM plays GROUP BY 1, 2, 3")
    for statement in (*_of_plays(), *_of_changes()):
        db.conn.execute(statement)


def _searchable(media: str, text: str) -> str | None:
    """``None`` for an item that cannot be read: no update fails because of one row."""
    try:
        return searchable(decode_item(media, text))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _of_plays() -> tuple[str, ...]:
    when = "coalesce(NEW.watched_at, CAST(NEW.created_at AS INTEGER))"
    return (
        "CREATE TRIGGER plays_walled AFTER INSERT ON plays BEGIN "
        f"INSERT INTO wall VALUES ({when}, NEW.id, NEW.viewer, NEW.source, NEW.media, '', "
        f"{_LABEL.format(row='NEW')}); "
        "INSERT INTO shelves VALUES (NEW.viewer, NEW.source, NEW.media, 1) "
        "ON CONFLICT DO UPDATE SET plays = plays + 1; END",
        "CREATE TRIGGER plays_walled_anew AFTER UPDATE OF watched_at ON plays BEGIN "
        f"UPDATE wall SET at = {when} WHERE play = NEW.id; END",
        "CREATE TRIGGER plays_not_walled AFTER DELETE ON plays BEGIN DELETE FROM wall WHERE play = OLD.id; "
        "UPDATE shelves SET plays = plays - 1 WHERE viewer = OLD.viewer AND source = OLD.source "
        "AND media = OLD.media; END",
    )


def _of_changes() -> tuple[str, ...]:
    def put(row: str) -> str:
        play = f"{row}.play_id"
        return f"BEGIN UPDATE wall SET states = {_STATES.format(play=play)} WHERE play = {play}; END"

    return (
        f"CREATE TRIGGER changes_walled AFTER INSERT ON outbox {put('NEW')}",
        f"CREATE TRIGGER changes_walled_anew AFTER UPDATE OF state ON outbox WHEN OLD.state <> NEW.state {put('NEW')}",
        f"CREATE TRIGGER changes_not_walled AFTER DELETE ON outbox {put('OLD')}",
    )
