"""``GET /api/v1/backup``: a fresh copy of the database. It is put back by the command, never from afar."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO

from litestar import get
from litestar.exceptions import ServiceUnavailableException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from scrobbled.web.desk import Desk

PIECE = 256 * 1024
MEDIA_TYPE = "application/vnd.sqlite3"


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """One copy is made at a time: each takes as much room as the database until it was sent."""
    busy = asyncio.Lock()

    @get("/backup", summary="Everything as one SQLite file, sign-ins included", media_type=MEDIA_TYPE)
    async def backup() -> Stream:
        if busy.locked():
            raise ServiceUnavailableException("Another copy is being made; wait for it.", headers={"Retry-After": "30"})
        async with busy:
            copied = await desk.copied()
        headers = {
            "Content-Disposition": f'attachment; filename="{copied.name}"',
            "Content-Length": str(copied.size),
            "Cache-Control": "no-store",
        }
        return Stream(_pieces(copied.file), headers=headers, media_type=MEDIA_TYPE)

    return [backup]


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
