"""Programs that may come in: tokens made by hand, and sign-ins with a code. Of every secret only a hash is kept."""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
from collections import Counter
from typing import Any, Literal

from msgspec import Struct

from scrobbled.plumbing import token_shape

TokenKind = Literal["trakt", "api"]
"""What a token opens: the Trakt endpoint, for one viewer, or the API."""
PLAYER: TokenKind = "trakt"
SCOPES = ("read", "write", "admin")
"""What a token of the API may do, each with those before: look; act; tell secrets, change settings, let others in."""
LIVES = 90 * 86_400.0
"""Seconds that an access token of a sign-in is good for; then the client renews it."""
CODE_LIVES = 600.0
CODE_KEPT = 3_600.0
"""Seconds after its end in which a code is still told to be over, and not to be unknown."""
INTERVAL = 2
"""Seconds between two questions of a client that waits for its code to be approved."""
TOLERATED = 1.0
MOST_PENDING = 50
MOST_FROM_ONE_PLACE = 5
"""Codes that one address may have waiting."""
CODE_STAYS = 60.0
"""Seconds for which nothing takes the place of a code, so that a person can type it."""
RENEWAL_EVERY = 60.0
"""Seconds between two renewals of a sign-in, which is good for months."""
SAID_EVERY = 3_600.0
"""Seconds: when a token was last used is written down no more often."""
_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"
"""No vowels, so no words, and nothing that looks like something else."""
_CODE_LENGTH = 8
_COLUMNS = "id, kind, name, viewer, created_at, used_at, expires_at, scope, replaced_hash IS NOT NULL"


class Client(Struct, frozen=True):
    """One token that was given out. Times are Unix seconds; ``expires_at`` is ``None`` where it holds until revoked."""

    id: int
    kind: str
    name: str
    viewer: str | None
    created_at: float
    used_at: float | None
    expires_at: float | None
    scope: str = ""
    """One of ``SCOPES`` for the API, empty for the Trakt endpoint."""
    is_fresh: bool = False
    """It was renewed, and has not been used since: the answer may have been lost."""


class PollTooSoon(Struct, frozen=True):
    """Not now; in so many ``seconds``."""

    seconds: float


class IssuedToken(Struct, frozen=True):
    """A token and what renews it, at the only moment they are known."""

    token: str
    refresh: str
    created_at: float


class CodePair(Struct, frozen=True):
    """A sign-in that begins: ``device`` is the client's secret, ``user`` is what a person types."""

    device: str
    user: str


CodeState = Literal["pending", "approved", "denied", "used", "expired", "unknown", "hurried"]


TROUBLES: dict[CodeState, str] = {
    "unknown": "There is no such code. Look again at what the program shows.",
    "expired": "This code is over. Let the program show a new one.",
    "used": "This code was used already. Let the program show a new one.",
    "denied": "This code was turned away. Let the program show a new one.",
    "approved": "This code is approved already; the program takes it up by itself.",
}


class PendingCode(Struct, frozen=True):
    """A code as a person sees it before deciding. ``client`` is what the program called itself."""

    user: str
    client: str
    state: CodeState


def create(
    db: sqlite3.Connection, kind: TokenKind, name: str, viewer: str | None, now: float, scope: str = "admin"
) -> tuple[Client, str]:
    """A token that holds until it is revoked, and itself, which nobody can tell again. ``scope`` is for the API."""
    token, scope = token_shape.new(), scope if kind == "api" else ""
    id_ = _insert(db, kind, name, viewer, token, now, scope=scope)
    return Client(id_, kind, name, viewer, now, None, None, scope), token


def listed(db: sqlite3.Connection) -> list[Client]:
    """All that are not revoked, oldest first."""
    return [Client(*row) for row in db.execute(f"SELECT {_COLUMNS} FROM clients ORDER BY id")]


def has_any(db: sqlite3.Connection, kind: TokenKind) -> bool:
    return db.execute("SELECT 1 FROM clients WHERE kind = ? LIMIT 1", (kind,)).fetchone() is not None


def revoke(db: sqlite3.Connection, id_: int) -> bool:
    """Whether there was such a token."""
    return db.execute("DELETE FROM clients WHERE id = ?", (id_,)).rowcount > 0


def revoke_named(db: sqlite3.Connection, name: str) -> None:
    """Every token of the API that was made under this name."""
    db.execute("DELETE FROM clients WHERE kind = 'api' AND name = ?", (name,))


def revoke_token(db: sqlite3.Connection, token: str) -> bool:
    """By the token itself, or by what renews it."""
    return (
        db.execute("DELETE FROM clients WHERE ? IN (hash, refresh_hash, replaced_hash)", (_hash(token),)).rowcount > 0
    )


def find(db: sqlite3.Connection, kind: TokenKind, token: str, now: float) -> Client | None:
    """Whose token this is; ``None`` for one that is unknown, revoked or over.

    Looked up by its hash, so that the time it takes tells nothing about the token.
    """
    row = db.execute(f"SELECT {_COLUMNS} FROM clients WHERE hash = ? AND kind = ?", (_hash(token), kind)).fetchone()
    client = Client(*row) if row else None
    return client if client and (client.expires_at is None or now < client.expires_at) else None


def is_worth_noting(client: Client, now: float) -> bool:
    """Whether its last use was noted so long ago that it should be noted again, or is the first one."""
    return client.is_fresh or client.used_at is None or not 0 <= now - client.used_at < SAID_EVERY


def note_use(db: sqlite3.Connection, id_: int, now: float) -> None:
    """Its client has what it was last given, so what it had before is void."""
    db.execute("UPDATE clients SET used_at = ?, replaced_hash = NULL WHERE id = ?", (now, id_))


def renew(db: sqlite3.Connection, refresh: str, now: float) -> IssuedToken | PollTooSoon | None:
    """A new pair for the old one, which is void from now on; ``None`` for one that does not hold (any more).

    Until the new one is used, the old one can be renewed once more: an answer may be lost on its way.
    """
    hashed = _hash(refresh)
    row = db.execute(
        "SELECT id, renewed_at FROM clients WHERE ? IN (refresh_hash, replaced_hash)", (hashed,)
    ).fetchone()
    if row is None:
        return None
    if row[1] is not None and 0 <= now - row[1] < RENEWAL_EVERY:
        return PollTooSoon(row[1] + RENEWAL_EVERY - now)
    grant = _grant(now)
    db.execute(
        "UPDATE clients SET hash = ?, refresh_hash = ?, replaced_hash = ?, expires_at = ?, used_at = ?, renewed_at = ? "
        "WHERE id = ?",
        (_hash(grant.token), _hash(grant.refresh), hashed, now + LIVES, now, now, row[0]),
    )
    return grant


def begin_code(db: sqlite3.Connection, client: str, place: str, now: float) -> CodePair | PollTooSoon:
    """A new code for a program that wants in. ``place`` tells its address from others.

    Where too many wait, the oldest of the place with the most makes room, so that one place cannot keep others out.
    """
    db.execute("DELETE FROM device_codes WHERE expires_at < ?", (now - CODE_KEPT,))
    waiting = _waiting(db, now)
    mine = [begun for found, begun in waiting.values() if found == place]
    if len(mine) >= MOST_FROM_ONE_PLACE:
        stays = min(mine) + CODE_STAYS - now
        if stays > 0:
            return PollTooSoon(min(stays, CODE_STAYS))
        _drop_code(db, {key: one for key, one in waiting.items() if one[0] == place})
    elif len(waiting) >= MOST_PENDING:
        _drop_code(db, waiting)
    code = CodePair(token_shape.new(), "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH)))
    db.execute(
        "INSERT INTO device_codes (device_hash, user_code, client, place, state, expires_at) "
        "VALUES (?,?,?,?,'pending',?)",
        (_hash(code.device), code.user, client, place, now + CODE_LIVES),
    )
    return code


def _waiting(db: sqlite3.Connection, now: float) -> dict[str, tuple[str, float]]:
    """The codes that nobody has decided: whence each came, and when."""
    rows = db.execute(
        "SELECT device_hash, place, expires_at FROM device_codes WHERE state = 'pending' AND expires_at > ?", (now,)
    )
    return {key: (place, ends - CODE_LIVES) for key, place, ends in rows}


def _drop_code(db: sqlite3.Connection, waiting: dict[str, tuple[str, float]]) -> None:
    """The oldest of the place that has most."""
    counts = Counter(place for place, _ in waiting.values())
    key = min(waiting, key=lambda key: (-counts[waiting[key][0]], waiting[key][1]))
    db.execute("DELETE FROM device_codes WHERE device_hash = ?", (key,))


def asked(db: sqlite3.Connection, user: str, now: float) -> PendingCode | None:
    """The code a person typed, however it is written; ``None`` for one that was never given out."""
    row = db.execute(
        "SELECT user_code, client, state, expires_at FROM device_codes WHERE user_code = ?", (_typed(user),)
    ).fetchone()
    return PendingCode(row[0], row[1], _state(row[2], row[3], now)) if row else None


def decide(db: sqlite3.Connection, user: str, viewer: str | None, now: float) -> CodeState | None:
    """Let the program in for ``viewer``, or with ``None`` turn it away.

    ``None`` is done; otherwise the state in which there is nothing to decide (any more), ``TROUBLES`` for people.
    """
    found = asked(db, user, now)
    if found is None or found.state != "pending":
        return found.state if found else "unknown"
    state = "denied" if viewer is None else "approved"
    db.execute("UPDATE device_codes SET state = ?, viewer = ? WHERE user_code = ?", (state, viewer, found.user))
    return None


def redeem(db: sqlite3.Connection, device: str, now: float) -> IssuedToken | CodeState:
    """The pair for an approved code, once; else the state of the code. ``hurried`` asks too often."""
    hashed = _hash(device)
    row = db.execute(
        "SELECT state, expires_at, polled_at, client, viewer FROM device_codes WHERE device_hash = ?", (hashed,)
    ).fetchone()
    if row is None:
        return "unknown"
    state = _state(row[0], row[1], now)
    if state == "approved":
        db.execute("UPDATE device_codes SET state = 'used' WHERE device_hash = ?", (hashed,))
        grant = _grant(now)
        _insert(db, PLAYER, row[3], row[4], grant.token, now, refresh=grant.refresh, expires_at=now + LIVES)
        return grant
    if state != "pending":
        return state
    hurried = row[2] is not None and 0 <= now - row[2] < INTERVAL - TOLERATED
    db.execute("UPDATE device_codes SET polled_at = ? WHERE device_hash = ?", (now, hashed))
    return "hurried" if hurried else "pending"


def _state(stored: str, expires_at: float, now: float) -> CodeState:
    if stored in ("denied", "used"):
        return "denied" if stored == "denied" else "used"
    if now >= expires_at:
        return "expired"
    return "approved" if stored == "approved" else "pending"


def _insert(
    db: sqlite3.Connection, kind: TokenKind, name: str, viewer: str | None, token: str, now: float, **more: Any
) -> int:
    refresh = more.get("refresh")
    cursor = db.execute(
        "INSERT INTO clients (kind, name, viewer, hash, refresh_hash, created_at, expires_at, scope) "
        "VALUES (?,?,?,?,?,?,?,?)",
        (
            kind,
            name,
            viewer,
            _hash(token),
            _hash(refresh) if refresh else None,
            now,
            more.get("expires_at"),
            more.get("scope", ""),
        ),
    )
    return int(cursor.lastrowid or 0)


def _grant(now: float) -> IssuedToken:
    return IssuedToken(token_shape.new(), token_shape.new(), now)


def _hash(secret: str) -> str:
    """No salt and no stretching: these are 256 random bits, not words of people."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _typed(user: str) -> str:
    return re.sub(r"[\s-]", "", user[:64]).upper()
