"""``GET /api/v1/doctor``: what the command says, as the running service sees it."""

from __future__ import annotations

import asyncio
import time

from litestar import get
from litestar.handlers import HTTPRouteHandler

from scrobbled.desk.desk import Desk
from scrobbled.desk.doctor import DoctorReport

KEPT = 10.0
"""Seconds for which a report is handed out again: whoever asks in a hurry must not wear out the services."""


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """One examination at a time, whoever asks for it."""
    turn = asyncio.Lock()
    last: list[tuple[float, DoctorReport]] = []

    @get("/doctor", summary="Everything a support thread would ask, looked at now; takes up to half a minute")
    async def doctor() -> DoctorReport:
        async with turn:
            if not last or time.monotonic() - last[0][0] > KEPT:
                found = await desk.examined()
                last[:] = [(time.monotonic(), found)]
            return last[0][1]

    return [doctor]
