"""Signing in at plex.tv by PIN, for the server of the house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrobbled.clients.plextv import PlexTv, client_id, username
from scrobbled.plumbing.http import Http
from scrobbled.trackers.given import SignIn, SignInCode

SERVICE = "plex"


async def sign_in(request: SignIn) -> str:
    """Shows a link, and waits until somebody agreed there; stores the account's token and returns whose it is."""
    client = await client_id(request.tokens)
    there = account(request.http, request.settings, client)
    pin = await there.begin()
    link = there.page(pin)
    if request.show is not None:
        request.show(SignInCode("", link, link, pin.lasts))
    else:
        request.tell(f"Open this page, and sign in there:\n{link}\nWaiting up to {pin.lasts // 60} minutes …")
    token = await there.agreed(pin, request.clock)
    name = await username(there.having(token))
    await request.tokens.save({"kind": "legacy", "token": token, "username": name, "client": client})
    return name


def account(http: Http, settings: Mapping[str, Any], client: str, token: str = "") -> PlexTv:
    """``account_url`` of the settings is where plex.tv is, where it is elsewhere."""
    return PlexTv(http, settings.get("account_url"), token, client=client)
