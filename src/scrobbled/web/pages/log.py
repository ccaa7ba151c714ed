"""What the service logs, live; without JavaScript the last lines of it."""

from __future__ import annotations

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Template

from scrobbled.desk.desk import Desk
from scrobbled.web.api.log import wanted
from scrobbled.web.log_live import LogLive
from scrobbled.web.pages import shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view import log as view

SHOWN = 200
USUAL = "info"


def handlers(desk: Desk, logs: LogLive) -> list[HTTPRouteHandler]:
    @get("/log")
    async def log(
        request: AnyRequest,
        level: FromQuery[str] = "",
        component: FromQuery[str] = "",
        text: FromQuery[str] = "",
        run: FromQuery[str] = "",
    ) -> Template:
        chosen = wanted(level or USUAL, component, text, run)
        page = view.page(logs.page(chosen, None, SHOWN), chosen, desk.now(), lowest=desk.config.logging.level)
        return await shell.page(request, desk, "log.html", place="more", page=page)

    return [log]
