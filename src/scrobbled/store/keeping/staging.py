"""A copy that was sent from afar: looked through, kept beside the database, and put in its place at a start.

Nothing running is touched. What is sent has no name of its own choice: it is kept under two, beside the database.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import structlog
from msgspec import Struct

from scrobbled.core.errors import StoreError, said
from scrobbled.store.file import opening
from scrobbled.store.file.migrations import migrations
from scrobbled.store.keeping import backup, looking, restoring
from scrobbled.store.keeping.restoring import Restored

SENT, NEXT, REFUSED = ".sent", ".restore-at-start", ".not-restored"
log = structlog.get_logger("store")


class Staged(Struct, frozen=True):
    """A copy that waits. ``size`` is in bytes, times are Unix seconds, ``newest`` is that of its last play.

    ``agreed`` says that it takes the place of the database at the next start. ``older`` says that it is of an older
    version, and is brought to this one's schema then.
    """

    size: int
    plays: int
    waiting: int
    newest: float | None
    sent_at: float
    older: bool
    agreed: bool


def draft(path: Path) -> AbstractContextManager[Path]:
    """A private file beside the database at ``path`` to write what is sent into; gone at the end unless kept."""
    return backup.draft_beside(_named(path, SENT))


def keep(written: Path, path: Path, *, stopped: Callable[[], bool] = lambda: False) -> Staged:
    """Look through a whole draft and keep it; raises ``StoreError`` for what is no sound copy of ours.

    Given up, with that error too, once ``stopped`` is true.
    """
    if written.stat().st_size == 0:
        raise StoreError("The file is empty. Choose a backup that was made by scrobbled.")
    with written.open("rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            raise StoreError("This is no backup of scrobbled. Choose a file that was downloaded here.")
    looking.look(written, shown=Path("The file"), stopped=stopped)
    discard(path)
    _named(path, REFUSED).unlink(missing_ok=True)
    backup.put(written, _named(path, SENT), overwrite=True)
    found = staged(path)
    assert found is not None
    return found


def staged(path: Path) -> Staged | None:
    """What waits, agreed or not."""
    for suffix in (NEXT, SENT):
        place = _named(path, suffix)
        if place.exists():
            return _told(place, agreed=suffix == NEXT)
    return None


def agree(path: Path) -> Staged:
    """It is to take the database's place at the next start. Raises ``StoreError`` where nothing waits."""
    sent = _named(path, SENT)
    if sent.exists():
        sent.replace(_named(path, NEXT))
    found = staged(path)
    if found is None:
        raise StoreError("No backup was sent, so there is nothing to restore.")
    return found


def refused(path: Path) -> str | None:
    """The name of what could not be restored at a start, until another is sent."""
    place = _named(path, REFUSED)
    return place.name if place.exists() else None


def discard(path: Path) -> bool:
    """Forget what waits; whether there was something."""
    places = [place for place in (_named(path, SENT), _named(path, NEXT)) if place.exists()]
    for place in places:
        place.unlink()
    return bool(places)


def taken_up(path: Path, now: datetime) -> Restored | None:
    """At a start, before the database is opened: restore what was agreed on; ``None`` where nothing was.

    What turns out not to be usable is set aside under another name, and the database stays what it was. Raises
    ``StoreError`` while another instance runs.
    """
    place = _named(path, NEXT)
    if not place.exists():
        return None
    opening.lock(path).close()
    try:
        done = restoring.restore(place, path, now)
    except (StoreError, sqlite3.Error, OSError) as error:  # it must not keep the service from starting
        place.replace(_named(path, REFUSED))
        log.error("the backup was not restored", action="restore", why=str(error), kept=str(_named(path, REFUSED)))
        return None
    place.unlink()
    log.info("restored", action="restore", plays=done.plays, waiting=done.waiting, kept=str(done.kept))
    return done


def _named(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _told(place: Path, *, agreed: bool) -> Staged:
    with _opened(place) as db:
        (plays, newest) = db.execute("SELECT count(*), max(watched_at) FROM plays").fetchone()
        _, waiting = backup.counts(db)
        known = migrations.taken(db)
    ours = set(migrations.names)
    found = place.stat()
    return Staged(found.st_size, plays, waiting, newest, found.st_mtime, bool(ours - known), agreed)


@contextlib.contextmanager
def _opened(place: Path) -> Iterator[sqlite3.Connection]:
    try:
        address = f"{place.resolve().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as db:
            yield db
    except sqlite3.Error as error:
        raise StoreError(f"{place} cannot be read: {said(error)}. Discard it, and send another.") from None
