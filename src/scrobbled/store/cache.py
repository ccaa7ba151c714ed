"""Answers of catalogues, kept for as long as whoever asked said they hold."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from typing import Any

from scrobbled.clock import Clock
from scrobbled.store.database import Store


class StoredCache:
    """``trackers.base.Cache`` in SQLite; JSON values, keys are whole (``service:what:id``)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def get(self, key: str) -> Any:
        now = self._clock.now().timestamp()
        row = await self._store.read(
            lambda db: db.execute("SELECT value FROM cache WHERE key = ? AND expires_at > ?", (key, now)).fetchone()
        )
        return json.loads(row[0]) if row else None

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        now = self._clock.now().timestamp()
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        await self._store.write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO cache (key, value, stored_at, expires_at) VALUES (?,?,?,?)",
                (key, text, now, now + seconds),
            )
        )


def forget_expired(db: sqlite3.Connection, now: datetime, limit: int = 500) -> int:
    """Drop up to ``limit`` answers that hold no longer."""
    return db.execute(
        "DELETE FROM cache WHERE key IN (SELECT key FROM cache WHERE expires_at <= ? LIMIT ?)", (now.timestamp(), limit)
    ).rowcount
