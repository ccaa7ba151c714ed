"""What is not needed every day, and the choice between light and dark."""

from __future__ import annotations

from litestar import get, post
from litestar.datastructures import Cookie
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect, Template

from scrobbled.desk.desk import Desk
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest

YEAR = 365 * 86_400


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/more")
    async def more(request: AnyRequest) -> Template:
        return await shell.page(request, desk, "more.html", place="more")

    @post("/theme")
    async def choose(request: AnyRequest) -> Redirect:
        form = await forms.form(request)
        chosen = str(form.get("theme", ""))
        if chosen not in shell.THEMES:
            raise ClientException("This form is not complete; go back and press the button again.")
        caller = request.state.caller
        cookie = Cookie(
            key=shell.THEME,
            value=chosen,
            path=caller.prefix or "/",
            max_age=YEAR,
            httponly=True,
            samesite="lax",
            secure=caller.scheme == "https",
        )
        return shell.to(request, shell.way_back(str(form.get("back", "")), "more"), cookie=cookie)

    return [more, choose]
