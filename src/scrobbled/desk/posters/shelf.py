"""Pictures on disk, within a bound: what was not looked at for longest goes first.

A file's time of change is when it was fetched, its time of access when it was last looked at; both are set by us, so
that they hold on every disk. Everything here blocks, and may be called from any thread.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.desk.posters.picture import Picture, picture
from scrobbled.desk.posters.subject import KEY

BOUND = 200 * 1024 * 1024
LEAST_FREE = 100 * 1024 * 1024
"""Bytes that are left to the database, whose webhooks matter more than pictures."""
KEEP = 180 * 86_400.0
"""Seconds; TMDB allows six months."""
NOTED = 86_400.0
"""Seconds until another look at the same picture is written down."""


class CachedPicture(Struct, frozen=True):
    """Sizes in bytes, times in Unix seconds."""

    size: int
    fetched: float
    used: float


class PictureCache:
    """One folder, which is made when the first picture is put there. Raises ``OSError`` only from ``put``."""

    def __init__(self, folder: Path, now: Callable[[], datetime], *, bound: int = BOUND) -> None:
        self._folder, self._now, self._bound = folder, now, bound
        self._lock = threading.Lock()
        self._known: dict[str, CachedPicture] | None = None
        self._total = 0

    def fetched(self, key: str) -> float | None:
        """When it was fetched, in Unix seconds; ``None`` where it is not there, or too old to be shown."""
        with self._lock:
            kept = self._index().get(key)
            return None if kept is None or self._is_old(kept) else kept.fetched

    def get(self, key: str) -> Picture | None:
        with self._lock:
            kept = self._index().get(key)
            if kept is None:
                return None
            found = None if self._is_old(kept) else self._read(key)
            if found is None:
                self._drop(key)
            elif abs(self._seconds() - kept.used) > NOTED:
                self._note(key, replace(kept, used=self._seconds()))
            return found

    def put(self, key: str, what: Picture) -> None:
        """Raises ``OSError`` where the disk is full or must not be written; then it is as before."""
        with self._lock:
            self._index()
            self._write(key, what.body)
            self._forget(key)
            now = self._seconds()
            self._note(key, CachedPicture(len(what.body), now, now))
            self._total += len(what.body)
            self._make_room()

    def drop(self, key: str) -> None:
        with self._lock:
            if key in self._index():
                self._drop(key)

    def clear(self) -> int:
        """Drop them all; returns how many."""
        with self._lock:
            every = list(self._index())
            for key in every:
                self._drop(key)
            return len(every)

    def tidy(self) -> int:
        """Drop what may be kept no longer; returns how many."""
        with self._lock:
            old = [key for key, kept in self._index().items() if self._is_old(kept)]
            for key in old:
                self._drop(key)
            return len(old)

    def _index(self) -> dict[str, CachedPicture]:
        if self._known is None:
            self._known = self._found()
            self._total = sum(kept.size for kept in self._known.values())
        return self._known

    def _found(self) -> dict[str, CachedPicture]:
        found: dict[str, CachedPicture] = {}
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if KEY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    facts = entry.stat(follow_symlinks=False)
                    found[entry.name] = CachedPicture(facts.st_size, facts.st_mtime, facts.st_atime)
                elif entry.name.endswith(".part"):  # we were ended while it was written
                    Path(entry.path).unlink()
        return found

    def _read(self, key: str) -> Picture | None:
        try:
            return picture((self._folder / key).read_bytes())
        except OSError:
            return None

    def _write(self, key: str, body: bytes) -> None:
        if not KEY.fullmatch(key):
            raise ValueError("not a key of ours")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if shutil.disk_usage(self._folder).free < LEAST_FREE:
            raise OSError(errno.ENOSPC, "the disk is nearly full")
        part = self._folder / f"{key}.part"
        try:
            part.write_bytes(body)
            part.replace(self._folder / key)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise

    def _note(self, key: str, kept: CachedPicture) -> None:
        self._index()[key] = kept
        with contextlib.suppress(OSError):  # then the order is lost at the next start, and nothing else
            os.utime(self._folder / key, (kept.used, kept.fetched))

    def _make_room(self) -> None:
        """A little more than is needed, so that not every picture has to look for what may go."""
        if self._total <= self._bound:
            return
        for key in sorted(self._index(), key=lambda key: self._index()[key].used):
            if self._total <= self._bound * 0.95:
                return
            self._drop(key)

    def _drop(self, key: str) -> None:
        self._forget(key)
        with contextlib.suppress(OSError):
            (self._folder / key).unlink(missing_ok=True)

    def _forget(self, key: str) -> None:
        kept = self._index().pop(key, None)
        self._total -= kept.size if kept else 0

    def _is_old(self, kept: CachedPicture) -> bool:
        return self._seconds() - kept.fetched > KEEP

    def _seconds(self) -> float:
        return self._now().timestamp()
