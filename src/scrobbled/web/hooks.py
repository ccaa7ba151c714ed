"""Where media servers report. The answer goes out when the event is on disk, and not before."""

from __future__ import annotations

import asyncio
import hmac
import time
from typing import Any

import structlog
from litestar import Request, Response, Router, get, route
from litestar.enums import MediaType
from litestar.params import FromPath

from scrobbled.config import BY_VIEWER
from scrobbled.core.errors import BadPayload, StoreError
from scrobbled.runtime.service import Runtime
from scrobbled.sources.body import read_body
from scrobbled.web.door.access import Access
from scrobbled.web.door.guesses import Guesses, later
from scrobbled.web.door.refused import Refusals

MAX_BODY = 5 * 1024 * 1024
"""Plex sends up to some hundred KiB with a thumb; nothing a media server says is longer than this."""
BODY_SECONDS = 30.0
log = structlog.get_logger("web")


def router(runtime: Runtime, access: Access) -> Router:
    """``/webhooks/{source}/{token}``; a source without an entry in the configuration does not exist."""
    refusals, guesses = Refusals(runtime.store, runtime.clock), Guesses(access, runtime.clock)
    runtime.on_close(refusals.aclose)

    def is_known(source: str, token: str) -> bool:
        configured = runtime.config.sources.get(source)  # asked each time: the configuration may have been reloaded
        reports = configured is not None and source not in BY_VIEWER  # those speak their own protocol, elsewhere
        expected = configured.token.encode() if reports and configured and configured.token else None
        # compared even for an unknown source, so that time tells nothing about which sources exist
        same = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), expected or b"\0")
        return same and expected is not None

    @get("/{source:str}/{token:str}", media_type=MediaType.TEXT, sync_to_thread=False)
    def ready(request: Request[Any, Any, Any], source: FromPath[str], token: FromPath[str]) -> Response[str]:
        if not is_known(source, token):
            return _not_found(guesses.wrong(request.scope))
        return Response("ready: paste this address into the webhook settings of your media server\n")

    @route(
        "/{source:str}/{token:str}",
        http_method=["POST", "PUT"],
        status_code=200,
        request_max_body_size=MAX_BODY,
    )
    async def receive(
        request: Request[Any, Any, Any], source: FromPath[str], token: FromPath[str]
    ) -> Response[dict[str, str]] | Response[str]:
        started = time.perf_counter()
        if not is_known(source, token):
            refusals.note(source, runtime.config.sources)
            return _not_found(guesses.wrong(request.scope))
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.body()
        except TimeoutError:
            return Response({"error": "The body did not arrive in time."}, status_code=408)
        try:
            event_id = await _stored(runtime, source, request.headers.get("content-type"), body)
        except _Unreadable as error:
            return Response({"error": str(error), "event": f"e{error.event_id}"}, status_code=400)
        except StoreError as error:
            log.error("webhook not stored", action="refuse", source=source, why=str(error))
            return Response({"error": str(error)}, status_code=503, headers={"Retry-After": "30"})
        runtime.metrics.ack.labels(source).observe(time.perf_counter() - started)
        return Response({"event": f"e{event_id}"})

    return Router("/webhooks", route_handlers=[ready, receive])


class _Unreadable(Exception):
    def __init__(self, reason: str, event_id: int) -> None:
        super().__init__(reason)
        self.event_id = event_id


async def _stored(runtime: Runtime, source: str, content_type: str | None, body: bytes) -> int:
    try:
        content = read_body(content_type, body)
    except BadPayload as error:
        event_id = await runtime.ingest.refuse(source, body, str(error))
        raise _Unreadable(str(error), event_id) from None
    return (await runtime.ingest.take(source, content)).event_id


def _not_found(wait: float) -> Response[str]:
    """Whoever has to wait is not told whether this one was right; with a right one nobody comes here."""
    if wait:
        return Response("too many wrong addresses\n", status_code=429, headers=later(wait), media_type=MediaType.TEXT)
    return Response("not found\n", status_code=404, media_type=MediaType.TEXT)
