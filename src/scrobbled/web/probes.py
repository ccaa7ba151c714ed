"""``/health`` for whoever restarts containers, ``/metrics`` for Prometheus. Open to all; neither tells a secret."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get
from prometheus_client import CONTENT_TYPE_LATEST

from scrobbled.core.errors import StoreError
from scrobbled.runtime.service import Runtime


def routers(runtime: Runtime) -> list[Router]:
    @get("/live", sync_to_thread=False)
    def live() -> dict[str, str]:
        return {"status": "ok"}

    @get("/ready")
    async def ready() -> Response[dict[str, Any]]:
        """503 only while webhooks cannot be stored; a tracker that is down is told, and waits in the outbox."""
        parts = await runtime.vitals.components()
        failed = any(part.name == "database" and part.state != "ok" for part in parts)
        components = {part.name: {"state": part.state, "reason": part.reason} for part in parts}
        body = {"status": "failed" if failed else "ok", "components": components}
        return Response(body, status_code=503 if failed else 200)

    @get("/")
    async def metrics() -> Response[bytes]:
        try:
            text = await runtime.vitals.scrape()
        except StoreError:
            text = runtime.metrics.text()  # counters are worth having even while the database is not
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return [Router("/health", route_handlers=[live, ready]), Router("/metrics", route_handlers=[metrics])]
