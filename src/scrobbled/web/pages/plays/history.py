"""The wall: what was watched, as posters by day, with search and filters that all stand in the address."""

from __future__ import annotations

import asyncio
import re
from calendar import monthrange

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from msgspec.structs import replace

from scrobbled.desk.desk import Desk
from scrobbled.desk.plays.asking import HistoryQuery
from scrobbled.runtime.service import Runtime
from scrobbled.web.api.plays.history import WISH
from scrobbled.web.pages import shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view.plays import chips
from scrobbled.web.view.plays import history as view

PLAYS = 48
"""On one page: full rows of three, four, six or eight."""


def handlers(runtime: Runtime, desk: Desk) -> list[HTTPRouteHandler]:
    @get("/history", dependencies=WISH)
    async def history(
        request: AnyRequest,
        wish: NamedDependency[HistoryQuery],
        before: FromQuery[str | None] = None,
        after: FromQuery[str | None] = None,
        fragment: FromQuery[str | None] = None,
        month: FromQuery[str] = "",
    ) -> Template | Redirect:
        if last := last_day(month):
            return shell.to(request, chips.address(replace(wish, since="", until=last)))
        at = {name: value for name, value in (("after", after), ("before", before)) if value}
        wall = await _wall(runtime, desk, wish, dict(list(at.items())[:1]))
        template = "plays/wall.html" if fragment else "plays/history.html"
        return await shell.page(request, desk, template, place="history", wall=wall)

    return [history]


async def _wall(runtime: Runtime, desk: Desk, wish: HistoryQuery, at: dict[str, str]) -> view.Wall:
    try:
        seen = await desk.history.seen(wish, before=at.get("before"), after=at.get("after"), limit=PLAYS)
    except ValueError as error:
        raise ClientException(str(error)) from None
    art, now = await desk.art.of_wall(seen), desk.now()
    found, total = await desk.history.choices(), await desk.history.total(wish)
    return await asyncio.to_thread(view.wall, seen, wish, found, art, now, at=at, total=total)


def last_day(month: str) -> str:
    """The day from which on backwards the wall shows a month like ``2024-05``; empty for what is none."""
    if not re.fullmatch(r"(?!0000)\d{4}-(0[1-9]|1[0-2])", month, re.ASCII):
        return ""
    return f"{month}-{monthrange(int(month[:4]), int(month[5:]))[1]}"
