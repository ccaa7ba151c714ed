"""Signing in to trackers: the list of accounts, and for each a code, a link or a form, and how it went."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import get, post
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from scrobbled.core.errors import ConfigError
from scrobbled.desk.desk import Desk
from scrobbled.desk.sign_in import HOUSE
from scrobbled.desk.sign_in.page import SignInStory
from scrobbled.desk.words import name
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view import sign_in as signing


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_list(desk), *_one(desk)]


def _list(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sign-in")
    async def sign_ins(request: AnyRequest, fragment: FromQuery[str | None] = None) -> Template:
        stories = [*await desk.guided.signing.listed(), *await desk.guided.signing.of_house()]
        found = [signing.shown(story, desk.now()) for story in stories]
        template = "sign_in/accounts_parts.html" if fragment else "sign_in/accounts.html"
        return await shell.page(request, desk, template, place="more", rows=[(row, way_to(row)) for row in found])

    return [sign_ins]


def _one(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/sign-in/{viewer:str}/{tracker:str}")
    async def sign_in(
        request: AnyRequest, viewer: FromPath[str], tracker: FromPath[str], fragment: FromQuery[str | None] = None
    ) -> Template:
        return await _page(
            request, desk, viewer, tracker, "sign_in/account_parts.html" if fragment else "sign_in/account.html"
        )

    @post("/sign-in/{viewer:str}/{tracker:str}")
    async def act(request: AnyRequest, viewer: FromPath[str], tracker: FromPath[str]) -> Template | Redirect:
        form = await forms.form(request)
        story = await _story(desk, viewer, tracker)
        action = str(form.get("action", "begin"))
        if action == "sign-out":
            left = await desk.guided.signing.sign_out(viewer, tracker)
            return await _page(
                request, desk, viewer, tracker, "sign_in/account.html", said=f"Signed out. {left}".strip()
            )
        if action in ("cancel", "again"):
            await desk.guided.signing.cancel(viewer, tracker)
        if action != "cancel":
            try:
                await desk.guided.signing.begin(viewer, tracker, typed(form, story))
            except ConfigError as error:
                return await _page(request, desk, viewer, tracker, "sign_in/account.html", error=str(error))
        return shell.to(request, way_to(story) + ("?start=1" if is_onward(request) else ""))

    return [sign_in, act]


def way_to(account: signing.SignInCard | SignInStory) -> str:
    """The address of an account's page, relative to our root."""
    return "set-up/plex-account" if account.viewer == HOUSE else path_of(account.viewer, account.tracker)


def path_of(viewer: str, tracker: str) -> str:
    """The same of an account that is a viewer's."""
    return f"sign-in/{quote(viewer, safe='')}/{quote(tracker, safe='')}"


def typed(form: FormMultiDict, story: SignInStory) -> dict[str, str]:
    """What was typed of that which is asked."""
    return {asked.key: str(form.get(asked.key, "")) for asked in story.asks}


async def _story(desk: Desk, viewer: str, tracker: str) -> SignInStory:
    if not viewer.strip():  # the house's own server has its place where it is set up
        raise NotFoundException("There is nobody to sign in.")
    try:
        return await desk.guided.signing.story(viewer, tracker)
    except ConfigError as error:
        raise NotFoundException(str(error)) from None


async def _page(
    request: AnyRequest, desk: Desk, viewer: str, tracker: str, template: str, *, error: str = "", said: str = ""
) -> Template:
    story = await _story(desk, viewer, tracker)
    one = signing.shown(story, desk.now())
    context: dict[str, Any] = {"one": one, "here": way_to(one), "error": error, "title": f"Sign in to {name(tracker)}"}
    context["said"] = said
    context["onward"] = is_onward(request)
    return await shell.page(request, desk, template, place="more", status=400 if error else 200, **context)


def is_onward(request: AnyRequest) -> bool:
    """Whether it is a part of the first start, which goes on afterwards."""
    return request.query_params.get("start") == "1"
