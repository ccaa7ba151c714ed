"""Choosing libraries: a box for each, by server, with what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect, Template

from scrobbled.core.errors import ConfigError, NotWritten
from scrobbled.core.standing import AccountKey
from scrobbled.desk.desk import Desk
from scrobbled.web.pages import forms, shell
from scrobbled.web.pages.sign_in.trackers import is_onward, path_of
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view import libraries as view


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sign-in/{viewer:str}/{tracker:str}/libraries")
    async def libraries(request: AnyRequest, viewer: FromPath[str], tracker: FromPath[str]) -> Template:
        return await _page(request, desk, (viewer, tracker))

    @post("/sign-in/{viewer:str}/{tracker:str}/libraries")
    async def choose(request: AnyRequest, viewer: FromPath[str], tracker: FromPath[str]) -> Template | Redirect:
        form = await forms.fields(request)
        names = form.get("library", [])
        try:
            await desk.guided.libraries.choose((viewer, tracker), None if _means_all(form) else names)
        except (ConfigError, NotWritten) as error:
            return await _page(request, desk, (viewer, tracker), error=str(error), ticked=names)
        if is_onward(request):
            return shell.to(request, "start/trackers")
        return shell.to(request, f"{path_of(viewer, tracker)}/libraries?did=saved")

    return [libraries, choose]


def _means_all(form: Mapping[str, Sequence[str]]) -> bool:
    """Whoever takes a tick away while all count means those that are left."""
    left_out = form.get("was") == ["all"] and form.get("of") != [str(len(form.get("library", [])))]
    return form.get("which") == ["all"] and not left_out


async def _page(
    request: AnyRequest, desk: Desk, account: AccountKey, *, error: str = "", ticked: Sequence[str] | None = None
) -> Template:
    try:
        found = await desk.guided.libraries.of(account)
    except ConfigError as problem:
        raise NotFoundException(str(problem)) from None
    context = {
        "one": view.shown(found, ticked),
        "error": error,
        "here": path_of(*account),
        "onward": is_onward(request),
    }
    status = 400 if error else 200
    return await shell.page(request, desk, "libraries/libraries.html", place="more", status=status, **context)
