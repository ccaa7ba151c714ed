"""The database file: whether it can be read, is whole, fits this version, and how it is used."""

from __future__ import annotations

import sqlite3

from scrobbled.config.loading import is_there
from scrobbled.core.words.checks import Check, ok, problem, skipped, warning
from scrobbled.desk.doctor.bounded import in_thread
from scrobbled.desk.doctor.disk import megabytes, size_of
from scrobbled.desk.doctor.patient import Patient
from scrobbled.store.file import condition
from scrobbled.store.file.migrations import migrations
from scrobbled.store.file.opening import holder, journal_mode

CHECK_SECONDS = 8.0
BESIDE_SECONDS = 0.3
"""A read keeps writers waiting where there is no write-ahead log, and webhooks with them."""
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
            mode = condition.journal(db)
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
    pages, free, size = condition.pages(db)
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
    known = migrations.taken(db)
    ours = set(migrations.names)
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
    served = patient.serving or holder(patient.database) is not None
    seconds = BESIDE_SECONDS if served and mode != "wal" else CHECK_SECONDS
    found = condition.damage(db, seconds)
    if found is None:
        text = f"Nothing wrong was found within {seconds:.1f} s, and there was more to read."
        return skipped("integrity", text, "To be sure, stop serve and run doctor again." if served else "")
    if found:
        return problem("integrity", f"It is damaged ({found[:200]}).", RESTORE)
    return ok("integrity", "Whole, as far as quick_check sees.")
