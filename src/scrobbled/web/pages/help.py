"""What every word means and what to do next, and the API for people who write scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from litestar import Litestar, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.desk.desk import Desk
from scrobbled.web.pages import shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view import next_steps
from scrobbled.web.view.looks import OUTCOMES, Look
from scrobbled.web.view.reference import Area, areas


def handlers(desk: Desk, api: Callable[[], Awaitable[Litestar]]) -> list[HTTPRouteHandler]:
    @get("/help")
    async def words(request: AnyRequest) -> Template:
        context: dict[str, Any] = {
            "plays": [(Look(*OUTCOMES[code], code), next_steps.of_play(code)) for code in PlayOutcome],
            "events": [(code, next_steps.of_event(code)) for code in EventOutcome],
            "uses_tmdb": desk.art.uses_tmdb,
        }
        return await shell.page(request, desk, "help/help.html", place="more", **context)

    @get("/docs")
    async def docs(request: AnyRequest) -> Template:
        context: dict[str, Any] = {"areas": _areas(await api())}
        return await shell.page(request, desk, "help/api.html", place="more", **context)

    return [words, docs]


@lru_cache(maxsize=1)
def _areas(app: Litestar) -> list[Area]:
    return areas(app.openapi_schema.to_schema())
