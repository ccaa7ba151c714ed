"""The buttons that move what waits: retry, approve, drop."""

from __future__ import annotations

from litestar import post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from scrobbled.desk.desk import ACTIONS, Desk
from scrobbled.desk.needs import floods
from scrobbled.desk.needs.floods import NoId
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/queue")
    async def act(request: AnyRequest) -> Redirect:
        form = await forms.form(request)
        action, given = str(form.get("action", "")), form.getall("id", [])
        try:
            named = floods.chosen([str(id_) for id_ in given])
        except NoId:
            named = None
        if action not in ACTIONS or named is None or (action == "drop" and not given):
            raise ClientException("This form is not complete; go back and press the button again.")
        done = await desk.act(action, named if given else None)
        back = shell.way_back(str(form.get("back", "")))
        return shell.to(request, shell.with_query(back, did=done.action, count=done.plays))

    return [act]
