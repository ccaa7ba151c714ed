"""Signing in at plex.tv by PIN, for the server of the house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrobbled.clients.plextv import PlexTv, username
from scrobbled.plumbing.http import Http
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.given import SignIn
from scrobbled.trackers.plex.signin import by_link

SERVICE = "plex"


async def sign_in(request: SignIn) -> str:
    """For a viewer as the tracker does it; for the house without asking whose it is."""
    return await (TRACKERS[SERVICE].sign_in(request) if request.viewer else _of_house(request))


async def _of_house(request: SignIn) -> str:
    """Shows a link, and waits until somebody agreed there; stores the account's token and returns whose it is."""
    there, token = await by_link(request)
    name = await username(there)
    await request.tokens.save({"kind": "legacy", "token": token, "username": name, "client": there.client})
    return name


def account(http: Http, settings: Mapping[str, Any], client: str, token: str = "") -> PlexTv:
    """``account_url`` of the settings is where plex.tv is, where it is elsewhere."""
    return PlexTv(http, settings.get("account_url"), token, client=client)
