"""Reading single values that somebody else wrote: relays turn numbers into strings, old servers send anything."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

MAX_TEXT = 500
LONGEST_KEY = 100
MAX_NUMBER = 1_000_000
LONGEST_MS = 7 * 86_400_000
"""Nothing that is watched in one go lasts a week: a longer time is in another unit or broken."""
YEARS = range(1870, 2200)

_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Control characters, marks that turn the reading direction, halves of surrogate pairs. Blanks are kept."""
_NUMERAL = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?\Z")
_UUID = re.compile(r"[0-9a-f-]+\Z", re.IGNORECASE | re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")


class Malformed(ValueError):
    """A value that must be right or absent is neither."""


def section(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under ``key``, empty where there is none."""
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def text(value: Any, *, limit: int = MAX_TEXT) -> str:
    """One clean line of at most ``limit`` characters; a whole number as its digits, anything else as nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**18 else ""
    if not isinstance(value, str):
        return ""
    value = value[: 4 * limit]
    if not value.isprintable():
        value = _UNWANTED.sub("", value)
    return " ".join(value.split())[:limit].rstrip()


def is_blank(value: Any) -> bool:
    """Whether a field says nothing: missing, null, or an empty string from a template."""
    return value is None or (isinstance(value, str) and not value.strip())


def decimal(value: Any) -> float | None:
    """A finite number, also one written as a string; ``None`` for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _NUMERAL.match(value.strip()):
        return float(value.strip())
    if isinstance(value, int):
        return float(value) if abs(value) < 10**18 else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def place(value: Any) -> int | None:
    """A season or episode number; 0 is real, blank and negative are unknown.

    Raises ``Malformed`` for what is there but is no whole number, such as ``"S01"``: guessing would tick off another
    episode. Numbers beyond a thousand are legal: daily shows count on, and some seasons are called by their year.
    """
    if is_blank(value):
        return None
    number = decimal(value)
    if number is None or number != int(number) or number > MAX_NUMBER:
        raise Malformed(f"{text(value, limit=40) or type(value).__name__} is no season or episode number")
    return int(number) if number >= 0 else None


def milliseconds(value: Any) -> int | None:
    """A length of time; ``None`` for what is missing, negative or absurd."""
    number = decimal(value)
    return int(number) if number is not None and 0 <= number <= LONGEST_MS else None


def year(value: Any) -> int | None:
    number = decimal(value)
    return int(number) if number is not None and int(number) in YEARS else None


def day(value: Any) -> date | None:
    """The calendar day at the start of an ISO date or time."""
    match = _DAY.match(value.strip()) if isinstance(value, str) else None
    try:
        found = date.fromisoformat(match.group()) if match else None
    except ValueError:
        return None
    return found if found and found.year in YEARS else None


def flag(value: Any) -> bool:
    """True for ``true``, ``1`` and their strings."""
    return text(value).casefold() in {"1", "true"} or value is True


def lowered(value: Any) -> dict[str, Any]:
    """The members of one object by their names in lower case; empty for anything else. What lies deeper stays."""
    members: dict[str, Any] = {}
    for key, member in value.items() if isinstance(value, dict) else ():
        members.setdefault(str(key).lower(), member)
    return members


def part(parent: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object under ``key``, as ``lowered`` gives it."""
    return lowered(parent.get(key))


def identifier(value: Any) -> str:
    """An id of a server. A UUID is written with dashes or without, in either case, and all zeros is none."""
    found = text(value, limit=LONGEST_KEY).strip("{}")
    if not _UUID.match(found):
        return found
    bare = found.replace("-", "").lower()
    return "" if len(bare) == 32 and not bare.strip("0") else bare
