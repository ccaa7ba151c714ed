"""Webhooks that were turned away at the door, counted by source. Nothing of what they carried is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec import Struct


class RefusalCount(Struct, frozen=True):
    """``source`` is empty for all names that are not configured, whatever they were; ``last_at`` is Unix seconds."""

    source: str
    count: int
    last_at: float


def add(db: sqlite3.Connection, refused: Iterable[RefusalCount]) -> None:
    """Count these on top of what is known."""
    db.executemany(
        "INSERT INTO refusals (source, count, last_at) VALUES (?,?,?) ON CONFLICT (source) DO UPDATE SET "
        "count = count + excluded.count, last_at = max(last_at, excluded.last_at)",
        [(one.source, one.count, one.last_at) for one in refused],
    )


def listed(db: sqlite3.Connection) -> list[RefusalCount]:
    """By source. A database that was not updated yet knows of none."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'refusals'").fetchone():
        return []
    return [RefusalCount(*row) for row in db.execute("SELECT source, count, last_at FROM refusals ORDER BY source")]
