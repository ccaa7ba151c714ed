"""Plays that arrive as the flood breaker sees them, on a real database and a clock that is moved by hand."""

import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from scrobbled.core.naming.items import Movie
from scrobbled.core.sending.safety import WriteLimits
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.intake import breaker
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.queue.floods import FloodPlay

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
ANNA = ("anna", "trakt")


@dataclass
class Counter:
    """``arrive`` is a play that comes now; ``pass_`` lets time go by."""

    db: sqlite3.Connection
    now: datetime = NOW
    limits: WriteLimits = field(default_factory=WriteLimits)

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)

    def arrive(
        self,
        *,
        afterwards: bool = False,
        witnessed: bool = False,
        dated: bool = True,
        minutes: float = 0.0,
        viewer: str = "anna",
        tracker: str = "trakt",
        source: str = "plex",
        title: str = "Harbour Atlas",
    ) -> int:
        """The id of its change. It was watched so many minutes from now."""
        watched_at = self.now + timedelta(minutes=minutes) if dated else None
        minute = None if watched_at is None else int(watched_at.timestamp()) // 60
        seen = FloodPlay(self.now.timestamp(), afterwards or not dated, witnessed, minute)
        state = (PlayOutcome.QUEUED, "") if dated else (PlayOutcome.HELD, "no date")
        queued = breaker.admit(self.db, viewer, Queued(tracker, *state), seen, self.limits)
        play = Play(viewer, source, Movie(title, 2019), watched_at)
        play_id = add_play(self.db, play, None, [queued], self.now)
        return int(self.db.execute("SELECT id FROM outbox WHERE play_id = ?", (play_id,)).fetchone()[0])

    def flood(self, plays: int, *, apart: float = 0.01, **more: Any) -> list[int]:
        """All in one transaction, as the store takes what waits."""
        found = []
        self.db.execute("BEGIN")
        for _ in range(plays):
            found.append(self.arrive(**more))
            self.pass_(seconds=apart)
        self.db.execute("COMMIT")
        return found

    def row(self, id_: int) -> dict[str, Any]:
        cursor = self.db.execute("SELECT * FROM outbox WHERE id = ?", (id_,))
        return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))

    def states(self, ids: list[int]) -> list[str]:
        return [self.row(id_)["state"] for id_ in ids]

    def history(self) -> int:
        row = self.db.execute("SELECT plays FROM histories WHERE viewer = ? AND tracker = ?", ANNA).fetchone()
        return row[0] if row else 0
