"""Open troubles, remembered across restarts."""

from __future__ import annotations

from scrobbled.alerts import Seen, Trouble
from scrobbled.store.database import Store


class StoredTroubles:
    """``alerts.Memory`` in SQLite."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def seen(self, trouble: Trouble, now: float) -> Seen:
        row = await self._store.write(
            lambda db: db.execute(
                "INSERT INTO alerts (kind, subject, text, first_seen, last_seen, count, last_sent) "
                "VALUES (?,?,?,?,?,1,0) ON CONFLICT (kind, subject) DO UPDATE SET text = excluded.text, "
                "last_seen = excluded.last_seen, count = count + 1 RETURNING first_seen, last_sent, count",
                (trouble.kind, trouble.subject, trouble.text, now, now),
            ).fetchone()
        )
        return Seen(*row)

    async def told(self, trouble: Trouble, now: float) -> None:
        await self._store.write(
            lambda db: db.execute(
                "UPDATE alerts SET last_sent = ? WHERE kind = ? AND subject = ?", (now, trouble.kind, trouble.subject)
            )
        )

    async def over(self, kind: str, subject: str) -> Seen | None:
        row = await self._store.write(
            lambda db: db.execute(
                "DELETE FROM alerts WHERE kind = ? AND subject = ? RETURNING first_seen, last_sent, count",
                (kind, subject),
            ).fetchone()
        )
        return Seen(*row) if row else None
