"""What a token of a program may do: look, act, or everything."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from scrobbled.store.accounts.clients import SCOPES

ADMIN = {"scope": "admin"}
"""``opt`` of a handler that tells secrets, changes the configuration or lets others in."""
_LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})


def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse what the caller's token is not for. People who are signed in may do everything."""
    needed = handler.opt.get("scope") or ("read" if connection.scope["method"] in _LOOKS else "write")  # type: ignore[typeddict-item]
    has = connection.scope["state"].get("rights", "admin")
    if SCOPES.index(has) < SCOPES.index(needed):
        raise PermissionDeniedException(
            f"This token is for {has}, and this asks for {needed}. "
            f"Make one with: scrobbled token create --scope {needed}"
        )
