"""The servers that a viewer's library is on: where each answers just now, and by which token the viewer opens it.

A token is sent only to a server that has told, without being shown it, that it is the one the token is for.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import replace

import msgspec
from msgspec import Struct

from scrobbled.clients.plex import PlexClient
from scrobbled.clients.plextv import AccountServer, PlexTv, machine_at
from scrobbled.core.errors import AccountStopped, ContractDrift, LoginNeeded, TryLater
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.fields import text
from scrobbled.plumbing.http import Http
from scrobbled.trackers.plex.auth import PlexAuth, PlexSignIn
from scrobbled.trackers.plex.people import PlexPerson, person_of
from scrobbled.trackers.plex.seats import PlexSeat, PlexSeats
from scrobbled.trackers.plex.settings import PlexPlace, PlexSettings

NOTHING = "the account at Plex may use no server. Ask its owner to share one, or sign in as somebody else. {}"
DAY = 86_400.0
OWNER = "1"
"""The owner's id at the server itself, whatever it is at plex.tv."""


class LibraryServer(Struct, frozen=True):
    """One that answers. ``id`` is its ``machineIdentifier``; ``person`` is whose state its ``client`` is shown.

    ``owned`` says that this is its owner, who is 1 in its history; others are there under their id at plex.tv, and are
    shown nobody else's rows.
    """

    id: str
    name: str
    url: str
    client: PlexClient
    person: PlexPerson
    owned: bool


class ServerOff(Struct, frozen=True):
    """One that does not answer just now. ``id`` is empty where it is not known, and ``name`` is its address then."""

    id: str
    name: str
    why: TryLater


class LibraryServers(Struct, frozen=True):
    """All that there are, those that answer and those that do not."""

    there: tuple[LibraryServer, ...]
    off: tuple[ServerOff, ...] = ()


class PlexServers:
    """Found anew at each call, as a server may have moved."""

    def __init__(self, http: Http, settings: PlexSettings, auth: PlexAuth, cache: Cache) -> None:
        self._http, self._settings, self._auth, self._cache = http, settings, auth, cache
        self._urls: dict[str, str] = {}
        self._news: PlexSignIn | None = None
        self._whose: dict[tuple[str, str], tuple[PlexPerson, bool]] = {}
        self._clients: dict[tuple[str, str, str], PlexClient] = {}

    async def found(self, *, look: bool = False) -> LibraryServers:
        """One request to each server where nothing changed. Those of the configuration, else those of the account.
        Whoever only has a ``look`` keeps nothing of what plex.tv tells anew.

        Raises ``TryLater`` where none answers, ``LoginNeeded`` where a token is missing or somebody else's,
        ``AccountStopped`` for one server under two addresses, ``ContractDrift`` for what is no Plex.
        """
        if self._settings.places:
            servers = await asyncio.gather(*(self._configured(place) for place in self._settings.places))
        else:
            servers = await self._of_account()
        if self._news is not None and not look:
            await self._auth.save(self._news)
        self._news = None
        there = tuple(one for one in servers if isinstance(one, LibraryServer))
        off = tuple(one for one in servers if isinstance(one, ServerOff))
        _refuse_twins(there)
        if not there:
            raise off[0].why if off else AccountStopped(NOTHING.format(self._auth.way_in))
        return LibraryServers(there, off)

    async def seats(self) -> PlexSeats:
        """The same, as reading needs to know them."""
        found = await self.found()
        people = {one.person.id or one.person.called for one in found.there if one.person.is_known}
        return PlexSeats(
            tuple(PlexSeat(one.id, one.name, one.client, _accounts(one)) for one in found.there),
            tuple(f"server {one.name}, which does not answer: {one.why.reason}" for one in found.off),
            people.pop() if len(people) == 1 else "",
        )

    # Those of the configuration

    async def _configured(self, place: PlexPlace) -> LibraryServer | ServerOff:
        refused = f"Plex refuses the token in {self._auth.place(place.where)}. Put a new one there"
        try:
            machine = await PlexClient(self._http.at(place.url), "", refused=refused).identity()
        except TryLater as error:
            return ServerOff("", place.url, error)
        if not place.token:
            return await self._opened_by_sign_in(machine, place)
        return await self._with_token(machine, "", place.url, place.token, refused)

    async def _opened_by_sign_in(self, machine: str, place: PlexPlace) -> LibraryServer | ServerOff:
        kept = await self._auth.kept()
        known = next((one for one in kept.servers if one.id == machine), None)
        if known is None:
            known = next((one for one in await self._asked(kept) if one.id == machine), None)
        if known is None:
            raise LoginNeeded(
                f"the Plex at {place.url} is none of those that {kept.person.called or 'the account'} may use, so "
                f"nothing is read there. Correct the address, or sign in as somebody who may. {self._auth.way_in}"
            )
        return self._server(known, kept, place.url)

    async def _with_token(self, machine: str, name: str, url: str, token: str, refused: str) -> LibraryServer:
        """Whose it is has to be found out first."""
        client = self._client(url, token, refused)
        if (machine, token) not in self._whose:
            self._whose[machine, token] = await self._asked_whose(client, token)
        person, owned = self._whose[machine, token]
        self._auth.check(person, owner=owned)
        return LibraryServer(machine, name or url, url, client, person, owned)

    async def _asked_whose(self, client: PlexClient, token: str) -> tuple[PlexPerson, bool]:
        """Only an owner is shown the accounts of a server."""
        person = await self._at_plex_tv(token)
        try:
            rows = (await client.ask("/accounts")).rows("Account")
        except LoginNeeded:
            return person, False
        owner = next((person_of(row) for row in rows if text(row.get("id")) == OWNER), PlexPerson())
        return (person if person.is_known else PlexPerson("", owner.names)), True

    async def _at_plex_tv(self, token: str) -> PlexPerson:
        """Nobody known where plex.tv does not tell, as of tokens that a server made, or is down."""
        key = f"plex:whose:{hashlib.sha256(token.encode()).hexdigest()[:32]}"
        known = await self._cache.get(key)
        if isinstance(known, dict):
            return msgspec.convert(known, PlexPerson)
        try:
            person = person_of(await self._auth.at(token).user())
        except (TryLater, ContractDrift):
            return PlexPerson()
        await self._cache.put(key, msgspec.to_builtins(person), seconds=DAY)
        return person

    # Those of the account

    async def _of_account(self) -> list[LibraryServer | ServerOff]:
        if self._settings.token:
            return await self._of_token(self._settings.token)
        kept = await self._auth.kept()
        servers = kept.servers or await self._asked(kept)
        found = await self._answering(servers)
        if any(not url for url in found.values()):  # it may have moved, which plex.tv knows
            servers = await self._asked(kept, otherwise=servers)
            found = await self._answering(servers)
        return [self._server(one, kept, found[one.id]) if found[one.id] else _off(one) for one in servers]

    async def _of_token(self, token: str) -> list[LibraryServer | ServerOff]:
        refused = f"Plex refuses the token in {self._auth.place('token')}. Put a new one there"
        servers = await _told(self._auth.at(token), refused)
        found = await self._answering(servers)
        return [
            await self._with_token(one.id, one.name, found[one.id], one.token, refused) if found[one.id] else _off(one)
            for one in servers
        ]

    async def _asked(self, kept: PlexSignIn, otherwise: Iterable[AccountServer] = ()) -> tuple[AccountServer, ...]:
        """What plex.tv tells of the servers at this moment, which is kept; ``otherwise`` where it is down.

        Who became somebody else by switching has the tokens from then, as nobody switches unasked.
        """
        refused = f"Plex does not accept the sign-in that is kept for this account any more. {self._auth.way_in}"
        try:
            told = await _told(self._auth.at(kept.token, kept.client), refused)
        except (TryLater, ContractDrift):
            if not otherwise:
                raise
            return tuple(otherwise)
        if kept.home_user:
            addresses = {one.id: one.addresses for one in told}
            told = [replace(one, addresses=addresses.get(one.id, one.addresses)) for one in kept.servers]
        self._news = replace(kept, servers=tuple(told))
        return tuple(told)

    async def _answering(self, servers: Iterable[AccountServer]) -> dict[str, str]:
        """Where each answers, by its id; empty where nowhere."""
        listed = tuple(servers)
        urls = await asyncio.gather(*(self._nearest(one) for one in listed))
        return {one.id: url for one, url in zip(listed, urls, strict=True)}

    async def _nearest(self, server: AccountServer) -> str:
        """The address where it answered last, as long as it does; else the nearest of all where it does."""
        last = self._urls.get(server.id)
        if last and await machine_at(self._http, last) == server.id:
            return last
        ids = await asyncio.gather(*(machine_at(self._http, url) for url in server.addresses))
        url = next((url for url, id_ in zip(server.addresses, ids, strict=True) if id_ == server.id), "")
        self._urls[server.id] = url
        return url

    def _server(self, known: AccountServer, kept: PlexSignIn, url: str) -> LibraryServer:
        refused = f"{known.name} refuses the sign-in of {kept.person.called or 'the account'}. {self._auth.way_in}"
        client = self._client(url, known.token, refused)
        return LibraryServer(known.id, known.name, url, client, kept.person, known.owned)

    def _client(self, url: str, token: str, refused: str) -> PlexClient:
        """The same as before, as it remembers what the server takes."""
        return self._clients.setdefault((url, token, refused), PlexClient(self._http.at(url), token, refused=refused))


async def _told(there: PlexTv, refused: str) -> list[AccountServer]:
    """Raises ``LoginNeeded(refused)`` where plex.tv does not take the token."""
    try:
        return await there.servers()
    except LoginNeeded:
        raise LoginNeeded(refused) from None


def _accounts(server: LibraryServer) -> tuple[str, ...]:
    """Under which ids its history may know the person; a guest is shown no other rows."""
    if not server.owned:
        return ()
    return (OWNER, server.person.id) if server.person.id else (OWNER,)


def _off(server: AccountServer) -> ServerOff:
    return ServerOff(server.id, server.name, TryLater(f"{server.name} answers at none of its addresses"))


def _refuse_twins(there: Iterable[LibraryServer]) -> None:
    """What is told twice would count twice."""
    urls: dict[str, str] = {}
    for one in there:
        if one.id in urls:
            raise AccountStopped(f"{urls[one.id]} and {one.url} are the same server. Remove one of them under servers")
        urls[one.id] = one.url
