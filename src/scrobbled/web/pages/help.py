"""What every word means and what to do next, and the API for people who write scripts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from litestar import Litestar, Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from scrobbled.core.outcomes import EventOutcome, PlayOutcome
from scrobbled.web.desk import Desk
from scrobbled.web.pages import shell
from scrobbled.web.view import next_steps
from scrobbled.web.view.looks import OUTCOMES, Look
from scrobbled.web.view.reference import Area, areas

Asked = Request[Any, Any, Any]


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/help")
    async def words(request: Asked) -> Template:
        context: dict[str, Any] = {
            "plays": [(Look(*OUTCOMES[code], code), next_steps.of_play(code)) for code in PlayOutcome],
            "events": [(code, next_steps.of_event(code)) for code in EventOutcome],
            "uses_tmdb": desk.art.uses_tmdb,
        }
        return await shell.page(request, desk, "help.html", place="more", **context)

    @get("/docs")
    async def docs(request: Asked) -> Template:
        context: dict[str, Any] = {"areas": _areas(request.app)}
        return await shell.page(request, desk, "docs.html", place="more", **context)

    return [words, docs]


@lru_cache(maxsize=1)
def _areas(app: Litestar) -> list[Area]:
    return areas(app.openapi_schema.to_schema())
