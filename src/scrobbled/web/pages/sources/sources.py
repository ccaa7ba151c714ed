"""The forms of the page that are about who reports: saying whose an account is, and trying a source."""

from __future__ import annotations

from litestar import post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from scrobbled.config import Config
from scrobbled.desk.desk import Desk
from scrobbled.sources import SOURCES
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest


def triable(config: Config) -> frozenset[str]:
    """The sources for which there is a test event."""
    return frozenset(name for name, source in config.sources.items() if name in SOURCES and source.token)


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/claim")
    async def claim(request: AnyRequest) -> Redirect:
        form = await forms.form(request)
        source, account, viewer = (str(form.get(name, "")) for name in ("source", "account", "viewer"))
        await desk.reception.claim(source, account, viewer)
        back = shell.way_back(str(form.get("back", "")))
        return shell.to(request, shell.with_query(back, did="claim"))

    @post("/try")
    async def attempt(request: AnyRequest) -> Redirect:
        form = await forms.form(request)
        found = await desk.post(str(form.get("source", "")), None)
        if found[0].event is None:
            raise HTTPException(found[0].text, status_code=502)
        return shell.to(request, f"events/{found[0].event}")

    return [claim, attempt]
