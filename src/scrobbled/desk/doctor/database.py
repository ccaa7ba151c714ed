"""The database file: whether it can be read, is whole, fits this version, and how it is used."""

from __future__ import annotations

import sqlite3
import time

from sqlite_utils import Database

from scrobbled.config.loading import is_there
from scrobbled.core.checkup import Check, ok, problem, skipped, warning
from scrobbled.doctor.bounded import in_thread
from scrobbled.doctor.disk import megabytes, size_of
from scrobbled.doctor.patient import Patient
from scrobbled.store.migrations import migrations
from scrobbled.store.opening import holder, journal_mode

CHECK_SECONDS = 8.0
BESIDE_SECONDS = 0.3
"""A read keeps writers waiting where there is no write-ahead log, and webhooks with them."""
STEPS = 20_000
"""SQLite's own, between two looks at the clock."""
RESTORE = "Stop serve, keep a copy, and put a backup in its place (look for .before-* beside it)."


async def database(patient: Patient) -> list[Check]:
    path = patient.database
    if not await in_thread(lambda: is_there(path)):
        return [
            warning(
                "database", f"{path} does not exist yet.", "serve makes it at its first start; or check storage.path."
            )
        ]
    return await in_thread(lambda: _looked_at(patient))


def _looked_at(patient: Patient) -> list[Check]:
    try:
        with patient.reading() as db:
            mode = str(db.execute("PRAGMA journal_mode").fetchone()[0]).lower()
            return [_size(patient, db), _journal(mode), _schema(db), _whole(patient, db, mode)]
    except sqlite3.Error as error:
        return [_unreadable(error)]


def _unreadable(error: sqlite3.Error) -> Check:
    said = str(error)
    if "readonly" in said or "locked" in said:
        text = f"It cannot be read just now ({said}): somebody writes, or a write was cut off."
        return warning("database", text, "Run doctor again; serve puts a write that was cut off right when it starts.")
    if "not a database" in said or "malformed" in said:
        return problem("database", f"It is damaged ({said}).", RESTORE)
    return problem("database", f"It cannot be opened ({said}).", "Check its permissions and those of its folder.")


def _size(patient: Patient, db: sqlite3.Connection) -> Check:
    pages, free, size = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size")
    )
    text = f"{megabytes(size_of(patient.database))}, {megabytes(free * size)} of it free for what is to come."
    return ok("size", text, bytes=pages * size, pages=pages, free_pages=free)


def _journal(mode: str) -> Check:
    version, best = sqlite3.sqlite_version, journal_mode(sqlite3.sqlite_version_info).lower()
    figures = {"sqlite": version, "journal": "wal" if mode == "wal" else "rollback"}
    if mode == "wal" and best != "wal":
        text = f"It has a write-ahead log, which SQLite {version} can damage; the next start changes that."
        return warning("journal", text, "Restart serve with the same SQLite that runs doctor.", **figures)
    if mode == "wal":
        return ok("journal", f"Write-ahead log, safe in SQLite {version}.", **figures)
    why = "as the write-ahead log of this version can corrupt data" if best != "wal" else "until the next start"
    return ok("journal", f"Rollback journal with SQLite {version}, {why}.", **figures)


def _schema(db: sqlite3.Connection) -> Check:
    known = {migration.name for migration in migrations.applied(Database(db))}
    ours = {migration.name for migration in migrations._migrations}
    figures = {"applied": len(known), "known": len(ours)}
    if not known:
        return problem(
            "schema", "This is no database of scrobbled, or it lost its content.", "Check storage.path.", **figures
        )
    if known - ours:
        text = "A newer version of scrobbled wrote it."
        return problem("schema", text, "Update scrobbled, or restore the backup made before the update.", **figures)
    if ours - known:
        text = f"{len(ours - known)} updates of the schema are due; the next start makes them, after a backup."
        return warning("schema", text, "Restart serve: it may still be an older version.", **figures)
    return ok("schema", f"Up to date ({len(known)} steps).", **figures)


def _whole(patient: Patient, db: sqlite3.Connection, mode: str) -> Check:
    """``quick_check``, given up after a while: a large file takes minutes."""
    served = patient.serving or holder(patient.database) is not None
    seconds = BESIDE_SECONDS if served and mode != "wal" else CHECK_SECONDS
    ends = time.monotonic() + seconds
    db.set_progress_handler(lambda: time.monotonic() > ends, STEPS)
    try:
        said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if "interrupt" not in str(error):
            raise
        text = f"Nothing wrong was found within {seconds:.1f} s, and there was more to read."
        return skipped("integrity", text, "To be sure, stop serve and run doctor again." if served else "")
    finally:
        db.set_progress_handler(None, 0)
    if said != "ok":
        return problem("integrity", f"It is damaged ({said[:200]}).", RESTORE)
    return ok("integrity", "Whole, as far as quick_check sees.")
