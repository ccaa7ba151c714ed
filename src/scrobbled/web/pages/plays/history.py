"""The wall: what was watched, as posters by day, with search and filters that all stand in the address."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Template

from scrobbled.runtime import Runtime
from scrobbled.web.desk import Desk
from scrobbled.web.histories import WISH, Wish
from scrobbled.web.pages import shell
from scrobbled.web.view import history as view

PLAYS = 48
"""On one page: full rows of three, four, six or eight."""
Asked = Request[Any, Any, Any]


def handlers(runtime: Runtime, desk: Desk) -> list[HTTPRouteHandler]:
    @get("/history", dependencies=WISH)
    async def history(
        request: Asked,
        wish: NamedDependency[Wish],
        before: FromQuery[str | None] = None,
        after: FromQuery[str | None] = None,
        fragment: FromQuery[str | None] = None,
    ) -> Template:
        at = {name: value for name, value in (("after", after), ("before", before)) if value}
        wall = await _wall(runtime, desk, wish, dict(list(at.items())[:1]))
        template = "history_wall.html" if fragment else "history.html"
        return await shell.page(request, desk, template, place="history", wall=wall)

    return [history]


async def _wall(runtime: Runtime, desk: Desk, wish: Wish, at: dict[str, str]) -> view.Wall:
    try:
        seen = await desk.history.seen(wish, before=at.get("before"), after=at.get("after"), limit=PLAYS)
    except ValueError as error:
        raise ClientException(str(error)) from None
    art = await desk.art.of_plays(play.id for play in seen.plays)
    now = runtime.clock.now().astimezone()  # in the zone of the house
    return await asyncio.to_thread(view.wall, seen, wish, await desk.history.choices(), art, now, at=at)
