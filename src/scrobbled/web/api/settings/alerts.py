"""``/api/v1/alerts`` and ``/api/v1/test-event``: what people are told, and trying whether anything arrives."""

from __future__ import annotations

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Struct

from scrobbled.desk.desk import Desk
from scrobbled.desk.sources.trials import Rung, Tried
from scrobbled.runtime.troubles import OpenTrouble


class Alarm(Struct, frozen=True):
    """Whether every address ``accepted`` the test alert."""

    accepted: bool
    addresses: list[Rung]


class AlertTrial(Struct, frozen=True):
    """Whether a real event would go to somebody, from every source that was tried."""

    understood: bool
    sources: list[Tried]


class AlertViewer(Struct, frozen=True, forbid_unknown_fields=True):
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
    async def ring(data: JSONBody[AlertViewer | None] = None) -> Alarm:
        rungs = await desk.ring(data.viewer if data else None)
        return Alarm(all(rung.accepted for rung in rungs), rungs)

    @post("/test-event", summary="Send a test event through our own webhook; it goes to nobody", status_code=200)
    async def event(data: JSONBody[Which | None] = None) -> AlertTrial:
        which = data or Which()
        found = await desk.post(which.source, which.viewer)
        return AlertTrial(all(one.understood for one in found), found)

    return [alerts, ring, event]
