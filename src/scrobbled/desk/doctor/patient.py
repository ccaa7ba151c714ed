"""What is examined, and by which means."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from msgspec import Struct

from scrobbled.config import Config
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Http
from scrobbled.plumbing.pools import Pools
from scrobbled.plumbing.redact import Redactor
from scrobbled.trackers.base import Tracker

READ_WAITS = 2.0
"""Seconds for a lock on the database."""


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _sync(scratch: Path) -> float:
    """Seconds until a small write is on the disk."""
    started = time.perf_counter()
    with scratch.open("ab") as file:
        file.write(b"\0" * 4096)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - started


def _mounts() -> str:
    try:
        return Path("/proc/mounts").read_text("utf-8", "replace")
    except OSError:
        return ""


class Machine(Struct, frozen=True):
    """What the operating system is asked; tests put other answers in its place."""

    free: Callable[[Path], int] = _free
    """Bytes left where that folder is."""
    sync: Callable[[Path], float] = _sync
    mounts: Callable[[], str] = _mounts
    """As ``/proc/mounts``."""


@dataclass(frozen=True)
class Patient:
    """One configuration with its database and accounts. ``serving`` is true within the running service itself."""

    config: Config
    trackers: Mapping[tuple[str, str], Tracker]
    """By viewer and tracker."""
    clock: Clock
    redactor: Redactor
    problems: tuple[str, ...] = ()
    """Of the configuration; what they are about is missing from ``config``."""
    warnings: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    serving: bool = False
    transport: httpx.AsyncBaseTransport | None = None
    """Replaces the network, and ``local`` what listens on this machine; for tests."""
    local: httpx.AsyncBaseTransport | None = None
    machine: Machine = field(default_factory=Machine)

    @property
    def database(self) -> Path:
        return self.config.storage.path

    def http(self, base: str, *, local: bool = False) -> Http:
        """A connection of our own, so that nobody's deliveries wait for it; the caller closes it.

        What is ``local`` is asked without a proxy in between.
        """
        transport = self.local if local else self.transport
        return Pools(transport, proxies=not local).to("doctor", base)

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database for a few quick reads, in the calling thread; raises ``sqlite3.Error``. It is never changed."""
        address = f"{self.database.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=READ_WAITS)) as db:
            yield db
