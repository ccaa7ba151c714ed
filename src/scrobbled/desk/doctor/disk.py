"""The place where the database is: room, speed, and whether its file system can lock files."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from scrobbled.core.errors import said
from scrobbled.core.words.checks import Check, ok, problem, skipped, warning
from scrobbled.desk.doctor.bounded import in_thread
from scrobbled.desk.doctor.patient import Patient

LEAST_FREE = 500 * 1024 * 1024
LEAST_TO_STORE = 1024 * 1024
TIMES_DATABASE = 5
SLOW_SYNC = 0.1
WRITES = 20
WRITES_END_AFTER = 4.0
"""Seconds; a very slow disk is found out with fewer writes."""
NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "afs", "davfs", "fuse", "fuseblk")
NO_ROOM = "Make room on that disk: nothing can be stored like this."
NO_RIGHT = "Check who owns the folder and that it is not mounted read-only: nothing can be stored like this."
NO_LOCKS = "Put storage.path on a disk of this machine: SQLite needs locks that such file systems often break."


async def storage(patient: Patient) -> list[Check]:
    path = patient.database
    folder = path.parent
    try:
        there = await in_thread(folder.is_dir)
    except OSError as error:
        step = "Check who owns it and the folders above it: nothing can be stored like this."
        return [problem("storage", f"The folder {folder} cannot be used ({said(error)}).", step)]
    if not there:
        step = "serve makes it at its first start, if it may; else make it, or change storage.path."
        return [warning("storage", f"The folder {folder} does not exist yet.", step)]
    return await in_thread(lambda: [_room(patient, path), _speed(patient, path), _file_system(patient, folder)])


def _room(patient: Patient, path: Path) -> Check:
    free, size = patient.machine.free(path.parent), size_of(path)
    text = f"{megabytes(free)} free at {path.parent}; the database takes {megabytes(size)}."
    figures = {"free": free, "database": size}
    if free < LEAST_TO_STORE:
        return problem("disk space", text, "Make room: webhooks cannot be stored, and are refused.", **figures)
    if free < max(LEAST_FREE, TIMES_DATABASE * size):
        return warning("disk space", text, "Make room: on a full disk no webhook can be stored.", **figures)
    return ok("disk space", text, **figures)


def _speed(patient: Patient, path: Path) -> Check:
    """A webhook is answered when it is on disk, so that this bounds how quick an answer can be."""
    scratch = path.with_name(f"{path.name}.doctor-{os.getpid()}")
    try:
        times = _timed(patient, scratch)
    except OSError as error:
        step = NO_ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT) else NO_RIGHT
        return problem("disk speed", f"Nothing can be written in {path.parent} ({said(error)}).", step)
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
    middle = median(times)
    text = f"A small write is on disk within {middle * 1000:.1f} ms (median of {len(times)})."
    if middle > SLOW_SYNC:
        step = "Webhooks are answered that late: a quicker disk helps; look whether something else keeps it busy."
        return warning("disk speed", text, step, ms=round(middle * 1000, 1))
    return ok("disk speed", text, ms=round(middle * 1000, 1))


def _timed(patient: Patient, scratch: Path) -> Sequence[float]:
    ends, times = time.monotonic() + WRITES_END_AFTER, list[float]()
    while len(times) < WRITES and (not times or time.monotonic() < ends):
        times.append(patient.machine.sync(scratch))
    return times


def _file_system(patient: Patient, folder: Path) -> Check:
    kind = _mounted(patient.machine.mounts().splitlines(), folder.resolve())
    if not kind:
        return skipped("file system", "This system does not tell what is mounted.")
    if kind in NETWORK or kind.startswith("fuse."):
        return warning("file system", f"The database lies on {kind}.", NO_LOCKS, kind=kind)
    return ok("file system", f"The database lies on {kind}.", kind=kind)


def _mounted(lines: Iterable[str], folder: Path) -> str:
    """The type of the file system that holds ``folder``: the innermost mount, and the last of several in one place."""
    best, kind = -1, ""
    for line in lines:
        fields = line.split()
        place = fields[1].replace("\\040", " ") if len(fields) > 2 else ""
        if place and folder.is_relative_to(place) and len(place) >= best:
            best, kind = len(place), fields[2]
    return kind


def size_of(path: Path) -> int:
    """Bytes of the database with what is beside it; 0 where there is none."""
    total = 0
    for suffix in ("", "-wal", "-journal"):
        with contextlib.suppress(OSError):
            total += path.with_name(path.name + suffix).stat().st_size
    return total


def megabytes(count: int) -> str:
    return f"{count / 1024**3:.1f} GB" if count >= 1024**3 else f"{count / 1024**2:.1f} MB"
