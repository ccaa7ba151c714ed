"""Who calls the Trakt endpoint: a token of the configuration, or one that was given out."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from litestar import Request, Response
from msgspec import Struct

from scrobbled.config import SourceConfig
from scrobbled.core.errors import StoreError
from scrobbled.plumbing import token_shape
from scrobbled.runtime.service import Runtime
from scrobbled.store.accounts import clients
from scrobbled.web.door.guesses import Guesses, later

SOURCE = "trakt"


class Bearer(Struct, frozen=True):
    """``viewer`` is who the token was made for, ``None`` where it is shared: then whoever lists the source alone.

    ``client`` is what to call the program.
    """

    viewer: str | None
    client: str


class NotLetIn(Exception):
    """The answer is ``status``: 401 for a token that opens nothing, 404 where there is no endpoint at all."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def turning_away(guesses: Guesses) -> Callable[[Request[Any, Any, Any], NotLetIn], Response[Any]]:
    """An empty object with a 401, upon which clients renew their sign-in; nothing at all where nothing is.

    Whoever guesses has to wait. A token that looks like one we gave out is none: nobody guesses those, and an old one
    has to be answered in the same way for as long as its client sends it.
    """

    def turned_away(request: Request[Any, Any, Any], error: NotLetIn) -> Response[Any]:
        token = _bearer(request.headers)
        if error.status != 401:
            return Response(b"", status_code=error.status)
        if token and not token_shape.is_ours(token) and (wait := guesses.wrong(request.scope)):
            return Response(b"", status_code=429, headers=later(wait))
        return Response({}, status_code=401)

    return turned_away


async def caller(runtime: Runtime, headers: Mapping[str, str]) -> Bearer:
    """Raises ``NotLetIn``. Nothing is remembered: the configuration and the tokens may change at any time."""
    token = _bearer(headers)
    settings = runtime.config.sources.get(SOURCE)
    if settings is not None and (known := _configured(settings, token)) is not None:
        owner = runtime.config.viewer(known) if known else None
        return Bearer(owner.name if owner else None, headers.get("user-agent", "")[:80])
    now = runtime.clock.now().timestamp()
    found = await runtime.store.read(partial(clients.find, kind="trakt", token=token, now=now)) if token else None
    viewer = runtime.config.viewer(found.viewer or "") if found else None
    if found is None or viewer is None:
        raise NotLetIn(401 if await is_open(runtime) else 404)
    if clients.is_worth_noting(found, now):
        with contextlib.suppress(StoreError):  # who used it when is worth less than what is being told
            await runtime.store.write(partial(clients.note_use, id_=found.id, now=now))
    return Bearer(viewer.name, found.name)


async def is_open(runtime: Runtime) -> bool:
    """Whether there is an endpoint: one is configured, or a token for it was given out."""
    return SOURCE in runtime.config.sources or await runtime.store.read(partial(clients.has_any, kind="trakt"))


def _configured(settings: SourceConfig, token: str) -> str | None:
    """The viewer, empty for the shared token. Compared with every token, so that the time it takes tells nothing."""
    found = None
    for viewer, known in (("", settings.token), *settings.tokens.items()):
        same = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), (known or "").encode())
        found = viewer if same and known else found
    return found


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
