"""Tables as CSV: the encoding, the separator and the header are found out; rows come one at a time."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from scrobbled.plumbing.fields import text
from scrobbled.trackers.files.members import Broken

if TYPE_CHECKING:
    from _csv import Reader as _Reader

MAX_FIELD = 2**20
SEPARATORS = (",", ";", "\t", "|")
_HEAD = 64 * 2**10
_MANY_LINES = 200
"""A row over more lines than this is not a long review but a quotation mark that is never closed."""
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_RESTARTS = 50
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")

TableRow = Mapping[str, str]
"""By the name of the column, as ``plain_name`` writes it."""


def plain_name(column: str) -> str:
    """ "WatchedDate", "watched date" and "Watched-Date" are all ``watched_date``."""
    return _OTHER.sub("_", _HUMP.sub("_", column).casefold()).strip("_")


class _Line(Struct, frozen=True):
    """``number`` is where it stands in the file; without ``cells`` it cannot be read, and with none it is blank."""

    number: int
    cells: list[str] | None


class FileTable:
    """A table that can be read more than once; raises ``Broken`` for what is none, also while its rows are read."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._encoding = _encoding(content)
        self._separator = _separator(content[:_HEAD].decode(self._encoding, errors="replace"))
        header = next((line for line in self._lines() if line.cells), None)
        names = header.cells or () if header else ()
        self.columns = tuple(plain_name(text(name, limit=80)) for name in names)
        self._above = header.number if header else 0
        if not any(self.columns):
            raise Broken("it is empty, or its first line names no columns")

    @property
    def size(self) -> int:
        """How many lines it has, blank ones too; told without reading them."""
        return self._content.count(b"\n") + self._content.count(b"\r") + 1

    def rows(self) -> Iterator[tuple[int, TableRow | None]]:
        """Number and content of every line under the header that is not blank; ``None`` where it cannot be read."""
        for line in self._lines(self._above):
            if line.cells is None:
                yield line.number, None
            elif line.cells:
                yield line.number, dict(reversed(list(zip(self.columns, line.cells, strict=False))))

    def readable(self) -> Iterator[TableRow]:
        """The rows as far as they can be read, for a first look at them; ``rows`` tells where that ends."""
        with contextlib.suppress(Broken):
            for _, row in self.rows():
                if row is not None:
                    yield row

    def _lines(self, above: int = 0) -> Iterator[_Line]:
        """From the line after ``above`` on. A quotation mark that is never closed costs the line it stands in."""
        for _ in range(_RESTARTS):
            reader = self._reader(above)
            for line in _read(reader, above):
                yield line
                if line.cells is None and reader.line_num + above > line.number:
                    above = line.number
                    break
            else:
                return
        raise Broken(f"its quotation marks are out of place from line {above} on")

    def _reader(self, above: int) -> _Reader:
        csv.field_size_limit(MAX_FIELD)
        stream = io.TextIOWrapper(io.BytesIO(self._content), self._encoding, errors="replace", newline="")
        lines = (line.replace("\0", "") for line in itertools.islice(stream, above, None))
        return csv.reader(lines, delimiter=self._separator, strict=True)


def _read(reader: _Reader, above: int) -> Iterator[_Line]:
    while True:
        before = reader.line_num
        try:
            cells = next(reader, None)
        except csv.Error:
            yield _Line(above + before + 1, None)
            continue
        if cells is None:
            return
        if reader.line_num - before > _MANY_LINES:
            yield _Line(above + before + 1, None)
        else:
            yield _Line(above + reader.line_num, cells if any(cell.strip() for cell in cells) else [])


def _encoding(content: bytes) -> str:
    """UTF-8 unless it says or shows otherwise; what is not UTF-8 was written on Windows."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    head = content[:_HEAD]
    if head.count(0) > len(head) // 4:
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    return "utf-8" if _is_utf8(content) else "cp1252"


def _is_utf8(content: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _HEAD):
            decoder.decode(content[start : start + _HEAD])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator(head: str) -> str:
    header = next((line for line in head.splitlines() if line.strip("\ufeff \t")), "")
    return max(SEPARATORS, key=header.count)
