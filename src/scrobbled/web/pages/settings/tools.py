"""What stands beside the settings: a test alert, tokens for programs, and the check-up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from litestar import get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect, Template

from scrobbled.core.errors import ConfigError
from scrobbled.desk.desk import Desk
from scrobbled.desk.facts import ids
from scrobbled.desk.settings.sheets import Sheets
from scrobbled.desk.sign_in.tokens import NewToken
from scrobbled.desk.sources.trials import Rung
from scrobbled.store.accounts.clients import SCOPES
from scrobbled.web.pages import forms, shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view import settings as view
from scrobbled.web.view.moments import moment

if TYPE_CHECKING:
    from scrobbled.desk.doctor import DoctorReport

LONGEST_NAME = 80


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_alerts(desk), *_tokens(desk), *_doctor(desk)]


def _alerts(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/settings/alerts/test", status_code=200)
    async def ring(request: AnyRequest) -> Template:
        rung: list[Rung] = []
        why = ""
        try:
            rung = await desk.ring(None)
        except ConfigError as error:
            why = str(error)
        part = view.PARTS["alerts"]
        return await shell.page(
            request,
            desk,
            "settings/alerts.html",
            place="more",
            part=part,
            sheet=await Sheets(desk.settings).sheet(part.path),
            troubles=await desk.troubles(),
            rung=rung,
            why=why,
        )

    return [ring]


def _tokens(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/settings/tokens")
    async def tokens(request: AnyRequest) -> Template:
        return await _token_page(request, desk)

    @post("/settings/tokens", status_code=200)
    async def create(request: AnyRequest) -> Template:
        form = await forms.form(request)
        name, what = " ".join(str(form.get("name", "")).split())[:LONGEST_NAME], str(form.get("for", ""))
        if what in SCOPES:
            return await _token_page(request, desk, await desk.keys.create(name, None, what))
        viewer = desk.config.viewer(what.removeprefix("viewer:")) if what.startswith("viewer:") else None
        if viewer is None:
            raise ClientException("This form is not complete; go back and press the button again.")
        return await _token_page(request, desk, await desk.keys.create(name, viewer.name))

    @post("/settings/tokens/revoke")
    async def revoke(request: AnyRequest) -> Redirect:
        form = await forms.form(request)
        number = ids.number(str(form.get("id", "")), "t")
        if number is None or not await desk.keys.revoke(number):
            raise NotFoundException("There is no such token any more.")
        return shell.to(request, "settings/tokens?did=revoked")

    return [tokens, create, revoke]


async def _token_page(request: AnyRequest, desk: Desk, made: NewToken | None = None) -> Template:
    now = desk.now()
    rows = [
        {
            "token": token,
            "created": moment(token.created_at, now),
            "used": moment(token.used_at, now) if token.used_at else None,
        }
        for token in await desk.keys.listed()
    ]
    viewers = [viewer.name for viewer in desk.config.viewers]
    return await shell.page(request, desk, "settings/tokens.html", place="more", rows=rows, made=made, viewers=viewers)


def _doctor(desk: Desk) -> list[HTTPRouteHandler]:
    turn = asyncio.Lock()

    async def page(request: AnyRequest, report: DoctorReport | None) -> Template:
        made = None if report is None else moment(report.made_at, desk.now())
        return await shell.page(request, desk, "settings/doctor.html", place="more", report=report, made=made)

    @get("/settings/doctor")
    async def doctor(request: AnyRequest) -> Template:
        return await page(request, None)

    @post("/settings/doctor", status_code=200)
    async def examine(request: AnyRequest) -> Template:
        async with turn:  # one at a time: whoever presses twice must not wear out the services
            return await page(request, await desk.examined())

    return [doctor, examine]
