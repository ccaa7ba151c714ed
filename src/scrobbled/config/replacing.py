"""Putting another text in the place of the configuration file: all of it or nothing, with a copy of what was there."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from scrobbled.core.errors import NotWritten, said

COPY = ".bak"


def read(path: Path) -> bytes:
    """Raises ``NotWritten``."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotWritten(f"{path} cannot be read ({said(error)}).") from None


def made(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, or says nothing; nobody but its owner may read it. Its folder is made too.

    Raises ``NotWritten``.
    """
    try:
        if path.exists() and not os.access(path, os.W_OK):
            raise NotWritten(f"{path} is read-only.")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path.resolve())
        finally:
            Path(name).unlink(missing_ok=True)
        _settled(path.parent)
    except OSError as error:
        raise NotWritten(_why(path, error)) from None


def replaced(path: Path, before: bytes, after: bytes) -> Path:
    """Write ``after`` where ``before`` stood, with the same owner and mode; returns the copy of what was there.

    Raises ``NotWritten``, and leaves the file as it was, where it may not be changed, or somebody else changed it
    meanwhile. A link stays a link.
    """
    place = path.resolve()
    if not os.access(place, os.W_OK):  # its folder may be writable all the same, but somebody meant it to stay
        raise NotWritten(f"{path} is read-only.")
    draft: Path | None = None
    try:
        draft = _draft(place, after)
        if place.read_bytes() != before:
            raise NotWritten(f"{path} was changed by somebody else at this moment. Try again.")
        copy = place.with_name(place.name + COPY)
        _draft(place, before).replace(copy)
        draft.replace(place)
        _settled(place.parent)
    except OSError as error:
        raise NotWritten(_why(path, error)) from None
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)
    return copy


def _draft(place: Path, content: bytes) -> Path:
    """Beside the file, so that it can take its place at once; nobody else can read it meanwhile."""
    handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _as(place, draft)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _as(model: Path, path: Path) -> None:
    """Owner and mode of ``model``; raises ``OSError`` where we may not give it to that owner."""
    there = model.stat()
    if (there.st_uid, there.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(path, there.st_uid, there.st_gid)
    path.chmod(there.st_mode & 0o7777)


def _settled(folder: Path) -> None:
    """The new name is on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # not every filesystem can; the file itself is safe
            os.fsync(handle)
    finally:
        os.close(handle)


def _why(path: Path, error: OSError) -> str:
    if error.errno == errno.EBUSY:  # a container mounts the file alone, and such a file cannot be replaced
        return f"{path} is mounted as a single file, which cannot be replaced. Mount its folder instead."
    return f"{path} cannot be written ({said(error)})."
