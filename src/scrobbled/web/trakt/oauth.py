"""Signing in with a code: a client asks for one, a person approves it, the client gets a token and can renew it."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import structlog
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from scrobbled.core.errors import BadPayload
from scrobbled.plumbing.fields import text
from scrobbled.runtime.service import Runtime
from scrobbled.store.accounts import clients
from scrobbled.web.door.access import Access
from scrobbled.web.door.guesses import later
from scrobbled.web.door.headers import place_of
from scrobbled.web.requests import AnyRequest, AnyResponse
from scrobbled.web.trakt.bearer import NotLetIn, is_open
from scrobbled.web.trakt.bodies import content, fields

LARGEST_BODY = 64 * 1024
MOST_FIELDS = 20
LONGEST_NAME = 80
STATUS: dict[clients.CodeState, int] = {
    "pending": 400,
    "unknown": 404,
    "used": 409,
    "expired": 410,
    "denied": 418,
    "hurried": 429,
}
"""Each without a body, as Trakt answers."""
_KEY = secrets.token_bytes(16)
log = structlog.get_logger("trakt")


def handlers(runtime: Runtime, access: Access) -> list[HTTPRouteHandler]:
    """Open to everybody: what protects them is that a person approves each code."""

    @post("/oauth/device/code", status_code=200, request_max_body_size=LARGEST_BODY)
    async def begin(request: AnyRequest) -> AnyResponse:
        form = await _form(runtime, request)
        name = _name(runtime, request, form)
        place = _place(access.caller(request.scope).address)
        begin_one = partial(clients.begin_code, client=name, place=place, now=_now(runtime))
        code = await runtime.store.write(begin_one)
        if isinstance(code, clients.PollTooSoon):
            return _not_now(code)
        log.info("a program asks to sign in", action="sign-in", client=name)
        return Response(
            {
                "device_code": code.device,
                "user_code": code.user,
                "verification_url": f"{_base(runtime, access, request)}/activate",
                "expires_in": int(clients.CODE_LIVES),
                "interval": clients.INTERVAL,
            }
        )

    @post("/oauth/device/token", status_code=200, request_max_body_size=LARGEST_BODY)
    async def redeem(request: AnyRequest) -> AnyResponse:
        device = str((await _form(runtime, request)).get("code", ""))
        found = await runtime.store.write(partial(clients.redeem, device=device, now=_now(runtime)))
        if isinstance(found, clients.IssuedToken):
            log.info("a program signed in", action="sign-in")
            return _tokens(runtime, found)
        headers = {"Retry-After": str(clients.INTERVAL)} if found == "hurried" else {}
        return Response(b"", status_code=STATUS[found], headers=headers)

    @post("/oauth/token", status_code=200, request_max_body_size=LARGEST_BODY)
    async def renew(request: AnyRequest) -> AnyResponse:
        form = await _form(runtime, request)
        refresh = str(form.get("refresh_token", "")) if form.get("grant_type") == "refresh_token" else ""
        grant = await runtime.store.write(partial(clients.renew, refresh=refresh, now=_now(runtime)))
        if isinstance(grant, clients.PollTooSoon):
            return _not_now(grant)
        if grant is None:
            return Response({"error": "invalid_grant", "error_description": _ENDED}, status_code=400)
        return _tokens(runtime, grant)

    @post("/oauth/revoke", status_code=200, request_max_body_size=LARGEST_BODY)
    async def revoke(request: AnyRequest) -> AnyResponse:
        token = str((await _form(runtime, request)).get("token", ""))
        await runtime.store.write(partial(clients.revoke_token, token=token))
        return Response(b"")

    return [begin, redeem, renew, revoke]


async def _form(runtime: Runtime, request: AnyRequest) -> dict[str, Any]:
    """What was sent, as JSON or as a form; nothing where it is neither. Raises ``NotLetIn``."""
    if not await is_open(runtime):
        raise NotLetIn(404)
    body = await content(request)
    try:
        return fields(body)
    except BadPayload:
        with contextlib.suppress(ValueError):  # far too many fields for any client of these
            return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    return {}


def _name(runtime: Runtime, request: AnyRequest, form: dict[str, Any]) -> str:
    """What a program calls itself, as a clean line: it is stored, and shown to whoever decides."""
    told = text(request.headers.get("user-agent", "")) or text(form.get("client_id"), limit=16)
    return runtime.redactor.text(told)[:LONGEST_NAME] or "a program"


def _tokens(runtime: Runtime, grant: clients.IssuedToken) -> AnyResponse:
    return Response(
        {
            "access_token": grant.token,
            "token_type": "bearer",
            "expires_in": int(clients.LIVES),
            "refresh_token": grant.refresh,
            "scope": "public",
            "created_at": int(grant.created_at),
        }
    )


def _not_now(wait: clients.PollTooSoon) -> AnyResponse:
    """As Trakt says that something comes too often."""
    return Response(b"", status_code=429, headers=later(wait.seconds))


def _place(address: str) -> str:
    """Tells one address from others, and nobody which it is."""
    return hmac.new(_KEY, place_of(address).encode(), hashlib.sha256).hexdigest()[:16]


def _base(runtime: Runtime, access: Access, request: AnyRequest) -> str:
    """Where a person can reach the page: as configured, else as the client reached us."""
    if runtime.config.server.public_url:
        return runtime.config.server.public_url.rstrip("/")
    caller = access.caller(request.scope)
    return f"{caller.scheme}://{caller.host}{caller.prefix}"


def _now(runtime: Runtime) -> float:
    return runtime.clock.now().timestamp()


_ENDED = "This sign-in has ended or was renewed already. Sign in again."
