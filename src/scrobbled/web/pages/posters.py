"""Posters: those drawn by us, and the pictures that were fetched for titles."""

from __future__ import annotations

import re

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from scrobbled.desk.desk import Desk
from scrobbled.web.api.posters import shown
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view import posters

FOREVER = "public, max-age=31536000, immutable"
SOME_MINUTES = "private, max-age=300"
NOT_YET = f'<svg xmlns="http://www.w3.org/2000/svg" width="{posters.WIDTH}" height="{posters.HEIGHT}"/>'
"""Nothing, in the size by which ``posters.js`` knows it: the drawn poster below is seen through it."""
NONE = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="3"/>'
"""Nothing, and no reason to ask again soon."""


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/posters/{name:str}", sync_to_thread=False)
    def drawn(name: FromPath[str]) -> Response[str]:
        match = re.fullmatch(r"([0-9a-f]{8})\.svg", name)
        if match is None:
            raise NotFoundException("There is no such poster.")
        return Response(posters.draw(match[1]), media_type="image/svg+xml", headers={"Cache-Control": FOREVER})

    @get("/art/{key:str}")
    async def art(request: AnyRequest, key: FromPath[str]) -> Response[bytes] | Response[str]:
        try:
            picture = await desk.art.picture(key)
        except ValueError:
            raise NotFoundException("There is no such poster.") from None
        if picture is not None:
            return shown(request, picture)
        is_none = desk.art.has_none(key)
        headers = {"Cache-Control": SOME_MINUTES if is_none else "no-store"}
        return Response(NONE if is_none else NOT_YET, media_type="image/svg+xml", headers=headers)

    return [drawn, art]
