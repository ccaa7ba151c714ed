"""Leaving a pair alone: a plan is declined, comparisons are paused for a while, or the pair is switched off."""

from __future__ import annotations

from litestar import post
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from scrobbled.core.errors import ConfigError
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts.pausing import LENGTHS
from scrobbled.store.queue.pausing import of_pair
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/sync/pause")
    async def pause(request: AnyRequest) -> Redirect:
        """For an hour, a day, a week, or until somebody says so; "end" compares again."""
        form = await forms.form(request)
        viewer, pair, wish = (str(form.get(key, "")) for key in ("viewer", "pair", "for"))
        if (viewer, pair) not in [(one.viewer, one.pair) for one in await desk.syncing.pairs()]:
            raise NotFoundException("There is no such pair.")
        if wish == "end":
            await desk.pausing.end(of_pair(viewer, pair))
            return shell.to(request, "sync?did=pair-resumed")
        if wish not in LENGTHS:
            raise ClientException("This form is not complete; go back and press the button again.")
        await desk.pausing.begin(LENGTHS[wish], of_pair(viewer, pair))
        return shell.to(request, "sync?did=pair-paused")

    @post("/sync/switch-off")
    async def switch_off(request: AnyRequest) -> Redirect:
        form = await forms.form(request)
        viewer, pair = str(form.get("viewer", "")), str(form.get("pair", ""))
        try:
            done = await desk.syncing.switch_off(viewer, pair, desk.settings, request.state.caller)
        except ConfigError as error:
            raise ClientException(" ".join(error.problems)) from None
        if done is None:
            raise NotFoundException("There is no such pair of which something is switched on.")
        return shell.to(request, f"sync?did={done.did}")

    return [pause, switch_off]
