"""``scrobbled auth trakt``."""

from __future__ import annotations

from scrobbled.trackers.base import SignIn
from scrobbled.trackers.trakt.auth import device_sign_in
from scrobbled.trackers.trakt.oauth import DeviceCode
from scrobbled.trackers.trakt.settings import Settings


async def sign_in(request: SignIn) -> str:
    """Shows a code to enter on Trakt's page and waits until that is done. Trakt does not tell whose account it is."""

    def show(code: DeviceCode) -> None:
        request.tell(f"Open {code.verification_url} and enter this code:")
        request.tell(code.user_code)
        request.tell(f"Or open {code.link}")
        request.tell(f"Waiting up to {code.expires_in // 60} minutes …")

    settings = Settings.of(request.settings)
    await device_sign_in(request.http, settings, request.tokens, show=show, clock=request.clock)
    return ""
