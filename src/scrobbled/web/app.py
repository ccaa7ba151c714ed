"""The ASGI application of a runtime."""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog
from jinja2 import Environment
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin

from scrobbled import __version__
from scrobbled.core.errors import NotWritten, StoreError
from scrobbled.logbook import Logbook
from scrobbled.runtime import Runtime
from scrobbled.web import api, gate, hooks, pages, probes, templating
from scrobbled.web.access import Access, Refusal
from scrobbled.web.desk import Desk
from scrobbled.web.later import Later
from scrobbled.web.live import Live
from scrobbled.web.signed_in import SignedIn
from scrobbled.web.trakt import router as trakt

log = structlog.get_logger("web")
Asked = Request[Any, Any, Any]
Answer = Response[Any]


def create_app(runtime: Runtime, *, live: Live | None = None, code: str = "", book: Logbook | None = None) -> gate.Gate:
    """Everything that answers on the public port. The runtime must be running while the application serves.

    ``code`` lets somebody in from another machine as long as there is no login. ``book`` has what is logged.
    """
    live = live or Live()
    runtime.on_change(live.publish)
    desk, templates = Desk(runtime, book), templating.environment()
    access = Access(runtime.config.server, runtime.clock, code=code)
    signed_in, errors = SignedIn(access, runtime.store, runtime.clock), _Errors(templates)
    runtime.on_reload(lambda config: access.use(config.server))
    told = [hooks.router(runtime), *probes.routers(runtime)]
    inside = [api.router(desk, live), pages.router(runtime, desk, access, signed_in), templating.static_router()]
    same: dict[str, Any] = {"logging_config": None, "debug": False, "exception_handlers": errors.handlers()}
    same["template_config"] = templating.config(templates)
    machines = Litestar([*told, trakt.router(runtime, access)], openapi_config=None, **same)
    # it has ten times as many routes, which take their time; what is told to us is in its description, too
    people = Later(lambda: Litestar([*told, *inside], openapi_config=_described(), **same))
    render = partial(templating.refused, templates)

    def end_streams() -> None:
        live.end()
        desk.logs.end()

    doors = gate.Doors(desk.keys.opens, signed_in, render, end_streams)
    return gate.Gate(machines, people, access, doors)


def _described() -> OpenAPIConfig:
    """As JSON and YAML; the other viewers that there are load scripts from elsewhere."""
    plugins = [JsonRenderPlugin(), YamlRenderPlugin()]
    return OpenAPIConfig(title="scrobbled", version=__version__, path="/schema", render_plugins=plugins)


class _Errors:
    """Whatever goes wrong, said in the language of whoever asked: JSON for programs, a page for people."""

    def __init__(self, templates: Environment) -> None:
        self._templates = templates

    def handlers(self) -> dict[Any, Any]:
        return {
            HTTPException: self.refused,
            NotWritten: self.not_written,
            StoreError: self.not_stored,
            Exception: self.failed,
        }

    def refused(self, request: Asked, error: HTTPException) -> Answer:
        return self._answer(request, error.status_code, _sentence(error), error.headers)

    def not_written(self, request: Asked, error: NotWritten) -> Answer:
        return self._answer(request, 409, str(error))

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
        refusal = Refusal(status, title, _PLAIN.get(text, text))
        page = templating.refused(self._templates, refusal, request.state.root)
        return Response(page, status_code=status, headers=headers, media_type="text/html; charset=utf-8")


def _sentence(error: HTTPException) -> str:
    """Validation lists what is wrong separately; one sentence has it all."""
    extra = error.extra if isinstance(error.extra, list) else []
    found = [
        f"{part.get('key', '')}: {part['message']}" for part in extra if isinstance(part, dict) and "message" in part
    ]
    if isinstance(error, RequestEntityTooLarge):
        return "That is larger than what is taken here."
    return "; ".join(text.removeprefix(": ") for text in found) or str(error.detail)


_TITLES = {404: "There is nothing here", 405: "There is nothing here", 413: "That is too much", 500: "Something broke"}
_PLAIN = {
    "Not Found": "No page has this address, or what it was about is gone.",
    "Method Not Allowed": "This address only takes what a form sends. Go back and press the button again.",
}
"""What the framework says by itself, for people."""
