"""``/api/v1/pause``: hold back all delivery for a while. Webhooks are taken as ever."""

from __future__ import annotations

from litestar import delete, get, post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Struct, field

from scrobbled.desk.desk import Desk
from scrobbled.desk.facts.pausing import Paused
from scrobbled.desk.pausing import length


class PauseWish(Struct, frozen=True, forbid_unknown_fields=True):
    """For how long, like ``1h`` or ``1d``; without it until somebody ends it."""

    length: str | None = field(default=None, name="for")


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/pause", summary="Whether delivery is paused, and until when")
    async def pause() -> Paused:
        return await desk.pausing.now()

    @post("/pause", summary="Deliver nothing for a while; everything is kept and goes out after it", status_code=200)
    async def begin(data: JSONBody[PauseWish | None] = None) -> Paused:
        try:
            seconds = None if data is None or data.length is None else length(data.length)
        except ValueError as error:
            raise ClientException(f"for {error}") from None
        return await desk.pausing.begin(seconds)

    @delete("/pause", summary="Deliver again, at once", status_code=200)
    async def end() -> Paused:
        return await desk.pausing.end()

    return [pause, begin, end]
