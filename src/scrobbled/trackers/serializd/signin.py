"""``scrobbled auth serializd``."""

from __future__ import annotations

from scrobbled.core.errors import LoginNeeded
from scrobbled.trackers.given import SignIn, SignInField
from scrobbled.trackers.serializd.auth import SerializdSession
from scrobbled.trackers.serializd.client import DEFAULT_URL, SerializdClient

ASKS = (
    SignInField("email", "E-mail at Serializd"),
    SignInField("password", "Password", secret=True, hint="Used once. Only the sign-in is kept, not the password."),
)


async def sign_in(request: SignIn) -> str:
    """With the e-mail of the configuration and a password that is there or asked for; returns the user name."""
    settings = request.settings
    email = str(settings.get("email") or "") or request.ask("E-mail at Serializd")
    password = str(settings.get("password") or "") or request.ask(f"Serializd password of {email}")
    if not email or not password:
        raise LoginNeeded("an e-mail address and a password are needed to sign in to Serializd")
    client = SerializdClient(request.http.at(str(settings.get("url") or DEFAULT_URL)), request.clock)
    step = "Check what you typed, and try again." if request.careful else ""
    session = SerializdSession(client, request.tokens, {**settings, "email": email}, request.viewer, next_step=step)
    return (await session.login(email, password, careful=request.careful)).username
