"""Who is calling, and whether that caller may see the page and the API.

Everything is refused unless a rule here lets it in. The rules know nothing of HTML or JSON; ``gate`` applies them.
"""

from __future__ import annotations

import ipaddress
from enum import IntEnum
from urllib.parse import urlsplit

from msgspec.structs import replace

from scrobbled.config.service import LoginConfig, ServerConfig
from scrobbled.desk.caller import Caller
from scrobbled.desk.settings import passwords
from scrobbled.plumbing.clock import Clock
from scrobbled.web.door import refusals
from scrobbled.web.door.headers import (
    HttpScope,
    IPAddress,
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
from scrobbled.web.door.refusals import Refusal
from scrobbled.web.door.sessions import Attempts, Sessions

COOKIE = "scrobbled_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class AccessLevel(IntEnum):
    """How far in something lies."""

    ASSET = 1
    """The same for everybody and worth nothing: styles, scripts, icons."""
    DOOR = 2
    """Where one signs in."""
    START = 3
    """The first start, for whoever may begin."""
    INSIDE = 4
    OWN = 5
    """What lets others in, carries everything away or puts something else in its place: only with a login."""


class Access:
    """The rules of one configuration, with the sessions and failed tries of the running service."""

    def __init__(self, server: ServerConfig, clock: Clock, *, code: str = "") -> None:
        """``code`` opens a session as long as there is no login, for whoever can read our log.

        ``is_set_up`` may be set to false: until something is configured, being at this machine only opens the start.
        """
        self.is_set_up = True
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

    def caller(self, scope: HttpScope, prefix: str = "") -> Caller:
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

    def is_relay(self, address: str) -> bool:
        """Whether many may call from there: this machine, a proxy that is trusted, Home Assistant's supervisor."""
        peer = address_of(address)
        is_here = peer is not None and peer.is_loopback
        return is_here or self._is_trusted(peer) or (peer is not None and str(peer) == self._supervisor)

    def refusal(self, scope: HttpScope, caller: Caller, level: AccessLevel) -> Refusal | None:
        """Why this request is not answered; ``None`` where it may pass."""
        if len(values(scope, "host")) != 1 or not self._hosts.allows(caller.host):
            return refusals.strange_host(caller.host)
        if level is AccessLevel.ASSET:
            return None
        if is_fetched_by_others(scope):
            return refusals.CROSS_SITE
        if scope["method"] not in _SAFE and not self._is_same_origin(scope, caller):
            return refusals.CROSS_SITE
        if self.login is None:
            return self._without_login(scope, caller, level)
        if level >= AccessLevel.START and not self.is_signed_in(scope):
            return refusals.SIGN_IN
        return None

    def misnamed(self, scope: HttpScope, caller: Caller) -> Refusal | None:
        """Why what is told without a secret is not told under this name; ``None`` where it may be.

        Browsers always say a name, some health checks none.
        """
        named = values(scope, "host")
        fits = not named or (len(named) == 1 and self._hosts.is_near(caller.host))
        return None if fits else refusals.strange_host(caller.host)

    @property
    def takes_code(self) -> bool:
        """Whether a one-time code lets somebody in from another machine: only before there is a login."""
        return bool(self._code) and self.login is None

    def knows_code(self, typed: str) -> bool:
        """Case and blanks do not matter."""
        return self.takes_code and passwords.fits("".join(typed.split()).upper(), self._code)

    def _without_login(self, scope: HttpScope, caller: Caller, level: AccessLevel) -> Refusal | None:
        has_code = self.takes_code and self.is_signed_in(scope)
        if not (caller.is_local or has_code or self.takes_code):
            return refusals.NO_LOGIN
        if level is AccessLevel.DOOR:
            return None
        if not (caller.is_local or has_code):
            return refusals.CODE_FIRST
        if level is AccessLevel.OWN:
            return refusals.NEEDS_LOGIN
        return None if has_code or self.is_set_up or level is AccessLevel.START else refusals.START_FIRST

    def ingress_caller(self, scope: HttpScope, prefix: str = "") -> Caller:
        """Whoever Home Assistant let in. What its supervisor tells is believed, as nobody else is answered there."""
        return Caller(
            address=str(address_of((scope.get("client") or ("",))[0]) or ""),
            is_local=False,
            scheme="https" if last(scope, "x-forwarded-proto").lower() == "https" else str(scope.get("scheme")),
            host=last(scope, "x-forwarded-host") or "".join(values(scope, "host")[:1]),
            prefix=prefix_of(scope) or prefix,
            is_ingress=True,
        )

    def ingress_refusal(self, scope: HttpScope, caller: Caller) -> Refusal | None:
        """Why a request to the listener of Home Assistant is not answered; ``None`` where it may pass."""
        if caller.address != self._supervisor:
            return refusals.NOT_INGRESS
        if scope["method"] not in _SAFE and not self._is_same_origin(scope, caller):
            return refusals.CROSS_SITE
        return None

    def token_refusal(self, caller: Caller, *, opens: bool) -> Refusal | None:
        """Why somebody with a token is not answered. A good one always opens, so that others cannot lock it out."""
        if opens:
            return None
        if wait := self.wrong_tokens.wait(caller.address):
            return replace(refusals.TOO_MANY, wait=wait)
        self.wrong_tokens.failed(caller.address)
        return refusals.WRONG_TOKEN

    def is_signed_in(self, scope: HttpScope) -> bool:
        return self.sessions.is_open(cookies(scope, COOKIE))

    def knows(self, username: str, password: str) -> bool:
        """Whether this is the configured login; takes the same time whichever part is wrong, a blink at most."""
        return self.login is not None and _matches(self.login, username, password)

    def _is_trusted(self, address: IPAddress | None) -> bool:
        return address is not None and any(address in network for network in self._proxies)

    def _behind(self, peer: IPAddress | None, scope: HttpScope) -> IPAddress | None:
        """The right-most address that is no trusted proxy: whatever stands left of it the caller may have made up."""
        claimed = [part for value in values(scope, "x-forwarded-for") for part in value.split(",")]
        address = peer
        for part in reversed(claimed):
            address = address_of(part)
            if not self._is_trusted(address):
                break
        return address

    def _is_same_origin(self, scope: HttpScope, caller: Caller) -> bool:
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

    def is_near(self, host: str) -> bool:
        """Whether it is allowed, or a name that nobody outside can own: of a container, a service, a house."""
        name = host_name(host)
        return self.allows(host) or (name is not None and ("." not in name or name.endswith(_NEAR)))


_NEAR = (".lan", ".home", ".home.arpa", ".internal", ".localdomain", ".svc")
"""Public name servers know none below these; those of houses and clusters do."""


def _matches(login: LoginConfig, username: str, password: str) -> bool:
    name_fits = passwords.fits(username, login.username)
    return passwords.fits(password, login.password) and name_fits


def _spelled(login: LoginConfig | None) -> str:
    return f"{login.username}\n{login.password}" if login else ""
