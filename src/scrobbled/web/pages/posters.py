"""Posters, drawn by us."""

from __future__ import annotations

import re

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from scrobbled.web.view import poster

FOREVER = "public, max-age=31536000, immutable"


def handlers() -> list[HTTPRouteHandler]:
    @get("/posters/{name:str}", sync_to_thread=False)
    def drawn(name: FromPath[str]) -> Response[str]:
        match = re.fullmatch(r"([0-9a-f]{8})\.svg", name)
        if match is None:
            raise NotFoundException("There is no such poster.")
        return Response(poster.draw(match[1]), media_type="image/svg+xml", headers={"Cache-Control": FOREVER})

    return [drawn]
