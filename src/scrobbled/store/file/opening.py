"""Opening the database file: refuse what is not safe, never replace anything silently."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import structlog

from scrobbled.core.errors import StoreError, said
from scrobbled.store.file.migrations import migrations

BUSY_SECONDS = 20.0
"""So long a lock is waited for: who holds it may get no turn for seconds, and few servers send a webhook twice."""
QUICK_CHECK_LIMIT = 64 * 1024 * 1024
ADVICE = {
    "full": "There is no free space left where it lies: make room on that disk.",
    "locked": "Another program keeps it locked: close what has it open, such as a database browser or a copying tool.",
    "readonly": "Check the permissions of the file and its folder, and that the disk is not mounted read-only.",
    "unable to open": "Check the permissions of its folder, and that the disk is still there.",
    "I/O error": "Look at the disk: its free space (or quota), its cable, its health, and the log of the system.",
    "malformed": "It is damaged: end scrobbled, and put a backup in its place with scrobbled restore.",
}
"""By words of SQLite's what a person does about it."""
COPIES_KEPT = 3
"""Of those that are made before an update: enough to go back, and no folder that grows for years."""
LARGEST_LOG = 16 * 1024 * 1024
"""Bytes that the log beside the file keeps once it was written back, should a long reader have let it grow."""
log = structlog.get_logger("store")


def open_database(path: Path, *, create: bool = True, check: bool = True) -> sqlite3.Connection:
    """A connection with the newest schema, for the calling thread only. ``check`` reads all of a small file.

    Raises ``StoreError`` for a damaged, empty, foreign or newer file, for leftovers of a file that is gone, for a place
    where no file can be, and with ``create=False`` for a file that does not exist.
    """
    try:
        _check_place(path, create=create)
        if not path.exists():
            _make(path)
    except OSError as error:
        raise _no_place(path, error) from error
    connection = _connect(path)
    try:
        _check_content(connection, path, thoroughly=check)
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def journal_mode(version: tuple[int, int, int]) -> str:
    """``WAL`` where it is safe, else ``TRUNCATE``.

    SQLite before 3.44.6, 3.50.7 and 3.51.3 can corrupt a WAL database when one connection writes while another
    finishes a checkpoint (the "WAL-reset" defect); commands next to a running service are such connections.
    """
    safe = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)
    return "WAL" if safe else "TRUNCATE"


def lock(path: Path) -> IO[str]:
    """Hold the database for one serving process; the lock ends with the process, however that ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = open(  # noqa: SIM115 - the caller closes it
            path.with_name(path.name + ".lock"), "a+", encoding="ascii", opener=_for_us_alone
        )
        os.fchmod(handle.fileno(), 0o600)  # older versions made it readable for everybody
    except OSError as error:
        raise _no_place(path, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        owner = handle.read().strip() or "unknown"
        handle.close()
        raise StoreError(
            f"another instance (process {owner}) is using {path}. Stop it first; two need two storage.path."
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def holder(path: Path) -> int | None:
    """The process that serves this database, 0 where it cannot be told which; ``None`` where there is none.

    Asks the kernel's list first: to try the lock, even for a moment, could keep a service from starting.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        inode, said = lock.stat().st_ino, lock.read_text("utf-8", "replace").strip()
    except OSError:
        return None
    held = _listed(inode)
    if held is None:
        held = _tried(lock)
    return (int(said) if said.isdigit() else 0) if held else None


def _listed(inode: int) -> bool | None:
    """Whether ``/proc/locks`` has it; ``None`` where there is no such list."""
    try:
        lines = Path("/proc/locks").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    return any(
        field.rpartition(":")[2] == str(inode) for line in lines for field in line.split() if field.count(":") == 2
    )


def _tried(lock: Path) -> bool:
    with contextlib.suppress(OSError), lock.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _check_place(path: Path, *, create: bool) -> None:
    if path.exists():
        if path.stat().st_size == 0:
            raise StoreError(
                f"{path} is empty, so its content was lost. Put a backup in its place, or delete it to start anew."
            )
        return
    leftovers = [p.name for p in (path.with_name(path.name + s) for s in ("-journal", "-wal")) if p.exists()]
    if leftovers:
        raise StoreError(f"{path} is gone but {', '.join(leftovers)} is there. Restore the file, or delete both.")
    if not create:
        raise StoreError(f"{path} does not exist yet. Start scrobbled serve once, or check storage.path.")
    path.parent.mkdir(parents=True, exist_ok=True)


def _make(path: Path) -> None:
    """A complete new file or none: a crash in the middle must not leave one that looks emptied."""
    draft = path.with_name(f"{path.name}.new-{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)  # it will hold sign-ins
    try:
        _fill(draft)
        with contextlib.suppress(FileExistsError):  # another process made it first
            put_new(draft, path)
    except sqlite3.DatabaseError as error:
        raise _unusable(path, error) from error
    finally:
        draft.unlink(missing_ok=True)


def _fill(draft: Path) -> None:
    """The newest schema, on disk when this returns. Nobody keeps a draft, so only its end waits for the disk."""
    with contextlib.closing(_connect(draft)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        migrations.apply(connection)
        connection.execute("PRAGMA journal_mode = DELETE")
    with draft.open("r+b") as finished:
        os.fsync(finished.fileno())


def put_new(draft: Path, path: Path) -> None:
    """Give a finished file its name; raises ``FileExistsError`` where that is taken."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(path) from None
        draft.replace(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.execute(f"PRAGMA journal_mode = {journal_mode(sqlite3.sqlite_version_info)}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA recursive_triggers = ON")  # what is replaced counts as deleted, too
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -4096")
        connection.execute(f"PRAGMA journal_size_limit = {LARGEST_LOG}")
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        raise _unusable(path, error) from error
    return connection


def _check_content(connection: sqlite3.Connection, path: Path, *, thoroughly: bool) -> None:
    try:
        if thoroughly and path.stat().st_size <= QUICK_CHECK_LIMIT:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise StoreError(_damaged(path, str(verdict)))
    except sqlite3.DatabaseError as error:
        raise _unusable(path, error) from error
    check_schema(connection, path)


def check_schema(connection: sqlite3.Connection, path: Path) -> set[str]:
    """The steps of the schema that a file has been through.

    Raises ``StoreError`` for one that is not ours or that a newer version wrote.
    """
    try:
        known = migrations.taken(connection)
    except sqlite3.DatabaseError as error:
        raise _unusable(path, error) from error
    if not known:
        raise StoreError(
            f"{path} is not a database of scrobbled, or has lost its content. It was left as it is. "
            "Check storage.path, or put a backup in its place."
        )
    ours = set(migrations.names)
    if strangers := known - ours:
        raise StoreError(
            f"{path} was written by a newer version ({', '.join(sorted(strangers))}). Update scrobbled, or restore the "
            "backup that was made before the update."
        )
    return known


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    pending = migrations.pending(connection)
    if not pending:
        return
    backup = path.with_name(f"{path.name}.before-{pending[0]}-{datetime.now(UTC):%Y%m%d%H%M%S}")
    _copy(connection, path, backup)
    log.info("database backed up", action="migrate", backup=str(backup))
    try:
        migrations.apply(connection)
    except sqlite3.Error as error:
        advice = advised(str(error), "Start again; if that fails too, go back to the version before and report it.")
        raise StoreError(
            f"{path} cannot be updated: {said(error)}. The step that failed was undone, and {backup.name} beside it is "
            f"as it was before. {advice}"
        ) from error


def _copy(connection: sqlite3.Connection, path: Path, backup: Path) -> None:
    """All of it, or nothing that could be taken for a copy. Older ones make room."""
    try:
        backup.touch(mode=0o600)  # it holds the sign-ins as well
        with contextlib.closing(sqlite3.connect(backup)) as target:
            connection.backup(target)
    except (OSError, sqlite3.Error) as error:
        backup.unlink(missing_ok=True)
        raise StoreError(f"{path} cannot be backed up before its update: {said(error)}. Check free space.") from error
    with contextlib.suppress(OSError):  # then there are more of them than need be
        for copy in _superfluous(path):
            copy.unlink(missing_ok=True)


def _superfluous(path: Path) -> list[Path]:
    """Copies of updates but the newest few. Of each step one counts, as a container tries at every start what fails."""
    names = "|".join(map(re.escape, migrations.names))
    ours = re.compile(rf"{re.escape(path.name)}\.before-({names})-(\d{{14}})")
    found = sorted((match[2], match[1]) for copy in path.parent.iterdir() if (match := ours.fullmatch(copy.name)))
    newest = sorted(set({step: at for at, step in found}.items()), key=lambda one: one[1])[-COPIES_KEPT:]
    return [path.with_name(f"{path.name}.before-{step}-{at}") for at, step in found if (step, at) not in newest]


def advised(why: str, otherwise: str) -> str:
    """What to do about what SQLite says."""
    return next((advice for words, advice in ADVICE.items() if words in why), otherwise)


def _no_place(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path} cannot be made: {said(error)}. Check storage.path and the permissions of its folder.")


def _unusable(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    if "not a database" in str(error) or "malformed" in str(error):
        return StoreError(_damaged(path, str(error)))
    advice = advised(str(error), "Check its permissions and that its folder can be written.")
    return StoreError(f"{path} cannot be opened: {said(error)}. {advice}")


def _damaged(path: Path, why: str) -> str:
    return (
        f"{path} is damaged ({why}). It was left as it is. Put a backup in its place (look for {path.name}.before-* "
        "beside it), or move it away to start anew."
    )
