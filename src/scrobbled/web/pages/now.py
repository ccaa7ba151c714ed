"""The first page: whether everything arrived, what is playing, what just came."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from scrobbled.config import BY_VIEWER
from scrobbled.desk import words
from scrobbled.desk.caller import Caller
from scrobbled.desk.desk import Desk
from scrobbled.runtime.service import Runtime
from scrobbled.sources import SOURCES
from scrobbled.web.pages import shell
from scrobbled.web.pages.sources import sources
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view import now as view

PLAYS = 5 * view.MOST_ARRIVED
"""Those that were watched last; not all of them have just arrived."""
QUESTIONS = 3


def handlers(runtime: Runtime, desk: Desk) -> list[HTTPRouteHandler]:
    @get("/")
    async def now(request: AnyRequest, fragment: FromQuery[str | None] = None) -> Template | Redirect:
        if not (runtime.config.sources or runtime.config.viewers):
            return shell.to(request, "start")  # nothing can be seen before something is set up
        facts, asks = await desk.facts(PLAYS), await desk.asks()
        here = desk.now()
        page = view.page(facts, asks, here)
        context: dict[str, Any] = {
            "page": page,
            "art": await desk.art.of_plays([play.id for play in page.arrived]),
            "screens": list(zip(page.playing, desk.art.of_items([one.item for one in page.playing]), strict=True)),
            "questions": await desk.needs.cards(limit=QUESTIONS) if asks else [],
            "hooks": _hooks(runtime, request.state.caller),
            "players": _players(runtime, request.state.caller),
            "triable": sources.triable(runtime.config),
        }
        return await shell.page(
            request, desk, "now/now_parts.html" if fragment else "now/now.html", place="now", **context
        )

    return [now]


def _base(runtime: Runtime, caller: Caller) -> str:
    return (runtime.config.server.public_url or f"{caller.scheme}://{caller.host}{caller.prefix}").rstrip("/")


def _players(runtime: Runtime, caller: Caller) -> str:
    """The address for programs that speak to Trakt, empty where that is not configured."""
    return f"{_base(runtime, caller)}/trakt" if not BY_VIEWER.isdisjoint(runtime.config.sources) else ""


def _hooks(runtime: Runtime, caller: Caller) -> list[dict[str, str]]:
    """Where each source has to report, without the secret."""
    return [
        {
            "name": words.name(name),
            "where": SOURCES[name].setup.where,
            "url": f"{_base(runtime, caller)}/webhooks/{name}/",
        }
        for name in runtime.config.sources
        if name not in BY_VIEWER
    ]
