"""Histories in files: each format is a module that turns bytes into records, and nothing here asks any service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from scrobbled.core.errors import BadFile
from scrobbled.trackers.files import old_sync, serializd, tables, trakt
from scrobbled.trackers.files.members import Broken, FilePart, opened
from scrobbled.trackers.files.parsed import Parsed

FileReader = Callable[[Sequence[FilePart], datetime], Parsed]
_JSON = (b"{", b"[")
_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


def _one(read: Callable[[FilePart, datetime], Parsed]) -> FileReader:
    """A format that is a single file."""

    def of_members(members: Sequence[FilePart], now: datetime) -> Parsed:
        if len(members) != 1:
            raise BadFile("This format is one file: name the file itself, and no folder or archive.")
        return read(members[0], now)

    return of_members


def _trakt(members: Sequence[FilePart], now: datetime) -> Parsed:
    return trakt.read_rows(members[0], now) if len(members) == 1 else trakt.read(members, now)


FORMATS: Mapping[str, FileReader] = {
    "trakt": _trakt,
    "serializd": _one(serializd.read),
    "csv": tables.read,
    "trakt-serializd-sync": _one(old_sync.read),
}
"""By the word that chooses it."""


def read_file(path: Path, now: datetime, format: str = "") -> Parsed:
    """What the file, folder or zip at ``path`` holds; ``format`` is found out where it is not given.

    ``now`` is aware UTC. Raises ``BadFile``, whose text says what to do.
    """
    with opened(path) as members:
        return FORMATS[format or _format(path, members)](members, now)


def _format(path: Path, members: Sequence[FilePart]) -> str:
    if len(members) == 1 and not members[0].name.casefold().endswith(tables.SUFFIXES[:2]):
        return _by_content(members[0])
    if trakt.is_export(members):
        return "trakt"
    if any(member.name.casefold().endswith(tables.SUFFIXES) for member in members):
        return "csv"
    raise BadFile(
        f"There is nothing in {path} that is known here: neither the files of Trakt's export nor tables as CSV."
    )


def _by_content(member: FilePart) -> str:
    try:
        content = member.read()
    except Broken as error:
        raise BadFile(f"{member.name} cannot be read: {error}.") from error
    if member.name.casefold().startswith(old_sync.NAME):
        return "trakt-serializd-sync"
    start = content[: 64 * 2**10].removeprefix(_BOM).lstrip(_BLANK)
    if not start.startswith(_JSON):
        return "csv"
    if start.startswith(b"["):
        return "trakt"
    if b'"diary"' in content:
        return "serializd"
    if b'"synced_activities"' in content:
        return "trakt-serializd-sync"
    raise BadFile(f"{member.name} is JSON of a kind that is not known here. Say what it is with --format.")
