"""Servers and people of the plex.tv stand-in: what an account may use, who is in the home, and who shares a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, route
from scrobbled.sandbox.plex.answers import answer, token, xml
from scrobbled.sandbox.plex.core import PlexCore
from scrobbled.sandbox.plex.people import HOME, PlexAccount
from scrobbled.sandbox.plex.player import VERSION
from scrobbled.sandbox.plex.plextv_core import PlexTvCore, refusal


@dataclass(slots=True)
class PinRules:
    """Who needs the PIN of somebody at home to become that person, and what a wrong one is answered."""

    admin_needs_it: bool = False
    refused: int = 401
    numbers: count[int] = field(default_factory=lambda: count(1))


class PlexTvHomeRoutes(PlexTvCore):
    """``/api/v2/resources``, ``/api/v2/home`` and ``/api/servers``."""

    pins_at_home: PinRules

    @route("GET", "/api/v2/resources")
    def resources(self, request: Request) -> Reply:
        """The servers of the account, each with the token that works there; the account's own token does not."""
        account = self.account(request)
        return answer(request, "resources", [_resource(request, one, account) for one in self._open_to(account)])

    def _open_to(self, account: PlexAccount) -> list[PlexCore]:
        return [one for one in self.servers() if one.face.token_of(account) in one.tokens]

    @route("GET", "/api/v2/home/users/")
    @route("GET", "/api/v2/home/users")
    def home_users(self, request: Request) -> Reply:
        """For whoever is at home; somebody managed has a title and nothing else."""
        if not self.account(request).home:
            raise AnsweredEarly(refusal(request, 403, 1003, "Not a member of a home"))
        body = {"id": 88_001, "name": "The home of anna", "users": [_home_user(one) for one in HOME]}
        return answer(request, "home", body)

    @route("POST", "/api/v2/home/users/{uuid}/switch")
    def switch_user(self, request: Request, uuid: str) -> Reply:
        """A token of that person, which lists the person's servers."""
        asking = self.account(request)
        person = next((one for one in HOME if one.uuid == uuid), None)
        if person is None or not asking.home:
            raise AnsweredEarly(refusal(request, 404, 1020, "User not found"))
        given, excused = request.query.get("pin"), asking.owner and not self.pins_at_home.admin_needs_it
        if person.pin and given != person.pin and not (given is None and excused):
            raise AnsweredEarly(refusal(request, self.pins_at_home.refused, 1041, "Invalid PIN"))
        made = f"sandbox-plextv-switched-{next(self.pins_at_home.numbers)}"
        self.tokens[made] = person
        return answer(request, "user", {**_home_user(person), "authToken": made}, status=201)

    @route("GET", "/api/servers/{machine}/shared_servers")
    def shared_servers(self, request: Request, machine: str) -> Reply:
        """Everybody with whom the server is shared, and by which token; XML, and for its owner only."""
        asking = self.account(request)
        server = next((one for one in self.servers() if one.machine == machine), None)
        if server is None:
            raise AnsweredEarly(refusal(request, 404, 1020, "Server not found"))
        if not asking.owner:
            raise AnsweredEarly(refusal(request, 401, 1001, "You do not own this server"))
        rows = [_shared(server, name, one) for name, one in server.tokens.items() if not one.owner]
        body = {"friendlyName": server.face.title, "machineIdentifier": machine, "size": len(rows)}
        return xml("MediaContainer", {**body, "SharedServer": rows})

    @route("DELETE", "/api/v2/users/signout")
    def sign_out(self, request: Request) -> Reply:
        """Ends the token that asks."""
        self.account(request)
        self.tokens.pop(token(request), None)
        return Reply(204)

    @route("GET", "/api/v2/user/view_state_sync")
    def synchronises(self, request: Request) -> Reply:
        return answer(request, "viewStateSync", {"consent": self.account(request).id in self.synchronised})

    @route("PUT", "/api/v2/user/view_state_sync")
    def synchronise(self, request: Request) -> Reply:
        account = self.account(request)
        if request.query.get("consent") in ("true", "1"):
            self.synchronised.add(account.id)
        else:
            self.synchronised.discard(account.id)
        return self.synchronises(request)


def _resource(request: Request, server: PlexCore, account: PlexAccount) -> dict[str, Any]:
    return {
        "name": server.face.title,
        "product": "Plex Media Server",
        "productVersion": VERSION,
        "clientIdentifier": server.machine,
        "provides": "server",
        "owned": account.owner,
        "home": account.home,
        "sourceTitle": None if account.owner else "anna",
        "accessToken": server.face.token_of(account),
        "publicAddressMatches": True,
        "presence": True,
        "httpsRequired": False,
        "relay": any(one.relay for one in server.connections),
        "connections": [
            _connection(one.uri or f"{request.root.rpartition('/')[0]}/{server.name}", local=one.local, relay=one.relay)
            for one in server.connections
        ],
    }


def _connection(uri: str, *, local: bool, relay: bool) -> dict[str, Any]:
    scheme, _, rest = uri.partition("://")
    host, _, port = rest.partition("/")[0].partition(":")
    return {
        "protocol": scheme,
        "address": host,
        "port": int(port) if port.isdigit() else (443 if scheme == "https" else 80),
        "uri": uri,
        "local": local,
        "relay": relay,
        "IPv6": False,
    }


def _home_user(person: PlexAccount) -> dict[str, Any]:
    own = {} if person.managed else {"username": person.title, "email": f"{person.title}@example.org"}
    return {
        "id": person.id,
        "uuid": person.uuid,
        "title": person.title,
        "username": "",
        "email": None,
        **own,
        "friendlyName": None,
        "admin": person.owner,
        "guest": False,
        "restricted": person.managed,
        "hasPassword": not person.managed,
        "protected": bool(person.pin),
    }


def _shared(server: PlexCore, name: str, person: PlexAccount) -> dict[str, Any]:
    seen = {section.key for section in server.sections_of(person)}
    sections = [
        {"id": 7_000 + key, "key": key, "title": section.title, "type": section.type, "shared": key in seen}
        for key, section in server.library.sections.items()
    ]
    return {
        "id": person.id + 500,
        "userID": person.id,
        "username": "" if person.managed else person.title,
        "email": "" if person.managed else f"{person.title}@example.org",
        "name": server.face.title,
        "accessToken": name,
        "owned": False,
        "allLibraries": len(seen) == len(sections),
        "numLibraries": len(seen),
        "Section": sections,
    }
