"""``scrobbled auth emby``."""

from __future__ import annotations

from scrobbled.clients.mediabrowser import DIALECTS
from scrobbled.trackers.given import SignIn
from scrobbled.trackers.mediabrowser.signin import asked_by, sign_in_to

ASKS = asked_by(DIALECTS["emby"])


async def sign_in(request: SignIn) -> str:
    """With the user and password that are there or asked for; returns the user's name."""
    return await sign_in_to(DIALECTS["emby"], request)
