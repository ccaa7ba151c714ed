"""What was watched, in numbers and drawings."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, get
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Template

from scrobbled.runtime import Runtime
from scrobbled.web.counting import LATELY
from scrobbled.web.desk import Desk
from scrobbled.web.pages import shell
from scrobbled.web.view import statistics as view
from scrobbled.web.view.drawings import FEW

Asked = Request[Any, Any, Any]


def handlers(runtime: Runtime, desk: Desk) -> list[HTTPRouteHandler]:
    @get("/statistics")
    async def statistics(
        request: Asked, period: FromQuery[str] = "", viewer: FromQuery[str] = "", days: FromQuery[str] = ""
    ) -> Template:
        try:
            found = await desk.counting.statistics(period, viewer)
        except ValueError as error:
            raise ClientException(str(error)) from None
        here = runtime.clock.now().astimezone()  # in the zone of the house
        page = await asyncio.to_thread(view.page, found, here, days=LATELY if days == str(LATELY) else FEW)
        return await shell.page(request, desk, "statistics.html", place="more", page=page, uses_tmdb=desk.art.uses_tmdb)

    return [statistics]
