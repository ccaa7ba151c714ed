"""``/api/v1/statistics``: what was watched, in numbers."""

from __future__ import annotations

from litestar import get
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery

from scrobbled.desk.desk import Desk
from scrobbled.desk.plays.statistics import Statistics


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/statistics", summary="How much was watched, when, by whom, and what most")
    async def statistics(period: FromQuery[str] = "", viewer: FromQuery[str] = "") -> Statistics:
        """``period`` is a year like ``2026``, or ``all``; without it this year. ``viewer`` leaves out all others."""
        try:
            return await desk.counting.statistics(period, viewer)
        except ValueError as error:
            raise ClientException(str(error)) from None

    return [statistics]
