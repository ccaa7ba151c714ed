"""``scrobbled auth plex``: by a link to Plex's own page, for the one who agrees there or for somebody of their home."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from scrobbled.clients.plex import PlexClient
from scrobbled.clients.plextv import AccountServer, HomeUser, PlexTv, client_id
from scrobbled.core.errors import ConfigError, LoginNeeded, TryLater
from scrobbled.core.words.meant import meant
from scrobbled.trackers.given import SignIn, SignInCode, SignInField
from scrobbled.trackers.plex.auth import PlexAuth, PlexSignIn, sign_in_of
from scrobbled.trackers.plex.people import PlexPerson, person_of
from scrobbled.trackers.plex.settings import PlexSettings

HOME_PIN = "home_pin"
ASKS = (
    SignInField(
        HOME_PIN,
        "PIN of this person at Plex",
        secret=True,
        hint="Four digits that Plex asks for when somebody of the home becomes this person. Empty where there is none.",
        only_with="home_user",
        optional=True,
    ),
)
UNTOLD = "plex.tv does not tell whose sign-in this is. Start it again in a minute"


async def sign_in(request: SignIn) -> str:
    """Shows a link, and waits until somebody agreed there; then becomes the configured ``home_user``, if any.

    Stores the sign-in with the servers that it opens, and returns whose it is. It is refused where that is not the
    viewer, and where a server of the configuration is none of theirs.
    """
    settings = PlexSettings.of(request.settings)
    there, token = await by_link(request)
    agreed = person_of(await there.user())
    if not agreed.is_known:
        raise LoginNeeded(UNTOLD)
    person, servers = agreed, await there.servers()
    if settings.home_user and not agreed.is_one_of((settings.home_user,)):
        person, servers = await _become(request, there, settings.home_user, servers)
    auth = PlexAuth(request.http, settings, request.tokens, viewer=request.viewer, accounts=request.accounts)
    auth.check(person)
    await _refuse_stranger(request, settings, person, servers)
    switched = settings.home_user if person != agreed else ""
    await auth.save(PlexSignIn(token, there.client, agreed.called, person, switched, tuple(servers)))
    return person.called


async def sign_out(request: SignIn) -> None:
    """Ends the stored sign-in at plex.tv, and with it the device as which we are listed there."""
    kept = sign_in_of(await request.tokens.load())
    if kept is not None:
        url = request.settings.get("account_url")
        await PlexTv(request.http, url, kept.token, client=kept.client).sign_out()


async def by_link(request: SignIn) -> tuple[PlexTv, str]:
    """The account of whoever agreed on Plex's page, and its token."""
    there = PlexTv(request.http, request.settings.get("account_url"), client=await client_id(request.tokens))
    pin = await there.begin()
    link = there.page(pin)
    if request.show is not None:
        request.show(SignInCode("", link, link, pin.lasts))
    else:
        request.tell(f"Open this page, and sign in there:\n{link}\nIt knows this sign-in by its code:\n{pin.code}")
        request.tell(f"Waiting up to {pin.lasts // 60} minutes …")
    token = await there.agreed(pin, request.clock)
    return there.having(token), token


async def _become(
    request: SignIn, there: PlexTv, wanted: str, servers: Iterable[AccountServer]
) -> tuple[PlexPerson, list[AccountServer]]:
    """Somebody of the account's home, or one with whom it shares a server: who, and what opens the servers for them."""
    home = await there.home_users()
    user = next((one for one in home if person_of(one.row).is_one_of((wanted,))), None)
    if user is not None:
        other = await there.switched(user, _pin(request, user))
        return person_of(user.row), await other.servers()
    guests = await _guests(there, servers)
    found = [(person, server) for person, server in guests if person.is_one_of((wanted,))]
    if found:
        return found[0][0], [server for _, server in found]
    known = [person_of(one.row).called for one in home] + [person.called for person, _ in guests]
    whose = person_of(await there.user()).called
    nobody = f"{whose} has nobody called {wanted} at home, and shares no server with them"
    raise ConfigError([f"home_user: {nobody}; {meant(wanted, known)}"])


async def _guests(there: PlexTv, servers: Iterable[AccountServer]) -> list[tuple[PlexPerson, AccountServer]]:
    """With whom the account shares servers of its own, each as it is opened by them."""
    owned = [one for one in servers if one.owned]
    shared = await asyncio.gather(*(there.shared_with(one.id) for one in owned))
    return [
        (person_of(guest.row), replace(one, token=guest.token, owned=False))
        for one, guests in zip(owned, shared, strict=True)
        for guest in guests
    ]


def _pin(request: SignIn, user: HomeUser) -> str:
    """Asked for only where Plex asks for it."""
    if not user.is_protected:
        return ""
    typed = str(request.settings.get(HOME_PIN) or "")
    return typed or request.ask(f"PIN of {person_of(user.row).called} at Plex").strip()


async def _refuse_stranger(
    request: SignIn, settings: PlexSettings, person: PlexPerson, servers: Iterable[AccountServer]
) -> None:
    """A server of the configuration that is somebody else's; one that does not answer just now may be theirs."""
    known = {one.id for one in servers}
    for place in settings.places:
        if place.token:
            continue
        try:
            machine = await PlexClient(request.http.at(place.url), "").identity()
        except TryLater:
            continue
        if machine not in known:
            raise LoginNeeded(
                f"the Plex at {place.url} is none of those that {person.called} may use. Correct the address, or sign "
                "in as somebody who may"
            )
