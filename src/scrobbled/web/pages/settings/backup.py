"""Backups: one to download, and one that is sent, looked at, and put back at the next start."""

from __future__ import annotations

from functools import partial

from litestar import get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect, Template

from scrobbled.core.errors import StoreError
from scrobbled.desk.desk import Desk
from scrobbled.desk.settings.copies import instant
from scrobbled.desk.settings.settings import NotValid
from scrobbled.web.door import uploads
from scrobbled.web.pages import shell
from scrobbled.web.requests import AnyRequest
from scrobbled.web.view.moments import moment


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    return [*_sending(desk), *_deciding(desk), *_restart(desk)]


def _sending(desk: Desk) -> list[HTTPRouteHandler]:
    @get("/settings/backup")
    async def show(request: AnyRequest) -> Template:
        return await _page(request, desk)

    @post("/settings/backup", request_max_body_size=None)
    async def send(request: AnyRequest) -> Template | Redirect:
        if desk.copies.is_busy:
            return await _page(request, desk, "Another file is being sent. Wait for it, then try again.", 503)
        try:
            await desk.copies.receive(partial(uploads.receive, request))
        except StoreError as error:
            return await _page(request, desk, str(error), 400)
        except HTTPException as error:
            return await _page(request, desk, error.detail, error.status_code)
        return shell.to(request, "settings/backup")

    return [show, send]


def _deciding(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/settings/backup/agree")
    async def agree(request: AnyRequest) -> Redirect:
        try:
            await desk.copies.agree()
        except StoreError as error:
            raise NotFoundException(str(error)) from None
        return shell.to(request, "settings/backup")

    @post("/settings/backup/discard")
    async def discard(request: AnyRequest) -> Redirect:
        await desk.copies.discard()
        return shell.to(request, "settings/backup?did=discarded")

    return [agree, discard]


def _restart(desk: Desk) -> list[HTTPRouteHandler]:
    @post("/settings/restart", status_code=200)
    async def restart(request: AnyRequest) -> Template:
        try:
            await desk.settings.restart()
        except NotValid as error:
            text = f"The configuration is not valid, so nothing was restarted. {error}"
            raise HTTPException(text, status_code=409) from None
        return await shell.page(request, desk, "settings/restart.html", place="more")

    return [restart]


async def _page(request: AnyRequest, desk: Desk, why: str = "", status: int = 200) -> Template:
    now, staged = desk.now(), await desk.copies.waiting()
    made = [(name, moment(at.isoformat(), now) if at else None) for name, at in await desk.copies.made()]
    return await shell.page(
        request,
        desk,
        "settings/backup.html",
        place="more",
        status=status,
        why=why,
        is_owned=desk.config.server.login is not None or request.state.caller.is_ingress,
        staged=staged,
        newest=moment(instant(staged.newest), now) if staged else None,
        sent=moment(instant(staged.sent_at), now) if staged else None,
        refused=await desk.copies.refused(),
        copies=made,
        automatic=desk.config.storage.backup,
        can_restart=desk.settings.can_restart,
    )
