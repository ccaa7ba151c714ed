"""plex.tv: signing in by PIN, whose an account is, and the servers that it may use.

A strong PIN is never typed: its link leads to Plex's own page, and we ask about once a second whether somebody agreed
there. The token is valid until its owner revokes it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

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
NOT_ACCEPTED = "Plex does not accept this sign-in any more. Start it again"
REFUSED = (401, 498)
"""A token that is not known any more, and a signed one that has run out. No other status proves anything of a token."""


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

    async def send(self, method: str, path: str, **rest: Any) -> Answer:
        """See ``Http.send``."""
        return await self._http.send(method, path, headers=self._headers, timeout=PATIENCE, **rest)

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
        if answer.status in REFUSED:
            raise LoginNeeded(NOT_ACCEPTED)
        rows = answer.json()
        if not answer.ok or not isinstance(rows, list):
            raise ContractDrift(f"{answer.what} answered {answer.status} with something else than a list of servers")
        found = (_server(row) for row in rows if isinstance(row, dict))
        return [server for server in found if server is not None]


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


async def answers(http: Http, address: str) -> bool:
    """Whether a Plex server answers there; asked without a token, so that none is told to a stranger."""
    try:
        answer = await http.at(address).send("GET", "/identity", timeout=3.0)
    except TryLater:
        return False
    return answer.ok and b"machineIdentifier" in answer.body


def _object(answer: Answer) -> Mapping[str, Any]:
    raw = answer.json() if answer.ok else None
    if not isinstance(raw, dict):
        raise ContractDrift(f"{answer.what} answered {answer.status} with something unexpected")
    return raw
