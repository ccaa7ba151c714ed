"""What is wrong with a configuration: all of it, each with its place."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """``line`` counts from 1; 0 stands for the file as a whole."""

    line: int
    path: str
    text: str

    def __str__(self) -> str:
        where = f"{self.path} (line {self.line})" if self.line else self.path
        return f"{where}: {self.text}"


class Problems:
    """Collects problems; the same one is kept once."""

    def __init__(self) -> None:
        self._found: set[Problem] = set()
        self._paths: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, path: str, line: int, text: str) -> None:
        self._found.add(Problem(line, path or "configuration", text))
        self._paths.add(path)

    def at(self, path: str) -> bool:
        """Whether something is wrong with exactly this."""
        return path in self._paths

    def about(self, path: str) -> bool:
        """Whether something is wrong with ``path`` or below it."""
        return any(wrong == path or wrong.startswith((f"{path}.", f"{path}[")) for wrong in self._paths)

    def all(self) -> tuple[Problem, ...]:
        """In the order of the file."""
        return tuple(sorted(self._found))

    def lines(self) -> list[str]:
        """All of them, in the order of the file."""
        return [str(problem) for problem in self.all()]


def join(path: str, key: str) -> str:
    """The YAML path of ``key`` below ``path``.

    A key that swallowed its value (``password:hunter2``, the blank is missing) is shown without it.
    """
    if not re.fullmatch(r"[\w-]{1,60}", key):
        key = json.dumps(clipped(key.partition(":")[0] + ":…" if ":" in key else key), ensure_ascii=False)
    return f"{path}.{key}" if path else key


def clipped(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
