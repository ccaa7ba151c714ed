"""``python -m scrobbled.liveness`` is the health check of the image: 0 while the service beside it answers, else 1.

It asks whether the process answers, never whether a tracker does: a restart would not bring a tracker back. It runs
twice a minute on small machines, so that it reads no configuration: the service notes where it listens in the file
that ``SCROBBLED_LISTENS`` names. Without that variable, as everywhere outside the image, nothing is noted.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

NOTE = "SCROBBLED_LISTENS"
USUAL = ("127.0.0.1", 8484)
OWN = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
"""Where everything is listened to, this machine is asked by its own address."""
SECONDS = 4


@contextlib.contextmanager
def noted(environ: Mapping[str, str], host: str, port: int) -> Iterator[None]:
    """While the block runs, the note says where the service listens. One that cannot be written is done without."""
    note = environ.get(NOTE)
    if not note:
        yield
        return
    with contextlib.suppress(OSError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(note, flags, 0o644), "w", encoding="ascii") as file:
            file.write(f"{OWN.get(host, host)} {port}")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            Path(note).unlink()


def address(environ: Mapping[str, str]) -> tuple[str, int]:
    """Where to ask; the usual place where nothing is noted."""
    try:
        host, port = Path(environ.get(NOTE, "")).read_text(encoding="ascii").split()
        return host, int(port)
    except (OSError, ValueError):
        return USUAL


def alive(host: str, port: int) -> bool:
    """Asked directly: a proxy that the environment names is not for our own address."""
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if alive(*address(os.environ)) else 1)
