"""The page that tells the whole story of one play."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from scrobbled.explain import NotThere
from scrobbled.explain.telling import NOTHING, tell
from scrobbled.web.desk import Desk
from scrobbled.web.pages import shell

Asked = Request[Any, Any, Any]


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/plays/{play_id:str}")
    async def play(request: Asked, play_id: FromPath[str]) -> Template:
        return await _story(request, desk, play_id, "p")

    @get("/events/{event_id:str}")
    async def event(request: Asked, event_id: FromPath[str]) -> Template:
        return await _story(request, desk, event_id, "e")

    return [play, event]


async def _story(request: Asked, desk: Desk, asked: str, letter: str) -> Template:
    try:
        story = await desk.explain(asked if asked.startswith(letter) else "")
    except (ValueError, NotThere) as error:
        raise NotFoundException(str(error)) from None
    telling = tell(story)  # in the zone of the house
    context: dict[str, Any] = {"story": story, "telling": telling, "calm": telling.to_do == [NOTHING]}
    return await shell.page(request, desk, "story.html", place="history", **context)
