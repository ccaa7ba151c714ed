"""Putting a copy back in place of the database, and beginning anew. Both need it to themselves, and keep what was."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from scrobbled.core.errors import StoreError, said
from scrobbled.store.accounts import page_sessions
from scrobbled.store.accounts import sign_ins as accounts
from scrobbled.store.charts import exports
from scrobbled.store.file import opening
from scrobbled.store.file.migrations import migrations
from scrobbled.store.keeping import backup, looking
from scrobbled.store.queue import amendments, outbox

_SIDES = ("-journal", "-wal", "-shm")
FORGOTTEN = (
    "wall",  # before what its triggers would take from it row by row
    "shelves",
    "attempts",
    "amendments",
    "outbox",
    "plays",
    "events",
    "stems",
    "sessions",
    "tallies",
    "works",
    "work_keys",
    "ratings",
    "resumes",
    "watching",
    "arrivals",
    "told_minutes",
    "histories",
    "floods",
    "readings",
    "allowances",
    "drafts",
    "records",
    "valued",
    "subject_names",
    "subjects",
    "placements",
    "links",
    "agreed",
    "pairs",
    "runs",
    "polls",
    "polled",
    "servers",
    "charted",
    "chart_entries",
    "chart_removals",
    "chart_days",
    "chart_news",
    "chart_runs",
)
"""Tables that ``reset`` empties."""


class Restored(Struct, frozen=True):
    """What is in place now. ``kept`` is the database that was there before, ``None`` where there was none.

    ``waiting`` changes are looked up before they are sent; ``newer_sign_ins`` were taken over from what was there.
    """

    plays: int
    waiting: int
    kept: Path | None
    newer_sign_ins: int


class Forgotten(Struct, frozen=True):
    """What ``reset`` deleted, and the copy it made before."""

    plays: int
    waiting: int
    copy: Path


def restore(copy: Path, path: Path, now: datetime) -> Restored:
    """Put ``copy`` in place of the database at ``path``, brought to this version's schema.

    Nothing is touched before the copy was looked through. Raises ``StoreError`` for a copy that is missing, damaged,
    foreign or of a newer version, and while another instance runs.
    """
    _check_copy(copy, path)
    with contextlib.closing(opening.lock(path)), backup.draft_beside(path) as draft:
        try:
            _taken_over(copy, draft)
            plays, waiting = looking.look(draft, shown=copy)
            sign_ins, sessions = _sign_ins(path), _sessions(path)
            newer = _prepared(draft, sign_ins, sessions, now)
            kept = _set_aside(path, now)
            backup.put(draft, path, overwrite=True)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"{copy} could not be restored: {said(error)}. Check free space and permissions."
            ) from error
    return Restored(plays, waiting, kept, newer)


def reset(path: Path, now: datetime) -> Forgotten:
    """Forget every webhook, play, rating and change; sign-ins, corrections and cached answers stay. A copy is first."""
    if not path.exists():
        raise StoreError(f"{path} does not exist yet, so there is nothing to reset. Check storage.path.")
    with contextlib.closing(opening.lock(path)):
        made = backup.make(path, _free(path, "before-reset", now))
        with contextlib.closing(opening.open_database(path, create=False)) as db:
            db.execute("BEGIN IMMEDIATE")
            exports.clear_all(db)
            for table in FORGOTTEN:
                db.execute(f"DELETE FROM {table}")
            db.execute("INSERT INTO tallies VALUES ('plays', '', '', '', 0, NULL)")
            db.execute("DELETE FROM marks WHERE name = 'attempts-thinned'")
            accounts.set_mark(db, accounts.RESTORED, now.timestamp())
            db.execute("COMMIT")
            db.execute("VACUUM")
    return Forgotten(made.plays, made.waiting, made.path)


def _check_copy(copy: Path, path: Path) -> None:
    if not copy.is_file():
        what = "is a folder; name the file in it" if copy.is_dir() else "does not exist"
        raise StoreError(f"{copy} {what}.")
    if path.exists() and copy.samefile(path):
        raise StoreError(f"{copy} is the database itself, so there is nothing to restore.")
    if copy.stat().st_size == 0:
        raise StoreError(f"{copy} is empty. Use another copy.")


def _taken_over(copy: Path, draft: Path) -> None:
    """With what lies beside it, should it be a database that was copied by hand; SQLite then finishes what it began."""
    for suffix in ("", "-journal", "-wal"):
        beside = copy.with_name(copy.name + suffix)
        if beside.exists():
            shutil.copyfile(beside, draft.with_name(draft.name + suffix))
    try:
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{copy} cannot be read as a database: {said(error)}. Use another copy.") from error


def _prepared(
    draft: Path, sign_ins: list[tuple[Any, ...]], sessions: list[page_sessions.SessionRow], now: datetime
) -> int:
    """Returns how many sign-ins were newer in the database that is replaced.

    Trakt gives a new token in exchange for the old one, so that the one in the copy may be worth nothing any more.
    Whoever has signed out of the page since, stays so.
    """
    with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as db:
        migrations.apply(db)
        db.execute("BEGIN IMMEDIATE")
        outbox.mark_restored(db)
        amendments.forget_wishes(db, now.timestamp())
        accounts.set_mark(db, accounts.RESTORED, now.timestamp())
        newer = db.executemany(
            "INSERT INTO tokens (viewer, tracker, secret, previous, saved_at) VALUES (?,?,?,?,?) ON CONFLICT "
            "(viewer, tracker) DO UPDATE SET secret = excluded.secret, previous = excluded.previous, "
            "saved_at = excluded.saved_at WHERE excluded.saved_at > tokens.saved_at",
            sign_ins,
        ).rowcount
        page_sessions.keep(db, sessions)
        exports.restart_all(db)
        db.execute("COMMIT")
        return max(0, newer)


def _sign_ins(path: Path) -> list[tuple[Any, ...]]:
    """Those of the database that is replaced, as far as it can be read; finishes what SQLite left beside it."""
    if not path.exists():
        return []
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=opening.BUSY_SECONDS, isolation_level=None)) as db:
            rows = db.execute("SELECT viewer, tracker, secret, previous, saved_at FROM tokens").fetchall()
            db.execute("PRAGMA journal_mode = DELETE")
            return rows
    except sqlite3.DatabaseError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise StoreError(f"{path} is in use by another process. Wait until it has ended, then try again.") from None
        return []  # damaged or foreign: that is why somebody restores


def _sessions(path: Path) -> list[page_sessions.SessionRow]:
    """Who is signed in to the page now, as far as it can be told."""
    if not path.exists():
        return []
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=opening.BUSY_SECONDS, isolation_level=None)) as db:
            return page_sessions.kept(db)
    except sqlite3.DatabaseError:
        return []


def _set_aside(path: Path, now: datetime) -> Path | None:
    """The database stays in place until the other takes it, so that there is one at every moment."""
    kept = _free(path, "before-restore", now)
    sides = [suffix for suffix in _SIDES if path.with_name(path.name + suffix).exists()]
    if path.exists():
        try:
            os.link(path, kept)
        except OSError:  # a file system without hard links
            shutil.copyfile(path, kept)
        kept.chmod(0o600)
    elif not sides:
        return None
    for suffix in sides:  # of a damaged file, or of one that is gone: never to be applied to what comes now
        path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    return kept


def _free(path: Path, why: str, now: datetime) -> Path:
    """A name beside the database that nothing has yet."""
    name = f"{path.name}.{why}-{now.astimezone(UTC):%Y%m%d%H%M%S}"
    number, found = 1, path.with_name(name)
    while found.exists():
        number += 1
        found = path.with_name(f"{name}-{number}")
    return found
