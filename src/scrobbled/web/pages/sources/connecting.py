"""Connecting a media server: pick it, three steps, and a place that turns green when it is heard."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from scrobbled.core.errors import ConfigError, NotRegistered, NotWritten, TrackerError
from scrobbled.registering.plex import TWIN
from scrobbled.setting_up import Guide, NotConfigured
from scrobbled.signing_in import HOUSE
from scrobbled.sources.examples import EXAMPLES
from scrobbled.web.connecting import ADDRESSES
from scrobbled.web.desk import Desk
from scrobbled.web.pages import forms, shell
from scrobbled.web.signing import FoundServer
from scrobbled.web.view import setting_up, signing

Asked = Request[Any, Any, Any]
PAIRED = ("plex", "jellyfin", "emby")
"""Sources whose own server can be asked, once its address and a key are known."""


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_pages(desk), *_forms(desk), *_plex(desk)]


def _pages(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/set-up")
    async def servers(request: Asked) -> Template:
        found = await desk.guided.connecting.listed()
        return await shell.page(request, desk, "set_up_list.html", place="more", sources=found)

    @get("/set-up/{source:str}")
    async def server(
        request: Asked,
        source: FromPath[str],
        fragment: FromQuery[str | None] = None,
        said: FromQuery[str | None] = None,
    ) -> Template:
        template = "set_up_part.html" if fragment else "set_up.html"
        return await page(request, desk, source, template, said=SAID.get(said or "", ""))

    return [servers, server]


def _forms(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/set-up/{source:str}/add")
    async def add(request: Asked, source: FromPath[str]) -> Template | Redirect:
        try:
            await desk.guided.connecting.add(source)
        except (ConfigError, NotWritten) as error:
            return await _unwritten(request, desk, source, error)
        return shell.to(request, f"set-up/{source}")

    @post("/set-up/{source:str}/address")
    async def ask_by(request: Asked, source: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        try:
            await desk.guided.connecting.ask_by(source, {key: str(form.get(key, "")) for key in ADDRESSES})
        except (ConfigError, NotWritten) as error:
            return await _unwritten(request, desk, source, error)
        return _back(request, form, source, "kept")

    @post("/set-up/{source:str}/register")
    async def register(request: Asked, source: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        try:
            done = await desk.reception.register(source)
        except (ConfigError, NotRegistered) as error:
            return await page(request, desk, source, "set_up.html", error=str(error), status=409)
        said = "twin" if TWIN in done.notes else "registered" if done.changed else "already"
        return _back(request, form, source, said)

    @post("/set-up/{source:str}/try")
    async def attempt(request: Asked, source: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        try:
            found = await desk.post(source, None)
        except ConfigError as error:
            return await page(request, desk, source, "set_up.html", error=str(error), status=409)
        if found[0].event is None:
            return await page(request, desk, source, "set_up.html", error=found[0].text, status=502)
        return _back(request, form, source, "tried", "#heard")

    @post("/set-up/{source:str}/claim")
    async def claim(request: Asked, source: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        account, viewer = str(form.get("account", "")), str(form.get("viewer", ""))
        try:
            await desk.guided.connecting.claim(source, account, viewer)
        except (ConfigError, NotWritten) as error:
            return await _unwritten(request, desk, source, error)
        return _back(request, form, source, "claimed", "#heard")

    return [add, ask_by, register, attempt, claim]


def _plex(desk: Desk) -> list[HTTPRouteHandler]:
    """The server's own account: signed in at Plex, and one of its servers chosen."""

    @get("/set-up/plex-account")
    async def account(request: Asked, fragment: FromQuery[str | None] = None) -> Template:
        try:
            one = signing.shown(await desk.guided.signing.story(HOUSE, "plex"), desk.now())
        except ConfigError as error:
            raise NotFoundException(str(error)) from None
        context: dict[str, Any] = {"one": one, "here": "set-up/plex-account", "error": "", "onward": False}
        context["title"] = "Sign in at Plex"
        template = "sign_in_part.html" if fragment else "sign_in.html"
        return await shell.page(request, desk, template, place="more", **context)

    @post("/set-up/plex-account")
    async def sign_in(request: Asked) -> Template | Redirect:
        form = await forms.form(request)
        action = str(form.get("action", "begin"))
        try:
            if action in ("cancel", "again"):
                await desk.guided.signing.cancel(HOUSE, "plex")
            if action != "cancel":
                await desk.guided.signing.begin(HOUSE, "plex")
        except ConfigError as error:
            raise ClientException(str(error)) from None
        return shell.to(request, "set-up/plex-account")

    @get("/set-up/plex-server")
    async def choices(request: Asked) -> Template:
        found: list[FoundServer] = []
        error = ""
        try:
            found = await desk.guided.signing.servers()
        except ConfigError as problem:
            error = str(problem)
        except TrackerError as problem:
            error = desk.guided.signing.said(problem)
        return await shell.page(request, desk, "set_up_plex.html", place="more", servers=found, error=error)

    @post("/set-up/plex-server")
    async def choose(request: Asked) -> Template | Redirect:
        form = await forms.form(request)
        server, _, url = str(form.get("server", "")).partition(" ")
        try:
            await desk.guided.signing.choose(server, str(form.get("url", "")).strip() or url)
        except (ConfigError, NotWritten) as error:
            return await _unwritten(request, desk, "plex", error)
        except TrackerError as error:
            raise HTTPException(desk.guided.signing.said(error), status_code=502) from None
        return shell.to(request, "set-up/plex?said=kept")

    return [account, sign_in, choices, choose]


async def page(
    request: Asked,
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


async def facts(request: Asked, desk: Desk, source: str) -> dict[str, Any]:
    """What a page about a source needs; a 404 for what is none."""
    try:
        one = await desk.guided.connecting.connection(source)
    except ConfigError as error:
        raise NotFoundException(str(error)) from None
    plex = await desk.guided.signing.story(HOUSE, "plex") if source == "plex" and one.configured else None
    return {
        "one": one,
        "guide": _guide(request, desk, source),
        "called": setting_up.called(one),
        "heard": setting_up.heard(one, desk.now()),
        "viewers": [viewer.name for viewer in desk.config.viewers],
        "triable": source in EXAMPLES,
        "pairs_with_server": source in PAIRED,
        "plex": signing.shown(plex, desk.now()) if plex else None,
        "knows_server": one.lacks is not None and not one.lacks,
    }


def _guide(request: Asked, desk: Desk, source: str) -> Guide | None:
    """``None`` where the source is not open yet."""
    try:
        return setting_up.seen_from(desk.reception.guide(source), request.state.caller)
    except NotConfigured:
        return None


async def _unwritten(request: Asked, desk: Desk, source: str, error: Exception) -> Template:
    """Nothing was written; where the file may not be changed, the lines to add by hand are shown."""
    lines = desk.guided.connecting.lines(source) if isinstance(error, NotWritten) else ""
    status = 409 if isinstance(error, NotWritten) else 400
    return await page(request, desk, source, "set_up.html", error=str(error), yaml=lines, status=status)


def _back(request: Asked, form: FormMultiDict, source: str, said: str, part: str = "") -> Redirect:
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
    "claimed": "The account is listed in the configuration now. What waited is on its way.",
}
