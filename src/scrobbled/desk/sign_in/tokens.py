"""Tokens as command and API tell of them: ids carry their letter (``t3``), times are ISO 8601 in UTC."""

from __future__ import annotations

from msgspec import Struct

from scrobbled.store.accounts.clients import Client
from scrobbled.store.file.codec import iso, iso_or_none


class Token(Struct, frozen=True):
    """``kind`` is ``trakt``, which opens the Trakt endpoint for ``viewer``, or ``api``, which opens the API."""

    id: str
    kind: str
    name: str
    viewer: str | None
    created_at: str
    used_at: str | None
    """Noted once an hour at most."""
    expires_at: str | None
    """When its program has to renew it; ``None`` where it holds until it is revoked."""
    scope: str = ""
    """What it may do with the API: ``read``, ``write`` (act) or ``admin``; empty for the Trakt endpoint."""


class NewToken(Struct, frozen=True):
    """``secret`` is told here and never again."""

    token: Token
    secret: str


def told(client: Client) -> Token:
    return Token(
        id=f"t{client.id}",
        kind=client.kind,
        name=client.name,
        viewer=client.viewer,
        created_at=iso(client.created_at),
        used_at=iso_or_none(client.used_at),
        expires_at=iso_or_none(client.expires_at),
        scope=client.scope,
    )
