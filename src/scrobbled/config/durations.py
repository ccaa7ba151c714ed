"""Durations and percentages as people write them."""

from __future__ import annotations

import re

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
LONGEST = 100 * 365 * UNITS["d"]
_PART = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\s*(ms|s|m|h|d|w)", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern}\s*)+", re.ASCII)
_PERCENT = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(%?)", re.ASCII)


def parse_duration(text: str) -> float:
    """Seconds from ``30s``, ``15m``, ``6h``, ``14d`` or a sum such as ``1h30m``; raises ``ValueError``."""
    text = text.strip().lower()
    if text == "0":
        return 0.0
    if not _WHOLE.fullmatch(text):
        raise ValueError("is not a duration; write it like 30s, 15m, 6h or 14d")
    seconds = sum(float(amount) * UNITS[unit] for amount, unit in _PART.findall(text))
    if seconds > LONGEST:
        raise ValueError("is longer than a hundred years")
    return seconds


def format_duration(seconds: float) -> str:
    """The shortest way to write ``seconds`` that :func:`parse_duration` reads back."""
    for unit in ("d", "h", "m", "s"):
        if seconds and seconds % UNITS[unit] == 0:
            return f"{seconds / UNITS[unit]:.0f}{unit}"
    return f"{seconds * 1000:.0f}ms" if seconds else "0"


def parse_percent(text: str) -> float:
    """0 to 100 from ``90%`` or ``90``; raises ``ValueError``.

    ``0.9`` is refused: nobody can tell whether it means 90 % or less than one.
    """
    found = _PERCENT.fullmatch(text.strip())
    if not found:
        raise ValueError("is not a percentage; write it like 90%")
    value = float(found[1])
    if value > 100:
        raise ValueError("is more than 100%")
    if not found[2] and "." in found[1] and value <= 1:
        raise ValueError(f"can be read in two ways; write {value * 100:g}% or {value:g}%")
    return value
