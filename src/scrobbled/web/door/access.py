"""Who is calling, and whether that caller may see the page and the API.

Everything is refused unless a rule here lets it in. The rules know nothing of HTML or JSON; ``gate`` applies them.
"""

from __future__ import annotations

import ipaddress
import math
from enum import IntEnum
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.clock import Clock
from scrobbled.config.service import LoginConfig, ServerConfig
from scrobbled.web import passwords
from scrobbled.web.headers import (
    Address,
    Scope,
    address_of,
    authority,
    cookies,
    host_name,
    is_fetched_by_others,
    is_relayed,
    last,
    prefix_of,
    values,
)
from scrobbled.web.sessions import Attempts, Sessions

COOKIE = "scrobbled_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Level(IntEnum):
    """How far in something lies."""

    ASSET = 1
    """The same for everybody and worth nothing: styles, scripts, icons."""
    DOOR = 2
    """Where one signs in."""
    INSIDE = 3


class Caller(Struct, frozen=True):
    """Who asks, as far as it can be believed. ``address`` is empty where it cannot be told."""

    address: str
    is_local: bool
    """This machine itself, with no proxy in between that we do not know."""
    scheme: str
    host: str
    """As a ``Host`` header, with port."""
    prefix: str
    """The path below which we are seen, as far as it is known; without a slash at the end, empty for none."""
    is_ingress: bool = False
    """Let in by Home Assistant, on the listener that only its supervisor can reach."""


class Refusal(Struct, frozen=True):
    """Why not, for a person, and what to do about it."""

    status: int
    title: str
    text: str
    yaml: str = ""
    sign_in: bool = False
    """Signing in, or a token, would help."""
    door: str = "login"
    """Where, relative to our root."""
    wait: float = 0.0
    """Seconds until it is worth asking again."""

    def headers(self) -> dict[str, str]:
        return {"retry-after": str(math.ceil(self.wait))} if self.wait else {}


class Access:
    """The rules of one configuration, with the sessions and failed tries of the running service."""

    def __init__(self, server: ServerConfig, clock: Clock, *, code: str = "") -> None:
        """``code`` opens a session as long as there is no login, for whoever can read our log."""
        self._clock, self._code = clock, code
        self.login = server.login
        self.sessions = Sessions(clock, _spelled(server.login))
        self.attempts = Attempts(clock)
        self.wrong_tokens = Attempts(clock)
        """Apart from the sign-ins: a script that was forgotten must not lock out people at the same address."""
        self.use(server)

    def use(self, server: ServerConfig) -> None:
        """Judge by ``server`` from now on. Another login ends every session that the one before had opened."""
        if server.login != self.login:
            self.login, self.sessions = server.login, Sessions(self._clock, _spelled(server.login))
        self._hosts = Hosts(server)
        self._supervisor = str(address_of(server.ingress.supervisor) or "")
        self._public = authority(server.public_url) if server.public_url else None
        self._proxies = [ipaddress.ip_network(network, strict=False) for network in server.trusted_proxies]

    def caller(self, scope: Scope, prefix: str = "") -> Caller:
        """From the TCP peer; what headers claim counts only where the peer is a trusted proxy.

        ``prefix`` is the one the server itself was told of.
        """
        peer = address_of((scope.get("client") or ("",))[0])
        scheme = str(scope.get("scheme") or "http")
        host = "".join(values(scope, "host")[:1])
        is_here = peer is not None and peer.is_loopback and not is_relayed(scope, host)
        if not self._is_trusted(peer):
            return Caller(str(peer or ""), is_here, scheme, host, prefix)
        address = self._behind(peer, scope)
        return Caller(
            address=str(address or ""),
            is_local=is_here if address == peer else address is not None and address.is_loopback,
            scheme="https" if last(scope, "x-forwarded-proto").lower() == "https" else scheme,
            host=last(scope, "x-forwarded-host") or host,
            prefix=prefix_of(scope) or prefix,
        )

    def refusal(self, scope: Scope, caller: Caller, level: Level) -> Refusal | None:
        """Why this request is not answered; ``None`` where it may pass."""
        if len(values(scope, "host")) != 1 or not self._hosts.allows(caller.host):
            return _strange_host(caller.host)
        if level is Level.ASSET:
            return None
        if is_fetched_by_others(scope):
            return _CROSS_SITE
        if scope["method"] not in _SAFE and not self._is_same_origin(scope, caller):
            return _CROSS_SITE
        if self.login is None:
            return None if caller.is_local else self._without_login(scope, level)
        if level is Level.INSIDE and not self.is_signed_in(scope):
            return _SIGN_IN
        return None

    @property
    def takes_code(self) -> bool:
        """Whether a one-time code lets somebody in from another machine: only before there is a login."""
        return bool(self._code) and self.login is None

    def knows_code(self, typed: str) -> bool:
        """Case and blanks do not matter."""
        return self.takes_code and passwords.fits("".join(typed.split()).upper(), self._code)

    def _without_login(self, scope: Scope, level: Level) -> Refusal | None:
        if not self.takes_code:
            return _NO_LOGIN
        return None if level is Level.DOOR or self.is_signed_in(scope) else _CODE_FIRST

    def ingress_caller(self, scope: Scope, prefix: str = "") -> Caller:
        """Whoever Home Assistant let in. What its supervisor tells is believed, as nobody else is answered there."""
        return Caller(
            address=str(address_of((scope.get("client") or ("",))[0]) or ""),
            is_local=False,
            scheme="https" if last(scope, "x-forwarded-proto").lower() == "https" else str(scope.get("scheme")),
            host=last(scope, "x-forwarded-host") or "".join(values(scope, "host")[:1]),
            prefix=prefix_of(scope) or prefix,
            is_ingress=True,
        )

    def ingress_refusal(self, scope: Scope, caller: Caller) -> Refusal | None:
        """Why a request to the listener of Home Assistant is not answered; ``None`` where it may pass."""
        if caller.address != self._supervisor:
            return _NOT_INGRESS
        if scope["method"] not in _SAFE and not self._is_same_origin(scope, caller):
            return _CROSS_SITE
        return None

    def token_refusal(self, caller: Caller, *, opens: bool) -> Refusal | None:
        """Why somebody with a token is not answered. A good one always opens, so that others cannot lock it out."""
        if opens:
            return None
        if wait := self.wrong_tokens.wait(caller.address):
            return replace(_TOO_MANY, wait=wait)
        self.wrong_tokens.failed(caller.address)
        return _WRONG_TOKEN

    def is_signed_in(self, scope: Scope) -> bool:
        return self.sessions.is_open(cookies(scope, COOKIE))

    def knows(self, username: str, password: str) -> bool:
        """Whether this is the configured login; takes the same time whichever part is wrong, a blink at most."""
        return self.login is not None and _matches(self.login, username, password)

    def _is_trusted(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._proxies)

    def _behind(self, peer: Address | None, scope: Scope) -> Address | None:
        """The right-most address that is no trusted proxy: whatever stands left of it the caller may have made up."""
        claimed = [part for value in values(scope, "x-forwarded-for") for part in value.split(",")]
        address = peer
        for part in reversed(claimed):
            address = address_of(part)
            if not self._is_trusted(address):
                break
        return address

    def _is_same_origin(self, scope: Scope, caller: Caller) -> bool:
        """Browsers say where a form or script came from; other programs say nothing, and hold no cookie to abuse.

        ``Origin: null`` is also what our own forms send below a proxy that adds ``Referrer-Policy: no-referrer``, so
        there the browser's own word (``Sec-Fetch-Site``, sent over TLS and to localhost) decides.
        """
        sites = {site.lower() for site in values(scope, "sec-fetch-site")}
        if not sites <= {"same-origin", "none"}:
            return False
        ours = {authority(f"{caller.scheme}://{caller.host}"), self._public} - {None}
        origins = [origin for origin in values(scope, "origin") if origin != "null" or sites != {"same-origin"}]
        return all(authority(origin) in ours for origin in origins)


class Hosts:
    """Which ``Host`` headers are answered, so that no foreign name can be pointed at this address (DNS rebinding)."""

    def __init__(self, server: ServerConfig) -> None:
        listed = [name.lower() for name in server.allowed_hosts]
        public = urlsplit(server.public_url).hostname if server.public_url else None
        self._names = frozenset({"localhost", *(name for name in listed if not name.startswith("*."))} | {public})
        self._suffixes = (".local", *(name[1:] for name in listed if name.startswith("*.")))

    def allows(self, host: str) -> bool:
        """An address cannot be re-pointed by anybody, so all of them are fine."""
        name = host_name(host)
        if name is None:
            return False
        return name in self._names or name.endswith(self._suffixes) or address_of(name) is not None


def _matches(login: LoginConfig, username: str, password: str) -> bool:
    name_fits = passwords.fits(username, login.username)
    return passwords.fits(password, login.password) and name_fits


def _spelled(login: LoginConfig | None) -> str:
    return f"{login.username}\n{login.password}" if login else ""


def _strange_host(host: str) -> Refusal:
    return Refusal(
        400,
        "This name is not known here",
        f'scrobbled was asked for under the name "{host[:100]}", which is not one it answers to. '
        "If that is your server, list the name under server.allowed_hosts in scrobbled.yaml, or set server.public_url; "
        "it is taken up within seconds.",
        yaml="server:\n  allowed_hosts: [scrobbled.example.org]",
    )


_NOT_INGRESS = Refusal(
    403,
    "This port is for Home Assistant",
    "Only Home Assistant's supervisor is answered here. "
    "Open scrobbled from Home Assistant's sidebar, or on its own port.",
)
_CROSS_SITE = Refusal(
    403,
    "That came from another site",
    "This request was made by a page of another site, so it was not carried out. Open scrobbled itself and try again. "
    "If you did, and a reverse proxy changes the name it is asked for, set server.public_url to the address you see.",
)
_NO_LOGIN = Refusal(
    403,
    "Set a password first",
    "No login is configured, so only the machine scrobbled runs on may look, as localhost. To open it to others, give "
    "it a user name and a password in scrobbled.yaml; it is taken up within seconds.",
    yaml="server:\n  login:\n    username: admin\n    password: a long one of your own",
    sign_in=True,
)
_CODE_FIRST = Refusal(
    401,
    "Enter the code first",
    "scrobbled is not set up yet. Open its page and enter the code that stands in its log, or set it up on the machine "
    "it runs on.",
    sign_in=True,
    door="start/code",
)
_SIGN_IN = Refusal(
    401,
    "Sign in first",
    "Sign in first: send username and password to /login, or a token of scrobbled token create as a bearer.",
    sign_in=True,
)
_WRONG_TOKEN = Refusal(
    401, "Wrong token", "This token opens nothing here: it is mistyped or was revoked. Run: scrobbled token create"
)
_TOO_MANY = Refusal(
    429, "Too many wrong tokens", "Too many wrong tokens came from there. Wait, then send the right one."
)
