"""Who is calling, and whether that caller may see the page and the API.

Everything is refused unless a rule here lets it in. The rules know nothing of HTML or JSON; ``gate`` applies them.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any
from urllib.parse import urlsplit

from scrobbled.clock import Clock
from scrobbled.config.model import LoginConfig, ServerConfig
from scrobbled.web.sessions import Attempts, Sessions

COOKIE = "scrobbled_session"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Scope = Mapping[str, Any]
_FORWARDS = ("forwarded", "x-real-ip", "via")
"""Besides ``X-Forwarded-*``: what a proxy adds, so that its caller is not taken for this machine."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Level(IntEnum):
    """How far in something lies."""

    ASSET = 1
    """The same for everybody and worth nothing: styles, scripts, icons."""
    DOOR = 2
    """Where one signs in."""
    INSIDE = 3


@dataclass(frozen=True, slots=True)
class Caller:
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


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, for a person, and what to do about it."""

    status: int
    title: str
    text: str
    yaml: str = ""
    sign_in: bool = False
    """Signing in, or a token, would help."""
    wait: float = 0.0
    """Seconds until it is worth asking again."""

    def headers(self) -> dict[str, str]:
        return {"retry-after": str(math.ceil(self.wait))} if self.wait else {}


class Access:
    """The rules of one configuration, with the sessions and failed tries of the running service."""

    def __init__(self, server: ServerConfig, clock: Clock) -> None:
        self._clock = clock
        self.login = server.login
        self.sessions = Sessions(clock)
        self.attempts = Attempts(clock)
        self.wrong_tokens = Attempts(clock)
        """Apart from the sign-ins: a script that was forgotten must not lock out people at the same address."""
        self.use(server)

    def use(self, server: ServerConfig) -> None:
        """Judge by ``server`` from now on. Another login ends every session that the one before had opened."""
        if server.login != self.login:
            self.login, self.sessions = server.login, Sessions(self._clock)
        self._hosts = Hosts(server)
        self._public = _authority(server.public_url) if server.public_url else None
        self._proxies = [ipaddress.ip_network(network, strict=False) for network in server.trusted_proxies]

    def caller(self, scope: Scope, prefix: str = "") -> Caller:
        """From the TCP peer; what headers claim counts only where the peer is a trusted proxy.

        ``prefix`` is the one the server itself was told of.
        """
        peer = _address((scope.get("client") or ("",))[0])
        scheme = str(scope.get("scheme") or "http")
        host = "".join(values(scope, "host")[:1])
        if not self._is_trusted(peer):
            is_local = peer is not None and peer.is_loopback and not _is_forwarded(scope)
            return Caller(str(peer or ""), is_local, scheme, host, prefix)
        address = self._behind(peer, scope)
        return Caller(
            address=str(address or ""),
            is_local=address is not None and address.is_loopback,
            scheme="https" if _last(scope, "x-forwarded-proto").lower() == "https" else scheme,
            host=_last(scope, "x-forwarded-host") or host,
            prefix=_prefix(scope) or prefix,
        )

    def refusal(self, scope: Scope, caller: Caller, level: Level) -> Refusal | None:
        """Why this request is not answered; ``None`` where it may pass."""
        if len(values(scope, "host")) != 1 or not self._hosts.allows(caller.host):
            return _strange_host(caller.host)
        if level is Level.ASSET:
            return None
        if scope["method"] not in _SAFE and not self._is_same_origin(scope, caller):
            return _CROSS_SITE
        if self.login is None:
            return None if caller.is_local else _NO_LOGIN
        if level is Level.INSIDE and not self.is_signed_in(scope):
            return _SIGN_IN
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
        """Whether this is the configured login; takes the same time whichever part is wrong."""
        return self.login is not None and _matches(self.login, username, password)

    def _is_trusted(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._proxies)

    def _behind(self, peer: Address | None, scope: Scope) -> Address | None:
        """The right-most address that is no trusted proxy: whatever stands left of it the caller may have made up."""
        claimed = [part for value in values(scope, "x-forwarded-for") for part in value.split(",")]
        address = peer
        for part in reversed(claimed):
            address = _address(part)
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
        ours = {_authority(f"{caller.scheme}://{caller.host}"), self._public} - {None}
        origins = [origin for origin in values(scope, "origin") if origin != "null" or sites != {"same-origin"}]
        return all(_authority(origin) in ours for origin in origins)


class Hosts:
    """Which ``Host`` headers are answered, so that no foreign name can be pointed at this address (DNS rebinding)."""

    def __init__(self, server: ServerConfig) -> None:
        listed = [name.lower() for name in server.allowed_hosts]
        public = urlsplit(server.public_url).hostname if server.public_url else None
        self._names = frozenset({"localhost", *(name for name in listed if not name.startswith("*."))} | {public})
        self._suffixes = (".local", *(name[1:] for name in listed if name.startswith("*.")))

    def allows(self, host: str) -> bool:
        """An address cannot be re-pointed by anybody, so all of them are fine."""
        name = _host_name(host)
        if name is None:
            return False
        return name in self._names or name.endswith(self._suffixes) or _address(name) is not None


def values(scope: Scope, name: str) -> list[str]:
    """All headers of that name (lower case), in order."""
    wanted = name.encode()
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == wanted]


def bearer(scope: Scope) -> str:
    """The token of an ``Authorization: Bearer`` header, empty where there is none."""
    schemes = (value.partition(" ") for value in values(scope, "authorization"))
    return next((token.strip() for scheme, _, token in schemes if scheme.lower() == "bearer"), "")


def cookies(scope: Scope, name: str) -> list[str]:
    """All cookies of that name; a browser sends several where their paths differ."""
    pairs = [pair.strip().partition("=") for header in values(scope, "cookie") for pair in header.split(";")]
    return [value for key, _, value in pairs if key == name]


def _matches(login: LoginConfig, username: str, password: str) -> bool:
    name_fits = hmac.compare_digest(_digest(username), _digest(login.username))
    password_fits = hmac.compare_digest(_digest(password), _digest(login.password))
    return name_fits and password_fits and bool(login.password)


def _digest(text: str) -> bytes:
    """Of one length whatever the text, so that comparing tells nothing about it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _address(text: str) -> Address | None:
    """An address as proxies write it: maybe with brackets, maybe with a port. IPv4 within IPv6 is IPv4."""
    match = re.fullmatch(r"\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5}", text.strip())
    bare = next(filter(None, match.groups())) if match else text.strip()
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _host_name(host: str) -> str | None:
    """The name of a ``Host`` header in lower case, without port; ``None`` for what is no such header."""
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?", host)
    return match[1].lower().removesuffix(".") if match else None


def _authority(url: str) -> tuple[str, int | None] | None:
    """Host and port that decide whether two addresses are one place; ``None`` for ``null`` and other nonsense."""
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    # whether TLS ends here or at a proxy is not always known, so both usual ports count as none
    return (name.removesuffix("."), None if port in (80, 443) else port) if name else None


def _last(scope: Scope, name: str) -> str:
    """What the nearest proxy wrote: it appends to what it was told."""
    found = values(scope, name)
    return found[-1].rpartition(",")[2].strip() if found else ""


def _is_forwarded(scope: Scope) -> bool:
    names = (key.decode("latin-1") for key, _ in scope["headers"])
    return any(name.startswith("x-forwarded-") or name in _FORWARDS for name in names)


def _prefix(scope: Scope) -> str:
    """Home Assistant calls it ``X-Ingress-Path``, most proxies ``X-Forwarded-Prefix``."""
    given = (_last(scope, "x-ingress-path") or _last(scope, "x-forwarded-prefix")).rstrip("/")
    return given if re.fullmatch(r"(/[\w.~-]+)+", given, re.ASCII) else ""


def _strange_host(host: str) -> Refusal:
    return Refusal(
        400,
        "This name is not known here",
        f'scrobbled was asked for under the name "{host[:100]}", which is not one it answers to. '
        "If that is your server, list the name under server.allowed_hosts in scrobbled.yaml, or set server.public_url; "
        "it is taken up within seconds.",
        yaml="server:\n  allowed_hosts: [scrobbled.example.org]",
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
    "No login is configured, so only the machine scrobbled runs on may look. To open it to others, give it a user "
    "name and a password in scrobbled.yaml; it is taken up within seconds.",
    yaml="server:\n  login:\n    username: admin\n    password: a long one of your own",
    sign_in=True,
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
