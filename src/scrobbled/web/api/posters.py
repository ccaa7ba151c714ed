"""``/api/v1/art``: the posters whose addresses other answers name."""

from __future__ import annotations

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from scrobbled.desk.desk import Desk
from scrobbled.desk.posters import Picture
from scrobbled.web.requests import AnyRequest

A_WEEK = "private, max-age=604800"


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/art/{key:str}", summary="A poster, by the last part of its address", media_type="image/jpeg")
    async def art(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
        try:
            picture = await desk.art.picture(key)
        except ValueError:
            picture = None
        if picture is None:
            raise NotFoundException("There is no such poster, or not yet; ask again in a moment.")
        return shown(request, picture)

    return [art]


def shown(request: AnyRequest, picture: Picture) -> Response[bytes]:
    """The picture, or the word that the caller has it already."""
    headers = {"Cache-Control": A_WEEK, "ETag": picture.tag}
    if picture.tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=picture.kind)
    return Response(picture.body, media_type=picture.kind, headers=headers)
