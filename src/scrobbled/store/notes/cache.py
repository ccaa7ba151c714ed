"""Answers of catalogues, kept for as long as whoever asked said they hold."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from scrobbled.plumbing.clock import Clock
from scrobbled.store.file.database import Store

RECENT = 256
"""Answers kept in memory: seasons of some shows, a few MB at most."""


FOR_GOOD = 365 * 86_400.0
"""Seconds: what is kept longer is something we did ourselves, which nobody can be asked again."""


class AnswerPart(StrEnum):
    """What kept answers are about."""

    MEDIA = "media"
    """What catalogues and servers hold: titles, seasons, episodes, libraries."""
    MATCHES = "matches"
    """Which show or film something was found to be."""
    PICTURES = "pictures"


class StoredCache:
    """``trackers.given.Cache`` in SQLite; JSON values, keys are whole (``service:what:id``).

    What was asked for last is kept in memory as well, also that there is nothing, so that a play of a known show waits
    for no read of the database.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._recent: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def get(self, key: str) -> Any:
        now = self._clock.now().timestamp()
        if (known := self._recent.get(key)) is None:
            found = await self._store.read(
                lambda db: db.execute("SELECT expires_at, value FROM cache WHERE key = ?", (key,)).fetchone()
            )
            known = found or _NOTHING
        self._remember(key, known)
        return json.loads(known[1]) if known[0] > now else None

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        now = self._clock.now().timestamp()
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        self._recent.pop(key, None)  # until it is on disk it does not hold
        await self._store.write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO cache (key, value, stored_at, expires_at) VALUES (?,?,?,?)",
                (key, text, now, now + seconds),
            )
        )
        self._remember(key, (now + seconds, text))

    def forget_recent(self) -> None:
        """Another process may have changed what is stored: ask the database again."""
        self._recent.clear()

    def _remember(self, key: str, known: tuple[float, str]) -> None:
        self._recent[key] = known
        self._recent.move_to_end(key)
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)


_NOTHING = (-math.inf, "")


_ANSWER = "expires_at - stored_at < ? AND expires_at > stored_at"
_BEGINS = {AnswerPart.MATCHES: ("show:", "named:"), AnswerPart.PICTURES: ("art:",)}
"""Of their keys; what begins in no such way is about media."""


def forget_answers(db: sqlite3.Connection, parts: Collection[AnswerPart] = tuple(AnswerPart)) -> int:
    """Ask anew, because a person wants to know now; returns how many. What was put for years is no answer, and stays.

    It is noticed where ``StoredCache.forget_recent`` is called: by a running service within a second.
    """
    return sum(
        db.execute(f"DELETE FROM cache WHERE {_ANSWER} AND {_condition(part)}", (FOR_GOOD,)).rowcount
        for part in AnswerPart
        if part in parts
    )


def _condition(part: AnswerPart) -> str:
    begins = _BEGINS.get(part) or [one for some in _BEGINS.values() for one in some]
    told = " OR ".join(f"key GLOB '{one}*'" for one in begins)
    return f"({told})" if part in _BEGINS else f"NOT ({told})"


def forget_expired(db: sqlite3.Connection, now: datetime, limit: int = 500) -> int:
    """Drop up to ``limit`` answers that hold no longer."""
    return db.execute(
        "DELETE FROM cache WHERE key IN (SELECT key FROM cache WHERE expires_at <= ? LIMIT ?)", (now.timestamp(), limit)
    ).rowcount
