"""The first page: whether everything arrived, what is playing, what just came."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Template

from scrobbled import summary
from scrobbled.config import BY_VIEWER
from scrobbled.runtime import Runtime
from scrobbled.web.access import Caller
from scrobbled.web.desk import Desk
from scrobbled.web.pages import shell, sources
from scrobbled.web.view import now as view
from scrobbled.web.view import words

PLAYS = 24
NEEDS = 12
Asked = Request[Any, Any, Any]


def handlers(runtime: Runtime, desk: Desk) -> list[HTTPRouteHandler]:
    @get("/")
    async def now(
        request: Asked, before: FromQuery[str | None] = None, fragment: FromQuery[str | None] = None
    ) -> Template:
        found = await desk.facts(_play_id(before), PLAYS, NEEDS)
        here = runtime.clock.now().astimezone()  # in the zone of the house
        context: dict[str, Any] = {
            "page": view.page(found, runtime.couriers.keys(), here, before=before, size=PLAYS),
            "hooks": _hooks(runtime, request.state.caller),
            "players": _players(runtime, request.state.caller),
            "viewers": [viewer.name for viewer in runtime.config.viewers],
            "triable": sources.triable(runtime.config),
        }
        template = "fragment.html" if fragment else "now.html"
        return await shell.page(request, desk, template, place="now", **context)

    return [now]


def _play_id(text: str | None) -> int | None:
    if text is None:
        return None
    found = summary.number(text, "p")
    if found is None:
        raise ClientException("This link is not complete; start again from the newest plays.")
    return found


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
