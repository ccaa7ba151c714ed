"""What stands beside the settings: a test alert, tokens for programs, the check-up, and backups."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, get, post
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect, Template

from scrobbled import summary
from scrobbled.core.errors import ConfigError, NotWritten, StoreError
from scrobbled.doctor import Report
from scrobbled.store.clients import SCOPES
from scrobbled.tokens import NewToken
from scrobbled.trying import Rung
from scrobbled.web.copies import instant
from scrobbled.web.desk import Desk
from scrobbled.web.pages import forms, shell
from scrobbled.web.settings import NotValid
from scrobbled.web.sheets import Sheets
from scrobbled.web.view import settings as view
from scrobbled.web.view.moments import moment

LONGEST_NAME = 80
Asked = Request[Any, Any, Any]


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_alerts(desk), *_tokens(desk), *_doctor(desk), *_backup(desk), *_restart(desk)]


def _alerts(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/settings/alerts/test", status_code=200)
    async def ring(request: Asked) -> Template:
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
            "settings_alerts.html",
            place="more",
            part=part,
            sheet=await Sheets(desk.settings).sheet(part.path),
            troubles=await desk.troubles(),
            rung=rung,
            why=why,
        )

    return [ring]


def _tokens(desk: Desk) -> list[HTTPRouteHandler]:
    async def page(request: Asked, made: NewToken | None = None) -> Template:
        now = desk.now()
        rows = [
            {
                "token": token,
                "created": moment(token.created_at, now),
                "used": moment(token.used_at, now) if token.used_at else None,
            }
            for token in await desk.keys.listed()
        ]
        return await shell.page(
            request,
            desk,
            "settings_tokens.html",
            place="more",
            rows=rows,
            made=made,
            viewers=[viewer.name for viewer in desk.config.viewers],
        )

    @get("/settings/tokens")
    async def tokens(request: Asked) -> Template:
        return await page(request)

    @post("/settings/tokens", status_code=200)
    async def create(request: Asked) -> Template:
        form = await forms.form(request)
        name, what = " ".join(str(form.get("name", "")).split())[:LONGEST_NAME], str(form.get("for", ""))
        if what in SCOPES:
            return await page(request, await desk.keys.create(name, None, what))
        viewer = desk.config.viewer(what.removeprefix("viewer:")) if what.startswith("viewer:") else None
        if viewer is None:
            raise ClientException("This form is not complete; go back and press the button again.")
        return await page(request, await desk.keys.create(name, viewer.name))

    @post("/settings/tokens/revoke")
    async def revoke(request: Asked) -> Redirect:
        form = await forms.form(request)
        number = summary.number(str(form.get("id", "")), "t")
        if number is None or not await desk.keys.revoke(number):
            raise NotFoundException("There is no such token any more.")
        return shell.to(request, "settings/tokens?did=revoked")

    return [tokens, create, revoke]


def _doctor(desk: Desk) -> list[HTTPRouteHandler]:
    turn = asyncio.Lock()

    async def page(request: Asked, report: Report | None) -> Template:
        made = None if report is None else moment(report.made_at, desk.now())
        return await shell.page(request, desk, "settings_doctor.html", place="more", report=report, made=made)

    @get("/settings/doctor")
    async def doctor(request: Asked) -> Template:
        return await page(request, None)

    @post("/settings/doctor", status_code=200)
    async def examine(request: Asked) -> Template:
        async with turn:  # one at a time: whoever presses twice must not wear out the services
            return await page(request, await desk.examined())

    return [doctor, examine]


def _backup(desk: Desk) -> list[HTTPRouteHandler]:
    async def page(request: Asked, why: str = "", status: int = 200) -> Template:
        now, staged = desk.now(), await desk.copies.waiting()
        made = [(name, moment(at.isoformat(), now) if at else None) for name, at in await desk.copies.made()]
        return await shell.page(
            request,
            desk,
            "settings_backup.html",
            place="more",
            status=status,
            why=why,
            staged=staged,
            newest=moment(instant(staged.newest), now) if staged else None,
            sent=moment(instant(staged.sent_at), now) if staged else None,
            copies=made,
            automatic=desk.config.storage.backup,
            can_restart=desk.settings.can_restart,
        )

    @get("/settings/backup")
    async def show(request: Asked) -> Template:
        return await page(request)

    @post("/settings/backup", request_max_body_size=None)
    async def send(request: Asked) -> Template | Redirect:
        if desk.copies.is_busy:
            return await page(request, "Another file is being sent. Wait until it is there, then try again.", 503)
        try:
            await desk.copies.receive(request)
        except (StoreError, HTTPException) as error:
            text, status = (error.detail, error.status_code) if isinstance(error, HTTPException) else (str(error), 400)
            return await page(request, text, status)
        return shell.to(request, "settings/backup")

    @post("/settings/backup/agree")
    async def agree(request: Asked) -> Redirect:
        try:
            await desk.copies.agree()
        except StoreError as error:
            raise NotFoundException(str(error)) from None
        return shell.to(request, "settings/backup")

    @post("/settings/backup/discard")
    async def discard(request: Asked) -> Redirect:
        await desk.copies.discard()
        return shell.to(request, "settings/backup?did=discarded")

    return [show, send, agree, discard]


def _restart(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/settings/restart", status_code=200)
    async def restart(request: Asked) -> Template:
        try:
            await desk.settings.restart()
        except NotValid as error:
            text = f"The configuration is not valid, so nothing was restarted. {error}"
            raise HTTPException(text, status_code=409) from None
        except NotWritten as error:
            raise HTTPException(str(error), status_code=409) from None
        return await shell.page(request, desk, "settings_restart.html", place="more")

    return [restart]
