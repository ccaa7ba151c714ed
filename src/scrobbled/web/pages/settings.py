"""The configuration as forms, part by part, and as a text."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request, get, post
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from scrobbled.config.forms import Posted
from scrobbled.core.errors import ConfigError, NotWritten
from scrobbled.revising import LARGEST
from scrobbled.web.desk import Desk
from scrobbled.web.pages import shell
from scrobbled.web.settings import NotValid, Saved
from scrobbled.web.sheets import Sheet, Sheets
from scrobbled.web.view import settings as view
from scrobbled.web.view.settings import Part

MOST_FIELDS = 5_000
LARGEST_PART = 512 * 1024
LARGEST_TEXT = 4 * LARGEST
"""As a browser sends it: a letter that is none of ASCII takes nine, but so many of them are no configuration."""
Asked = Request[Any, Any, Any]


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    sheets = Sheets(desk.settings)
    return [*_first(desk, sheets), *_parts(desk, sheets), *_entries(desk, sheets), *_text(desk)]


def _first(desk: Desk, sheets: Sheets) -> list[HTTPRouteHandler]:
    @get("/settings")
    async def first(request: Asked) -> Template:
        try:
            document, data, unreadable = await desk.settings.document(), await sheets.data(), ""
        except NotWritten as error:
            document, data, unreadable = None, None, str(error)
        problems = document.problems if document else ()
        return await shell.page(
            request,
            desk,
            "settings.html",
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
    async def chosen(request: Asked, add: FromQuery[str | None] = None) -> Redirect:
        found = view.part("sources", add or "", None)
        return shell.to(request, f"settings/{found.slug}" if found else "settings")

    return [first, chosen]


def _parts(desk: Desk, sheets: Sheets) -> list[HTTPRouteHandler]:
    @get("/settings/{slug:str}")
    async def show(request: Asked, slug: FromPath[str]) -> Template:
        return await _shown(request, desk, sheets, await _part(sheets, slug, None))

    @post("/settings/{slug:str}", status_code=200, request_max_body_size=LARGEST_PART)
    async def send(request: Asked, slug: FromPath[str]) -> Template | Redirect:
        return await _sent(request, desk, sheets, await _part(sheets, slug, None))

    return [show, send]


def _entries(desk: Desk, sheets: Sheets) -> list[HTTPRouteHandler]:
    @get("/settings/{slug:str}/{name:str}")
    async def show(request: Asked, slug: FromPath[str], name: FromPath[str]) -> Template:
        return await _shown(request, desk, sheets, await _part(sheets, slug, name))

    @post("/settings/{slug:str}/{name:str}", status_code=200, request_max_body_size=LARGEST_PART)
    async def send(request: Asked, slug: FromPath[str], name: FromPath[str]) -> Template | Redirect:
        return await _sent(request, desk, sheets, await _part(sheets, slug, name))

    @post("/settings/{slug:str}/{name:str}/remove", status_code=200)
    async def remove(request: Asked, slug: FromPath[str], name: FromPath[str]) -> Template | Redirect:
        one = await _part(sheets, slug, name)
        form = Posted(await fields(request))
        try:
            await sheets.removed(one.path, form.get("etag") or "")
        except NotValid as error:
            text = "It is still needed elsewhere, so nothing was removed: " + "; ".join(map(str, error.found))
            raise HTTPException(text, status_code=409) from None
        except NotWritten as error:
            raise HTTPException(str(error), status_code=409) from None
        return shell.to(request, "settings?did=removed")

    return [show, send, remove]


async def _part(sheets: Sheets, slug: str, name: str | None) -> Part:
    try:
        data = await sheets.data()
    except NotWritten as error:
        raise HTTPException(str(error), status_code=409) from None
    found = view.part(slug, name, data)
    if found is None:
        raise NotFoundException("There is no such setting.")
    return found


async def _shown(request: Asked, desk: Desk, sheets: Sheets, one: Part) -> Template:
    return await _page(request, desk, one, await sheets.sheet(one.path))


async def _sent(request: Asked, desk: Desk, sheets: Sheets, one: Part) -> Template | Redirect:
    """Buttons other than "save" change the form alone, or show what would be saved."""
    found = await fields(request)
    form = Posted(found, (found.get("do") or [""])[-1])
    if form.do != "save":
        return await _page(request, desk, one, await sheets.sheet(one.path, form))
    done = await sheets.saved(one.path, form, form.get("etag") or "")
    if isinstance(done, Sheet):
        return await _page(request, desk, one, done, status=409 if done.meanwhile else 422)
    slug = one.slug if not one.slug.endswith("/new") else f"people/{one.path[1]}"
    return shell.to(request, f"settings/{slug}?did={_did(done)}")


async def _page(request: Asked, desk: Desk, one: Part, sheet: Sheet, *, status: int = 200) -> Template:
    more: dict[str, Any] = {}
    if one.slug == "alerts":
        more = {"troubles": await desk.troubles(), "rung": None, "why": ""}
    template = "settings_alerts.html" if one.slug == "alerts" else "settings_part.html"
    return await shell.page(request, desk, template, place="more", status=status, part=one, sheet=sheet, **more)


def _did(done: Saved) -> str:
    if done.copy is None:
        return "unchanged"
    return "saved-restart" if done.restart else "saved"


def _text(desk: Desk) -> list[HTTPRouteHandler]:
    settings = desk.settings

    async def page(request: Asked, yaml: str | None, etag: str, refused: str, status: int, **more: Any) -> Template:
        document = await settings.document()
        context = {"verdict": None, "meanwhile": (), **more}
        return await shell.page(
            request,
            desk,
            "settings_yaml.html",
            place="more",
            status=status,
            document=document,
            yaml=document.yaml.removeprefix("\ufeff") if yaml is None else yaml,
            etag=etag or document.etag,
            refused=refused,
            has_previous=await settings.previous() is not None,
            **context,
        )

    @get("/settings/yaml")
    async def show(request: Asked) -> Template:
        try:
            return await page(request, None, "", "", 200)
        except NotWritten as error:
            raise HTTPException(str(error), status_code=409) from None

    @post("/settings/yaml", status_code=200, request_max_body_size=LARGEST_TEXT)
    async def send(request: Asked) -> Template | Redirect:
        form = Posted(await fields(request))
        yaml, etag = form.get("yaml") or "", form.get("etag") or ""
        try:
            if form.get("do") != "save":
                return await page(request, yaml, etag, "", 200, verdict=await settings.checked(yaml))
            before, text = await settings.lifted(yaml, etag)
            return shell.to(request, f"settings/yaml?did={_did(await settings.save(before, text))}")
        except NotValid:
            verdict = await settings.checked(yaml)
            return await page(request, yaml, etag, "Nothing was saved yet.", 422, verdict=verdict)
        except NotWritten as error:
            gone = await settings.since(etag, await settings.opened())
            return await page(request, yaml, etag, str(error), 409, meanwhile=gone)

    @get("/settings/previous")
    async def compare(request: Asked) -> Template:
        before, text = await settings.opened(), await settings.previous()
        if text is None:
            raise NotFoundException("There is no file from before.")
        verdict = await settings.verdict(before, text)
        return await shell.page(
            request, desk, "settings_previous.html", place="more", verdict=verdict, etag=before.etag, file=before.path
        )

    @post("/settings/previous", status_code=200)
    async def back(request: Asked) -> Redirect:
        form = Posted(await fields(request))
        before, text = await settings.opened(), await settings.previous()
        if text is None or form.get("etag") != before.etag:
            raise HTTPException("The file was changed meanwhile. Go back and look again.", status_code=409)
        try:
            return shell.to(request, f"settings/yaml?did={_did(await settings.save(before, text))}")
        except (ConfigError, NotWritten) as error:
            raise HTTPException(str(error), status_code=409) from None

    return [show, send, compare, back]


async def fields(request: Asked) -> dict[str, list[str]]:
    """What was sent, empty fields too: those say that a value is to go."""
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise ClientException("This form cannot be read; go back and press the button again.") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
