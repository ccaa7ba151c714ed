"""One thing that a tracker holds and we did not bring there, as a page and as what the wall opens in a sheet."""

from __future__ import annotations

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Template

from scrobbled.desk.desk import Desk
from scrobbled.web.pages import shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view.plays import held as view
from scrobbled.web.view.plays import history as wall

WALL = "history"


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/history/held")
    async def held(
        request: AnyRequest,
        id: FromQuery[str] = "",
        back: FromQuery[str] = WALL,
        fragment: FromQuery[str | None] = None,
    ) -> Template:
        found = await desk.history.held.thing(id)
        if found is None:
            raise NotFoundException("There is no such thing, or not any more.")
        return await shell.page(
            request,
            desk,
            "plays/held.html",
            place="history",
            held=view.page(found, desk.now()),
            tile=view.spot_id(found.story),
            where=wall.place(found.story),
            art=desk.art.of_items([found.item])[0],
            back=shell.way_back(back, WALL),
            fragment=bool(fragment),
        )

    return [held]
