"""What was watched, in numbers and drawings."""

from __future__ import annotations

import asyncio

from litestar import get
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Template

from scrobbled.desk.desk import Desk
from scrobbled.desk.plays.statistics import LATELY
from scrobbled.runtime.service import Runtime
from scrobbled.web.pages import shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view.statistics import page as view
from scrobbled.web.view.statistics.drawings import FEW


def handlers(runtime: Runtime, desk: Desk) -> list[HTTPRouteHandler]:
    @get("/statistics")
    async def statistics(
        request: AnyRequest, period: FromQuery[str] = "", viewer: FromQuery[str] = "", days: FromQuery[str] = ""
    ) -> Template:
        try:
            found = await desk.counting.statistics(period, viewer)
        except ValueError as error:
            raise ClientException(str(error)) from None
        here = desk.now()
        page = await asyncio.to_thread(view.page, found, here, days=LATELY if days == str(LATELY) else FEW)
        return await shell.page(
            request, desk, "statistics/statistics.html", place="more", page=page, uses_tmdb=desk.art.uses_tmdb
        )

    return [statistics]
