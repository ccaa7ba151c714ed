"""Whose state is read at a Jellyfin or Emby server, and with which token.

A server tells users apart by their id; names are what people write. An API key is nobody and may ask for everybody, so
that the user has to be found first; a token that somebody signed in for is theirs. How signing in is answered
(``/Users/AuthenticateByName``) is not in our contracts, but both servers have had it for ten years.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from scrobbled.clients.mediabrowser import MediaBrowserClient, MediaBrowserKind
from scrobbled.core.errors import ContractDrift, LoginNeeded, NeverSignedIn
from scrobbled.core.words.meant import meant
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.fields import identifier, lowered, text
from scrobbled.plumbing.http import Http
from scrobbled.trackers.given import Tokens
from scrobbled.trackers.mediabrowser.seat import MediaBrowserSeat, ServerPerson, person_of
from scrobbled.trackers.mediabrowser.settings import MediaBrowserSettings

DAY = 86_400.0
"""Seconds for which it is remembered whose a token is."""


class MediaBrowserSignIn(Struct, frozen=True):
    """As it is stored: the token that a password was exchanged for, and whose it is, at which server."""

    token: str
    server: str
    user: str
    name: str = ""

    def values(self) -> dict[str, Any]:
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values

    def __repr__(self) -> str:
        return f"MediaBrowserSignIn({self.name})"


def sign_in_of(values: Mapping[str, Any] | None) -> MediaBrowserSignIn | None:
    """What is stored, where it is a sign-in."""
    try:
        return msgspec.convert(values, MediaBrowserSignIn)
    except msgspec.ValidationError:
        return None


class ServerWay:
    """The way to one server for one viewer. ``accounts`` are the names under which the server knows them."""

    def __init__(
        self,
        dialect: MediaBrowserKind,
        http: Http,
        settings: MediaBrowserSettings,
        *,
        viewer: str,
        accounts: tuple[str, ...],
    ) -> None:
        self.dialect, self.http, self.settings, self.viewer = dialect, http.at(settings.url), settings, viewer
        self.accounts = (settings.user,) if settings.user else accounts or (viewer,)

    @property
    def in_words(self) -> str:
        """What to do for a new sign-in."""
        return f"Run: scrobbled auth {self.dialect.source} --viewer {shlex.quote(self.viewer)}"

    def place(self, key: str) -> str:
        """A key of the viewer's section, for people."""
        return f"trackers.{self.dialect.source}.{key} of {self.viewer}"

    def client(self, token: str, refused: str) -> MediaBrowserClient:
        return MediaBrowserClient(self.dialect, self.http, token, refused=refused)

    def check(self, person: ServerPerson) -> None:
        """Raises ``LoginNeeded`` for somebody else than the viewer."""
        if not person.is_one_of(self.accounts):
            raise LoginNeeded(
                f"this is {person.name} at {self.dialect.name}, whom {self.viewer} does not list. If it is theirs, "
                f"write it as {self.place('user')}, else sign in as {' or '.join(self.accounts)}"
            )


class MediaBrowserAuth:
    """Finds the seat of the viewer, by the token of the configuration or the sign-in that is kept."""

    def __init__(self, way: ServerWay, tokens: Tokens, cache: Cache) -> None:
        self.way, self._tokens, self._cache = way, tokens, cache

    async def seat(self, *, look: bool = False) -> MediaBrowserSeat:
        """Who it is, at which server, asked now. ``look`` believes nothing that is remembered of users."""
        if not self.way.settings.token:
            return await self._signed_in()
        client = self.way.client(
            self.way.settings.token,
            f"{self.way.dialect.name} refuses the token in {self.way.place('token')}. Put a new one there",
        )
        machine, name = await self._server(client)
        return MediaBrowserSeat(client, machine, name, await self._person(client, machine, look=look))

    async def _signed_in(self) -> MediaBrowserSeat:
        kept = sign_in_of(await self._tokens.load())
        if kept is None:
            write = f"Write a token under {self.way.place('token')}, or: {self.way.in_words}"
            raise NeverSignedIn(f"not signed in to {self.way.dialect.name}. {write}")
        client = self.way.client(
            kept.token, f"{self.way.dialect.name} refuses the sign-in of {kept.name}. {self.way.in_words}"
        )
        machine, name = await self._server(client)
        if machine != kept.server:
            raise LoginNeeded(
                f"another {self.way.dialect.name} server answers than the one signed in to. {self.way.in_words}"
            )
        person = ServerPerson(identifier(kept.user), kept.name, kept.user)
        if self.way.settings.user:  # else it is whoever signed in for this viewer
            self.way.check(person)
        return MediaBrowserSeat(client, machine, name, person)

    async def _server(self, client: MediaBrowserClient) -> tuple[str, str]:
        """Its id and its name."""
        told, what = await client.ask("/System/Info/Public")
        known = lowered(told)
        machine = identifier(known.get("id"))
        if not machine:
            raise ContractDrift(f"{what} answered without Id; is this the address of {self.way.dialect.name}?")
        return machine, text(known.get("servername"), limit=100) or self.way.dialect.name

    async def _person(self, client: MediaBrowserClient, machine: str, *, look: bool) -> ServerPerson:
        """Asked once a day: by the token, and by whom the configuration means."""
        said = "\n".join((self.way.settings.token, machine, *self.way.accounts))
        key = f"{self.way.dialect.source}:whose:{hashlib.sha256(said.encode()).hexdigest()[:32]}"
        known = None if look else await self._cache.get(key)
        if isinstance(known, dict):
            return msgspec.convert(known, ServerPerson)
        person = await self._asked_whose(client)
        await self._cache.put(key, msgspec.to_builtins(person), seconds=DAY)
        return person

    async def _asked_whose(self, client: MediaBrowserClient) -> ServerPerson:
        own = await self._own(client)
        if own is not None and own.is_one_of(self.way.accounts):
            return own
        listed = await self._listed(client, own)
        found = [one for name in self.way.accounts for one in listed if one.is_one_of((name,))]
        if found:
            return found[0]
        if own is not None:
            self.way.check(own)
        wanted = " or ".join(self.way.accounts)
        near = meant(self.way.accounts[0], [one.name for one in listed])
        raise LoginNeeded(
            f"{self.way.dialect.name} has no user called {wanted}, {near}. Correct {self.way.place('user')}"
        )

    async def _own(self, client: MediaBrowserClient) -> ServerPerson | None:
        """Whose the token is; ``None`` for an API key, and where the server does not tell."""
        if not self.way.dialect.me:
            return None
        answer = await client.send(self.way.dialect.me)
        if answer.status == 401:
            raise LoginNeeded(client.refused)
        return person_of(answer.json()) if answer.ok else None

    async def _listed(self, client: MediaBrowserClient, own: ServerPerson | None) -> list[ServerPerson]:
        """Those whom the token may see."""
        try:
            rows = await client.listed("/Users")
        except LoginNeeded:
            if own is None:
                raise
            rows = []
        return [person for row in rows if (person := person_of(row)) is not None]
