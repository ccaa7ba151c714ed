"""The page on which a person lets a program in: type its code, say whose it is. Made for a phone."""

from __future__ import annotations

import structlog
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from scrobbled.desk.desk import Desk
from scrobbled.store.accounts.clients import TROUBLES
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest

log = structlog.get_logger("web")


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    keys = desk.keys

    @get("/activate")
    async def empty(request: AnyRequest) -> Template:
        return await _page(desk, request)

    @get("/activate/{code:str}")
    async def filled(request: AnyRequest, code: FromPath[str]) -> Template:
        found = await keys.asked(code)
        if found is None or found.state != "pending":
            return await _page(desk, request, error=TROUBLES[found.state if found else "unknown"], status=404)
        return await _page(desk, request, code=found.user, client=found.client)

    @post("/activate", status_code=200)
    async def decide(request: AnyRequest) -> Template:
        form = await forms.form(request)
        code, allows = str(form.get("code", "")), form.get("answer") == "approve"
        viewer = keys.config.viewer(str(form.get("viewer", "")))
        if allows and viewer is None:
            return await _page(desk, request, code=code, error="Say first whose viewing this is.", status=400)
        name = viewer.name if allows and viewer else None
        if trouble := await keys.decide(code, name):
            return await _page(desk, request, code=code, error=trouble, status=400)
        log.info("a program was answered", action="sign-in", let_in=allows, viewer=name)
        done = f"Done. The program now reports for {name}." if name else "Turned away. The program gets nothing."
        return await _page(desk, request, done=done)

    return [empty, filled, decide]


async def _page(
    desk: Desk,
    request: AnyRequest,
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
        "viewers": [viewer.name for viewer in desk.config.viewers],
    }
    return await shell.page(request, desk, "sign_in/activate.html", place="more", status=status, **context)
