"""Going along what lies in an order, some rows in one go, from both ends and from anywhere in between."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from scrobbled.store.file.database import Store

STEP = 20_000
"""Rows that are looked at in one go: some ten milliseconds in which no webhook is stored."""


class Ordered(Protocol):
    """A place in the order."""

    def __lt__(self, other: Any, /) -> bool: ...


S = TypeVar("S", bound=Ordered)
WalkStep = Callable[[sqlite3.Connection, S, S], tuple[list[S], S | None]]
"""Finds what lies between two places, as far as it looks in one go, and how far that is; ``None`` where it is all."""


def cut(span: tuple[S, S], start: S | None, *, newer: bool) -> tuple[S, S]:
    """What of it is newer than ``start``, or older; all of it where there is none."""
    low, high = span
    if start is None:
        return span
    return (max(low, start), high) if newer else (low, min(high, start))


async def walk(store: Store, step: WalkStep[S], span: tuple[S, S], limit: int, *, newer: bool) -> list[S]:
    """Up to ``limit`` between the two, from the newest on, or with ``newer`` from the oldest.

    Others have the database between two steps.
    """
    low, high = span
    found: list[S] = []
    while low < high and len(found) < limit:
        rows, edge = await store.read(lambda db, low=low, high=high: step(db, low, high))  # type: ignore[misc]
        found += rows
        if edge is None:
            break
        low, high = (edge, high) if newer else (low, edge)
    return found[:limit]
