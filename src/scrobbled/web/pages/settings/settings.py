"""The configuration as forms, part by part."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from scrobbled.config.forms import Posted
from scrobbled.core.errors import NotWritten
from scrobbled.desk.desk import Desk
from scrobbled.desk.settings.settings import NotValid
from scrobbled.desk.settings.sheets import Sheet, Sheets
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view import settings as view
from scrobbled.web.view.settings import SettingsPart

LARGEST_PART = 512 * 1024


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    sheets = Sheets(desk.settings)
    return [*_first(desk, sheets), *_parts(desk, sheets), *_entries(desk, sheets)]


def _first(desk: Desk, sheets: Sheets) -> list[HTTPRouteHandler]:
    @get("/settings")
    async def first(request: AnyRequest) -> Template:
        try:
            document, data, unreadable = await desk.settings.document(), await sheets.data(), ""
        except NotWritten as error:
            document, data, unreadable = None, None, str(error)
        problems = document.problems if document else ()
        return await shell.page(
            request,
            desk,
            "settings/settings.html",
            place="more",
            document=document,
            unreadable=unreadable,
            problems=problems,
            people=view.people(data, problems),
            sources=view.sources(data, problems),
            addable=view.addable(data),
            others=view.others(desk.config, problems),
        )

    @get("/settings/sources")
    async def chosen(request: AnyRequest, add: FromQuery[str | None] = None) -> Redirect:
        found = view.part("sources", add or "", None)
        return shell.to(request, f"settings/{found.slug}" if found else "settings")

    return [first, chosen]


def _parts(desk: Desk, sheets: Sheets) -> list[HTTPRouteHandler]:
    @get("/settings/{slug:str}")
    async def show(request: AnyRequest, slug: FromPath[str]) -> Template:
        return await _shown(request, desk, sheets, await _part(sheets, slug, None))

    @post("/settings/{slug:str}", status_code=200, request_max_body_size=LARGEST_PART)
    async def send(request: AnyRequest, slug: FromPath[str]) -> Template | Redirect:
        return await _sent(request, desk, sheets, await _part(sheets, slug, None))

    return [show, send]


def _entries(desk: Desk, sheets: Sheets) -> list[HTTPRouteHandler]:
    @get("/settings/{slug:str}/{name:str}")
    async def show(request: AnyRequest, slug: FromPath[str], name: FromPath[str]) -> Template:
        return await _shown(request, desk, sheets, await _part(sheets, slug, name))

    @post("/settings/{slug:str}/{name:str}", status_code=200, request_max_body_size=LARGEST_PART)
    async def send(request: AnyRequest, slug: FromPath[str], name: FromPath[str]) -> Template | Redirect:
        return await _sent(request, desk, sheets, await _part(sheets, slug, name))

    @post("/settings/{slug:str}/{name:str}/remove", status_code=200)
    async def remove(request: AnyRequest, slug: FromPath[str], name: FromPath[str]) -> Template | Redirect:
        one = await _part(sheets, slug, name)
        form = Posted(await forms.fields(request))
        try:
            await sheets.removed(one.path, form.get("etag") or "", request.state.caller)
        except NotValid as error:
            text = "It is still needed elsewhere, so nothing was removed: " + "; ".join(map(str, error.found))
            raise HTTPException(text, status_code=409) from None
        return shell.to(request, "settings?did=removed")

    return [show, send, remove]


async def _part(sheets: Sheets, slug: str, name: str | None) -> SettingsPart:
    found = view.part(slug, name, await sheets.data())
    if found is None:
        raise NotFoundException("There is no such setting.")
    return found


async def _shown(request: AnyRequest, desk: Desk, sheets: Sheets, one: SettingsPart) -> Template:
    return await _page(request, desk, one, await sheets.sheet(one.path))


async def _sent(request: AnyRequest, desk: Desk, sheets: Sheets, one: SettingsPart) -> Template | Redirect:
    """Buttons other than "save" change the form alone, or show what would be saved."""
    found = await forms.fields(request)
    form = Posted(found, (found.get("do") or [""])[-1])
    if form.do != "save":
        return await _page(request, desk, one, await sheets.sheet(one.path, form))
    done = await sheets.saved(one.path, form, form.get("etag") or "", request.state.caller)
    if isinstance(done, Sheet):
        return await _page(request, desk, one, done, status=409 if done.meanwhile else 422)
    slug = one.slug if not one.slug.endswith("/new") else f"people/{one.path[1]}"
    return shell.to(request, f"settings/{slug}?did={done.did}")


async def _page(request: AnyRequest, desk: Desk, one: SettingsPart, sheet: Sheet, *, status: int = 200) -> Template:
    more: dict[str, Any] = {}
    if one.slug == "alerts":
        more = {"troubles": await desk.troubles(), "rung": None, "why": ""}
    template = "settings/alerts.html" if one.slug == "alerts" else "settings/part.html"
    return await shell.page(request, desk, template, place="more", status=status, part=one, sheet=sheet, **more)
