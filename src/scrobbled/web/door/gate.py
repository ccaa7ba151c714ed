"""In front of everything: what is not open to all passes ``Access`` first, and gets the headers that pages need."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from litestar.types import ASGIApp, Message, Receive, Send
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.web.door.access import Access, AccessLevel
from scrobbled.web.door.headers import bearer
from scrobbled.web.door.refusals import Refusal
from scrobbled.web.door.signed_in import SignedIn
from scrobbled.web.later import LaterApp

OPEN = ("/webhooks", "/trakt", "/health", "/metrics")
"""Media servers, players, container engines and Prometheus come here, by service names and without a login."""
TOLD_TO_ALL = ("/health", "/metrics", "/trakt/oauth/device/code")
"""Of those, what answers without any secret: under no name that somebody else's page can have pointed here."""
LEVELS = {
    "/static": AccessLevel.ASSET,
    "/login": AccessLevel.DOOR,
    "/start/code": AccessLevel.DOOR,
    "/start": AccessLevel.START,
    "/api/v1/start": AccessLevel.START,
    "/api/v1/backup": AccessLevel.OWN,
}
"""Signing in must be possible, and look right, before anybody is signed in. The first that fits counts."""
LETS_IN = ("/settings/tokens", "/api/v1/tokens", "/activate", "/settings/backup")
"""What is sent there lets somebody in, or puts something else in the place of all there is."""
FIRST_LOGIN = ("/start/password", "/api/v1/start/login")
"""What is sent there is the password: as long as the code of a first start counts, and never after."""
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
FRAMED = {
    **SECURITY,
    "content-security-policy": SECURITY["content-security-policy"].replace("ancestors 'none'", "ancestors 'self'"),
}
"""Below Home Assistant the page stands in a frame of the same origin."""
_NO_ADDRESS = Refusal(404, "There is nothing here", "No page has such an address.")
LONGEST_NAME = 255
_ELSEWHERE = Refusal(404, "There is nothing here", "Webhooks, players and metrics have a port of their own, 8484.")
Render = Callable[[Refusal, str], str]
"""The page of a refusal, given the address of our root as seen from there."""
Opens = Callable[[str], Awaitable[str]]
"""What a token may do with the API; empty for nothing."""
ALL_RIGHTS = "admin"
"""Of people who are signed in, and of this machine where there is no login."""


class Doors(Struct, frozen=True):
    """What a gate needs besides the rules."""

    opens: Opens
    signed_in: SignedIn
    render: Render
    end_streams: Callable[[], None] = lambda: None


class Gate:
    """The whole application, as a server sees it: what is open to all, and behind the rules what people see.

    What is behind gets paths without the prefix the server was told of (``root_path``), and in ``scope["state"]`` the
    ``caller`` and the ``root``: what to put before a relative address.
    """

    def __init__(self, machines: ASGIApp, people: LaterApp, programs: LaterApp, access: Access, doors: Doors) -> None:
        """``machines`` is what is ``OPEN``, ``programs`` what is below ``MACHINES``, ``people`` all else."""
        self._machines, self._access, self._doors = machines, access, doors
        self.people, self.programs = people, programs
        self.end_streams = doors.end_streams

    def ingress(self) -> Ingress:
        """The same application for Home Assistant's own listener."""
        return Ingress(self._inside, self._access, self._doors)

    async def _inside(self, scope: Any, receive: Receive, send: Send) -> None:
        """The API has a hundred routes, and most houses never ask it."""
        app = self.programs if _is_for_programs(scope["path"]) else self.people
        await app(scope, receive, send)

    def is_relay(self, address: str) -> bool:
        return self._access.is_relay(address)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._machines(scope, receive, send)
            return
        scope, prefix = _without_prefix(scope)
        send = _with_headers(send)
        if any(is_below(scope["path"], place) for place in OPEN):
            await self._open(scope, receive, send, prefix)
        else:
            await self._guarded(scope, receive, send, prefix)

    async def _open(self, scope: Any, receive: Receive, send: Send, prefix: str) -> None:
        path = re.sub("/+", "/", scope["path"])  # as the routes may read it
        told_to_all = any(is_below(path, place) for place in TOLD_TO_ALL)
        if told_to_all and (refusal := self._access.misnamed(scope, self._access.caller(scope, prefix))):
            await _refused(send, refusal)
        else:
            await self._machines(scope, receive, send)

    async def _guarded(self, scope: Any, receive: Receive, send: Send, prefix: str) -> None:
        path = scope["path"]
        await self._doors.signed_in.restore()
        caller = self._access.caller(scope, prefix)
        root = _root(caller.prefix, path)
        level = _level(scope, self._access.takes_code)
        refusal = self._access.refusal(scope, caller, level) or _strange_address(path)
        machine = _is_for_programs(path)
        rights = ALL_RIGHTS
        token = bearer(scope) if machine else ""
        if token and refusal and refusal.sign_in:
            rights = await self._doors.opens(token)
            refusal, caller = self._access.token_refusal(caller, opens=bool(rights)), replace(caller, has_token=True)
        elif token and refusal is None and self._access.login is None and (found := await self._doors.opens(token)):
            rights, caller = found, replace(caller, has_token=True)
        if refusal is None:
            await self._doors.signed_in.noted()
            scope["state"] = {**scope.get("state", {}), "caller": caller, "root": root, "rights": rights}
            await self._inside(scope, receive, send)
        elif machine:
            await _refused(send, refusal)
        elif refusal.status == 401:
            await _answer(send, 303, b"", "text/plain", location=f"{root}{refusal.door}{_way_back(scope)}")
        else:
            body = self._doors.render(refusal, root).encode()
            await _answer(send, refusal.status, body, "text/html; charset=utf-8")


class Ingress:
    """What Home Assistant's supervisor sees: the page and the API, without signing in, as it has let people in already.

    Nobody else is answered here, whatever they claim in headers: other containers can reach this port too. Its pages
    may stand in a frame of Home Assistant's. Webhooks, players and Prometheus have the other port.
    """

    def __init__(self, app: ASGIApp, access: Access, doors: Doors) -> None:
        self._app, self._access, self._render = app, access, doors.render
        self.end_streams = doors.end_streams

    def is_relay(self, address: str) -> bool:
        return self._access.is_relay(address)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope, prefix = _without_prefix(scope)
        caller = self._access.ingress_caller(scope, prefix)
        root = _root(caller.prefix, scope["path"])
        refusal = self._access.ingress_refusal(scope, caller) or _strange_address(scope["path"])
        if refusal or any(is_below(scope["path"], place) for place in OPEN):
            refusal = refusal or _ELSEWHERE
            body = self._render(refusal, root).encode()
            await _answer(_with_headers(send, FRAMED), refusal.status, body, "text/html; charset=utf-8")
            return
        scope["state"] = {**scope.get("state", {}), "caller": caller, "root": root, "rights": ALL_RIGHTS}
        await self._app(scope, receive, _with_headers(send, FRAMED))


def _level(scope: Any, is_first_start: bool) -> AccessLevel:
    path = scope["path"]
    if scope["method"] == "POST":
        owned = LETS_IN if is_first_start else (*LETS_IN, *FIRST_LOGIN)
        if any(is_below(path, place) for place in owned):
            return AccessLevel.OWN
    return next((level for place, level in LEVELS.items() if is_below(path, place)), AccessLevel.INSIDE)


def _is_for_programs(path: str) -> bool:
    return any(is_below(path, place) for place in MACHINES)


def _strange_address(path: str) -> Refusal | None:
    """What no file system takes as a name is nothing to look for."""
    is_strange = "\0" in path or any(len(part.encode("utf-8", "replace")) > LONGEST_NAME for part in path.split("/"))
    return _NO_ADDRESS if is_strange else None


def _without_prefix(scope: Any) -> tuple[Any, str]:
    """The request as if we were at the root, and the prefix that the server was told of."""
    prefix = str(scope.get("root_path", "")).rstrip("/")
    path = scope["path"].removeprefix(prefix) if is_below(scope["path"], prefix) else scope["path"]
    return {**scope, "path": path or "/", "root_path": ""}, prefix


def _root(prefix: str, path: str) -> str:
    """What to put before an address: nobody knows a prefix that is not told, then only the way up leads to our root."""
    return f"{prefix}/" if prefix else "../" * (path.count("/") - 1) or "./"


def _way_back(scope: Any) -> str:
    """Whoever wanted to look at something comes back to it after signing in; what a form sent is not sent again."""
    query = scope["query_string"].decode("latin-1")
    wanted = scope["path"][1:] + (f"?{query}" if query else "")
    return f"?to={quote(wanted)}" if wanted and scope["method"] == "GET" else ""


def is_below(path: str, place: str) -> bool:
    """Whether ``path`` is that place or below it."""
    return path == place or path.startswith(f"{place}/")


def _with_headers(send: Send, security: Mapping[str, str] = SECURITY) -> Send:
    """Nothing here is kept by a cache, except for what says itself how long it stays the same."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            there = {key.lower() for key, _ in headers}
            wanted = security if b"cache-control" in there else {**security, "cache-control": "no-store"}
            headers += [(name.encode(), value.encode()) for name, value in wanted.items()]
            message = {**message, "headers": headers}
        await send(message)

    return send_with_headers


async def _refused(send: Send, refusal: Refusal) -> None:
    """For programs."""
    body = json.dumps({"error": refusal.text}).encode()
    await _answer(send, refusal.status, body, "application/json", **refusal.headers())


async def _answer(send: Send, status: int, body: bytes, media_type: str, **headers: str) -> None:
    shown = {"content-type": media_type, "content-length": str(len(body)), **headers}
    pairs = [(name.encode(), value.encode("latin-1", "replace")) for name, value in shown.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body, "more_body": False})
