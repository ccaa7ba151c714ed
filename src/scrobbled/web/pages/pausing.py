"""The buttons on the first page that pause delivery, and go on with it."""

from __future__ import annotations

from litestar import post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from scrobbled.desk.desk import Desk
from scrobbled.desk.facts.pausing import LENGTHS
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/pause")
    async def pause(request: AnyRequest) -> Redirect:
        wish = str((await forms.form(request)).get("for", ""))
        if wish == "end":
            await desk.pausing.end()
            return shell.to(request, shell.with_query("", did="resumed"))
        if wish not in LENGTHS:
            raise ClientException("This form is not complete; go back and press the button again.")
        await desk.pausing.begin(LENGTHS[wish])
        return shell.to(request, shell.with_query("", did="paused"))

    return [pause]
