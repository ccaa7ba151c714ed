"""Connecting a media server: pick it, three steps, and a place that turns green when it is heard."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.datastructures import FormMultiDict
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from scrobbled.config import BY_VIEWER
from scrobbled.core.errors import ConfigError, NotRegistered, NotWritten, TrackerError
from scrobbled.core.services import service
from scrobbled.desk.desk import Desk
from scrobbled.desk.sign_in import HOUSE, plex
from scrobbled.desk.sign_in.page import FoundServer
from scrobbled.desk.sources.connections import ADDRESSES
from scrobbled.desk.sources.guides import Guide, NotConfigured
from scrobbled.servers.plex.register import TWIN
from scrobbled.sources import SOURCES
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view import sign_in as signing
from scrobbled.web.view import sources


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_pages(desk), *_forms(desk), *_plex(desk)]


def _pages(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/set-up")
    async def servers(request: AnyRequest) -> Template:
        found = await desk.guided.connecting.listed()
        return await shell.page(request, desk, "sources/sources.html", place="more", sources=found)

    @get("/set-up/{source:str}")
    async def server(
        request: AnyRequest,
        source: FromPath[str],
        fragment: FromQuery[str | None] = None,
        said: FromQuery[str | None] = None,
    ) -> Template:
        template = "sources/source_parts.html" if fragment else "sources/source.html"
        return await page(request, desk, source, template, said=SAID.get(said or "", ""))

    return [servers, server]


def _forms(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/set-up/{source:str}/add")
    async def add(request: AnyRequest, source: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        try:
            await desk.guided.connecting.add(source, str(form.get("viewer", "")))
        except (ConfigError, NotWritten) as error:
            return await _unwritten(request, desk, source, error)
        return shell.to(request, f"set-up/{source}")

    @post("/set-up/{source:str}/address")
    async def ask_by(request: AnyRequest, source: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        try:
            await desk.guided.connecting.ask_by(source, {key: str(form.get(key, "")) for key in ADDRESSES})
        except (ConfigError, NotWritten) as error:
            return await _unwritten(request, desk, source, error)
        return _back(request, form, source, "kept")

    @post("/set-up/{source:str}/listen")
    async def listen(request: AnyRequest, source: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        try:
            await desk.guided.connecting.listen(source, {key: str(form.get(key, "")) for key in ADDRESSES})
        except (ConfigError, NotWritten) as error:
            return await _unwritten(request, desk, source, error)
        return _back(request, form, source, "listens")

    @post("/set-up/{source:str}/register")
    async def register(request: AnyRequest, source: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        try:
            done = await desk.reception.register(source)
        except (ConfigError, NotRegistered) as error:
            return await page(request, desk, source, "sources/source.html", error=str(error), status=409)
        said = "twin" if TWIN in done.notes else "registered" if done.changed else "already"
        return _back(request, form, source, said)

    @post("/set-up/{source:str}/try")
    async def attempt(request: AnyRequest, source: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        try:
            found = await desk.post(source, None)
        except ConfigError as error:
            return await page(request, desk, source, "sources/source.html", error=str(error), status=409)
        if found[0].event is None:
            return await page(request, desk, source, "sources/source.html", error=found[0].text, status=502)
        return _back(request, form, source, "tried", "#heard")

    @post("/set-up/{source:str}/claim")
    async def claim(request: AnyRequest, source: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        account, viewer = str(form.get("account", "")), str(form.get("viewer", ""))
        try:
            await desk.guided.connecting.claim(source, account, viewer)
        except (ConfigError, NotWritten) as error:
            return await _unwritten(request, desk, source, error)
        return _back(request, form, source, "claimed", "#heard")

    return [add, ask_by, listen, register, attempt, claim]


def _plex(desk: Desk) -> list[HTTPRouteHandler]:
    """The server's own account: signed in at Plex, and one of its servers chosen."""

    @get("/set-up/plex-account")
    async def account(request: AnyRequest, fragment: FromQuery[str | None] = None) -> Template:
        try:
            one = signing.shown(await desk.guided.signing.story(HOUSE, plex.SERVICE), desk.now())
        except ConfigError as error:
            raise NotFoundException(str(error)) from None
        context: dict[str, Any] = {"one": one, "here": "set-up/plex-account", "error": "", "onward": False}
        context["title"] = "Sign in at Plex"
        template = "sign_in/account_parts.html" if fragment else "sign_in/account.html"
        return await shell.page(request, desk, template, place="more", **context)

    @post("/set-up/plex-account")
    async def sign_in(request: AnyRequest) -> Template | Redirect:
        form = await forms.form(request)
        action = str(form.get("action", "begin"))
        if action in ("cancel", "again"):
            await desk.guided.signing.cancel(HOUSE, plex.SERVICE)
        if action != "cancel":
            await desk.guided.signing.begin(HOUSE, plex.SERVICE)
        return shell.to(request, "set-up/plex-account")

    @get("/set-up/plex-server")
    async def choices(request: AnyRequest) -> Template:
        found: list[FoundServer] = []
        error = ""
        try:
            found = await desk.guided.signing.servers()
        except ConfigError as problem:
            error = str(problem)
        except TrackerError as problem:
            error = desk.guided.signing.said(problem)
        return await shell.page(request, desk, "sources/plex.html", place="more", servers=found, error=error)

    @post("/set-up/plex-server")
    async def choose(request: AnyRequest) -> Template | Redirect:
        form = await forms.form(request)
        server, _, url = str(form.get("server", "")).partition(" ")
        try:
            await desk.guided.signing.choose(server, url)
        except (ConfigError, NotWritten) as error:
            return await _unwritten(request, desk, plex.SERVICE, error)
        except TrackerError as error:
            raise HTTPException(desk.guided.signing.said(error), status_code=502) from None
        return shell.to(request, "set-up/plex?said=kept")

    return [account, sign_in, choices, choose]


async def page(
    request: AnyRequest,
    desk: Desk,
    source: str,
    template: str,
    *,
    said: str = "",
    error: str = "",
    yaml: str = "",
    status: int = 200,
) -> Template:
    """The page of one source. Its address is shown here on purpose, secret and all: it has to be copied."""
    context = await facts(request, desk, source)
    context |= {"said": said, "error": error, "yaml": yaml, "back": f"set-up/{source}"}
    return await shell.page(request, desk, template, place="more", status=status, **context)


async def facts(request: AnyRequest, desk: Desk, source: str) -> dict[str, Any]:
    """What a page about a source needs; a 404 for what is none."""
    try:
        one = await desk.guided.connecting.connection(source)
    except ConfigError as error:
        raise NotFoundException(str(error)) from None
    houses = await desk.guided.signing.of_house() if one.configured else []
    house = next((story for story in houses if story.tracker == source), None)
    return {
        "one": one,
        "guide": _guide(request, desk, source),
        "called": sources.called(one),
        "heard": sources.heard(one, desk.now()),
        "by_viewer": source in BY_VIEWER,
        "viewers": [viewer.name for viewer in desk.config.viewers],
        "triable": source in SOURCES,
        "pairs_with_server": service(source).asked,
        "house": signing.shown(house, desk.now()) if house else None,
        "knows_server": one.lacks is not None and not one.lacks,
    }


def _guide(request: AnyRequest, desk: Desk, source: str) -> Guide | None:
    """``None`` where the source is not open yet."""
    try:
        return sources.seen_from(desk.reception.guide(source), request.state.caller)
    except NotConfigured:
        return None


async def _unwritten(request: AnyRequest, desk: Desk, source: str, error: Exception) -> Template:
    """Nothing was written; where the file may not be changed, the lines to add by hand are shown."""
    lines = desk.guided.connecting.lines(source) if isinstance(error, NotWritten) else ""
    status = 409 if isinstance(error, NotWritten) else 400
    return await page(request, desk, source, "sources/source.html", error=str(error), yaml=lines, status=status)


def _back(request: AnyRequest, form: FormMultiDict, source: str, said: str, part: str = "") -> Redirect:
    """To the page that the form stood on: that of the source, or the last step of the first start."""
    there = f"start/event?source={source}" if form.get("back") == "start/event" else f"set-up/{source}"
    return shell.to(request, shell.with_query(there, said=said) + part)


SAID = {
    "kept": "Kept in the configuration, and in use.",
    "tried": "A test event was sent. Below stands what became of it.",
    "registered": "The address is entered there now. Play something, and it arrives.",
    "already": "The address was entered there already.",
    "twin": "The address is entered there. Another one with the same token is there too; remove it where it is an old "
    "one of ours.",
    "claimed": "This account now belongs to one of you. Waiting plays are being delivered.",
    "listens": "scrobbled listens from now on.",
}
