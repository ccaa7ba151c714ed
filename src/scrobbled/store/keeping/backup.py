"""Copies of the database: made while it is in use, and looked through before they count.

A copy is one SQLite file with everything in it, sign-ins included, so only its owner may read it. Paths belong to the
configuration and are not in it. ``restoring`` puts a copy back.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from scrobbled.core.errors import StoreError, said
from scrobbled.store.file import opening

OLD_DRAFT = 3600.0
"""Seconds after which an unfinished copy belongs to nobody any more."""
_STAMP = r"\d{8}-\d{6}"


class Copy(Struct, frozen=True):
    """A copy that was looked through. ``size`` is in bytes, ``waiting`` how many changes are not delivered."""

    path: Path
    size: int
    plays: int
    waiting: int


def make(source: Path, target: Path, *, overwrite: bool = False, stopped: Callable[[], bool] = lambda: False) -> Copy:
    """Copy the database to ``target``, which is complete or not there at all. Others may write meanwhile.

    Raises ``StoreError`` when there is no database, no room, something in the way, or when the copy is not sound.
    ``stopped`` is asked now and then; once it is true the copy is given up with ``StoreError``.
    """
    _check(source, target, overwrite=overwrite)
    with draft_beside(target) as draft:
        try:
            counts = _copied(source, draft)
            found = examine(draft, shown=source, stopped=stopped)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"{target} could not be written: {said(error)}. Check free space and permissions."
            ) from error
        if found != counts:
            raise StoreError(f"{target} would not have been complete, so it was not kept. Try again.")
        put(draft, target, overwrite=overwrite)
    return Copy(target, target.stat().st_size, *counts)


def dated(folder: Path, source: Path, now: datetime) -> Path:
    """The name of a copy made now, such as ``scrobbled-20261114-200000.db`` (UTC)."""
    return folder / f"{source.stem}-{now.astimezone(UTC):%Y%m%d-%H%M%S}{source.suffix}"


def can_be_made(folder: Path) -> bool:
    """Whether a folder that is missing is made when the first copy is: not where it may be a disk not yet mounted."""
    return not folder.exists() and folder.parent.is_dir() and os.access(folder.parent, os.W_OK | os.X_OK)


def prepare(folder: Path) -> None:
    """Make it where only it is missing, and see that copies can be written there. Raises ``StoreError``."""
    try:
        if can_be_made(folder):
            folder.mkdir(mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StoreError(
            f"Copies cannot be written to {folder}: {said(error)}. Make that folder, for the user that scrobbled runs "
            "as; in a container, mount it first."
        ) from error


def dated_copies(folder: Path, source: Path) -> list[Path]:
    """Copies with such a name, the oldest first. Raises ``StoreError`` when the folder cannot be read."""
    name = re.compile(rf"{re.escape(source.stem)}-{_STAMP}{re.escape(source.suffix)}")
    try:
        return sorted(path for path in folder.iterdir() if name.fullmatch(path.name))
    except OSError as error:
        raise StoreError(f"{folder} cannot be read: {said(error)}. Check storage.backup.folder.") from error


def made_at(copy: Path) -> datetime | None:
    """When a copy was made, by its name; ``None`` where that is no moment."""
    found = re.search(rf"({_STAMP})", copy.name)
    with contextlib.suppress(ValueError):
        return datetime.strptime(found[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC) if found else None
    return None


def prune(folder: Path, source: Path, keep: int) -> list[Path]:
    """Delete dated copies until ``keep`` are left, the oldest first; nothing else in the folder is touched."""
    old = dated_copies(folder, source)[:-keep]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def examine(path: Path, *, shown: Path, stopped: Callable[[], bool] = lambda: False) -> tuple[int, int]:
    """Read all of a copy that we made; how many plays it has, and how many changes wait.

    Raises ``StoreError``, which speaks of ``shown``, for one that is damaged, foreign or of a newer version. What
    anybody else may have made is for ``looking``.
    """
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as db:
            db.set_progress_handler(lambda: int(stopped()), 100_000)
            return examined(db, shown)
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{shown} cannot be read as a database: {said(error)}. Use another copy.") from error


def examined(db: sqlite3.Connection, shown: Path) -> tuple[int, int]:
    """The same of a copy that is open; raises ``sqlite3.Error`` where it cannot be read."""
    (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise StoreError(f"{shown} is damaged ({verdict}). Go back to a copy from before that.")
    opening.check_schema(db, shown)
    return counts(db)


@contextlib.contextmanager
def draft_beside(target: Path) -> Iterator[Path]:
    """A new private file in the folder of ``target``, gone at the end unless it was moved."""
    _sweep(target)
    draft = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # it will hold sign-ins
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written: {said(error)}. Check that its folder exists and may be written."
        ) from error
    try:
        yield draft
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def put(draft: Path, target: Path, *, overwrite: bool) -> None:
    """Give a finished file its name, durably and at once. Raises ``StoreError`` where that is taken meanwhile."""
    with draft.open("rb") as handle:
        os.fsync(handle.fileno())
    try:
        if overwrite:
            draft.replace(target)
        else:
            opening.put_new(draft, target)
    except FileExistsError:
        raise _taken(target) from None
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check(source: Path, target: Path, *, overwrite: bool) -> None:
    if not source.exists():
        raise StoreError(f"{source} does not exist yet, so there is nothing to copy. Check storage.path.")
    if target.exists() and target.samefile(source):
        raise StoreError(f"{target} is the database itself. Choose another name for the copy.")
    if target.is_dir():
        raise StoreError(f"{target} is a folder. Choose another name for the copy.")
    if target.exists() and not overwrite:
        raise _taken(target)
    if not target.parent.is_dir():
        raise StoreError(f"{target.parent} does not exist. Make that folder first, or choose another.")
    free, needed = shutil.disk_usage(target.parent).free, source.stat().st_size
    if free < needed:
        raise StoreError(
            f"{target.parent} has {_mb(free)} left, and the copy needs {_mb(needed)}. Make room there first."
        )


def _mb(size: int) -> str:
    return f"{size / 2**20:.1f} MB"


def _copied(source: Path, draft: Path) -> tuple[int, int]:
    """All in one step: a copy in several begins anew each time another process writes.

    In journal mode ``TRUNCATE`` writers wait for it, as long as it takes to read the file; in ``WAL`` nobody does.
    """
    with (
        contextlib.closing(sqlite3.connect(source, timeout=opening.BUSY_SECONDS, isolation_level=None)) as db,
        contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as target,
    ):
        target.execute("PRAGMA synchronous = OFF")  # it is synced as a whole, when nobody waits any more
        db.execute("BEGIN")
        opening.check_schema(db, source)
        found = counts(db)
        db.backup(target)
        db.execute("ROLLBACK")
        target.execute("PRAGMA journal_mode = DELETE")
        return found


def counts(db: sqlite3.Connection) -> tuple[int, int]:
    """Plays, and changes that are not delivered."""
    (plays,) = db.execute("SELECT count(*) FROM plays").fetchone()
    (waiting,) = db.execute(
        "SELECT count(*) FROM outbox WHERE state NOT IN ('delivered', 'already-there', 'echo', 'unwanted', 'undone')"
    ).fetchone()
    return int(plays), int(waiting)


def _sweep(target: Path) -> None:
    """What a process left behind that was killed in the middle."""
    base = re.sub(_STAMP, "*", glob.escape(target.name))
    for left in target.parent.glob(f"{base}.part-*"):
        with contextlib.suppress(OSError):
            if datetime.now(UTC).timestamp() - left.stat().st_mtime > OLD_DRAFT:
                left.unlink()


def _taken(target: Path) -> StoreError:
    return StoreError(
        f"{target} exists already and was left as it is. Choose another name, or replace it with --force."
    )
