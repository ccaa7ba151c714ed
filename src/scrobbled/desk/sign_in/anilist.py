"""Signing in at AniList: its page shows a token that a person pastes here. It is good for a year and is not renewed."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.trackers.given import SignIn, SignInField

API = "https://graphql.anilist.co"
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
    there = request.http.at(str(request.settings.get("url") or API))
    answer = await there.send("POST", "", json={"query": WHO}, headers={"Authorization": f"Bearer {token}"})
    if answer.status in (400, 401):  # an invalid or revoked token is a 400 with "Invalid token"
        raise LoginNeeded("AniList does not accept this token. Make a new one, and paste all of it")
    raw: Any = answer.json()
    data = raw.get("data") if isinstance(raw, dict) and not raw.get("errors") else None
    viewer = data.get("Viewer") if isinstance(data, dict) else None
    name = viewer.get("name") if isinstance(viewer, dict) else None
    if not answer.ok or not isinstance(name, str):
        raise ContractDrift(f"{answer.what} answered {answer.status} without the name of the account")
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
