"""Ids as people and programs write them."""

from __future__ import annotations

import re


class NotThere(LookupError):
    """Something was named that does not exist; the text says so, and where ids are found."""


def number(text: str, letter: str) -> int | None:
    """12 for ``c12`` or ``12``; ``None`` for what is no id with this letter."""
    match = re.fullmatch(rf"{letter}?(\d{{1,18}})", text.strip(), re.ASCII)
    return int(match[1]) if match else None
