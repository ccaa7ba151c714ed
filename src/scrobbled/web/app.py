"""The ASGI application of a runtime."""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog
from jinja2 import Environment
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin

from scrobbled import __version__
from scrobbled.core.errors import StoreError
from scrobbled.runtime import Runtime
from scrobbled.web import api, gate, hooks, pages, probes, templating
from scrobbled.web.access import Access, Refusal
from scrobbled.web.desk import Desk
from scrobbled.web.live import Live
from scrobbled.web.trakt import router as trakt

log = structlog.get_logger("web")
Asked = Request[Any, Any, Any]
Answer = Response[Any]


def create_app(runtime: Runtime, *, live: Live | None = None) -> gate.Gate:
    """Everything that answers on the public port. The runtime must be running while the application serves."""
    live = live or Live()
    runtime.on_change(live.publish)
    desk, access, templates = Desk(runtime), Access(runtime.config.server, runtime.clock), templating.environment()
    errors = _Errors(templates)
    runtime.on_reload(lambda config: access.use(config.server))
    app = Litestar(
        route_handlers=[
            hooks.router(runtime),
            trakt.router(runtime, access),
            *probes.routers(runtime),
            api.router(desk, live),
            pages.router(runtime, desk, access),
            templating.static_router(),
        ],
        openapi_config=OpenAPIConfig(
            title="scrobbled",
            version=__version__,
            path="/schema",
            render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],  # the other viewers load scripts from elsewhere
        ),
        template_config=templating.config(templates),
        exception_handlers={HTTPException: errors.refused, StoreError: errors.not_stored, Exception: errors.failed},
        logging_config=None,
        debug=False,
    )
    render = partial(templating.refused, templates)
    return gate.Gate(app, access, render, opens=desk.keys.opens, end_streams=live.end)


class _Errors:
    """Whatever goes wrong, said in the language of whoever asked: JSON for programs, a page for people."""

    def __init__(self, templates: Environment) -> None:
        self._templates = templates

    def refused(self, request: Asked, error: HTTPException) -> Answer:
        return self._answer(request, error.status_code, _sentence(error), error.headers)

    def not_stored(self, request: Asked, error: StoreError) -> Answer:
        log.error("database not usable", action="answer", why=str(error))
        return self._answer(request, 503, str(error), {"Retry-After": "30"})

    def failed(self, request: Asked, error: Exception) -> Answer:
        log.error("request failed", action="answer", exc_info=error)
        return self._answer(request, 500, "Something went wrong here; the log says what.")

    def _answer(self, request: Asked, status: int, text: str, headers: Any = None) -> Answer:
        path = request.scope["path"]
        if gate.is_below(path, "/trakt"):  # its clients look at the status alone
            return Response(b"", status_code=status, headers=headers)
        if any(gate.is_below(path, place) for place in (*gate.OPEN, *gate.MACHINES)):
            return Response({"error": text}, status_code=status, headers=headers, media_type="application/json")
        title = _TITLES.get(status, "That did not work")
        page = templating.refused(self._templates, Refusal(status, title, text), request.state.root)
        return Response(page, status_code=status, headers=headers, media_type="text/html; charset=utf-8")


def _sentence(error: HTTPException) -> str:
    """Validation lists what is wrong separately; one sentence has it all."""
    extra = error.extra if isinstance(error.extra, list) else []
    found = [
        f"{part.get('key', '')}: {part['message']}" for part in extra if isinstance(part, dict) and "message" in part
    ]
    return "; ".join(text.removeprefix(": ") for text in found) or str(error.detail)


_TITLES = {404: "There is nothing here", 405: "There is nothing here", 413: "That is too much", 500: "Something broke"}
