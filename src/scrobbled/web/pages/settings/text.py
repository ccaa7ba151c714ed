"""The configuration as a text, and the version before."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect, Template
from msgspec import Struct

from scrobbled.config.forms import Posted
from scrobbled.core.errors import NotWritten
from scrobbled.revising import LARGEST, Line
from scrobbled.web.desk import Desk
from scrobbled.web.pages import forms, shell
from scrobbled.web.settings import NotValid, Verdict

LARGEST_TEXT = 4 * LARGEST
"""As a browser sends it: a letter that is none of ASCII takes nine, but so many of them are no configuration."""
Asked = Request[Any, Any, Any]


class Typed(Struct, frozen=True):
    """What stands in the editor, made from the file that had this ``etag``; ``None`` for the file as it is."""

    yaml: str | None = None
    etag: str = ""


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_editor(desk), *_previous(desk)]


def _editor(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/settings/yaml")
    async def show(request: Asked) -> Template:
        return await _page(request, desk, Typed())

    @post("/settings/yaml", status_code=200, request_max_body_size=LARGEST_TEXT)
    async def send(request: Asked) -> Template | Redirect:
        form = Posted(await forms.fields(request))
        typed = Typed(form.get("yaml") or "", form.get("etag") or "")
        if form.get("do") == "save":
            return await _saved(request, desk, typed)
        return await _page(request, desk, typed, verdict=await desk.settings.checked(typed.yaml or ""))

    return [show, send]


async def _saved(request: Asked, desk: Desk, typed: Typed) -> Template | Redirect:
    settings, yaml = desk.settings, typed.yaml or ""
    try:
        done = await settings.save(*await settings.lifted(yaml, typed.etag))
    except NotValid:
        verdict = await settings.checked(yaml)
        return await _page(request, desk, typed, status=422, refused="Nothing was saved yet.", verdict=verdict)
    except NotWritten as error:
        gone = await settings.since(typed.etag, await settings.opened())
        return await _page(request, desk, typed, status=409, refused=str(error), meanwhile=gone)
    return shell.to(request, f"settings/yaml?did={done.did}")


async def _page(
    request: Asked,
    desk: Desk,
    typed: Typed,
    *,
    status: int = 200,
    refused: str = "",
    verdict: Verdict | None = None,
    meanwhile: list[Line] | None = None,
) -> Template:
    document = await desk.settings.document()
    etag = typed.etag or document.etag
    return await shell.page(
        request,
        desk,
        "settings_yaml.html",
        place="more",
        status=status,
        document=document,
        yaml=document.yaml.removeprefix("\ufeff") if typed.yaml is None else typed.yaml,
        etag=etag,
        is_old=etag != document.etag,
        refused=refused,
        verdict=verdict,
        meanwhile=meanwhile,
        has_previous=await desk.settings.previous() is not None,
    )


def _previous(desk: Desk) -> list[HTTPRouteHandler]:
    settings = desk.settings

    @get("/settings/previous")
    async def compare(request: Asked) -> Template:
        now, verdict = await settings.opened(), await settings.back()
        if verdict is None:
            raise NotFoundException("There is no file from before.")
        return await shell.page(
            request, desk, "settings_previous.html", place="more", verdict=verdict, etag=now.etag, file=now.path
        )

    @post("/settings/previous", status_code=200)
    async def put_back(request: Asked) -> Redirect:
        form = await forms.form(request)
        try:
            done = await settings.put_back(str(form.get("etag", "")))
        except NotValid as error:
            raise HTTPException(str(error), status_code=409) from None
        return shell.to(request, f"settings/yaml?did={done.did}")

    return [compare, put_back]
