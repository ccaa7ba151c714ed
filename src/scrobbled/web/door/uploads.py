"""Taking a large file as it comes, a piece at a time: as the body itself, or as the one file of a form."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException, HTTPException
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

FIELD = "file"
PIECE = 1024 * 1024
"""What is gathered before it is written: so that a slow disk is asked seldom, and little waits in memory."""
SPARE = 64 * 1024 * 1024
"""Bytes that must stay free: the service itself has to write."""
UploadRequest = Request[Any, Any, Any]


async def receive(request: UploadRequest, place: Path) -> int:
    """Write what is sent to ``place``; how many bytes.

    Raises a 413 where there is no room, and a 400 for a form without a file in the field ``file``.
    """
    room = _room(place)
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and int(told) > room:
        raise _no_room(place)
    size, waiting = 0, bytearray()
    with place.open("wb") as file:
        async for piece in _pieces(request):
            waiting += piece
            size += len(piece)
            if size > room:
                raise _no_room(place)
            if len(waiting) >= PIECE:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(file.write, bytes(waiting))
    return size


async def _pieces(request: UploadRequest) -> AsyncIterator[bytes]:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data":
        async for piece in request.stream():
            yield piece
        return
    boundary = options.get("boundary", "")
    found, inside = False, False
    try:
        parser = PushMultipartParser(boundary, max_segment_count=8)
        async for piece in request.stream():
            for part in parser.parse(piece):
                if isinstance(part, MultipartSegment):
                    inside = part.name == FIELD and not found
                    found = found or inside
                elif part and inside:
                    yield bytes(part)
        parser.close()
    except MultipartError:
        raise ClientException("The file did not arrive whole. Send it again.") from None
    if not found:
        raise ClientException("Choose a file first.")


def _room(place: Path) -> int:
    """Half of what is free, since restoring copies it once more."""
    return max(0, shutil.disk_usage(place.parent).free - SPARE) // 2


def _no_room(place: Path) -> HTTPException:
    free = _room(place) // 2**20
    return HTTPException(
        f"There is not enough room: {free} MB at most, as it is needed twice. Make room first.", status_code=413
    )
