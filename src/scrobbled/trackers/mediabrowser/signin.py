"""``scrobbled auth jellyfin`` and ``emby``: by the user's name and password, of which a token is kept."""

from __future__ import annotations

from scrobbled.clients.mediabrowser import MediaBrowserKind
from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.plumbing.fields import identifier, lowered, text
from scrobbled.trackers.given import SignIn, SignInField
from scrobbled.trackers.mediabrowser.auth import MediaBrowserSignIn, ServerWay
from scrobbled.trackers.mediabrowser.seat import person_of
from scrobbled.trackers.mediabrowser.settings import MediaBrowserSettings


def asked_by(dialect: MediaBrowserKind) -> tuple[SignInField, ...]:
    """What a person types."""
    hint = "Used once. Only the sign-in is kept, not the password. Empty where there is none."
    return (
        SignInField("user", f"User at {dialect.name}"),
        SignInField("password", "Password", secret=True, hint=hint, optional=True),
    )


async def sign_in_to(dialect: MediaBrowserKind, request: SignIn) -> str:
    """Stores a token of the user, and returns their name. Refused where that user is not the viewer."""
    settings = MediaBrowserSettings.of(request.settings)
    way = ServerWay(dialect, request.http, settings, viewer=request.viewer, accounts=request.accounts)
    user = settings.user or request.ask(f"User at {dialect.name}").strip()
    typed = request.settings.get("password")
    password = str(typed) if typed is not None else request.ask(f"{dialect.name} password of {user}")
    client = way.client("", f"{dialect.name} does not accept this user and password. Check both, and try again")
    answer = await client.change("POST", "/Users/AuthenticateByName", body={"Username": user, "Pw": password})
    if answer.status in (400, 401, 403):
        raise LoginNeeded(client.refused)
    told = lowered(answer.json()) if answer.ok else {}
    person, token = person_of(told.get("user")), text(told.get("accesstoken"))
    if person is None or not token:
        raise ContractDrift(f"{answer.what} answered {answer.status} without a sign-in")
    way.check(person)
    server = identifier(told.get("serverid")) or await client.identity()
    await request.tokens.save(MediaBrowserSignIn(token, server, person.written, person.name).values())
    return person.name
