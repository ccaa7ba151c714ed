"""The forms of the page that are about who reports: saying whose an account is, and trying a source."""

from __future__ import annotations

from typing import Any

from litestar import Request, post
from litestar.exceptions import ClientException, HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from scrobbled.config import Config
from scrobbled.core.errors import ConfigError, NotWritten
from scrobbled.sources.examples import EXAMPLES
from scrobbled.web.desk import Desk
from scrobbled.web.pages import forms, shell

Asked = Request[Any, Any, Any]


def triable(config: Config) -> frozenset[str]:
    """The sources for which there is a test event."""
    return frozenset(name for name, source in config.sources.items() if name in EXAMPLES and source.token)


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/claim")
    async def claim(request: Asked) -> Redirect:
        form = await forms.form(request)
        source, account, viewer = (str(form.get(name, "")) for name in ("source", "account", "viewer"))
        try:
            await desk.reception.claim(source, account, viewer)
        except ConfigError as error:
            raise ClientException(str(error)) from None
        except NotWritten as error:
            raise HTTPException(str(error), status_code=409) from None
        back = shell.way_back(str(form.get("back", "")))
        return shell.to(request, shell.with_query(back, did="claim"))

    @post("/try")
    async def attempt(request: Asked) -> Redirect:
        form = await forms.form(request)
        try:
            found = await desk.post(str(form.get("source", "")), None)
        except ConfigError as error:
            raise ClientException(str(error)) from None
        if found[0].event is None:
            raise HTTPException(found[0].text, status_code=502)
        return shell.to(request, f"events/{found[0].event}")

    return [claim, attempt]
