"""Per account: its sign-in, its state as last seen, and the marks that other processes leave."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from scrobbled.store.file.database import Store

RETRIED = "retried"
"""Mark set by ``queue retry``: paused accounts try again at once."""
RESTORED = "restored"
"""Mark of when the database was last put back or emptied: the trackers may hold what was watched before."""

SIGNED_OUT = "somebody signed out"

_SECRET_PARTS = ("token", "password", "instead_of")
"""What the name of a secret's key holds; ``instead_of`` is a pasted token that the sign-in took the place of."""
_HOME = "home"
"""Beside the values of a sign-in: where the account was when it was made."""


def secrets_of(values: Mapping[str, Any] | None) -> list[str]:
    """What of a sign-in would let somebody else act as the account."""
    return list(_secrets_in(values or {}))


def _secrets_in(value: Any) -> Iterator[str]:
    """At any depth: some are kept for each of several servers."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str):
                yield from [inner] if any(part in key for part in _SECRET_PARTS) else []
            else:
                yield from _secrets_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets_in(inner)


def secrets_kept(db: sqlite3.Connection) -> list[str]:
    """Those of every sign-in, also of accounts that are not configured any more, and of the ones before.

    What came in before we knew a secret is stored as it came, so whoever shows something has to know them all.
    """
    return [secret for values in _sign_ins(db) for secret in secrets_of(values)]


def last_saved(db: sqlite3.Connection) -> float:
    """When somebody last signed in anywhere, in Unix seconds; 0.0 where nobody did."""
    return float(db.execute("SELECT coalesce(max(saved_at), 0) FROM tokens").fetchone()[0])


def all_kept(db: sqlite3.Connection) -> dict[tuple[str, str], dict[str, Any]]:
    """Each as it is stored, by viewer and tracker; raises ``ValueError`` where one cannot be read."""
    rows = db.execute("SELECT viewer, tracker, secret FROM tokens").fetchall()
    return {(viewer, tracker): json.loads(secret) for viewer, tracker, secret in rows}


def renewing(db: sqlite3.Connection) -> set[tuple[str, str]]:
    """Accounts, by viewer and tracker, whose sign-in has a token to renew it with."""
    rows = db.execute("SELECT viewer, tracker FROM tokens WHERE json_extract(secret, '$.refresh_token') <> ''")
    return {(row[0], row[1]) for row in rows}


def user_names(db: sqlite3.Connection) -> list[str]:
    """What people are called at the trackers, where a sign-in says so."""
    rows = db.execute("SELECT json_extract(secret, '$.username') FROM tokens WHERE json_valid(secret)")
    return [str(row[0]) for row in rows if row[0]]


def _sign_ins(db: sqlite3.Connection) -> Iterator[Mapping[str, Any]]:
    for texts in db.execute("SELECT secret, previous FROM tokens"):
        for text in filter(None, texts):
            with contextlib.suppress(ValueError):
                if isinstance(values := json.loads(text), dict):
                    yield values


def of_home(values: Mapping[str, Any], home: str | None) -> Mapping[str, Any] | None:
    """A stored sign-in as its account uses it; ``None`` where that is at another place now."""
    if home is not None and values.get(_HOME, home) != home:
        return None
    return {key: value for key, value in values.items() if key != _HOME}


class StoredTokens:
    """``trackers.given.Tokens`` for one account. The pair before the present one is kept, for a look back.

    ``home`` is where the account is, see ``core.places``: a sign-in that was made elsewhere is none here, as it would
    be sent to whoever answers at the new address. Without one it is not asked.
    """

    def __init__(
        self,
        store: Store,
        viewer: str,
        tracker: str,
        learn: Callable[[Any], None],
        now: Callable[[], datetime],
        home: str | None = None,
    ) -> None:
        self._store, self._viewer, self._tracker, self._learn, self._now = store, viewer, tracker, learn, now
        self._at = home

    async def load(self) -> Mapping[str, Any] | None:
        row = await self._store.read(
            lambda db: db.execute(
                "SELECT secret FROM tokens WHERE viewer = ? AND tracker = ?", (self._viewer, self._tracker)
            ).fetchone()
        )
        values: Mapping[str, Any] | None = json.loads(row[0]) if row else None
        self._learn(values)
        if values is not None and self._at is not None and _HOME not in values:
            await self._settle(row[0], {**values, _HOME: self._at})
        return None if values is None else of_home(values, self._at)

    async def save(self, values: Mapping[str, Any]) -> None:
        self._learn(values)
        text = json.dumps({**values, **({} if self._at is None else {_HOME: self._at})})
        await self._store.write(
            lambda db: db.execute(
                "INSERT INTO tokens (viewer, tracker, secret, saved_at) VALUES (?,?,?,?) ON CONFLICT (viewer, tracker) "
                "DO UPDATE SET previous = secret, secret = excluded.secret, saved_at = excluded.saved_at",
                (self._viewer, self._tracker, text, self._now().timestamp()),
            )
        )

    async def _settle(self, before: str, values: Mapping[str, Any]) -> None:
        """Of an earlier version, which did not write down where: it has been used here until now."""
        row = (json.dumps(values), self._viewer, self._tracker, before)
        await self._store.write(
            lambda db: db.execute("UPDATE tokens SET secret = ? WHERE viewer = ? AND tracker = ? AND secret = ?", row)
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


def signed_out(db: sqlite3.Connection, viewer: str, tracker: str, now: float) -> None:
    """Somebody signed out: a process that serves looks at its sign-in again, and finds none."""
    save_state(db, viewer, tracker, "sign-in", SIGNED_OUT, now, None)
    set_mark(db, RETRIED, now)


def set_mark(db: sqlite3.Connection, name: str, value: float) -> None:
    db.execute("INSERT OR REPLACE INTO marks (name, value) VALUES (?,?)", (name, value))


def mark(db: sqlite3.Connection, name: str) -> float:
    """0.0 where it was never set."""
    row = db.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
    return float(row[0]) if row else 0.0
