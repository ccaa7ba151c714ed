"""Signing in at AniList: its page shows a token that a person pastes here. It is good for a year and is not renewed."""

from __future__ import annotations

import base64
import binascii
import json
import re

from scrobbled.clients.anilist import AniList, AniListPace
from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.trackers.given import SignIn, SignInField

AUTHORIZE = "https://anilist.co/api/v2/oauth/authorize"
PIN_PAGE = "https://anilist.co/api/v2/oauth/pin"
DEVELOPER_PAGE = "https://anilist.co/settings/developer"
ASKS = (
    SignInField(
        "token",
        "The token that AniList shows",
        secret=True,
        hint=f"Make a client on {DEVELOPER_PAGE} with the redirect URL {PIN_PAGE}. Then open {AUTHORIZE}"
        "?response_type=token&client_id= with the number of your client at the end, agree, and copy what is shown.",
    ),
)
WHO = "query { Viewer { id name } }"
LONGEST = 8_192


async def sign_in(request: SignIn) -> str:
    """With a token that somebody pastes; it is tried before it is stored. Returns the user name."""
    given = str(request.settings.get("token") or "")
    if not given:
        request.tell(ASKS[0].hint)
        given = request.ask(ASKS[0].label)
    token = "".join(given.split())
    if not re.fullmatch(rf"[\w.~+/=-]{{20,{LONGEST}}}", token, re.ASCII):
        raise LoginNeeded("that is not a token of AniList. Copy all of what its page shows, and paste it here")
    name = await _name(request, token)
    await request.tokens.save({"access_token": token, "username": name, "expires_at": expiry(token)})
    return name


async def _name(request: SignIn, token: str) -> str:
    service = AniList(request.http, AniListPace(request.clock), token, at=str(request.settings.get("url") or ""))
    viewer = await service.ask(WHO, "Viewer", {}, awaited=True)
    name = viewer.get("name") if isinstance(viewer, dict) else None
    if not isinstance(name, str):
        raise ContractDrift("AniList answered without the name of the account")
    return name


def expiry(token: str) -> int | None:
    """Unix seconds, as the token itself says; ``None`` where it does not."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        told = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        return None
    ends = told.get("exp") if isinstance(told, dict) else None
    return ends if isinstance(ends, int) else None
