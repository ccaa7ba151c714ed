"""Signing in at plex.tv by PIN, and the servers that an account may use.

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

from scrobbled.clients.base import NAME
from scrobbled.clients.plex import PlexTv
from scrobbled.core.errors import ContractDrift, LoginNeeded, TryLater
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Answer, Http
from scrobbled.trackers.given import SignIn, SignInCode

SERVICE = "plex"
PAGE = "https://app.plex.tv/auth"
EVERY = 1.0
USUAL_LIFE = 1_800
"""Seconds that a strong PIN lives, where the answer does not say."""
RAN_OUT = "the sign-in at Plex ran out before somebody agreed to it. Start it again"


class PlexPin(Struct, frozen=True):
    """A sign-in that waits for somebody. ``lasts`` is in seconds."""

    id: int
    code: str
    lasts: int


@dataclass(frozen=True, slots=True)
class AccountServer:
    """A server of the account. ``token`` is the one that opens it, and ``addresses`` begin with the nearest."""

    id: str
    name: str
    token: str = field(repr=False)
    addresses: tuple[str, ...]


async def sign_in(request: SignIn) -> str:
    """Shows a link, and waits until somebody agreed there; stores the account's token and returns whose it is."""
    client = await client_id(request.tokens)
    there = account(request.http, request.settings, client)
    pin = await begin(there)
    link = page(client, pin.code, request.settings)
    if request.show is not None:
        request.show(SignInCode("", link, link, pin.lasts))
    else:
        request.tell(f"Open this page, and sign in there:\n{link}\nWaiting up to {pin.lasts // 60} minutes …")
    token = await _wait(there, pin, request.clock)
    name = await username(account(request.http, request.settings, client, token))
    await request.tokens.save({"kind": "legacy", "token": token, "username": name, "client": client})
    return name


def account(http: Http, settings: Mapping[str, Any], client: str, token: str = "") -> PlexTv:
    """``account_url`` of the settings is where plex.tv is, where it is elsewhere."""
    return PlexTv(http, settings.get("account_url"), token, client=client)


def page(client: str, code: str, settings: Mapping[str, Any]) -> str:
    """Plex's sign-in page reads what stands after the hash."""
    given = {"clientID": client, "code": code, "context[device][product]": NAME}
    other = settings.get("account_url")
    return f"{f'{other}/auth' if other else PAGE}#?{urlencode(given)}"


async def client_id(tokens: Any) -> str:
    """By which plex.tv knows this installation: the same for every sign-in of an account, so that it lists one."""
    stored = await tokens.load() or {}
    known = stored.get("client")
    return known if isinstance(known, str) and known else f"{NAME}-{secrets.token_hex(8)}"


async def begin(there: PlexTv) -> PlexPin:
    answer = await there.send("POST", "/api/v2/pins", params={"strong": "true"}, idempotent=True)
    raw = _object(answer)
    number, code = raw.get("id"), raw.get("code")
    if not (isinstance(number, int) and isinstance(code, str) and code):
        raise ContractDrift(f"{answer.what} answered without id and code")
    lasts = raw.get("expiresIn")
    return PlexPin(number, code, lasts if isinstance(lasts, int) and lasts > 0 else USUAL_LIFE)


async def _wait(there: PlexTv, pin: PlexPin, clock: Clock) -> str:
    ends, pause = clock.monotonic() + pin.lasts, EVERY
    while clock.monotonic() + pause <= ends:
        await clock.wait(asyncio.Event(), pause)
        try:
            token = await _token(there, pin)
        except TryLater as error:
            pause = min(60.0, max(2 * pause, error.after or 0.0))
            continue
        if token:
            return token
        pause = EVERY
    raise LoginNeeded(RAN_OUT)


async def _token(there: PlexTv, pin: PlexPin) -> str:
    """Empty while nobody has agreed."""
    answer = await there.send("GET", f"/api/v2/pins/{pin.id}")
    if answer.status == 404:
        raise LoginNeeded(RAN_OUT)
    token = _object(answer).get("authToken")
    return token if isinstance(token, str) else ""


async def username(there: PlexTv) -> str:
    """Empty where plex.tv does not tell just now: the sign-in counts all the same."""
    try:
        name = (await there.user()).get("username")
    except (TryLater, ContractDrift):
        return ""
    return name if isinstance(name, str) else ""


async def servers(there: PlexTv) -> list[AccountServer]:
    """Those that belong to the account. Raises ``LoginNeeded`` where the token is not accepted any more."""
    wanted = {"includeHttps": 1, "includeRelay": 1, "includeIPv6": 1}
    answer = await there.send("GET", "/api/v2/resources", params=wanted)
    if answer.status == 401:
        raise LoginNeeded("Plex does not accept this sign-in any more. Start it again")
    rows = answer.json()
    if not answer.ok or not isinstance(rows, list):
        raise ContractDrift(f"{answer.what} answered {answer.status} with something else than a list of servers")
    found = (_server(row) for row in rows if isinstance(row, dict))
    return [server for server in found if server is not None]


def _server(row: Mapping[str, Any]) -> AccountServer | None:
    """A resource's own token opens that server; the account's need not."""
    token, name = row.get("accessToken"), row.get("name")
    provides = str(row.get("provides") or "").split(",")
    if "server" not in provides or not row.get("owned") or not isinstance(token, str) or not token:
        return None
    connections = [one for one in row.get("connections") or () if isinstance(one, dict)]
    nearest = sorted(connections, key=_distance)
    uris = [one["uri"] for one in nearest if isinstance(one.get("uri"), str) and one["uri"].startswith("http")]
    plain = [_plain(one) for one in nearest if one.get("local") and not row.get("httpsRequired")]
    addresses = tuple(dict.fromkeys([*filter(None, plain), *uris]))
    return AccountServer(str(row.get("clientIdentifier") or ""), str(name or "Plex"), token, addresses)


def _distance(connection: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    return bool(connection.get("relay")), not connection.get("local"), connection.get("protocol") != "https"


def _plain(connection: Mapping[str, Any]) -> str:
    """The address itself: names below plex.direct are not resolved in every home."""
    address, port = connection.get("address"), connection.get("port")
    has_path = bool(urlsplit(str(connection.get("uri") or "")).path.strip("/"))
    if not isinstance(address, str) or not address or not isinstance(port, int) or has_path:
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
