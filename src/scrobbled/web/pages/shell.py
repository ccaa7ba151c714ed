"""The frame around every page: the places one can go to, the badge, light or dark, and the way back after a form."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Literal

from litestar import Response
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response import Redirect, Template
from litestar.response.base import ASGIResponse
from msgspec import Struct

from scrobbled.desk.desk import Desk
from scrobbled.web.door.headers import cookies
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view import notices

THEME = "scrobbled_theme"
THEMES = ("system", "light", "dark")
LONGEST_WAY = 512


class MenuPlace(Struct, frozen=True):
    """One of the five places. ``path`` is relative to our root."""

    key: str
    path: str
    label: str
    icon: str


PLACES = (
    MenuPlace("now", "", "Now", "now"),
    MenuPlace("history", "history", "History", "wall"),
    MenuPlace("needs", "needs", "Needs you", "alert"),
    MenuPlace("sync", "sync", "Sync", "sync"),
    MenuPlace("more", "more", "More", "more"),
)


class Shell(Struct, frozen=True):
    """What ``base.html`` needs. ``asks`` is the number on the badge; ``notice`` is told once, after a form."""

    place: str
    places: tuple[MenuPlace, ...]
    asks: int
    can_sign_out: bool
    notice: str
    here: str
    """This page relative to our root, with its query: where a form may lead back to."""


class Drawn(Template):
    """A page that was drawn beside the loop: a webhook does not wait until a large one is."""

    def to_asgi_response(self, *given: Any, **named: Any) -> ASGIResponse:
        return Response.to_asgi_response(self, *given, **named)


async def page(
    request: AnyRequest, desk: Desk, template: str, *, place: str, status: int = 200, **context: Any
) -> Template:
    """A template that extends ``base.html``, with everything its frame needs.

    What a form did (``?did=…&count=…``) is told on top, see ``view.notices``.
    """
    query = request.query_params
    shell = Shell(
        place=place,
        places=PLACES,
        asks=await desk.asks(),
        can_sign_out=desk.config.server.login is not None and not request.state.caller.is_ingress,
        notice=notices.notice(query.get("did"), query.get("count")) if request.method == "GET" else "",
        here=_here(request),
    )
    root = request.state.root
    named = {**context, "shell": shell, "theme": theme(request), "root": root}
    drawn = Drawn(template, media_type=MediaType.HTML, status_code=status)
    drawn.content = await asyncio.to_thread(_draw, request, template, named)
    return drawn


def _draw(request: AnyRequest, template: str, context: dict[str, Any]) -> bytes:
    engine = request.app.template_engine
    assert engine is not None
    return str(engine.get_template(template).render(**context)).encode()


def bare(request: AnyRequest, template: str, *, status: int = 200, **context: Any) -> Template:
    """The same without the frame: what is seen before one is let in."""
    named = {**context, "shell": None, "theme": theme(request), "root": request.state.root}
    return Template(template, context=named, status_code=status)


def to(request: AnyRequest, place: str = "", *, cookie: Cookie | None = None) -> Redirect:
    """After a form. Relative, or with the prefix we are told of: we do not always know our own address."""
    see_other: Literal[303] = 303
    return Redirect(f"{request.state.root}{place}", status_code=see_other, cookies=[cookie] if cookie else None)


def way_back(text: str | None, default: str = "") -> str:
    """``text`` where it is a page of ours, relative to our root; anything else leads to ``default``."""
    fits = text and len(text) <= LONGEST_WAY and re.fullmatch(_WAY, text, re.ASCII)
    return text if text and fits and ".." not in text else default


def with_query(place: str, **values: str | int) -> str:
    """``place`` with words of ours added to its query."""
    added = "&".join(f"{name}={value}" for name, value in values.items())
    return f"{place}{'&' if '?' in place else '?'}{added}"


def theme(request: AnyRequest) -> str:
    found = [value for value in cookies(request.scope, THEME) if value in THEMES]
    return found[0] if found else "system"


def _here(request: AnyRequest) -> str:
    """Without what was said of the last form, and without the word by which a part of a page is asked for."""
    given = request.scope["query_string"].decode("latin-1").split("&")
    query = "&".join(part for part in given if part.partition("=")[0] not in ("did", "count", "fragment"))
    path = str(request.scope["path"]).lstrip("/")
    return way_back(f"{path}?{query}" if query else path, path)


_WAY = r"(?:[a-z0-9][A-Za-z0-9_-]*(?:/[A-Za-z0-9_.~%-]+)*)?(?:\?[A-Za-z0-9_.~%&=+:,@-]*)?"
"""No scheme, no host, no leading slash: nothing that leads out of here."""
