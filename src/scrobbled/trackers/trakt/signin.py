"""``scrobbled auth trakt``."""

from __future__ import annotations

from typing import Any

from scrobbled.core.errors import TrackerError
from scrobbled.trackers.given import SignIn, SignInCode, SignInField
from scrobbled.trackers.trakt.auth import device_sign_in
from scrobbled.trackers.trakt.client import Api, judge
from scrobbled.trackers.trakt.oauth import DeviceCode, OAuthClient, TokenPair
from scrobbled.trackers.trakt.settings import TraktSettings
from scrobbled.trackers.trakt.taking import ADVICE, in_words, taking

ASKS: tuple[SignInField, ...] = ()
"""Nothing is typed here; the code is entered on Trakt's own page."""


async def sign_in(request: SignIn) -> str:
    """Shows a code to enter on Trakt's page and waits until that is done; returns whose account it is."""

    def show(code: DeviceCode) -> None:
        if request.show is not None:
            request.show(SignInCode(code.user_code, code.verification_url, code.link, code.expires_in))
            return
        request.tell(f"Open {code.verification_url} and enter this code:")
        request.tell(code.user_code)
        request.tell(f"Or open {code.link}")
        request.tell(f"Waiting up to {code.expires_in // 60} minutes …")

    settings = TraktSettings.of(request.settings)
    token = await device_sign_in(request.http, settings, request.tokens, show=show, clock=request.clock)
    api = Api(request.http.at(settings.url), settings.client_id, request.clock)
    if way := await taking(api, token, request.clock):
        request.tell(f"{in_words(way)}. {ADVICE}")
    return await _user_name(api, token)


async def sign_out(request: SignIn) -> None:
    """Ends the stored sign-in on Trakt."""
    grant = TokenPair.of(await request.tokens.load() or {})
    if grant is not None:
        await OAuthClient(request.http, TraktSettings.of(request.settings), request.clock).revoke(grant)


async def _user_name(api: Api, token: str) -> str:
    """Empty where Trakt does not tell just now: the sign-in is stored all the same."""
    try:
        answer = judge(await api.get("/users/settings", token=token))
        settings: Any = answer.json()
    except TrackerError:
        return ""
    user = settings.get("user") if isinstance(settings, dict) else None
    name = user.get("username") if isinstance(user, dict) else None
    return name if isinstance(name, str) else ""
