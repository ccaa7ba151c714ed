"""What the service logs, live; without JavaScript the last lines of it."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Template

from scrobbled.web.api.log import wanted
from scrobbled.web.desk import Desk
from scrobbled.web.pages import shell
from scrobbled.web.view import log as view

SHOWN = 200
USUAL = "info"
Asked = Request[Any, Any, Any]


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/log")
    async def log(
        request: Asked, level: FromQuery[str] = "", component: FromQuery[str] = "", text: FromQuery[str] = ""
    ) -> Template:
        chosen = wanted(level or USUAL, component, text)
        page = view.page(desk.logs.page(chosen, None, SHOWN), chosen, desk.now(), lowest=desk.config.logging.level)
        return await shell.page(request, desk, "log.html", place="more", page=page)

    return [log]
