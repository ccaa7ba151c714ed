"""The ASGI application of a runtime."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin

from scrobbled import __version__
from scrobbled.runtime import Runtime
from scrobbled.web import hooks, probes

log = structlog.get_logger("web")


def create_app(runtime: Runtime) -> Litestar:
    """Everything that answers on the public port. The runtime must be running while the application serves."""
    return Litestar(
        route_handlers=[hooks.router(runtime), *probes.routers(runtime)],
        openapi_config=OpenAPIConfig(
            title="scrobbled",
            version=__version__,
            path="/schema",
            render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],  # the other viewers load scripts from elsewhere
        ),
        exception_handlers={HTTPException: _refused, Exception: _failed},
        logging_config=None,
        debug=False,
    )


def _refused(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, str]]:
    return Response({"error": str(error.detail)}, status_code=error.status_code, headers=error.headers)


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    log.error("request failed", action="answer", exc_info=error)
    return Response({"error": "Something went wrong here; the log says what."}, status_code=500)
