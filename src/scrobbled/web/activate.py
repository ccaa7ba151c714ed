"""The page on which a person lets a program in: type its code, say whose it is. Made for a phone."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Request, Router, get, post
from litestar.params import FromPath
from litestar.response import Template

from scrobbled.redact import Redactor
from scrobbled.store.clients import TROUBLES
from scrobbled.web import forms
from scrobbled.web.keys import Keys

LARGEST_FORM = 16 * 1024
Asked = Request[Any, Any, Any]
log = structlog.get_logger("web")


def router(keys: Keys, redactor: Redactor) -> Router:
    """Who may come here is decided before, by the gate, as for every page."""

    @get("/")
    async def empty(request: Asked) -> Template:
        return _page(keys, request)

    @get("/{code:str}")
    async def filled(request: Asked, code: FromPath[str]) -> Template:
        found = await keys.asked(code)
        if found is None or found.state != "pending":
            return _page(keys, request, error=TROUBLES[found.state if found else "unknown"], status=404)
        return _page(keys, request, code=found.user, client=redactor.text(found.client))

    @post("/", status_code=200)
    async def decide(request: Asked) -> Template:
        form = await forms.form(request)
        code, allows = str(form.get("code", "")), form.get("answer") == "approve"
        viewer = keys.config.viewer(str(form.get("viewer", "")))
        if allows and viewer is None:
            return _page(keys, request, code=code, error="Say first whose viewing this is.", status=400)
        name = viewer.name if allows and viewer else None
        if trouble := await keys.decide(code, name):
            return _page(keys, request, code=code, error=trouble, status=400)
        log.info("a program was answered", action="sign-in", let_in=allows, viewer=name)
        done = f"Done. The program now reports for {name}." if name else "Turned away. The program gets nothing."
        return _page(keys, request, done=done)

    return Router(
        "/activate",
        route_handlers=[empty, filled, decide],
        request_max_body_size=LARGEST_FORM,
        include_in_schema=False,
    )


def _page(
    keys: Keys,
    request: Asked,
    *,
    code: str = "",
    client: str = "",
    error: str = "",
    done: str = "",
    status: int = 200,
) -> Template:
    context = {
        "code": code[:16],
        "client": client,
        "error": error,
        "done": done,
        "viewers": [viewer.name for viewer in keys.config.viewers],
        "root": request.state.root,
    }
    return Template("activate.html", context=context, status_code=status)
