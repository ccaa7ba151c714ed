"""``/api/v1/alerts`` and ``/api/v1/test-event``: what people are told, and trying whether anything arrives."""

from __future__ import annotations

from litestar import get, post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Struct

from scrobbled.core.errors import ConfigError
from scrobbled.troubles import OpenTrouble
from scrobbled.trying import Rung, Tried
from scrobbled.web.desk import Desk


class Alarm(Struct, frozen=True):
    """Whether every address ``accepted`` the test alert."""

    accepted: bool
    addresses: list[Rung]


class Trial(Struct, frozen=True):
    """Whether a real event would go to somebody, from every source that was tried."""

    understood: bool
    sources: list[Tried]


class Whose(Struct, frozen=True, forbid_unknown_fields=True):
    """Only the addresses that get what concerns this viewer; without it all."""

    viewer: str | None = None


class Which(Struct, frozen=True, forbid_unknown_fields=True):
    """From which source and by whom; without a source from each, without a viewer by the first who lists it."""

    source: str | None = None
    viewer: str | None = None


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/alerts", summary="Troubles that are not over, the oldest first")
    async def alerts() -> list[OpenTrouble]:
        return await desk.troubles()

    @post("/alerts/test", summary="Send a test alert to every address", status_code=200)
    async def ring(data: JSONBody[Whose | None] = None) -> Alarm:
        try:
            rungs = await desk.ring(data.viewer if data else None)
        except ConfigError as error:
            raise ClientException(str(error)) from None
        return Alarm(all(rung.accepted for rung in rungs), rungs)

    @post("/test-event", summary="Send a test event through our own webhook; it goes to nobody", status_code=200)
    async def event(data: JSONBody[Which | None] = None) -> Trial:
        which = data or Which()
        try:
            found = await desk.post(which.source, which.viewer)
        except ConfigError as error:
            raise ClientException(str(error)) from None
        return Trial(all(one.understood for one in found), found)

    return [alerts, ring, event]
