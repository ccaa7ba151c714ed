"""Per account: its sign-in, its state as last seen, and the marks that other processes leave."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from scrobbled.store.database import Store

RETRIED = "retried"
"""Mark set by ``queue retry``: paused accounts try again at once."""
RESTORED = "restored"
"""Mark of when the database was last put back or emptied: the trackers may hold what was watched before."""

_SECRET_PARTS = ("token", "password", "instead_of")
"""What the name of a secret's key holds; ``instead_of`` is a pasted token that the sign-in took the place of."""


def secrets_of(values: Mapping[str, Any] | None) -> list[str]:
    """What of a sign-in would let somebody else act as the account."""
    named = (values or {}).items()
    return [value for key, value in named if isinstance(value, str) and any(part in key for part in _SECRET_PARTS)]


def secrets_kept(db: sqlite3.Connection) -> list[str]:
    """Those of every sign-in, also of accounts that are not configured any more, and of the ones before.

    What came in before we knew a secret is stored as it came, so whoever shows something has to know them all.
    """
    return [secret for values in _sign_ins(db) for secret in secrets_of(values)]


def _sign_ins(db: sqlite3.Connection) -> Iterator[Mapping[str, Any]]:
    for texts in db.execute("SELECT secret, previous FROM tokens"):
        for text in filter(None, texts):
            with contextlib.suppress(ValueError):
                if isinstance(values := json.loads(text), dict):
                    yield values


class StoredTokens:
    """``trackers.given.Tokens`` for one account. The pair before the present one is kept, for a look back."""

    def __init__(
        self, store: Store, viewer: str, tracker: str, learn: Callable[[Any], None], now: Callable[[], datetime]
    ) -> None:
        self._store, self._viewer, self._tracker, self._learn, self._now = store, viewer, tracker, learn, now

    async def load(self) -> Mapping[str, Any] | None:
        row = await self._store.read(
            lambda db: db.execute(
                "SELECT secret FROM tokens WHERE viewer = ? AND tracker = ?", (self._viewer, self._tracker)
            ).fetchone()
        )
        values: Mapping[str, Any] | None = json.loads(row[0]) if row else None
        self._learn(values)
        return values

    async def save(self, values: Mapping[str, Any]) -> None:
        self._learn(values)
        text = json.dumps(dict(values))
        await self._store.write(
            lambda db: db.execute(
                "INSERT INTO tokens (viewer, tracker, secret, saved_at) VALUES (?,?,?,?) ON CONFLICT (viewer, tracker) "
                "DO UPDATE SET previous = secret, secret = excluded.secret, saved_at = excluded.saved_at",
                (self._viewer, self._tracker, text, self._now().timestamp()),
            )
        )

    async def forget(self) -> None:
        await self._store.write(
            lambda db: db.execute("DELETE FROM tokens WHERE viewer = ? AND tracker = ?", (self._viewer, self._tracker))
        )


class BorrowedTokens(StoredTokens):
    """The sign-in of an account in a copy of the database.

    One that renews itself ends by that, so the new one is kept at ``home`` as well, which is else left as it is.
    """

    def __init__(self, home: Path, store: Store, viewer: str, tracker: str, *rest: Any) -> None:
        super().__init__(store, viewer, tracker, *rest)
        self._home, self._whose, self._rest = home, (viewer, tracker), rest

    async def save(self, values: Mapping[str, Any]) -> None:
        before = (await self.load() or {}).get("refresh_token")
        await super().save(values)
        if before is None or before == values.get("refresh_token") or not self._home.exists():
            return
        original = Store(self._home, create=False)
        try:
            await StoredTokens(original, *self._whose, *self._rest).save(values)
        finally:
            await original.aclose()


def save_state(
    db: sqlite3.Connection, viewer: str, tracker: str, state: str, reason: str, since: float, expires_at: float | None
) -> None:
    """How an account is, for whoever looks from outside the serving process."""
    db.execute(
        "INSERT OR REPLACE INTO accounts (viewer, tracker, state, reason, since, expires_at) VALUES (?,?,?,?,?,?)",
        (viewer, tracker, state, reason, since, expires_at),
    )


def signed_in(db: sqlite3.Connection, viewer: str, tracker: str, now: float) -> None:
    """Somebody signed in: an account that asked for it is as good as new until the service has tried it."""
    db.execute(
        "UPDATE accounts SET state = 'new', reason = '', since = ? "
        "WHERE viewer = ? AND tracker = ? AND state = 'sign-in'",
        (now, viewer, tracker),
    )


def set_mark(db: sqlite3.Connection, name: str, value: float) -> None:
    db.execute("INSERT OR REPLACE INTO marks (name, value) VALUES (?,?)", (name, value))


def mark(db: sqlite3.Connection, name: str) -> float:
    """0.0 where it was never set."""
    row = db.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
    return float(row[0]) if row else 0.0
