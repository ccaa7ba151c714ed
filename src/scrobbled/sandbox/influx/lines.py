"""Line protocol as InfluxDB reads it, and no more lenient than its documentation: a line break always ends a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LineValue = float | int | str | bool
LineTags = tuple[tuple[str, str], ...]

INT64 = 2**63
EARLIEST, LATEST = -INT64 + 2, INT64 - 2
"""The moments that a point may have, in nanoseconds since 1970."""

_NAME = re.compile(r"(?:\\[, ]|[^, ])+")
_TAG = re.compile(r",((?:\\[,= ]|[^,= ])+)=((?:\\[,= ]|[^,= ])+)(?=[, ]|$)")
_FIELD = re.compile(r'((?:\\[,= ]|[^,= ])+)=("(?:\\.|[^"\\])*"|[^, "]+)(,|\s+|$)')
_FLOAT = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TRUE, _FALSE = frozenset(("t", "T", "true", "True", "TRUE")), frozenset(("f", "F", "false", "False", "FALSE"))
_ESCAPED = re.compile(r"\\([,= ])")
_ESCAPED_NAME = re.compile(r"\\([, ])")
_ESCAPED_TEXT = re.compile(r'\\(["\\])')


class BadLine(ValueError):
    """Why a line is none, in the words of the server."""


class Unsigned(int):
    """``24u``."""


@dataclass(frozen=True)
class ProtocolLine:
    """One point as it was sent. ``time`` is nanoseconds since 1970, ``None`` where the line has none."""

    measurement: str
    tags: LineTags
    fields: dict[str, LineValue]
    time: int | None


def type_of(value: LineValue) -> str:
    """The type of a field, as the server calls it."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Unsigned):
        return "unsigned"
    return {int: "integer", float: "float", str: "string"}[type(value)]


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are neither empty nor a comment, with their numbers from 1."""
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip("\r \t") if not line.endswith("\\ ") else line
        if line and not line.startswith("#"):
            yield number, line


def parse(line: str, unit: int = 1) -> ProtocolLine:
    """``unit`` is how many nanoseconds the precision of the request has. Raises ``BadLine``."""
    try:
        measurement, tags, at = _key(line)
        fields, at = _fields(line, at)
        return ProtocolLine(measurement, tags, fields, _time(line[at:].strip(" "), unit))
    except BadLine as error:
        raise BadLine(f"unable to parse '{line}': {error}") from None


def _key(line: str) -> tuple[str, LineTags, int]:
    found = _NAME.match(line)
    if found is None:
        raise BadLine("missing measurement")
    at, tags = found.end(), []
    while at < len(line) and line[at] == ",":
        tag = _TAG.match(line, at)
        if tag is None:
            raise BadLine("missing tag value" if re.match(r",[^,= ]+=(?:[, ]|$)", line[at:]) else "invalid tag format")
        tags.append((_ESCAPED.sub(r"\1", tag[1]), _ESCAPED.sub(r"\1", tag[2])))
        at = tag.end()
    if len(dict(tags)) < len(tags):
        raise BadLine("duplicate tags")
    if at >= len(line) or not line[at:].strip(" "):
        raise BadLine("missing fields")
    return _ESCAPED_NAME.sub(r"\1", found[0]), tuple(sorted(tags)), at + 1


def _fields(line: str, at: int) -> tuple[dict[str, LineValue], int]:
    fields: dict[str, LineValue] = {}
    while True:
        found = _FIELD.match(line, at)
        if found is None:
            raise BadLine("invalid field format" if line.count('"', at) % 2 == 0 else "unbalanced quotes")
        fields[_ESCAPED.sub(r"\1", found[1])] = value(found[2])
        at = found.end()
        if found[3] != ",":
            return fields, at


def value(text: str) -> LineValue:
    """What stands after the equals sign of a field. Raises ``BadLine``."""
    if text[0] == '"':
        return _ESCAPED_TEXT.sub(r"\1", text[1:-1])
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text[-1] in "iu":
        return _whole(text)
    if _FLOAT.fullmatch(text) is None:
        raise BadLine("invalid number" if text[0] in "-.0123456789" else "invalid boolean")
    return float(text)


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?\d+i|\d+u", text):
        raise BadLine("invalid number")
    number = int(text[:-1])
    if text[-1] == "u":
        return Unsigned(number)
    if not -INT64 <= number < INT64:
        raise BadLine(f"unable to parse integer {number}: value out of range")
    return number


def _time(text: str, unit: int) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"-?\d+", text):
        raise BadLine("bad timestamp")
    time = int(text) * unit
    if not EARLIEST <= time <= LATEST:
        raise BadLine("time outside range")
    return time
