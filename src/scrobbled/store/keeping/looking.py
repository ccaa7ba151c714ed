"""Looking through a copy in a process of its own, which may be ended at any moment: whoever made it may mean harm.

``python -m scrobbled.store.keeping.looking FILE NAME`` is that process. It says what it found as JSON, and ends when
the one that started it does.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scrobbled.core.errors import StoreError, said
from scrobbled.store.file import foreign
from scrobbled.store.keeping import backup

PATIENCE = 60.0
"""Seconds for any file. A million plays take some ten."""
SLOWEST = 2**20
"""Bytes a second that the slowest disk reads: a large file gets that much longer."""
MEMORY = 256 * 2**20
LARGEST_VALUE = 64 * 2**20
"""Of one text or blob, in bytes; the largest of ours is a webhook of a few megabytes."""
_ASKED_EVERY = 0.05
_NEEDED = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "TZ")
"""Of our environment; the rest may hold secrets, which are no concern of a file's."""


def look(path: Path, *, shown: Path, stopped: Callable[[], bool] = lambda: False) -> tuple[int, int]:
    """Read all of a copy that anybody may have made; how many plays it has, and how many changes wait.

    Raises ``StoreError``, which speaks of ``shown``, for one that is damaged, foreign, of a newer version, or has
    something in it that is not ours; where it takes too long; and within moments once ``stopped`` is true.
    """
    ends = time.monotonic() + PATIENCE + path.stat().st_size / SLOWEST
    with subprocess.Popen(
        [sys.executable, "-P", "-B", "-m", "scrobbled.store.keeping.looking", str(path.resolve()), str(shown)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _NEEDED if name in os.environ},
    ) as child:
        try:
            while child.poll() is None:
                if stopped() or time.monotonic() > ends:
                    raise StoreError(f"Looking through {shown} took too long, so it was given up. Use another copy.")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(_ASKED_EVERY)
            told = child.stdout.read() if child.stdout else b""
        finally:
            child.kill()
    return _told(told, shown)


def _told(said: bytes, shown: Path) -> tuple[int, int]:
    try:
        found: Mapping[str, Any] = json.loads(said)
    except ValueError:  # it was ended from outside, or by what the file did to it
        raise StoreError(f"{shown} could not be looked through, so it was not used. Use another copy.") from None
    if "why" in found:
        raise StoreError(found["why"])
    return int(found["plays"]), int(found["waiting"])


def _looked_through(path: Path, shown: Path) -> tuple[int, int]:
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            _restrain(db)
            foreign.check(db, shown)
            return backup.examined(db, shown)
    except (sqlite3.Error, MemoryError) as error:
        raise StoreError(f"{shown} cannot be read as a database: {said(error)}. Use another copy.") from error


def _restrain(db: sqlite3.Connection) -> None:
    """As little as reading ours needs."""
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
    db.execute(f"PRAGMA hard_heap_limit = {MEMORY}")
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute("PRAGMA cell_size_check = ON")


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def main(path: str, shown: str) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        plays, waiting = _looked_through(Path(path), Path(shown))
        answer: dict[str, Any] = {"plays": plays, "waiting": waiting}
    except StoreError as error:
        answer = {"why": str(error)}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)  # the thread waits for ever


if __name__ == "__main__":
    main(*sys.argv[1:])
