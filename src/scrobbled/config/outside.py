"""Values from outside the YAML file: ``${NAME}`` from the environment, ``NAME_FILE`` and ``key_file`` from files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LARGEST_FILE = 64 * 1024
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_VARIABLE = re.compile(rf"\$\$\{{|\$\{{({_NAME})(?::-([^}}]*))?\}}|\$\{{")


NEVER = frozenset({"SUPERVISOR_TOKEN", "HASSIO_TOKEN"})
"""Home Assistant's key for this app, under both of its names: for its supervisor alone."""


class OutsideError(Exception):
    """The text is a sentence for the owner, and names variables, never values."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """``place`` says where the value came from, empty where it stands in the YAML file itself."""

    text: str
    place: str = ""


def names_in(text: str) -> frozenset[str]:
    """The variables that ``text`` asks for."""
    return frozenset(found[1] for found in _VARIABLE.finditer(text) if found[1])


class Environment:
    """The environment, and files relative to ``folder`` (that of the configuration)."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self._environ = environ
        self._folder = folder

    def expand(self, text: str) -> Expanded:
        """``text`` with its variables replaced, once: what comes in is not looked through again. ``$${`` is ``${``."""
        if "${" not in text:
            return Expanded(text)
        places: list[str] = []
        troubles: list[str] = []

        def replacement(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return "${"
            try:
                found = self._variable(match[1], match[2])
            except OutsideError as error:
                troubles.append(str(error))
                return ""
            places.append(found.place)
            return found.text

        expanded = _VARIABLE.sub(replacement, text)
        if troubles:
            raise OutsideError("; ".join(dict.fromkeys(troubles)))
        return Expanded(expanded, ", ".join(dict.fromkeys(place for place in places if place)))

    def read(self, name: str) -> Expanded:
        """What a ``…_file`` key points to, without the newline at the end."""
        return Expanded(_content(self._folder / name, "the file"), f"file {name}")

    def _variable(self, name: str | None, default: str | None) -> Expanded:
        if name is None or "${" in (default or ""):
            raise OutsideError(
                "write ${NAME} or ${NAME:-default}, without another ${ in it; for a literal ${ write $${"
            )
        if name in NEVER:
            raise OutsideError(f"{name} is Home Assistant's own key for this app, and is used for nothing else")
        value, file = self._environ.get(name), self._environ.get(f"{name}_FILE")
        if value and file:
            raise OutsideError(f"the environment variables {name} and {name}_FILE are both set; keep one")
        if file:
            content = _content(Path(file), f"the file named by the environment variable {name}_FILE")
            return Expanded(content, f"file of environment {name}_FILE")
        if value or (value is not None and default is None):
            return Expanded(value, f"environment {name}")
        if default is None:
            raise OutsideError(f"the environment variable {name} is not set (nor is {name}_FILE)")
        return Expanded(default)


def _content(path: Path, called: str) -> str:
    try:
        if not path.is_file():
            raise OutsideError(f"{called} does not exist" if not path.exists() else f"{called} is not a file")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OutsideError(f"{called} is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its name is not valid"
        raise OutsideError(f"{called} cannot be read ({reason})") from None
    if len(content) > LARGEST_FILE:
        raise OutsideError(f"{called} is larger than {LARGEST_FILE // 1024} KB")
    return text.rstrip("\r\n")
