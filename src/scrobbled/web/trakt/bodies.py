"""What clients send: JSON, whatever they call it, bounded in size by the route and in time here."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException

from scrobbled.core.errors import BadPayload
from scrobbled.sources.body import decode

BODY_SECONDS = 30.0


async def content(request: Request[Any, Any, Any]) -> bytes:
    """The whole body; a 408 for a client that drips it."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.body()
    except TimeoutError:
        raise HTTPException("The body did not arrive in time.", status_code=408) from None


def fields(body: bytes) -> dict[str, Any]:
    """The object in ``body``; raises ``BadPayload``. An empty body is an empty object, as with a bare DELETE."""
    text = body.decode("utf-8-sig", "replace")
    return decode(text) if text.strip() else {}


async def lenient(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """For what need not be kept: a 400 for anything that cannot be read."""
    try:
        return fields(await content(request))
    except BadPayload as error:
        raise HTTPException(str(error), status_code=400) from None
