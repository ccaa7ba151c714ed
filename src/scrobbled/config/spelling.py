"""Values as YAML text: plain where that is safe, in double quotes otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

Data = Any
"""What is to be written: text (variables in it as ``${NAME}``), ``None``, or lists and mappings of such."""
_PLAIN = re.compile(r"[A-Za-z0-9_./](?:[\w./:@%+*-]*[\w./%+*-])?", re.ASCII)
_NOTHING = frozenset({"null", "Null", "NULL"})
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def scalar(text: str | None, *, like: str | None = None) -> str:
    """On one line. ``like`` is how the value before was quoted: an apostrophe, a quotation mark, or not."""
    if text is None:
        return "null"
    if like == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if like != '"' and _PLAIN.fullmatch(text) and text not in _NOTHING:
        return text
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def flow(data: Data) -> str:
    """Anything on one line."""
    if isinstance(data, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(value)}" for key, value in data.items()) + "}"
    if isinstance(data, str) or not isinstance(data, Sequence):
        return scalar(data)
    return "[" + ", ".join(map(flow, data)) + "]"


def member(key: str, data: Data, step: int, dash: int) -> list[str]:
    """The lines of one key, without the blanks before it; lists of single values stay on its line."""
    if isinstance(data, Mapping) and data:
        return [f"{scalar(key)}:", *_deeper(_members(data, step, dash), " " * step)]
    if isinstance(data, list | tuple) and any(isinstance(part, Mapping) for part in data):
        lines = [line for part in data for line in item(part, step, dash)]
        return [f"{scalar(key)}:", *_deeper(lines, " " * dash)]
    return [f"{scalar(key)}: {flow(data)}" if data is not None else f"{scalar(key)}:"]


def item(data: Data, step: int, dash: int) -> list[str]:
    """The lines of one entry of a list, without the blanks before its dash."""
    if not (isinstance(data, Mapping) and data):
        return [f"- {flow(data)}"]
    first, *rest = _members(data, step, dash)
    return [f"- {first}", *_deeper(rest, "  ")]


def _members(data: Mapping[str, Data], step: int, dash: int) -> list[str]:
    return [line for key, value in data.items() for line in member(key, value, step, dash)]


def _deeper(lines: list[str], blanks: str) -> list[str]:
    return [blanks + line for line in lines]


def indents(text: str) -> tuple[int, int]:
    """How far this file moves in a mapping, and the dash of a list, below their key."""
    mapping = dash = None
    for key, below in re.findall(r"^( *)[\w.-]+:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*( *-?)", text, re.MULTILINE):
        deeper = len(below.rstrip("-")) - len(key)
        if below.endswith("-"):
            dash = deeper if dash is None else dash
        elif deeper > 0:
            mapping = deeper if mapping is None else mapping
    return mapping or 2, dash or 0
