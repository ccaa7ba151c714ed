"""plex.tv: signing in by PIN, whose an account is, who belongs to its home, and the servers that it may use.

A strong PIN is never typed: its link leads to Plex's own page, and we ask about once a second whether somebody agreed
there. The token is valid until its owner revokes it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from msgspec import Struct

from scrobbled.clients.base import NAME, JsonRow, whole
from scrobbled.clients.plex import headers
from scrobbled.core.errors import ContractDrift, LoginNeeded, TryLater
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.fields import text
from scrobbled.plumbing.http import Answer, Http

PLEX_TV = "https://plex.tv"
SIGN_IN_PAGE = "https://app.plex.tv/auth"
PATIENCE = 20.0
EVERY = 1.0
USUAL_LIFE = 1_800
"""Seconds that a strong PIN lives, where the answer does not say."""
RAN_OUT = "the sign-in at Plex ran out before somebody agreed to it. Start it again"
SOON = 3.0
"""Seconds within which a server answers that is to be used."""
WRONG_PIN = "Plex did not take the PIN of this person. Start again, and type it as Plex asks for it"
NO_SWITCH = (
    "Plex lets only the owner of a home become somebody else of it, and asks for that person's PIN if there is one"
)
NOT_ACCEPTED = "Plex does not accept this sign-in any more. Start it again"
REFUSED = (401, 422, 498)
"""A token that is not known any more, a signed one whose signature does not hold, and one that has run out. No other
status proves anything of a token."""


class PlexPin(Struct, frozen=True):
    """A sign-in that waits for somebody. ``lasts`` is in seconds."""

    id: int
    code: str
    lasts: int


@dataclass(frozen=True, slots=True)
class AccountServer:
    """A server that the account may use. ``token`` is the one that opens it, and ``addresses`` begin with the nearest.

    ``owned`` says that the account is its owner.
    """

    id: str
    name: str
    token: str = field(repr=False)
    addresses: tuple[str, ...]
    owned: bool


class HomeUser(Struct, frozen=True):
    """Somebody of the account's home; who is managed has a title alone. ``row`` is what plex.tv tells of them."""

    uuid: str
    row: JsonRow
    is_protected: bool
    """Asks for a PIN."""


class SharedWith(Struct, frozen=True):
    """Somebody with whom a server is shared, and the token that opens it for them alone."""

    row: JsonRow
    token: str


class PlexTv:
    """An account at plex.tv. What ``send`` brings is judged by those who ask, as each refusal has another way out.

    ``client`` names this installation; one with the same name may be asked about the same sign-in again.
    """

    def __init__(self, http: Http, url: str | None, token: str = "", *, client: str = NAME) -> None:
        """``url`` is where plex.tv is, where it is elsewhere."""
        self._http, self._url, self._client = http.at(url or PLEX_TV), url, client
        self._headers = headers(token, client=client)

    def having(self, token: str) -> PlexTv:
        """The same, asked as whoever has this token."""
        return PlexTv(self._http, self._url, token, client=self._client)

    @property
    def client(self) -> str:
        return self._client

    async def send(self, method: str, path: str, *, accept: str = "application/json", **rest: Any) -> Answer:
        """See ``Http.send``."""
        sent = {**self._headers, "Accept": accept}
        return await self._http.send(method, path, headers=sent, timeout=PATIENCE, **rest)

    # Signing in

    async def begin(self) -> PlexPin:
        """A sign-in that somebody may agree to on its ``page``."""
        answer = await self.send("POST", "/api/v2/pins", params={"strong": "true"}, idempotent=True)
        raw = _object(answer)
        number, code = raw.get("id"), raw.get("code")
        if not (isinstance(number, int) and isinstance(code, str) and code):
            raise ContractDrift(f"{answer.what} answered without id and code")
        lasts = raw.get("expiresIn")
        return PlexPin(number, code, lasts if isinstance(lasts, int) and lasts > 0 else USUAL_LIFE)

    def page(self, pin: PlexPin) -> str:
        """Where somebody agrees. Plex's sign-in page reads what stands after the hash."""
        given = {"clientID": self._client, "code": pin.code, "context[device][product]": NAME}
        return f"{f'{self._url}/auth' if self._url else SIGN_IN_PAGE}#?{urlencode(given)}"

    async def agreed(self, pin: PlexPin, clock: Clock) -> str:
        """The token, as soon as somebody has agreed; raises ``LoginNeeded`` where nobody did in time."""
        ends, pause = clock.monotonic() + pin.lasts, EVERY
        while clock.monotonic() + pause <= ends:
            await clock.wait(asyncio.Event(), pause)
            try:
                token = await self._token(pin)
            except TryLater as error:
                pause = min(60.0, max(2 * pause, error.after or 0.0))
                continue
            if token:
                return token
            pause = EVERY
        raise LoginNeeded(RAN_OUT)

    async def _token(self, pin: PlexPin) -> str:
        """Empty while nobody has agreed."""
        answer = await self.send("GET", f"/api/v2/pins/{pin.id}")
        if answer.status == 404:
            raise LoginNeeded(RAN_OUT)
        token = _object(answer).get("authToken")
        return token if isinstance(token, str) else ""

    async def sign_out(self) -> None:
        """End the token; one that is not accepted any more is ended already."""
        answer = await self.send("DELETE", "/api/v2/users/signout")
        if not answer.ok and answer.status not in REFUSED:
            raise ContractDrift(f"{answer.what} answered {answer.status}")

    # The account

    async def user(self) -> JsonRow:
        """Whose token it is, with ``id`` and ``username``; empty where plex.tv does not tell, as for a server's own."""
        answer = await self.send("GET", "/api/v2/user")
        content = answer.json() if answer.ok else {}
        return content if isinstance(content, dict) else {}

    async def servers(self) -> list[AccountServer]:
        """Those that the account may use. Raises ``LoginNeeded`` where the token is not accepted any more."""
        wanted = {"includeHttps": 1, "includeRelay": 1, "includeIPv6": 1}
        answer = await self.send("GET", "/api/v2/resources", params=wanted)
        rows = _allowed(answer).json()
        if not isinstance(rows, list):
            raise ContractDrift(f"{answer.what} answered something else than a list of servers")
        found = (_server(row) for row in rows if isinstance(row, dict))
        return [server for server in found if server is not None]

    async def home_users(self) -> list[HomeUser]:
        """Everybody of the account's home; nobody where it is of none. Raises as ``servers``."""
        answer = await self.send("GET", "/api/v2/home/users/")
        if answer.status == 403:
            return []
        rows = _allowed(answer).json()
        listed = rows.get("users") if isinstance(rows, dict) else rows
        if not isinstance(listed, list):
            raise ContractDrift(f"{answer.what} answered without a list users")
        known = [row for row in listed if isinstance(row, dict) and text(row.get("uuid"))]
        return [HomeUser(text(row["uuid"]), row, _is_protected(row)) for row in known]

    async def switched(self, user: HomeUser, pin: str = "") -> PlexTv:
        """The same, asked as somebody of the home, for a while. Raises ``LoginNeeded`` where that is not allowed."""
        params = {"pin": pin} if pin else {}
        answer = await self.send("POST", f"/api/v2/home/users/{quote(user.uuid)}/switch", params=params)
        if answer.status in (401, 403):
            raise LoginNeeded(WRONG_PIN if pin else NO_SWITCH)
        token = _object(answer).get("authToken")
        if not isinstance(token, str) or not token:
            raise ContractDrift(f"{answer.what} answered without authToken")
        return self.having(token)

    async def shared_with(self, machine: str) -> list[SharedWith]:
        """With whom the account shares that server, if it is its own. Raises as ``servers``."""
        path = f"/api/servers/{quote(machine)}/shared_servers"
        answer = await self.send("GET", path, accept="application/xml")  # which is all that it knows
        if answer.status in (403, 404):
            return []
        try:
            root = ElementTree.fromstring(_allowed(answer).body)
        except ElementTree.ParseError:
            raise ContractDrift(f"{answer.what} answered something else than XML") from None
        rows = [dict(one.attrib) for one in root.iter("SharedServer")]
        return [
            SharedWith({**row, "id": row.get("userID")}, row["accessToken"]) for row in rows if row.get("accessToken")
        ]


async def client_id(tokens: Any) -> str:
    """By which plex.tv knows this installation: the same for every sign-in of an account, so that it lists one."""
    stored = await tokens.load() or {}
    known = stored.get("client")
    return known if isinstance(known, str) and known else f"{NAME}-{secrets.token_hex(8)}"


async def username(there: PlexTv) -> str:
    """Empty where plex.tv does not tell just now: the sign-in counts all the same."""
    try:
        name = (await there.user()).get("username")
    except (TryLater, ContractDrift):
        return ""
    return name if isinstance(name, str) else ""


def _server(row: Mapping[str, Any]) -> AccountServer | None:
    """A resource's own token opens that server; the account's need not."""
    token, provides = row.get("accessToken"), str(row.get("provides") or "").split(",")
    if "server" not in provides or not isinstance(token, str) or not token:
        return None
    owned = bool(row.get("owned"))
    connections = [one for one in row.get("connections") or () if isinstance(one, dict)]
    nearest = sorted(connections, key=_distance)
    uris = [one["uri"] for one in nearest if isinstance(one.get("uri"), str) and one["uri"].startswith("http")]
    plain = [_plain(one) for one in nearest if one.get("local") and not row.get("httpsRequired")]
    addresses = tuple(dict.fromkeys([*filter(None, plain), *uris]))
    return AccountServer(text(row.get("clientIdentifier")), text(row.get("name")) or "Plex", token, addresses, owned)


def _distance(connection: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    return bool(connection.get("relay")), not connection.get("local"), connection.get("protocol") != "https"


def _plain(connection: Mapping[str, Any]) -> str:
    """The address itself: names below plex.direct are not resolved in every home."""
    address, port = connection.get("address"), whole(connection.get("port"))
    has_path = bool(urlsplit(str(connection.get("uri") or "")).path.strip("/"))
    if not isinstance(address, str) or not address or port is None or has_path:
        return ""
    return f"http://{f'[{address}]' if ':' in address else address}:{port}"


async def machine_at(http: Http, address: str) -> str:
    """The id of the Plex server that answers there, empty for none; asked without a token, so that none is told to a
    stranger.
    """
    try:
        answer = await http.at(address).send("GET", "/identity", timeout=SOON)
        held = answer.json().get("MediaContainer") if answer.ok else None
    except (TryLater, ContractDrift, AttributeError):
        return ""
    return text(held.get("machineIdentifier")) if isinstance(held, dict) else ""


def _allowed(answer: Answer) -> Answer:
    if answer.status in REFUSED:
        raise LoginNeeded(NOT_ACCEPTED)
    if not answer.ok:
        raise ContractDrift(f"{answer.what} answered {answer.status}")
    return answer


def _is_protected(row: JsonRow) -> bool:
    return str(row.get("protected")).lower() in ("true", "1")


def _object(answer: Answer) -> Mapping[str, Any]:
    raw = answer.json() if answer.ok else None
    if not isinstance(raw, dict):
        raise ContractDrift(f"{answer.what} answered {answer.status} with something unexpected")
    return raw
