"""What was written into databases of charts, and what of it has to be written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrobbled.store.file.migrations.registry import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

_LEDGERS = "EXISTS (SELECT 1 FROM charted WHERE origin = 'ledger')"
_TITLE = "printf('%012d', {})"


@migrations()
def charts(db: Database) -> None:
    """``charted`` is what is exported: one viewer to one sink, from ``origin``: an account's tracker, or ``ledger``.

    ``rev`` is up to which read of the account it was compared, ``after`` how far a comparison of everything has come
    (a title), ``NULL`` where none is under way. ``chart_entries`` is what stands there of each play, or is to:
    ``place`` is nanoseconds since 1970, ``day`` the date of the viewer's calendar in days since then; ``state`` is 0
    waiting, 1 written, 2 refused, 3 older than the database keeps. A ``mark`` is larger than all before it: what was
    sent is booked only where nothing came in between. ``chart_news`` are titles of which something changed.
    """
    run = db.conn.execute
    run(
        "CREATE TABLE charted (id INTEGER PRIMARY KEY, sink TEXT NOT NULL, viewer TEXT NOT NULL, origin TEXT NOT NULL, "
        "zone TEXT NOT NULL, tag TEXT NOT NULL, earliest INTEGER, rev INTEGER NOT NULL DEFAULT 0, "
        "after TEXT DEFAULT '', built_at REAL, UNIQUE (sink, viewer))"
    )
    run(
        "CREATE TABLE chart_entries (charted INTEGER NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, at INTEGER, "
        "place INTEGER, media TEXT, source TEXT, rewatch INTEGER, why TEXT NOT NULL, day INTEGER, minutes REAL, "
        "fields INTEGER NOT NULL, mark INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0, "
        "words TEXT, PRIMARY KEY (charted, id)) WITHOUT ROWID"
    )
    run("CREATE INDEX chart_titles ON chart_entries (charted, title)")
    run("CREATE INDEX chart_entries_of_day ON chart_entries (charted, day) WHERE place IS NOT NULL")
    run("CREATE INDEX chart_places ON chart_entries (place) WHERE place IS NOT NULL")
    run("CREATE INDEX chart_waiting ON chart_entries (charted, mark) WHERE state = 0 AND place IS NOT NULL")
    run("CREATE INDEX chart_refused ON chart_entries (charted, state) WHERE state > 1")
    run("CREATE INDEX chart_left_out ON chart_entries (charted, why, at) WHERE place IS NULL")
    run(
        "CREATE TABLE chart_removals (sink TEXT NOT NULL, tag TEXT NOT NULL, place INTEGER NOT NULL, "
        "media TEXT NOT NULL, source TEXT NOT NULL, rewatch INTEGER NOT NULL, mark INTEGER NOT NULL, "
        "done INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (sink, tag, place, media, source, rewatch)) WITHOUT ROWID"
    )
    run("CREATE INDEX chart_removals_waiting ON chart_removals (sink, mark) WHERE done = 0")
    run(
        "CREATE TABLE chart_days (sink TEXT NOT NULL, tag TEXT NOT NULL, utc INTEGER NOT NULL, day INTEGER NOT NULL, "
        "mark INTEGER NOT NULL, words TEXT, PRIMARY KEY (sink, tag, utc, day)) WITHOUT ROWID"
    )
    run("CREATE TABLE chart_clears (sink TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (sink, tag)) WITHOUT ROWID")
    run("CREATE TABLE chart_news (charted INTEGER, title TEXT, PRIMARY KEY (charted, title)) WITHOUT ROWID")
    run("CREATE TABLE chart_clock (mark INTEGER NOT NULL)")
    run("INSERT INTO chart_clock VALUES (0)")
    for statement in (*_of_subjects(), *_of_plays(), *_of_changes(), *_of_works()):
        run(statement)


def _of_subjects() -> tuple[str, ...]:
    """What an account calls something, and how long it is, may be learnt after its plays."""
    return (
        "CREATE TRIGGER subjects_charted_anew AFTER UPDATE OF item, runtime ON subjects "
        "WHEN OLD.item <> NEW.item OR OLD.runtime IS NOT NEW.runtime BEGIN "
        "INSERT OR IGNORE INTO chart_news SELECT id, NEW.key FROM charted "
        "WHERE viewer = NEW.viewer AND origin = NEW.tracker; END",
    )


def _of_plays() -> tuple[str, ...]:
    """A play without its work is not charted yet; it gets it soon."""

    def news(row: str) -> str:
        return (
            f"INSERT OR IGNORE INTO chart_news SELECT id, {_TITLE.format(f'{row}.work')} FROM charted "
            f"WHERE viewer = {row}.viewer AND origin = 'ledger' AND {row}.work IS NOT NULL; "
        )

    return (
        f"CREATE TRIGGER plays_charted AFTER INSERT ON plays WHEN {_LEDGERS} BEGIN {news('NEW')}END",
        "CREATE TRIGGER plays_charted_anew AFTER UPDATE OF work, watched_at, duration_ms, source, viewer ON plays "
        f"WHEN {_LEDGERS} BEGIN {news('OLD')}{news('NEW')}END",
        f"CREATE TRIGGER plays_not_charted AFTER DELETE ON plays WHEN {_LEDGERS} BEGIN {news('OLD')}END",
    )


def _of_changes() -> tuple[str, ...]:
    """What was taken back does not count, nor what proved to be another play's viewing."""

    def news(row: str) -> str:
        return (
            f"BEGIN INSERT OR IGNORE INTO chart_news SELECT charted.id, {_TITLE.format('plays.work')} FROM plays "
            "JOIN charted ON charted.viewer = plays.viewer AND charted.origin = 'ledger' "
            f"WHERE plays.id = {row}.play_id AND plays.work IS NOT NULL; END"
        )

    aside = "{0}.state IN ('undone', 'already-there')"
    either = f"({aside.format('OLD')} OR {aside.format('NEW')})"
    return (
        f"CREATE TRIGGER changes_charted_anew AFTER UPDATE OF state, code ON outbox WHEN {either} AND {_LEDGERS} "
        f"{news('NEW')}",
        f"CREATE TRIGGER changes_charted AFTER INSERT ON outbox WHEN {_LEDGERS} {news('NEW')}",
        f"CREATE TRIGGER changes_not_charted AFTER DELETE ON outbox WHEN {_LEDGERS} {news('OLD')}",
    )


def _of_works() -> tuple[str, ...]:
    return (
        "CREATE TRIGGER works_charted_anew AFTER UPDATE OF facts, show ON works "
        f"WHEN (OLD.facts <> NEW.facts OR OLD.show IS NOT NEW.show) AND {_LEDGERS} BEGIN "
        f"INSERT OR IGNORE INTO chart_news SELECT charted.id, {_TITLE.format('works.id')} FROM charted "
        "JOIN works ON works.id = NEW.id OR works.show = NEW.id WHERE charted.origin = 'ledger'; END",
    )


@migrations()
def chart_runs(db: Database) -> None:
    """Runs of exports: ``job`` is ``incremental``, ``reconcile`` or ``backfill``, of one viewer to one sink.

    ``options`` and ``counts`` are JSON. Times are Unix seconds; ``began_at`` is empty while it is asked for.
    """
    db.conn.execute(
        "CREATE TABLE chart_runs (id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, viewer TEXT NOT NULL, "
        "job TEXT NOT NULL, cause TEXT NOT NULL, options TEXT NOT NULL DEFAULT '[]', asked_at REAL NOT NULL, "
        "began_at REAL, ended_at REAL, outcome TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', "
        "counts TEXT NOT NULL DEFAULT '{}')"
    )
    db.conn.execute("CREATE INDEX chart_runs_of ON chart_runs (sink, viewer, job, id)")
    db.conn.execute("CREATE INDEX chart_runs_open ON chart_runs (id) WHERE ended_at IS NULL")
