"""The page for people, signing in and out, and the forms on it. Works without JavaScript."""

from __future__ import annotations

import math
import re
from typing import Any, Literal

import structlog
from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from scrobbled import floods, summary
from scrobbled.config import BY_VIEWER
from scrobbled.floods import Done, NoId
from scrobbled.runtime import Runtime
from scrobbled.web import forms, poster, source_forms, story_page, view, words
from scrobbled.web.access import COOKIE, Access, Caller, cookies
from scrobbled.web.desk import ACTIONS, Desk
from scrobbled.web.sessions import ABSOLUTE

PLAYS = 24
NEEDS = 12
LARGEST_FORM = 64 * 1024
FOREVER = "public, max-age=31536000, immutable"
Asked = Request[Any, Any, Any]
log = structlog.get_logger("web")


def router(runtime: Runtime, desk: Desk, access: Access) -> Router:
    """Who may come here is decided before, by the gate; it also tells ``caller`` and ``root``."""

    @get("/")
    async def now(
        request: Asked,
        before: FromQuery[str | None] = None,
        fragment: FromQuery[str | None] = None,
        did: FromQuery[str | None] = None,
        count: FromQuery[str | None] = None,
    ) -> Template:
        found = await desk.facts(_play_id(before), PLAYS, NEEDS)
        here = runtime.clock.now().astimezone()  # in the zone of the house
        context = {
            "page": view.page(found, runtime.couriers.keys(), here, before=before, size=PLAYS),
            "hooks": _hooks(runtime, request.state.caller),
            "players": _players(runtime, request.state.caller),
            "viewers": [viewer.name for viewer in runtime.config.viewers],
            "triable": source_forms.triable(runtime.config),
            "can_sign_out": access.login is not None,
            "notice": notice(did, count),
            "root": request.state.root,
        }
        return Template("fragment.html" if fragment else "now.html", context=context)

    @post("/queue")
    async def act(request: Asked) -> Redirect:
        form = await forms.form(request)
        action, given = str(form.get("action", "")), form.getall("id", [])
        try:
            named = floods.chosen([str(id_) for id_ in given])
        except NoId:
            named = None
        if action not in ACTIONS or named is None or (action == "drop" and not given):
            raise ClientException("This form is not complete; go back and press the button again.")
        done = await desk.act(action, named if given else None)
        return _to(request, _told(done))

    return Router(
        "/",
        route_handlers=[now, act, _drawn(), *story_page.handlers(desk), *source_forms.handlers(desk), *_door(access)],
        request_max_body_size=LARGEST_FORM,
        include_in_schema=False,
    )


def _drawn() -> HTTPRouteHandler:
    @get("/posters/{name:str}", sync_to_thread=False)
    def drawn(name: FromPath[str]) -> Response[str]:
        match = re.fullmatch(r"([0-9a-f]{8})\.svg", name)
        if match is None:
            raise NotFoundException("There is no such poster.")
        return Response(poster.draw(match[1]), media_type="image/svg+xml", headers={"Cache-Control": FOREVER})

    return drawn


def _door(access: Access) -> list[HTTPRouteHandler]:
    @get("/login", sync_to_thread=False)
    def door(request: Asked, to: FromQuery[str | None] = None) -> Template | Redirect:
        if access.login is None or access.is_signed_in(request.scope):
            return _to(request, way_back(to))
        return _login_page(request, to=way_back(to))

    @post("/login")
    async def sign_in(request: Asked) -> Template | Redirect:
        caller: Caller = request.state.caller
        form = await forms.form(request)
        to = way_back(str(form.get("to", "")))
        if access.login is None:
            return _to(request, to)
        if wait := access.attempts.wait(caller.address):
            return _login_page(request, wait=wait, status=429, to=to)
        if not access.knows(str(form.get("username", "")), str(form.get("password", ""))):
            access.attempts.failed(caller.address)
            log.warning("sign-in refused", action="sign-in", address=caller.address)
            return _login_page(request, wait=access.attempts.wait(caller.address), status=401, to=to)
        access.attempts.succeeded(caller.address)
        access.sessions.end(cookies(request.scope, COOKIE))
        log.info("signed in", action="sign-in", address=caller.address)
        return _to(request, to, cookie=_cookie(caller, access.sessions.begin(), int(ABSOLUTE)))

    @post("/logout", sync_to_thread=False)
    def sign_out(request: Asked) -> Redirect:
        access.sessions.end(cookies(request.scope, COOKIE))
        return _to(request, "login", cookie=_cookie(request.state.caller, "", 0))

    return [door, sign_in, sign_out]


def way_back(to: str | None) -> str:
    """Where to go after signing in: to a page of ours or, for anything else, to the first one."""
    return to if to and re.fullmatch(r"activate(/[A-Za-z0-9-]{1,16})?", to, re.ASCII) else ""


def _login_page(request: Asked, *, wait: float = 0.0, status: int = 200, to: str = "") -> Template:
    seconds = math.ceil(wait)
    error = "" if status == 200 else "That user name and password do not belong together."
    if seconds:
        error = f"Too many wrong tries. Wait {words.plural(seconds, 'second')}, then try again."
    headers = {"Retry-After": str(seconds)} if seconds else {}
    context = {"error": error, "root": request.state.root, "to": to}
    return Template("login.html", context=context, status_code=status, headers=headers)


def _cookie(caller: Caller, value: str, max_age: int) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=value,
        path=caller.prefix or "/",
        max_age=max_age,
        httponly=True,
        samesite="lax",
        secure=caller.scheme == "https",
    )


def _to(request: Asked, place: str = "", *, cookie: Cookie | None = None) -> Redirect:
    """Relative, or with the prefix we are told of: we do not always know our own address."""
    see_other: Literal[303] = 303
    return Redirect(f"{request.state.root}{place}", status_code=see_other, cookies=[cookie] if cookie else None)


def _play_id(text: str | None) -> int | None:
    if text is None:
        return None
    found = summary.number(text, "p")
    if found is None:
        raise ClientException("This link is not complete; start again from the newest plays.")
    return found


def _told(done: Done) -> str:
    return f"?did={done.action}&count={len(done.done)}"


def notice(did: str | None, count: str | None) -> str:
    """What an action did, for the page that follows it; only words of ours, whatever the address says."""
    number = int(count) if count and re.fullmatch(r"\d{1,9}", count, re.ASCII) else 0
    if did == "claim":
        return source_forms.CLAIMED
    if did not in ACTIONS:
        return ""
    if number == 0:
        return "The trackers are asked again now." if did == "retry" else "Nothing was left to do there."
    plays = words.plural(number, "play")
    done = {
        "retry": f"{plays} will be tried again now.",
        "approve": f"{plays} let go, on the way now.",
        "drop": f"{plays} left out for good.",
    }
    return done[did]


def _base(runtime: Runtime, caller: Caller) -> str:
    return (runtime.config.server.public_url or f"{caller.scheme}://{caller.host}{caller.prefix}").rstrip("/")


def _players(runtime: Runtime, caller: Caller) -> str:
    """The address for programs that speak to Trakt, empty where that is not configured."""
    return f"{_base(runtime, caller)}/trakt" if not BY_VIEWER.isdisjoint(runtime.config.sources) else ""


def _hooks(runtime: Runtime, caller: Caller) -> list[dict[str, str]]:
    """Where each source has to report, without the secret."""
    return [
        {
            "name": words.name(name),
            "where": _WHERE.get(name, "its webhook settings"),
            "url": f"{_base(runtime, caller)}/webhooks/{name}/",
        }
        for name in runtime.config.sources
        if name not in BY_VIEWER
    ]


_WHERE = {
    "plex": "Settings, Webhooks, Add Webhook (needs a Plex Pass)",
    "jellyfin": "Dashboard, Plugins, Webhook, Add Generic Destination",
    "emby": "Settings, Notifications, Add Notification, Webhooks",
    "tautulli": "Settings, Notification Agents, Add, Webhook",
}
