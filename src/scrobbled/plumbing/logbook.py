"""The last lines of the log, kept in memory for whoever looks: bounded in number and size, secrets already masked."""

from __future__ import annotations

import json
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct, field

from scrobbled.core.words.printable import printable

LINES = 2_000
SIZE = 4 * 1024 * 1024
"""Characters of all lines together."""
LONGEST = 8 * 1024
"""Characters of a message or a field; what is longer says how much more there was."""
WIDEST = 16 * 1024
"""Characters of a line; fields that come after so many are cut short."""
MOST_FIELDS = 40
SHORT = 80
"""Characters that a field's name may have, and that are left of any field."""
OVERHEAD = 200
LEVELS = ("debug", "info", "warning", "error", "critical")
_APART = frozenset({"event", "level", "timestamp", "component"})
WakeReader = Callable[[], None]


class LogLine(Struct, frozen=True):
    """``at`` is ISO 8601 in UTC. ``fields`` are as they were given, in that order; all texts are safe to print."""

    id: int
    at: str
    level: str
    component: str
    message: str
    fields: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """As in a file; only a traceback needs more than one line."""
        told = "".join(f" {name}={_quoted(value)}" for name, value in self.fields.items() if "\n" not in value)
        rest = "".join(f"\n  {name}:\n{_indented(value)}" for name, value in self.fields.items() if "\n" in value)
        return f"{self.at} [{self.level}] {self.component}: {self.message}{told}{rest}"


class LineFilter(Struct, frozen=True):
    """Which lines: of this ``level`` and graver, of one ``component``, that have ``text`` in them whatever its case.

    Of one ``run``, like ``r12``, what was done for it.
    """

    level: str = LEVELS[0]
    component: str = ""
    text: str = ""
    run: str = ""

    def has(self, line: LogLine) -> bool:
        return (
            _gravity(line.level) >= _gravity(self.level)
            and self.component in ("", line.component)
            and self.run in ("", line.fields.get("run"))
            and (not self.text or self.text.casefold() in line.text().casefold())
        )


class LogPiece(Struct, frozen=True):
    """``lines`` are in order. ``last`` is the newest that was looked at, ``skipped`` how many were left out or lost."""

    lines: list[LogLine]
    last: int
    skipped: int


class Logbook:
    """Safe to share between threads. ``keep`` costs whoever logs a few microseconds, however many read."""

    def __init__(self, *, lines: int = LINES, size: int = SIZE) -> None:
        self.name = secrets.token_hex(4)
        """Tells the ids of one process from those of the next."""
        self._most, self._room = lines, size
        self._lines: deque[tuple[LogLine, int]] = deque()
        self._size = 0
        self._last = 0
        self._wakes: tuple[WakeReader, ...] = ()
        self._lock = threading.Lock()

    @property
    def last(self) -> int:
        """The id of the newest line; ids count from 1 without a gap."""
        return self._last

    def keep(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """As a processor of ``structlog``, behind whatever masks secrets."""
        message, room = _plain(event.get("event", ""), LONGEST), WIDEST
        told: dict[str, str] = {}
        fields = ((key, value) for key, value in event.items() if _is_field(key) and value is not None)
        for key, value in islice(fields, MOST_FIELDS):
            name, text = _plain(key, SHORT), _plain(value, max(SHORT, min(LONGEST, room)))
            told[name] = text
            room -= len(name) + len(text)
        at, level = str(event.get("timestamp", "")), str(event.get("level", "info"))
        self.add(at, level, str(event.get("component", "")), message, told)
        return event

    def add(self, at: str, level: str, component: str, message: str, fields: dict[str, str]) -> None:
        size = OVERHEAD + len(message) + sum(len(key) + len(value) for key, value in fields.items())
        with self._lock:
            self._last += 1
            self._lines.append((LogLine(self._last, at, level, component, message, fields), size))
            self._size += size
            while len(self._lines) > self._most or (self._size > self._room and len(self._lines) > 1):
                self._size -= self._lines.popleft()[1]
        for wake in self._wakes:
            wake()

    def after(self, id_: int, wanted: LineFilter, limit: int, *, room: int = SIZE) -> LogPiece:
        """The newest ``limit`` lines after that one, as far as they have no more than ``room`` characters together."""
        with self._lock:
            first = self._lines[0][0].id if self._lines else self._last + 1
            found = list(islice(self._lines, max(0, id_ + 1 - first), None))
            last = self._last
        lost = max(0, first - id_ - 1)
        fits = [(line, size) for line, size in found if wanted.has(line)]
        shown = _newest(fits, limit, room)
        return LogPiece(shown, last, lost + len(fits) - len(shown))

    def components(self) -> list[str]:
        """Who is heard of in what is kept."""
        with self._lock:
            lines = list(self._lines)
        return sorted({line.component for line, _ in lines if line.component})

    def listen(self, wake: WakeReader) -> Callable[[], None]:
        """Have ``wake`` called after each line, from any thread; returns what ends that. It must be quick."""
        with self._lock:
            self._wakes = (*self._wakes, wake)

        def end() -> None:
            with self._lock:
                self._wakes = tuple(one for one in self._wakes if one is not wake)

        return end


def _newest(lines: Sequence[tuple[LogLine, int]], limit: int, room: int) -> list[LogLine]:
    """One at least, however long it is."""
    shown: list[LogLine] = []
    for line, size in islice(reversed(lines), limit):
        room -= size
        if room < 0 and shown:
            break
        shown.append(line)
    return shown[::-1]


def written(lines: Iterable[LogLine]) -> str:
    """As a file."""
    return "".join(f"{line.text()}\n" for line in lines)


def _gravity(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else 1


def _is_field(key: Any) -> bool:
    return isinstance(key, str) and key not in _APART and not key.startswith("_")


def _plain(value: Any, room: int) -> str:
    """Names of fields, and what is inside a structure, the chain before leaves as they are."""
    if isinstance(value, (dict, list, tuple)):
        value = json.dumps(value, ensure_ascii=False, default=str)
    text = str(value)
    cut = f"{text[:room]} … and {len(text) - room:,} more characters" if len(text) > room else text
    return printable(cut)


def _quoted(value: str) -> str:
    return value if value and not any(char in value for char in ' ="') else json.dumps(value, ensure_ascii=False)


def _indented(value: str) -> str:
    return "\n".join(f"    {line}" for line in value.splitlines())
