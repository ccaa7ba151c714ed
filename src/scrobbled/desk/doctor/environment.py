"""What everything runs on."""

from __future__ import annotations

import contextlib
import platform
import resource
import sqlite3
from importlib import metadata
from pathlib import Path

from scrobbled import __version__
from scrobbled.core.words.checks import Check, ok, skipped, warning
from scrobbled.desk.doctor.bounded import in_thread
from scrobbled.desk.doctor.patient import Patient
from scrobbled.store.file.opening import holder

LIBRARIES = ("litestar", "httpx", "uvicorn", "apprise", "sqlite-utils", "msgspec")
LEAST_FILES = 256
MARKS = ("/.dockerenv", "/run/.containerenv")
CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


async def environment(patient: Patient) -> list[Check]:
    return [_versions(), _system(), await in_thread(lambda: _memory(patient)), _files(), _zone(patient)]


def _versions() -> Check:
    python = platform.python_version()
    found = {"scrobbled": __version__, "python": python, "sqlite": sqlite3.sqlite_version}
    for name in LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return ok("versions", f"scrobbled {__version__} on Python {python}.", **found)


def _system() -> Check:
    container = in_container()
    text = f"{platform.system()} {platform.release()} on {platform.machine()}{', in a container' if container else ''}."
    return ok("system", text, os=platform.system(), cpu=platform.machine(), container=container)


def in_container() -> bool:
    return any(Path(mark).exists() for mark in MARKS) or "kubepods" in _read("/proc/1/cgroup")


def _memory(patient: Patient) -> Check:
    """Of the serving process where there is one, else of this command."""
    pid = None if patient.serving else holder(patient.database)
    used = _kilobytes(_read(f"/proc/{pid or 'self'}/status"), "VmRSS:")
    total = _kilobytes(_read("/proc/meminfo"), "MemTotal:")
    if used is None or total is None:
        return skipped("memory", "This system does not tell.")
    limit = next((int(text) // 1024 for path in CGROUPS if (text := _read(path).strip()).isdigit()), total)
    who = "serve uses" if pid or patient.serving else "This command uses"
    text = f"{who} {used / 1024:.0f} MB; there are {min(limit, total) / 1024:.0f} MB for everything."
    return ok("memory", text, used_kb=used, total_kb=min(limit, total))


def _files() -> Check:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = f"{soft} files may be open at once."
    if soft < LEAST_FILES:
        return warning("open files", text, "Raise the limit (ulimit -n): each connection is one of them.", limit=soft)
    return ok("open files", text, limit=soft)


def _zone(patient: Patient) -> Check:
    """Only for people: everything inside is UTC."""
    local = patient.clock.now().astimezone(patient.config.server.zone)
    name, offset = local.tzname() or "?", local.strftime("%z")
    text = f"{name} (UTC{offset[:3]}:{offset[3:]}); plays are kept in UTC."
    return ok("time zone", text, zone=name)


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""


def _kilobytes(text: str, name: str) -> int | None:
    line = next((line for line in text.splitlines() if line.startswith(name)), "")
    words = line.split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None
