"""In front of everything: what is not open to all passes ``Access`` first, and gets the headers that pages need."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from litestar.types import ASGIApp, Message, Receive, Send

from scrobbled.web.access import Access, Level, Refusal, bearer

OPEN = ("/webhooks", "/trakt", "/health", "/metrics")
"""Media servers, players, container engines and Prometheus come here, by service names and without a login."""
LEVELS = {"/static": Level.ASSET, "/login": Level.DOOR}
"""Signing in must be possible, and look right, before anybody is signed in."""
MACHINES = ("/api", "/schema")
"""Refused in JSON, never with a page or a redirect."""
# With "no-referrer" browsers send "Origin: null" with our own forms, which then look like those of another site.
SECURITY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
Render = Callable[[Refusal, str], str]
"""The page of a refusal, given the address of our root as seen from there."""
Opens = Callable[[str], Awaitable[bool]]
"""Whether a token opens the API."""


class Gate:
    """The whole application, as a server sees it.

    What is behind gets paths without the prefix the server was told of (``root_path``), and in ``scope["state"]`` the
    ``caller`` and the ``root``: what to put before a relative address.
    """

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        render: Render,
        *,
        opens: Opens,
        end_streams: Callable[[], None] = lambda: None,
    ) -> None:
        self._app, self._access, self._render, self._opens = app, access, render, opens
        self.end_streams = end_streams

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        prefix = str(scope.get("root_path", "")).rstrip("/")
        path = scope["path"].removeprefix(prefix) if is_below(scope["path"], prefix) else scope["path"]
        scope = {**scope, "path": path or "/", "root_path": ""}
        if any(is_below(scope["path"], place) for place in OPEN):
            await self._app(scope, receive, send)
        else:
            await self._guarded(scope, receive, _with_headers(send), prefix)

    async def _guarded(self, scope: Any, receive: Receive, send: Send, prefix: str) -> None:
        path = scope["path"]
        caller = self._access.caller(scope, prefix)
        # nobody knows the prefix of a proxy that does not tell it: then only the way up from here leads to our root
        root = f"{caller.prefix}/" if caller.prefix else "../" * (path.count("/") - 1) or "./"
        level = next((level for place, level in LEVELS.items() if is_below(path, place)), Level.INSIDE)
        refusal = self._access.refusal(scope, caller, level)
        machine = any(is_below(path, place) for place in MACHINES)
        if refusal and refusal.sign_in and machine and (token := bearer(scope)):
            refusal = self._access.token_refusal(caller, opens=await self._opens(token))
        if refusal is None:
            scope["state"] = {**scope.get("state", {}), "caller": caller, "root": root}
            await self._app(scope, receive, send)
        elif machine:
            body = json.dumps({"error": refusal.text}).encode()
            await _answer(send, refusal.status, body, "application/json", **refusal.headers())
        elif refusal.status == 401:
            await _answer(send, 303, b"", "text/plain", location=f"{root}login{_way_back(scope)}")
        else:
            body = self._render(refusal, root).encode()
            await _answer(send, refusal.status, body, "text/html; charset=utf-8")


def _way_back(scope: Any) -> str:
    """Whoever wanted to look at something comes back to it after signing in; what a form sent is not sent again."""
    query = scope["query_string"].decode("latin-1")
    wanted = scope["path"][1:] + (f"?{query}" if query else "")
    return f"?to={quote(wanted)}" if wanted and scope["method"] == "GET" else ""


def is_below(path: str, place: str) -> bool:
    """Whether ``path`` is that place or below it."""
    return path == place or path.startswith(f"{place}/")


def _with_headers(send: Send) -> Send:
    """Nothing here is kept by a cache, except for what says itself how long it stays the same."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            there = {key.lower() for key, _ in headers}
            wanted = SECURITY if b"cache-control" in there else {**SECURITY, "cache-control": "no-store"}
            headers += [(name.encode(), value.encode()) for name, value in wanted.items()]
            message = {**message, "headers": headers}
        await send(message)

    return send_with_headers


async def _answer(send: Send, status: int, body: bytes, media_type: str, **headers: str) -> None:
    shown = {"content-type": media_type, "content-length": str(len(body)), **headers}
    pairs = [(name.encode(), value.encode("latin-1", "replace")) for name, value in shown.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body, "more_body": False})
