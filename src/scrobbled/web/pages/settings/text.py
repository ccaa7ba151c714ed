"""The configuration as a text, and the version before."""

from __future__ import annotations

from litestar import get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect, Template
from msgspec import Struct

from scrobbled.config.forms import Posted
from scrobbled.core.errors import NotWritten
from scrobbled.desk.desk import Desk
from scrobbled.desk.settings.revisions import LARGEST, DiffLine
from scrobbled.desk.settings.settings import NotValid, SettingsVerdict
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest

LARGEST_TEXT = 4 * LARGEST
"""As a browser sends it: a letter that is none of ASCII takes nine, but so many of them are no configuration."""


class EditorText(Struct, frozen=True):
    """What stands in the editor, made from the file that had this ``etag``; ``None`` for the file as it is."""

    yaml: str | None = None
    etag: str = ""


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_editor(desk), *_previous(desk)]


def _editor(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/settings/yaml")
    async def show(request: AnyRequest) -> Template:
        return await _page(request, desk, EditorText())

    @post("/settings/yaml", status_code=200, request_max_body_size=LARGEST_TEXT)
    async def send(request: AnyRequest) -> Template | Redirect:
        form = Posted(await forms.fields(request))
        typed = EditorText(form.get("yaml") or "", form.get("etag") or "")
        if form.get("do") == "save":
            return await _saved(request, desk, typed)
        return await _page(request, desk, typed, verdict=await desk.settings.checked(typed.yaml or ""))

    return [show, send]


async def _saved(request: AnyRequest, desk: Desk, typed: EditorText) -> Template | Redirect:
    settings, yaml = desk.settings, typed.yaml or ""
    try:
        done = await settings.save(*await settings.lifted(yaml, typed.etag), request.state.caller)
    except NotValid:
        verdict = await settings.checked(yaml)
        return await _page(request, desk, typed, status=422, refused="Nothing was saved yet.", verdict=verdict)
    except NotWritten as error:
        gone = await settings.since(typed.etag, await settings.opened())
        return await _page(request, desk, typed, status=409, refused=str(error), meanwhile=gone)
    return shell.to(request, f"settings/yaml?did={done.did}")


async def _page(
    request: AnyRequest,
    desk: Desk,
    typed: EditorText,
    *,
    status: int = 200,
    refused: str = "",
    verdict: SettingsVerdict | None = None,
    meanwhile: list[DiffLine] | None = None,
) -> Template:
    document = await desk.settings.document()
    etag = typed.etag or document.etag
    return await shell.page(
        request,
        desk,
        "settings/text.html",
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
    async def compare(request: AnyRequest) -> Template:
        now, verdict = await settings.opened(), await settings.back()
        if verdict is None:
            raise NotFoundException("There is no file from before.")
        return await shell.page(
            request, desk, "settings/previous.html", place="more", verdict=verdict, etag=now.etag, file=now.path
        )

    @post("/settings/previous", status_code=200)
    async def put_back(request: AnyRequest) -> Redirect:
        form = await forms.form(request)
        try:
            done = await settings.put_back(str(form.get("etag", "")), request.state.caller)
        except NotValid as error:
            raise HTTPException(str(error), status_code=409) from None
        return shell.to(request, f"settings/yaml?did={done.did}")

    return [compare, put_back]
