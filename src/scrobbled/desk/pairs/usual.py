"""The pair that is proposed of two trackers: every kind that goes both ways between them, but for lists of wishes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any

from scrobbled.core.kinds import KINDS
from scrobbled.trackers import TRACKERS

USUAL = "15m"
"""Between two runs of a pair that somebody switches on."""


def kinds(between: Iterable[str]) -> list[str]:
    """Those that all of them can be read for and brought to, in the order of the table."""
    able = [TRACKERS[name].can() for name in between]
    return [kind for kind in KINDS if all(kind in can.reads and can.writes(kind) for can in able)]


def proposed(between: Iterable[str]) -> list[str]:
    """Of these all but lists of wishes: two of them become one only where somebody asks for that."""
    return [kind for kind in kinds(between) if not KINDS[kind].until_watched]


def between(trackers: Iterable[str]) -> list[tuple[str, str]]:
    """Of which two a pair can be made, a library first; two libraries are none, and neither is what cannot be read."""
    known = sorted((name for name in trackers if name in TRACKERS), key=lambda name: not _is_library(name))
    return [pair for pair in combinations(known, 2) if kinds(pair) and not all(map(_is_library, pair))]


def pair(between: tuple[str, str]) -> dict[str, Any]:
    """As it stands in the configuration."""
    return {"between": list(between), **dict.fromkeys(proposed(between), "both"), "every": USUAL}


def _is_library(name: str) -> bool:
    return TRACKERS[name].can().is_library
