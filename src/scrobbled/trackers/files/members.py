"""The parts of what is imported: one file, the files of a folder, or those in a zip archive. Nothing is unpacked.

Whoever made an archive may lie about it: sizes and counts are bounded before anything is read, and a name in it is
only ever a name.
"""

from __future__ import annotations

import contextlib
import itertools
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct

from scrobbled.core.errors import BadFile, said
from scrobbled.plumbing.fields import text

MAX_MEMBERS = 10_000
MAX_MEMBER = 256 * 2**20
MAX_TOTAL = 512 * 2**20
MAX_RATIO = 250
"""JSON shrinks to a tenth, now and then to a fortieth. What shrinks more than this was made to burst."""
SMALL = 2**20
"""Below this, a ratio says nothing."""
SUFFIXES = (".json", ".csv", ".tsv", ".txt")
_LOCAL = 30
"""Bytes that stand before each entry at least (APPNOTE.TXT, 4.3.7)."""
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, KeyError)


class Broken(Exception):
    """A part that cannot be read; the text says why, to stand behind its name."""


class FilePart(Struct, frozen=True):
    """One part. ``name`` is without folders and fit to be shown."""

    name: str
    read: Callable[[], bytes]
    """Its whole content, at most ``MAX_MEMBER`` bytes; raises ``Broken``."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Sequence[FilePart]]:
    """The parts of ``path`` in the order of their names; raises ``BadFile`` where there are none that can be meant."""
    try:
        if path.is_dir():
            yield _of_folder(path)
        elif path.exists():
            with _of_file(path) as members:
                yield members
        else:
            raise BadFile(f"There is no file {path}.")
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {said(error)}.") from error


@contextlib.contextmanager
def _of_file(path: Path) -> Iterator[Sequence[FilePart]]:
    with path.open("rb") as file:
        start = file.read(len(_ZIP))
    if start in (_ZIP, _EMPTY_ZIP):
        with contextlib.closing(_archive(path)) as archive:
            yield _of_archive(path, archive)
        return
    if path.stat().st_size > MAX_MEMBER:
        raise BadFile(f"{path} is larger than {MAX_MEMBER // 2**20} MB, which no history is.")
    yield [FilePart(_shown(path.name), lambda: _content(path))]


def _of_folder(path: Path) -> Sequence[FilePart]:
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    if len(found) > MAX_MEMBERS:
        raise BadFile(f"{path} holds more than {MAX_MEMBERS} files; name the folder of the export itself.")
    if sum(file.stat().st_size for file in found) > MAX_TOTAL:
        raise BadFile(f"The files in {path} are larger than {MAX_TOTAL // 2**20} MB together; name the export itself.")
    return [FilePart(_shown(file.name), lambda file=file: _content(file)) for file in found]  # type: ignore[misc]


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _BROKEN as error:
        raise BadFile(f"{path} is a damaged or incomplete zip archive ({said(error)}). Download it again.") from error


def _of_archive(path: Path, archive: zipfile.ZipFile) -> Sequence[FilePart]:
    wanted = sorted((info for info in archive.infolist() if _is_wanted(info)), key=lambda info: info.filename)
    if len(wanted) > MAX_MEMBERS:
        raise BadFile(f"{path} holds more than {MAX_MEMBERS} files, which no export does.")
    if _overlap(archive.infolist()):
        raise BadFile(
            f"{path} has files in it that share their bytes, as none that a program packs, so it was not read."
        )
    if _burst(wanted):
        raise BadFile(f"{path} would unpack to far more than any export holds, so nothing of it was read.")
    return [_packed(archive, info) for info in wanted]


def _is_wanted(info: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(info.filename.replace("\\", "/"))
    hidden = "__MACOSX" in name.parts or name.name.startswith(".")
    return name.suffix.lower() in SUFFIXES and not hidden and not info.is_dir()  # which fails without a name


def _overlap(infos: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether an archive tells the same bytes more than once, so that its size says nothing of what it holds."""
    spans = sorted((info.header_offset, info.header_offset + _LOCAL + info.compress_size) for info in infos)
    return any(end > begin for (_, end), (begin, _) in itertools.pairwise(spans))


def _burst(infos: Sequence[zipfile.ZipInfo]) -> bool:
    """By the largest, and by all together: many small ones burst as well as a large one."""
    whole, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    return whole > min(MAX_TOTAL, max(SMALL, MAX_RATIO * packed)) or any(info.file_size > MAX_MEMBER for info in infos)


def _packed(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> FilePart:
    def read() -> bytes:
        if info.flag_bits & 1:
            raise Broken("it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Broken("it is packed in a way that is not known here")
        try:
            with archive.open(info) as file:
                return file.read(MAX_MEMBER)
        except _BROKEN as error:
            raise Broken(f"it is damaged ({said(error)})") from error

    return FilePart(_shown(PurePosixPath(info.filename.replace("\\", "/")).name), read)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_MEMBER)
    except OSError as error:
        raise Broken(said(error)) from error


def _shown(name: str) -> str:
    return text(name, limit=120) or "a file without a name"
