"""Signing in and out."""

from __future__ import annotations

import math

import structlog
from litestar import get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from scrobbled.desk import words
from scrobbled.desk.caller import Caller
from scrobbled.web.door.access import COOKIE, Access
from scrobbled.web.door.headers import cookies
from scrobbled.web.door.sessions import ABSOLUTE, TooSoon
from scrobbled.web.door.signed_in import SignedIn
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest

LONGEST_NAME = 200
log = structlog.get_logger("web")


def handlers(access: Access, signed_in: SignedIn) -> list[HTTPRouteHandler]:
    @get("/login", sync_to_thread=False)
    def door(request: AnyRequest, to: FromQuery[str | None] = None) -> Template | Redirect:
        if access.login is None or access.is_signed_in(request.scope):
            return shell.to(request, shell.way_back(to))
        return _login_page(request, to=shell.way_back(to))

    @post("/login")
    async def sign_in(request: AnyRequest) -> Template | Redirect:
        caller: Caller = request.state.caller
        form = await forms.form(request)
        to = shell.way_back(str(form.get("to", "")))
        if access.login is None:
            return shell.to(request, to)
        typed = str(form.get("username", "")), str(form.get("password", ""))
        try:
            does_fit = await access.attempts.tried(caller.address, lambda: access.knows(*typed))
        except TooSoon as error:
            return _login_page(request, wait=error.seconds, status=429, to=to, typed=typed[0])
        if not does_fit:
            log.warning("sign-in refused", action="sign-in", address=caller.address)
            return _login_page(request, wait=access.attempts.wait(caller.address), status=401, to=to, typed=typed[0])
        access.sessions.end(cookies(request.scope, COOKIE))
        log.info("signed in", action="sign-in", address=caller.address)
        session = access.sessions.begin()
        await signed_in.keep()
        return shell.to(request, to, cookie=cookie(caller, session))

    @post("/logout")
    async def sign_out(request: AnyRequest) -> Redirect:
        access.sessions.end(cookies(request.scope, COOKIE))
        await signed_in.keep()
        return shell.to(request, "login", cookie=cookie(request.state.caller, "", 0))

    return [door, sign_in, sign_out]


def _login_page(
    request: AnyRequest, *, wait: float = 0.0, status: int = 200, to: str = "", typed: str = ""
) -> Template:
    """``typed`` is the user name, which stands there again."""
    seconds = math.ceil(wait)
    error = "" if status == 200 else "Wrong user name or password."
    if seconds:
        error = f"Too many wrong tries. Wait {words.plural(seconds, 'second')}, then try again."
    headers = {"Retry-After": str(seconds)} if seconds else {}
    page = shell.bare(request, "door/login.html", status=status, error=error, to=to, typed=typed[:LONGEST_NAME])
    page.headers.update(headers)
    return page


def cookie(caller: Caller, value: str, max_age: int = int(ABSOLUTE)) -> Cookie:
    """The session's, for that browser alone."""
    return Cookie(
        key=COOKIE,
        value=value,
        path=caller.prefix or "/",
        max_age=max_age,
        httponly=True,
        samesite="lax",
        secure=caller.scheme == "https",
    )
