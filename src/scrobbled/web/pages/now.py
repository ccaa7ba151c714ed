"""The first page: whether everything arrived, what is playing, what just came."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from scrobbled.config import BY_VIEWER
from scrobbled.runtime import Runtime
from scrobbled.web.access import Caller
from scrobbled.web.desk import Desk
from scrobbled.web.pages import shell, sources
from scrobbled.web.view import now as view
from scrobbled.web.view import words

PLAYS = 8
QUESTIONS = 3
Asked = Request[Any, Any, Any]


def handlers(runtime: Runtime, desk: Desk) -> list[HTTPRouteHandler]:
    @get("/")
    async def now(request: Asked, fragment: FromQuery[str | None] = None) -> Template | Redirect:
        if not (runtime.config.sources or runtime.config.viewers):
            return shell.to(request, "start")  # nothing can be seen before something is set up
        facts, asks = await desk.facts(PLAYS), await desk.asks()
        here = runtime.clock.now().astimezone()  # in the zone of the house
        page = view.page(facts, asks, runtime.couriers.keys(), here)
        context: dict[str, Any] = {
            "page": page,
            "art": await desk.art.of_plays([play.id for play in page.arrived]),
            "screens": list(zip(page.playing, desk.art.of_items([one.item for one in page.playing]), strict=True)),
            "questions": await desk.needs.cards(limit=QUESTIONS) if asks else [],
            "hooks": _hooks(runtime, request.state.caller),
            "players": _players(runtime, request.state.caller),
            "triable": sources.triable(runtime.config),
        }
        return await shell.page(request, desk, "now_parts.html" if fragment else "now.html", place="now", **context)

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
            "where": _WHERE.get(name, "its webhook settings"),
            "url": f"{_base(runtime, caller)}/webhooks/{name}/",
        }
        for name in runtime.config.sources
        if name not in BY_VIEWER
    ]


_WHERE = {
    "plex": "Settings, Webhooks, Add Webhook (needs a Plex Pass)",
    "jellyfin": "Dashboard, Plugins, Webhook, Add Generic Destination",
    "emby": "Settings, Notifications, Add Notification, Webhooks",
    "tautulli": "Settings, Notification Agents, Add, Webhook",
}
