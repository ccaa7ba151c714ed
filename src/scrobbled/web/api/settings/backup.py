"""``/api/v1/backup``: a fresh copy of the database, and one that is sent to be put back at the next start."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, BinaryIO
from urllib.parse import quote

from litestar import Request, delete, get, post
from litestar.exceptions import ClientException, NotFoundException, ServiceUnavailableException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from msgspec import Struct

from scrobbled.core.errors import StoreError
from scrobbled.desk.desk import Desk
from scrobbled.desk.settings.copies import instant
from scrobbled.store.keeping.staging import Staged
from scrobbled.web.api.rights import ADMIN
from scrobbled.web.door import uploads

PIECE = 256 * 1024
MEDIA_TYPE = "application/vnd.sqlite3"


class ToRestore(Struct, frozen=True):
    """A copy that was sent, looked through and kept. Times are ISO 8601 in UTC, ``size`` is in bytes.

    ``agreed`` says that it takes the place of the database at the next start; until then nothing happens.
    """

    size: int
    plays: int
    waiting: int
    newest_play: str | None
    sent_at: str | None
    of_older_version: bool
    agreed: bool


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """One copy is made at a time: each takes as much room as the database until it was sent."""
    busy = asyncio.Lock()

    @get("/backup", opt=ADMIN, summary="Everything as one SQLite file, sign-ins included", media_type=MEDIA_TYPE)
    async def backup() -> Stream:
        if busy.locked():
            raise ServiceUnavailableException("Another copy is being made; wait for it.", headers={"Retry-After": "30"})
        async with busy:
            copied = await desk.copied()
        headers = {
            "Content-Disposition": _attached(copied.name),
            "Content-Length": str(copied.size),
            "Cache-Control": "no-store",
        }
        return Stream(_pieces(copied.file), headers=headers, media_type=MEDIA_TYPE)

    return [backup, *_restoring(desk)]


def _attached(name: str) -> str:
    """RFC 6266, 4.3: the name of the database is whatever the configuration says; a header is not."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    exact = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
    return f'attachment; filename="{plain}"{exact}'


def _restoring(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/backup/restore", opt=ADMIN, summary="The copy that was sent to be restored, and what is in it")
    async def waiting() -> ToRestore:
        return _told(await desk.copies.waiting())

    @post(
        "/backup/restore",
        opt=ADMIN,
        status_code=200,
        request_max_body_size=None,
        summary="Send a copy: the body, or the file of a form. It is looked through and kept; nothing is restored yet",
    )
    async def send(request: Request[Any, Any, Any]) -> ToRestore:
        if desk.copies.is_busy:
            raise ServiceUnavailableException("Another copy is being sent; wait for it.", headers={"Retry-After": "30"})
        try:
            return _told(await desk.copies.receive(partial(uploads.receive, request)))
        except StoreError as error:
            raise ClientException(str(error)) from None

    @post("/backup/restore/agree", opt=ADMIN, status_code=200, summary="Restore that copy at the next start")
    async def agree() -> ToRestore:
        try:
            return _told(await desk.copies.agree())
        except StoreError as error:
            raise NotFoundException(str(error)) from None

    @delete("/backup/restore", opt=ADMIN, summary="Forget the copy that was sent")
    async def discard() -> None:
        if not await desk.copies.discard():
            raise NotFoundException("No copy was sent.")

    return [waiting, send, agree, discard]


def _told(found: Staged | None) -> ToRestore:
    if found is None:
        raise NotFoundException("No copy was sent.")
    return ToRestore(
        size=found.size,
        plays=found.plays,
        waiting=found.waiting,
        newest_play=instant(found.newest),
        sent_at=instant(found.sent_at),
        of_older_version=found.older,
        agreed=found.agreed,
    )


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
