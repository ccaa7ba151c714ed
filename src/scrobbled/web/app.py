"""The ASGI application of a runtime."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Litestar, Response
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin

from scrobbled import __version__
from scrobbled.config import Config
from scrobbled.core.errors import BadCorrection, ConfigError, NotRegistered, NotWritten, StoreError
from scrobbled.desk.corrections.search import TooMany
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts.ids import NotThere
from scrobbled.desk.needs.questions import NoAnswer
from scrobbled.plumbing.logbook import Logbook
from scrobbled.plumbing.redact import Redactor
from scrobbled.runtime.service import Runtime
from scrobbled.web import hooks, probes, templating
from scrobbled.web.door import gate, masking
from scrobbled.web.door.access import Access
from scrobbled.web.door.refusals import Refusal
from scrobbled.web.door.signed_in import SignedIn
from scrobbled.web.later import LaterApp
from scrobbled.web.live import LiveUpdates
from scrobbled.web.log_live import LogLive
from scrobbled.web.requests import AnyRequest, AnyResponse
from scrobbled.web.trakt import router as trakt

log = structlog.get_logger("web")


def create_app(
    runtime: Runtime, *, live: LiveUpdates | None = None, code: str = "", book: Logbook | None = None
) -> gate.Gate:
    """Everything that answers on the public port. The runtime must be running while the application serves.

    ``code`` lets somebody in from another machine as long as there is no login. ``book`` has what is logged.
    """
    live = live or LiveUpdates()
    runtime.on_change(live.publish)
    desk, logs = Desk(runtime), LogLive(book or Logbook(), runtime.redactor)
    templates = templating.Templates(runtime.redactor, desk.now)
    access = Access(runtime.config.server, runtime.clock, code=code)
    signed_in, errors = SignedIn(access, runtime.store, runtime.clock), _Errors(templates, runtime.redactor)

    def take_up(config: Config) -> None:
        access.use(config.server)
        access.is_set_up = not code or bool(config.viewers or config.sources)

    take_up(runtime.config)
    runtime.on_reload(take_up)
    told = [hooks.router(runtime, access), *probes.routers(runtime)]
    same: dict[str, Any] = {"logging_config": None, "debug": False, "exception_handlers": errors.handlers()}
    same["template_config"] = templates.config()
    masks: dict[str, Any] = {"after_request": masking.answers(runtime.redactor)}
    machines = Litestar([*told, trakt.router(runtime, access)], openapi_config=None, **same)

    def programs() -> Litestar:
        from scrobbled.web.api.router import router

        # what is told to us is in its description, too
        return Litestar([*told, router(desk, live, logs)], openapi_config=_described(), **masks, **same)

    scripts = LaterApp(programs)

    def people() -> Litestar:
        from scrobbled.web import pages  # with all that pages are made of, which webhooks need not wait for

        inside = [pages.router(runtime, desk, access, signed_in, logs, scripts.built), templating.static_router()]
        return Litestar(inside, openapi_config=None, **masks, **same)

    def end_streams() -> None:
        live.end()
        logs.end()

    doors = gate.Doors(desk.keys.opens, signed_in, templates.refused, end_streams)
    return gate.Gate(machines, LaterApp(people), scripts, access, doors)


def _described() -> OpenAPIConfig:
    """As JSON and YAML; the other viewers that there are load scripts from elsewhere."""
    plugins = [JsonRenderPlugin(), YamlRenderPlugin()]
    return OpenAPIConfig(title="scrobbled", version=__version__, path="/schema", render_plugins=plugins)


class _Errors:
    """Whatever goes wrong, said in the language of whoever asked: JSON for programs, a page for people."""

    def __init__(self, templates: templating.Templates, redactor: Redactor) -> None:
        self._templates, self._redactor = templates, redactor

    def handlers(self) -> dict[Any, Any]:
        return {
            HTTPException: self.refused,
            StoreError: self.not_stored,
            Exception: self.failed,
            **dict.fromkeys(_SAID, self.said),
        }

    def refused(self, request: AnyRequest, error: HTTPException) -> AnyResponse:
        return self._answer(request, error.status_code, _sentence(error), error.headers)

    def said(self, request: AnyRequest, error: Exception) -> AnyResponse:
        """In the error's own words, which tell what to do next."""
        status = next(status for kind, status in _SAID.items() if isinstance(error, kind))
        return self._answer(request, status, str(error), {"Retry-After": "60"} if status == 429 else None)

    def not_stored(self, request: AnyRequest, error: StoreError) -> AnyResponse:
        log.error("database not usable", action="answer", why=str(error))
        return self._answer(request, 503, str(error), {"Retry-After": "30"})

    def failed(self, request: AnyRequest, error: Exception) -> AnyResponse:
        log.error("request failed", action="answer", exc_info=error)
        return self._answer(request, 500, "Something went wrong here; the log says what.")

    def _answer(self, request: AnyRequest, status: int, text: str, headers: Any = None) -> AnyResponse:
        path = request.scope["path"]
        if gate.is_below(path, "/trakt"):  # its clients look at the status alone
            return Response(b"", status_code=status, headers=headers)
        if any(gate.is_below(path, place) for place in (*gate.OPEN, *gate.MACHINES)):
            told = {"error": self._redactor.text(text)}
            return Response(told, status_code=status, headers=headers, media_type="application/json")
        title = _TITLES.get(status, "That did not work")
        refusal = Refusal(status, title, _PLAIN.get(text, text))
        page = self._templates.refused(refusal, request.state.root)
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


_SAID: dict[type[Exception], int] = {
    BadCorrection: 400,
    ConfigError: 400,
    NoAnswer: 400,
    NotRegistered: 502,
    NotWritten: 409,
    TooMany: 429,
    NotThere: 404,
}
"""What the desk refuses, by the status that says it."""
_TITLES = {404: "There is nothing here", 405: "There is nothing here", 413: "That is too much", 500: "Something broke"}
_PLAIN = {
    "Not Found": "No page has this address, or what it was about is gone.",
    "Method Not Allowed": "This address only takes what a form sends. Go back and press the button again.",
}
"""What the framework says by itself, for people."""
